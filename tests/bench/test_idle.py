from pathlib import Path

import pytest

from router.bench.idle import bench_idle

pytestmark = pytest.mark.process


def test_both_servers_hold_their_connections_and_the_ratio_is_theirs(tmp_path: Path) -> None:
    figures = bench_idle(tmp_path, connections=60, seconds=0.5)
    bare, ours = figures["servers"]
    assert (bare["connections"], ours["connections"]) == (60, 60)
    assert figures["kib_over_bare"] == pytest.approx(ours["kib_each"] - bare["kib_each"], abs=0.06)
    assert figures["cpu_percent"] == ours["cpu_percent"]
