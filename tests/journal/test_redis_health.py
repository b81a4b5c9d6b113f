"""What is said of a Redis that is not as a journal wants it."""

import pytest

from router.journal.redis_address import RedisAddress
from router.journal.redis_health import Health, _failure, doubts

WELL = Health(
    "Redis", "7.4.1", "standalone", "master", 0, True, "always", "noeviction", 1, 0, False
)
ADDRESS = RedisAddress((("cache.example", 6379),), password="hush")


def told(*, is_replicated: bool = False, **changed: object) -> list[str]:
    health = WELL._replace(**changed)  # type: ignore[arg-type]
    found = doubts(health, ADDRESS, is_replicated=is_replicated)
    return [f"{one.level}: {one.message}" for one in found]


def test_of_one_that_is_well_nothing_is_said() -> None:
    assert told() == []
    assert told(product="Valkey", version="7.2.0") == []
    assert told(is_replicated=True, replica_count=1) == []
    assert WELL.is_durable


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({"version": "6.2.14"}, "error", "is Redis 6.2.14; Redis 7.0 or Valkey 7.2 is the least"),
        ({"version": ""}, "error", "is the least"),
        ({"mode": "cluster"}, "error", "is a cluster; one Redis or Valkey is wanted"),
        ({"mode": "sentinel"}, "error", "is a Sentinel; write redis+sentinel://"),
        ({"role": "slave"}, "error", "is a replica and takes nothing"),
        ({"policy": "allkeys-lru"}, "error", "CONFIG SET maxmemory-policy noeviction"),
        ({"policy": ""}, "error", "throws away keys"),
        ({"aof": False}, "warning", "CONFIG SET appendonly yes"),
        ({"fsync": "everysec"}, "warning", "loses a second or two of what was answered"),
        ({"fsync": "no"}, "warning", "loses some half a minute of what was answered"),
        ({"fsync": ""}, "warning", "does not say when it writes down"),
        ({"is_failing": True}, "warning", "could not write its file"),
    ],
)
def test_each_fault_is_one_sentence_with_its_mend(
    changed: dict[str, object], level: str, said: str
) -> None:
    (found,) = told(**changed)  # type: ignore[arg-type]
    assert found.startswith(f"{level}: redis://cache.example:6379 ")
    assert said in found


def test_a_reply_that_waits_for_a_replica_needs_one() -> None:
    (found,) = told(is_replicated=True)
    assert found.startswith("error: redis://cache.example:6379 has no replica")


@pytest.mark.parametrize("changed", [{"aof": False}, {"fsync": "everysec"}, {"fsync": ""}])
def test_what_is_not_known_to_be_kept_is_not_shown_as_kept(changed: dict[str, object]) -> None:
    assert not WELL._replace(**changed).is_durable  # type: ignore[arg-type]


def test_whatever_goes_wrong_has_a_sentence() -> None:
    assert _failure(TimeoutError("Timeout reading from socket")).startswith("does not answer")
    assert _failure(RuntimeError("x" * 900)) == f"cannot be reached ({'x' * 200})"
