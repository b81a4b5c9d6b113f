"""A Redis that is full when a node starts, or that threw away what it should have kept."""

import pytest
import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.redis_key import KEY, shared_key
from router.journal.redis_layout import OWNER, STORE
from router.journal.redis_owner import Claim, claim
from router.journal.redis_stream import RedisJournal
from tests.helpers.redis_server import RedisServer
from tests.journal.contract import Wall

FAR = 8

pytestmark = pytest.mark.process


async def own(hasty: RedisServer) -> Claim:
    with trio.fail_after(FAR):
        return await claim(hasty.address, partitions=4, core_version=1, node="one")


async def test_a_full_redis_is_claimed_and_can_get_smaller(hasty: RedisServer) -> None:
    await (await own(hasty)).aclose()
    key = shared_key(hasty.address, b"of the first")
    hasty.ask("CONFIG", "SET", "maxmemory", "1")
    owned = await own(hasty)
    try:
        assert owned.is_owner
        assert shared_key(hasty.address, b"of the next") == key
        journal = RedisJournal(owned, wall_ms=Wall())
        with pytest.raises(JournalUnavailable, match="OOM"):
            await journal.append([("acme", b"1")], 0)
        hasty.ask("CONFIG", "SET", "maxmemory", "0")
        await journal.append([("acme", b"1")], 0)
    finally:
        await owned.aclose()


async def test_a_full_redis_without_our_functions_refuses(hasty: RedisServer) -> None:
    hasty.ask("FUNCTION", "FLUSH")
    hasty.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StorageError, match="OOM"):
        await own(hasty)
    assert hasty.ask("EXISTS", OWNER, KEY) == 0


@pytest.mark.parametrize("value", [None, b"what"])
async def test_a_node_whose_store_was_thrown_away_ends(
    hasty: RedisServer, value: bytes | None
) -> None:
    owned = await own(hasty)
    journal = RedisJournal(owned, wall_ms=Wall())
    await journal.append([("acme", b"1")], 0)
    if value is None:
        hasty.ask("DEL", STORE)
    else:
        hasty.ask("HSET", STORE, "last", value)
    with trio.fail_after(FAR):
        while not owned.failure:  # noqa: ASYNC110 - another thread notes it
            await trio.sleep(0.02)
    assert "lost this journal" in owned.failure
    with pytest.raises(StorageError, match="lost this journal"):
        await journal.append([("acme", b"2")], 0)
    await journal.aclose()
