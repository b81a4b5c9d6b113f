"""The keeper of the second process on a journal in Redis: what comes, and what goes behind it."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from router.core import CORE_VERSION
from router.errors import JournalCorrupt
from router.journal.redis_cursor import beginning_of
from router.journal.redis_layout import SNAPSHOTS, EntryId, StreamPlace, journal_key
from router.journal.redis_link import Link
from router.journal.redis_owner import claim
from router.journal.redis_snapshots import BEGUN, RedisSnapshots
from router.journal.redis_stream import RedisJournal
from router.journal.snapshot_store import KEPT
from router.server import snapshotting as module
from router.server.clock import Clock
from router.server.snapshotter import LIFE_VARIABLE, URL_VARIABLE
from tests.helpers import keepers
from tests.helpers.keepers import kept, until
from tests.helpers.redis_server import RedisServer

pytestmark = pytest.mark.process

PARTITIONS = 4
LEFT = "fairline:snapshot:left"


class House(keepers.House[RedisJournal, StreamPlace]):
    """One on a Redis."""

    def __init__(self, redis: RedisServer, journal: RedisJournal) -> None:
        self.snapshots = RedisSnapshots(Link(redis.address), journal.life)
        secrets = {URL_VARIABLE: redis.url, LIFE_VARIABLE: journal.life}
        super().__init__(redis.address.shown, self.snapshots, journal, secrets=secrets)
        self.server = redis

    async def add_and_wait(self, count: int = 5) -> None:
        """Adds commands and waits until a snapshot has all of them."""
        await self.add(count)
        await until(lambda: self.places()[:1] == [self.written], "a snapshot has everything")

    def places(self) -> list[int]:
        """The numbers of the entries at which there is a snapshot, the newest first."""
        found = self.server.ask("ZREVRANGE", SNAPSHOTS, 0, -1)
        return [EntryId.parse(each).sequence for each in found]

    def entries(self) -> list[int]:
        """The numbers of the entries that are kept."""
        found = [
            EntryId.parse(name).sequence
            for partition in range(PARTITIONS)
            for name, _ in self.server.ask("XRANGE", journal_key(partition), "-", "+")
        ]
        return sorted(found)


@asynccontextmanager
async def house(redis: RedisServer) -> AsyncIterator[House]:
    redis.ask("FLUSHALL")
    redis.ask("ZADD", BEGUN, 1, LEFT)
    redis.ask("SET", LEFT, "half a snapshot")
    owned = await claim(redis.address, partitions=PARTITIONS, core_version=CORE_VERSION)
    journal = RedisJournal(owned, wall_ms=Clock().wall_ms)
    async with kept(House(redis, journal)) as made:
        yield made


async def test_old_snapshots_go_and_of_the_journal_what_is_behind_them(
    redis: RedisServer,
) -> None:
    async with house(redis) as made:
        for _ in range(4):
            await made.add_and_wait()
        await until(lambda: len(made.places()) == KEPT, "old snapshots are gone")
        assert redis.ask("EXISTS", BEGUN, LEFT) == 0, "so is what another life left half written"
        await until(lambda: made.entries()[:1] == made.places()[-1:], "so is what is behind them")
        link = Link(redis.address)
        place = beginning_of(link.call)
        link.close()
        assert place.sequence == made.places()[-1]
        assert made.entries() == list(range(place.sequence, made.written + 1))
        async with aclosing(made.journal.read(place.positions)) as batches:
            assert (await anext(batches))[0].position == place.positions["acme"] + 1
        with pytest.raises(JournalCorrupt, match="are gone"):
            async with aclosing(made.journal.read({})) as batches:
                await anext(batches)
        assert made.alarms == 0


async def test_a_hold_keeps_the_journal_and_the_snapshot_that_leads_to_it(
    redis: RedisServer,
) -> None:
    done: dict[str, int] = {}
    async with house(redis) as made:
        made.journal.holds.add("archive", lambda: done)
        await made.add_and_wait()
        first = made.places()[0]
        done["acme"] = first + 2
        for _ in range(4):
            await made.add_and_wait()
        await until(lambda: len(made.places()) == KEPT + 1, "others are gone")
        assert made.places()[-1] in range(first, first + 3)
        assert made.entries()[0] <= made.places()[-1]


async def test_a_process_that_is_killed_is_started_again_and_goes_on(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (0.01,))
    async with house(redis) as made:
        await made.add_and_wait()
        process_id = made.keeper.process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)
        await made.add_and_wait()
        assert made.counts["snapshotter_ends"] == 1
        assert made.keeper.process_id != process_id
        assert made.alarms == 0
