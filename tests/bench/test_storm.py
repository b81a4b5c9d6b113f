from pathlib import Path

import pytest

from router.bench.storm import bench_storm

pytestmark = pytest.mark.process


def test_all_come_back_to_their_places_after_either_storm(tmp_path: Path) -> None:
    figures = bench_storm(tmp_path, sockets=40, agents=10, calm_s=1.0)
    assert figures["seen_offline"] == 0
    assert (figures["places_lost"], figures["places_lost_restart"]) == (0, 0)
    assert not figures["order_changed"]
    assert not figures["order_changed_restart"]
