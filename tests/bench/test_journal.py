from pathlib import Path

from router.bench.journal import bench_journal


def test_the_bench_measures_disk_journal_and_replay_and_leaves_nothing(tmp_path: Path) -> None:
    figures = bench_journal(
        tmp_path, seconds=0.02, callers=(1, 3), replay_commands=640, segment_bytes=2**16
    )
    assert list(figures) == ["payload_bytes", "disk", "journal", "replay"]
    assert list(figures["disk"]) == ["commits_per_second", "p50_ms", "p99_ms"]
    assert [row["callers"] for row in figures["journal"]] == [1, 3]
    for row in figures["journal"]:
        assert row["commands_per_second"] >= row["commits_per_second"] > 0
        assert row["p99_ms"] >= row["p50_ms"] > 0
        assert row["ratio"] > 0
    assert figures["replay"]["commands"] == 640
    assert figures["replay"]["read_commands_per_second"] > 0
    assert list(tmp_path.iterdir()) == []
