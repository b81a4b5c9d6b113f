from pathlib import Path

import pytest

from router.bench.gateway import bench_gateway

pytestmark = pytest.mark.process


def test_all_three_servers_relay_and_the_ratios_are_theirs(tmp_path: Path) -> None:
    figures = bench_gateway(tmp_path, pairs=2, seconds=1.0, rounds=1)
    echo, memory, file = figures["servers"]
    assert all(row["messages"] > 0 for row in figures["servers"])
    assert echo["name"] == "bare trio-websocket echo"
    per_message = "cpu_us_per_message"
    if echo[per_message]:
        assert figures["ratio_per_message"] == round(memory[per_message] / echo[per_message], 2)
        assert figures["ratio_per_message_file"] == round(file[per_message] / echo[per_message], 2)
