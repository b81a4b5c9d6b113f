from pathlib import Path

from router.bench.commits import bench_commits, percentiles


def test_three_writers_commit_the_same_batches_in_turns(tmp_path: Path) -> None:
    rows = bench_commits(tmp_path, seconds=0.05, file_bytes=2**16, sizes=(1, 4))
    assert [row["batch"] for row in rows] == [1, 4]
    for row in rows:
        for name in ("disk", "journal", "sqlite"):
            assert row[name]["commits_per_second"] > 0
            assert row[name]["p99_ms"] >= row[name]["p50_ms"] > 0
        expected = row["journal"]["commits_per_second"] / row["sqlite"]["commits_per_second"]
        assert row["to_sqlite"] == round(expected, 2)


def test_percentiles_are_of_the_sorted_values() -> None:
    assert percentiles([0.003, 0.001, 0.002]) == {"p50_ms": 2.0, "p99_ms": 3.0}
