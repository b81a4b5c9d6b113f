"""What tests of the journal share; and the values in the asserts of the shared suites are shown."""

import pytest

from router.journal import redis_owner, writers
from tests.helpers.redis_server import RedisServer

pytest.register_assert_rewrite("tests.journal.contract")
pytest.register_assert_rewrite("tests.journal.snapshot_contract")


@pytest.fixture
def hasty(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """An empty Redis on which an owner is taken for dead sooner."""
    monkeypatch.setattr(redis_owner, "STILL_SECONDS", 1.6)
    monkeypatch.setattr(redis_owner, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(writers, "REST_SECONDS", 0.1)
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    redis.ask("FLUSHALL")
    return redis
