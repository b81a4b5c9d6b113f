from pathlib import Path

import pytest

from router.bench.gateway import bench_gateway, missed_by


@pytest.mark.process
def test_each_case_is_measured_at_each_pace_beside_an_echo(tmp_path: Path) -> None:
    figures = bench_gateway(tmp_path, pairs=(1, 2), seconds=1.0, rounds=1)
    names = ["bare trio-websocket echo", "answered", "relayed", "relayed, file journal"]
    assert [pace["pairs"] for pace in figures["paces"]] == [1, 2]
    for pace in figures["paces"]:
        echo = pace["servers"][0]
        assert [row["name"] for row in pace["servers"]] == names
        for row in pace["servers"]:
            assert row["messages"] > 0
            assert row["ratio"] == round(row["cpu_us_per_message"] / echo["cpu_us_per_message"], 2)


def test_what_is_asked_for_counts_where_there_is_most_to_do() -> None:
    def pace(per_s: int, ratio: float) -> dict[str, object]:
        servers = [{"name": "answered", "ratio": 9.0}, {"name": "relayed", "ratio": ratio}]
        return {"messages_per_s": per_s, "servers": servers}

    figures = {"paces": [pace(1600, 1.31), pace(400, 1.2)]}
    assert missed_by(figures, 1.31) == ""
    assert "relayed" in missed_by(figures, 1.3)
    assert "1.31x an echo's CPU at 1,600/s; 1.3x is meant" in missed_by(figures, 1.3)
