"""The journal in Redis: the promises of all journals, on Valkey and on the oldest Redis."""

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from router.errors import JournalCorrupt, JournalVersion
from router.journal import redis_cursor
from router.journal import redis_stream as module
from router.journal.base import Journal, Record
from router.journal.redis_layout import BEGINNING, EntryId, StreamPlace, decode_place
from router.journal.redis_link import Took
from router.journal.redis_owner import claim
from router.journal.redis_stream import RedisJournal
from tests.helpers.redis_server import REDIS, VALKEY, RedisServer, redis_server
from tests.journal.contract import JournalContract, Wall, take

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("valkey"), VALKEY) as started:
        yield started


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), REDIS) as started:
        yield started


async def open_on(
    server: RedisServer,
    wall: Wall | None = None,
    *,
    partitions: int = 8,
    core_version: int = 1,
    place: StreamPlace | None = None,
    took: Took = lambda *_: None,
) -> RedisJournal:
    owned = await claim(server.address, partitions=partitions, core_version=core_version, took=took)
    return RedisJournal(owned, wall_ms=wall or Wall(), place=place)


class TestRedisJournal(JournalContract):
    """Tenants of the cases share a stream, so all of every order is kept."""

    partitions = 1

    @pytest.fixture(autouse=True, params=["valkey", "redis"])
    def _served(self, request: pytest.FixtureRequest) -> None:
        self.server = request.getfixturevalue(request.param)
        self.server.ask("FLUSHALL")

    async def open(self, folder: Path, wall: Wall) -> Journal:
        return await open_on(self.server, wall, partitions=self.partitions)


class TestRedisJournalOfManyStreams(TestRedisJournal):
    has_one_order = False
    partitions = 32


async def read_all(journal: Journal) -> list[Record]:
    return await take(journal, sum(journal.end.values()))


@pytest.fixture
def server(valkey: RedisServer) -> RedisServer:
    valkey.ask("FLUSHALL")
    return valkey


async def test_all_readers_see_one_order_live_and_again_and_after_a_restart(
    server: RedisServer,
) -> None:
    journal = await open_on(server)
    tenants = [f"tenant-{number}" for number in range(9)]
    live: list[Record] = []

    async def watch() -> None:
        async with aclosing(journal.read({})) as batches:
            async for batch in batches:
                live.extend(batch)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        for number in range(30):
            await journal.append([(tenant, b"%d" % number) for tenant in tenants[number % 4 :]], 0)
        await wait_all_tasks_blocked()
        again = await take(journal, len(live))
        await journal.aclose()
    assert again == live
    journal = await open_on(server)
    assert await read_all(journal) == live
    await journal.aclose()


async def test_what_is_said_to_redis_is_timed_by_kind_and_reading_only_where_it_is_read(
    server: RedisServer,
) -> None:
    kinds: list[str] = []

    def hear(kind: str, seconds: float) -> None:
        assert 0 < seconds < 10
        kinds.append(kind)

    journal = await open_on(server, took=hear)
    for number in range(5):
        await journal.append([("acme", b"%d" % number)], 0)
    assert kinds[:2] == ["connect", "claim"]
    assert (kinds.count("append"), kinds.count("read")) == (5, 0)
    await journal.aclose()
    assert kinds[-1] == "claim", "it is given up"
    kinds.clear()
    journal = await open_on(server, took=hear)
    assert len(await read_all(journal)) == 5
    assert "read" in kinds
    assert "append" not in kinds
    await journal.aclose()


async def test_a_start_begins_at_its_snapshot_and_counts_on(server: RedisServer) -> None:
    journal = await open_on(server)
    for number in range(20):
        await journal.append([("acme", b"%d" % number)], 0)
    place = StreamPlace(EntryId(1_000_000, 12), {"acme": 12})
    await journal.aclose()
    server.ask("XTRIM", "fairline:journal:6", "MINID", str(place.id))
    journal = await open_on(server, place=place)
    records = await take(journal, 8, after={"acme": 12})
    assert [record.position for record in records] == list(range(13, 21))
    await journal.aclose()


