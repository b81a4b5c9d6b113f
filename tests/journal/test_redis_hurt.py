"""A Redis that is full when a node starts, or that threw away what it should have kept."""

from collections.abc import Iterator

import pytest
import trio

from router.errors import JournalUnavailable, StorageError
from router.journal import redis_owner as module
from router.journal import writers
from router.journal.redis_key import KEY, shared_key
from router.journal.redis_layout import OWNER, STORE
from router.journal.redis_owner import Claim, claim
from router.journal.redis_stream import RedisJournal
from tests.helpers.redis_server import RedisServer, redis_server
from tests.journal.contract import Wall

FAR = 8

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(started: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    monkeypatch.setattr(module, "STILL_SECONDS", 1.6)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(writers, "REST_SECONDS", 0.1)
    started.ask("CONFIG", "SET", "maxmemory", "0")
    started.ask("FLUSHALL")
    return started


async def own(server: RedisServer) -> Claim:
    with trio.fail_after(FAR):
        return await claim(server.address, partitions=4, core_version=1, node="one")


async def test_a_full_redis_is_claimed_and_can_get_smaller(server: RedisServer) -> None:
    await (await own(server)).aclose()
    key = shared_key(server.address, b"of the first")
    server.ask("CONFIG", "SET", "maxmemory", "1")
    owned = await own(server)
    try:
        assert owned.is_owner
        assert shared_key(server.address, b"of the next") == key
        journal = RedisJournal(owned, wall_ms=Wall())
        with pytest.raises(JournalUnavailable, match="OOM"):
            await journal.append([("acme", b"1")], 0)
        server.ask("CONFIG", "SET", "maxmemory", "0")
        await journal.append([("acme", b"1")], 0)
    finally:
        await owned.aclose()


async def test_a_full_redis_without_our_functions_refuses(server: RedisServer) -> None:
    server.ask("FUNCTION", "FLUSH")
    server.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StorageError, match="OOM"):
        await own(server)
    assert server.ask("EXISTS", OWNER, KEY) == 0


@pytest.mark.parametrize("value", [None, b"what"])
async def test_a_node_whose_store_was_thrown_away_ends(
    server: RedisServer, value: bytes | None
) -> None:
    owned = await own(server)
    journal = RedisJournal(owned, wall_ms=Wall())
    await journal.append([("acme", b"1")], 0)
    if value is None:
        server.ask("DEL", STORE)
    else:
        server.ask("HSET", STORE, "last", value)
    with trio.fail_after(FAR):
        while not owned.failure:  # noqa: ASYNC110 - another thread notes it
            await trio.sleep(0.02)
    assert "lost this journal" in owned.failure
    with pytest.raises(StorageError, match="lost this journal"):
        await journal.append([("acme", b"2")], 0)
    await journal.aclose()
