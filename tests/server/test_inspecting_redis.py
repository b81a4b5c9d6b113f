"""What an operator asks of a journal in Redis."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio

from router.commands import Command, Tick, Underway
from router.core import CORE_VERSION
from router.errors import JournalLocked, StorageError
from router.journal.redis_layout import POSITIONS, SNAPSHOTS, EntryId, snapshot_key
from router.journal.redis_owner import claim
from router.journal.redis_stream import RedisJournal
from router.server.clock import Clock
from router.server.inspecting_redis import read_records, skip, verify
from router.server.replica import Replica
from router.server.snapshotter import Pace, Snapshotter, followed_redis
from tests.helpers.redis_server import RedisServer
from tests.server.test_replica import HARMLESS

pytestmark = pytest.mark.process

PARTITIONS = 4
MANY: tuple[Command, ...] = (*HARMLESS, Tick(), Tick())


@pytest.fixture
def server(redis: RedisServer) -> RedisServer:
    redis.ask("FLUSHALL")
    return redis


@asynccontextmanager
async def serving(server: RedisServer) -> AsyncIterator[RedisJournal]:
    owned = await claim(
        server.address, partitions=PARTITIONS, core_version=CORE_VERSION, node="one"
    )
    journal = RedisJournal(owned, wall_ms=Clock().wall_ms)
    try:
        yield journal
    finally:
        await journal.aclose()


async def kept(
    server: RedisServer, commands: Sequence[Command] = MANY, tenant: str = "acme"
) -> None:
    async with serving(server) as journal:
        for number, command in enumerate(commands):
            payload = msgspec.msgpack.encode(Underway("n1", number, command))
            await journal.append([(tenant, payload)], 0)


def write_snapshot(server: RedisServer) -> None:
    ends = iter([*[False] * 80, True])
    followed = followed_redis(server.address)
    pace = Pace(1, 1_000)
    Snapshotter(
        followed, pace, say=lambda _: None, is_over=lambda _: next(ends), steady_ms=lambda: 0
    ).run()


async def test_commands_are_shown_in_order_beside_a_node_that_serves(server: RedisServer) -> None:
    await kept(server)
    await kept(server, MANY[:2], "globex")
    async with serving(server):
        found = await trio.to_thread.run_sync(lambda: list(read_records(server.address)))
        assert [one.position for one in found if one.tenant == "acme"] == [*range(1, len(MANY) + 1)]
        some = list(read_records(server.address, tenant="acme", after=3))
        assert [one.position for one in some] == [*range(4, len(MANY) + 1)]
        assert {one.tenant for one in some} == {"acme"}


async def test_what_is_whole_is_proved_by_a_replay(server: RedisServer) -> None:
    await kept(server)
    write_snapshot(server)
    await kept(server, MANY[:1])
    found = verify(server.address)
    assert found.problems == []
    assert found.positions == {"acme": len(MANY) + 1}
    assert (found.entries, found.replayed) == (len(MANY) + 1, len(MANY) + 1)
    assert found.proved == found.snapshots
    assert len(found.proved) == 1


async def test_each_damage_is_a_problem(server: RedisServer) -> None:
    await kept(server)
    write_snapshot(server)
    (member,) = server.ask("ZRANGE", SNAPSHOTS, 0, -1)
    key = snapshot_key(EntryId.parse(member))
    server.ask("HSET", key, "0", b"another state")
    (problem,) = verify(server.address).problems
    assert key in problem
    server.ask("DEL", key)
    server.ask("ZREM", SNAPSHOTS, member)
    server.ask("HSET", POSITIONS, "acme", 1)
    (problem,) = verify(server.address).problems
    assert f"acme has {len(MANY)} commands, and the store says 1" in problem
    server.ask("HSET", POSITIONS, "acme", len(MANY))
    stream = next(name for name in server.ask("KEYS", "fairline:journal:*"))
    middle = server.ask("XRANGE", stream, "-", "+")[2][0]
    server.ask("XDEL", stream, middle)
    assert verify(server.address).problems


async def test_a_command_is_left_out_for_good(server: RedisServer) -> None:
    await kept(server)
    await skip(server.address, PARTITIONS, "acme", 3)
    *_, last = read_records(server.address)
    assert last.position == len(MANY) + 1
    found = verify(server.address)
    assert (found.problems, found.positions) == ([], {"acme": len(MANY) + 1})
    without = Replica(None, [("acme", 3)])
    for record in read_records(server.address):
        without.apply(record)
    assert without.routers["acme"].position == len(MANY) + 1


async def test_nothing_is_left_out_under_a_node_that_serves(server: RedisServer) -> None:
    await kept(server)
    async with serving(server):
        with trio.fail_after(20), pytest.raises(JournalLocked, match="one serves; stop it first"):
            await skip(server.address, PARTITIONS, "acme", 3)
    for tenant, position in (("acme", 0), ("acme", len(MANY) + 1), ("globex", 1)):
        with pytest.raises(StorageError, match="there is no"):
            await skip(server.address, PARTITIONS, tenant, position)
    assert len(list(read_records(server.address))) == len(MANY)


async def test_where_there_is_no_journal_none_is_made(server: RedisServer) -> None:
    with pytest.raises(StorageError, match="there is no journal here"):
        verify(server.address)
    with pytest.raises(StorageError, match="there is no journal here"):
        await skip(server.address, PARTITIONS, "acme", 1)
    assert server.ask("DBSIZE") == 0
