from pathlib import Path

import pytest

from router.bench.gateway import bench_gateway

pytestmark = pytest.mark.process


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
