from pathlib import Path

import pytest

from router.bench.redis import bench_redis, redis_lines, redis_program


def test_a_server_that_is_not_there_is_told() -> None:
    assert list(redis_lines({})) == [
        "no journal in Redis was measured: there is no valkey-server or redis-server here"
    ]


@pytest.mark.process
def test_the_journal_is_measured_beside_bare_commands(tmp_path: Path) -> None:
    program = redis_program()
    assert program, "the one of the tests is always there"
    figures = bench_redis(
        tmp_path / "redis", program, seconds=0.05, sizes=(1, 4), replay_commands=640
    )
    assert [row["batch"] for row in figures["commits"]] == [1, 4]
    for row in figures["commits"]:
        rates = [row[name]["commits_per_second"] for name in ("journal", "bare")]
        assert min(rates) > 0
        assert row["to_bare"] == round(rates[0] / rates[1], 2)
    assert [row["callers"] for row in figures["callers"]] == [1, 4]
    assert all(row["commands_per_second"] > 0 for row in figures["callers"])
    assert figures["replay"]["commands"] == 640
    text = "\n".join(redis_lines(figures))
    assert text.count(" times bare") == 2