async def test_trimming_leaves_what_snapshot_holds_and_readers_need(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRIM_COUNT", 100)
    journal = await open_on(server, partitions=2)
    for number in range(250):
        await journal.append([("acme", b"%d" % number), ("globex", b"%d" % number)], 0)
    held = {"acme": 120, "globex": 120}
    journal.holds.add("archive", lambda: held)

    def place(number: int) -> StreamPlace:
        return StreamPlace(EntryId(1_000_000, number), {"acme": number, "globex": number})

    everything = {"acme": 250, "globex": 250}
    assert await journal.trim(everything, place=place(200)) == []
    assert await journal.trim(everything, place=place(120)) == ["entries up to 1000000-120"]
    assert await journal.trim(everything, place=place(120)) == []
    assert server.ask("XLEN", "fairline:journal:0") <= 131
    assert decode_place(server.ask("GET", BEGINNING)) == place(120)
    async with aclosing(journal.read(held)) as batches:
        assert (await anext(batches))[0].position == 121
        held |= {"acme": 200, "globex": 200}
        assert await journal.trim(everything, place=place(200)) == [], "a reader stands before it"
    assert await journal.trim({"acme": 250}, place=place(200)) == [], "globex is not named"
    assert await journal.trim(everything, place=place(200)) == ["entries up to 1000000-200"]
    await journal.aclose()
    journal = await open_on(server, partitions=2)
    assert [r.position for r in await take(journal, 100, after=held)][:2] == [201, 201]
    with pytest.raises(JournalCorrupt, match="needs commands up to entry 1000000-200"):
        await take(journal, 1)
    await journal.append([("acme", b"next")], 0)
    (record, *_) = await take(journal, 1, after=everything)
    assert record.position == 251, "positions go on however little is left"
    await journal.aclose()


async def test_places_are_remembered_so_that_a_busy_journal_is_trimmed_finely(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MARK_SECONDS", 0)
    monkeypatch.setattr(module, "MARKS_MAX", 20)
    journal = await open_on(server, partitions=2)
    for number in range(100):
        await journal.append([("acme", b"%d" % number)], 0)
    (said,) = await journal.trim({"acme": 90})
    assert 80 <= int(said.rpartition("-")[2]) <= 90
    await journal.aclose()


async def test_a_slow_reader_waits_while_redis_is_away_and_goes_on(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(redis_cursor, "PAGE_BYTES", 1)
    journal = await open_on(server)
    for number in range(40):
        await journal.append([("acme", b"%d" % number)], 0)
    await journal.aclose()
    journal = await open_on(server)
    async with aclosing(journal.read({})) as batches:
        records = list(await anext(batches))
        server.ask("CLIENT", "KILL", "TYPE", "normal")
        while len(records) < 40:
            records.extend(await anext(batches))
    assert [record.position for record in records] == list(range(1, 41))
    await journal.aclose()


@pytest.mark.parametrize("is_mended", [True, False])
async def test_a_slow_reader_waits_a_while_for_an_entry_that_redis_has_lost(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, is_mended: bool
) -> None:
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(module, "REPAIR_SECONDS", 0.3)
    journal = await open_on(server, partitions=1)
    for number in range(3):
        await journal.append([("acme", b"%d" % number)], 0)
    await journal.aclose()
    journal = await open_on(server, partitions=1)
    key = "fairline:journal:0"
    kept = server.ask("XRANGE", key, "-", "+")
    server.ask("DEL", key)
    async with aclosing(journal.read({})) as batches, trio.open_nursery() as nursery:

        async def mend() -> None:
            await trio.sleep(0.1)
            for name, fields in kept if is_mended else []:
                server.ask("XADD", key, name, *fields)

        nursery.start_soon(mend)
        if is_mended:
            assert (await anext(batches))[0].position == 1
        else:
            with pytest.raises(JournalCorrupt, match="Entry 1 was durable"):
                await anext(batches)
    await journal.aclose()


async def test_an_entry_of_another_core_is_refused_when_it_is_read(server: RedisServer) -> None:
    journal = await open_on(server, core_version=1)
    await journal.append([("acme", b"1")], 0)
    await journal.aclose()
    journal = await open_on(server, core_version=2)
    with pytest.raises(JournalVersion, match="written for core version 1"):
        await take(journal, 1)
    await journal.append([("acme", b"2")], 0)
    assert [r.payload for r in await take(journal, 1, after={"acme": 1})] == [b"2"]
    await journal.aclose()
