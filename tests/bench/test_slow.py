from pathlib import Path

import pytest

from router.bench.slow import Load, bench_slow

pytestmark = pytest.mark.process


def test_who_reads_is_kept_and_messages_are_timed_in_both_runs(tmp_path: Path) -> None:
    load = Load(screens=20, pairs=3, seconds=2.0, shouts_per_s=2.0)
    figures = bench_slow(tmp_path, load)
    calm, slow = figures["runs"]
    assert calm["cut"] == 0
    assert calm["messages"] > 0
    assert slow["messages"] > 0
    assert figures["p99_ratio"] == round(slow["p99_ms"] / calm["p99_ms"], 2)
