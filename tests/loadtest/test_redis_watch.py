"""A Redis that is asked what it takes: a real one."""

from pathlib import Path

import pytest

from loadtest.redis_watch import RedisWatch
from loadtest.scenario import ScenarioError
from tests.helpers.redis_server import REDIS, VALKEY, redis_server


@pytest.mark.process
@pytest.mark.parametrize(("kind", "name"), [(VALKEY, "Valkey"), (REDIS, "Redis")])
def test_it_tells_what_it_took_and_what_it_told_last_when_it_is_gone(
    kind: str, name: str, tmp_path: Path
) -> None:
    with redis_server(tmp_path / "redis", kind) as server:
        watch = RedisWatch(server.url)
        first = watch.look()
        assert first is not None
        for _ in range(50):
            server.ask("SET", "key", "value")
        second = watch.look()
        assert second is not None
        assert second.product.startswith(f"{name} ")
        assert second.commands - first.commands >= 50
        assert second.used_bytes > 100_000
        assert second.cpu_s >= first.cpu_s > 0
        server.kill()
        assert watch.look() == second
        watch.close()


def test_who_never_answered_is_none() -> None:
    assert RedisWatch("redis://127.0.0.1:1/0").look() is None


@pytest.mark.parametrize(
    "url",
    [
        "http://:hush@127.0.0.1/",
        "redis://:hu/sh@127.0.0.1/0",
        "redis://:hush@127.0.0.1/0?no_such_word=hush",
        "redis://:hush@127.0.0.1:port/0",
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(ScenarioError, match="--redis-url: is no address of a Redis") as refused:
        RedisWatch(url)
    assert "hu" not in str(refused.value)
