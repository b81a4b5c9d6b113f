from pathlib import Path

from router.bench.journal import _journal_lines, _restart_lines, bench_journal
from router.bench.restart import bench_restart


def test_the_bench_measures_disk_journal_and_replay_and_leaves_nothing(tmp_path: Path) -> None:
    figures = bench_journal(
        tmp_path,
        seconds=0.02,
        callers=(1, 3),
        replay_commands=640,
        segment_bytes=2**16,
        has_redis=False,
    )
    assert list(figures) == [
        "payload_bytes",
        "commits",
        "disk",
        "journal",
        "replay",
        "redis",
    ]
    assert list(figures["disk"]) == ["commits_per_second", "p50_ms", "p99_ms"]
    assert [row["callers"] for row in figures["journal"]] == [1, 3]
    for row in figures["journal"]:
        assert row["commands_per_second"] >= row["commits_per_second"] > 0
        assert row["p99_ms"] >= row["p50_ms"] > 0
        assert row["ratio"] > 0
    assert figures["replay"]["commands"] == 640
    assert figures["replay"]["read_commands_per_second"] > 0
    assert list(tmp_path.iterdir()) == []


def test_the_tables_have_ratios(tmp_path: Path) -> None:
    figures = bench_journal(
        tmp_path,
        seconds=0.02,
        callers=(1,),
        replay_commands=64,
        segment_bytes=2**16,
        has_redis=False,
    )
    text = "\n".join(_journal_lines(figures))
    assert "times SQLite" in text
    assert "times the 200,000 aimed at" in text
    assert "no journal in Redis was measured" in text
    figures = bench_restart(tmp_path, before=200, after=100)
    text = "\n".join(_restart_lines(figures))
    assert "times the 2.0 s aimed at" in text
    assert "of a processor" in text
    for part in ("imports", "restore", "check", "read", "decode", "apply"):
        assert f"  {part} " in text
