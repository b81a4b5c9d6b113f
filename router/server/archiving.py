"""Feeds the archive from what the core reports, behind everybody's back.

Owns: what waits for the archive, and its bound; the tasks that write,
prune, and fetch from the journal what did not fit.
Does not know: which event is which fact, how one is kept, who reads it, what a command means.

Invariants (tests/server/test_archiving.py): ``take`` waits for nothing and nobody waits for the
archive but a replay at the start; what waits is bounded however long the archive's disk is full;
then what did not fit comes out of the journal again, so nothing is missing and nothing is twice;
``position`` never passes what is durable in the archive, so a journal that keeps everything behind
it can always make up for the rest.

    engine ── take ──▶ line of facts ── every BATCH_S ──▶ archive (a thread, one transaction)
                          │ full: dropped, the tenant is behind
    journal ── replay on a core of its own, at a third of the time ──▶ the same line

A conversation goes to the archive once, when it is over for good: the core's own record, which
never changes again, so nothing is copied on the way. Until then, and ten minutes more, the core
has it.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import structlog
import trio

from router.archive.base import Archive, Fact, Keep
from router.archive.facts import KEPT, happened, keep_of
from router.archive.reading import FOLDER_NAME
from router.archive.sqlite import SqliteArchive
from router.conversations import Conversation
from router.errors import ArchiveCorrupt, ArchiveUnavailable, StorageError
from router.events import Event
from router.journal.base import Journal, Record
from router.server.counters import Count
from router.server.hidden import Served
from router.server.recorded import underway_of
from router.server.settings import Settings
from router.server.tenants import Tenants
from router.world import World

__all__ = ["Archiving", "Standing", "check_order", "open_archive"]

BATCH_S = 1.0
"""Facts gather for so long before they are written together. Each time the disk has to sync, and a
command that is written meanwhile waits behind that; who asks for what waits here has it at once."""
BATCH_WEIGHT = 5_000
"""Rows of one transaction, about; so many do not wait any longer."""
WEIGHT_MAX = 200_000
"""Rows that may wait for the archive, for each tenant."""
PROGRESS_S = 2.0
"""Where nothing is to be kept, the position is noted so often, for the journal's sake."""
RETRY_S = 1.0
SWEEP_S = 60.0
SWEEP_ROWS = 1_000
REST = 2.0
"""A replay rests twice as long as it worked: people come first."""
SLICE = 16
END_S = 5.0

_LOG = structlog.get_logger("fairline.archiving")


class Standing(NamedTuple):
    """How far one tenant's archive is."""

    lag: int
    """Commands that were applied and are not in the archive."""
    is_behind: bool


class _Line:
    """What waits for one tenant's archive."""

    def __init__(self, position: int) -> None:
        self.taken = position
        """All that happened up to here is in the archive or in ``facts``."""
        self.facts: deque[Fact] = deque()
        self.weight = 0
        self.is_behind = False

    def add(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.weight += _weight(fact)

    def drop(self) -> None:
        """Leaves out what waits: it is in the journal."""
        self.facts = deque()
        self.weight = 0
        self.is_behind = True

    def batch(self) -> tuple[list[Fact], int]:
        """The next facts to be written, never half a position, and how far that is."""
        facts: list[Fact] = []
        weight = 0
        for fact in self.facts:
            if weight >= BATCH_WEIGHT and fact.position != facts[-1].position:
                return facts, facts[-1].position
            facts.append(fact)
            weight += _weight(fact)
        return facts, self.taken

    def settle(self, facts: Sequence[Fact]) -> None:
        """The first facts are written; unless all were dropped meanwhile."""
        if self.facts and facts and self.facts[0] is facts[0]:
            for fact in facts:
                self.facts.popleft()
                self.weight -= _weight(fact)


def _weight(fact: Fact) -> int:
    return 1 + len(fact.what.messages) if isinstance(fact.what, Conversation) else 1


class Archiving:
    """The archive's feeder; the engine's ``Effects``.

    Args:
        archive: Where facts are kept.
        journal: Where they are found again.
        tenants: The cores.
        now_ms: The journal's time.
        count: Told of failures.
    """

    def __init__(
        self,
        archive: Archive,
        journal: Journal,
        tenants: Tenants,
        *,
        now_ms: Callable[[], int],
        count: Count,
    ) -> None:
        self.archive = archive
        self._failing: dict[str, None] = {}
        self._journal = journal
        self._tenants = tenants
        self._now_ms = now_ms
        self._count = count
        self._served = Served(tenants.routers)
        self._lines = {name: _Line(archive.position(name)) for name in self._served}
        self._wake = trio.Event()
        self._hurry = trio.Event()
        self._drained = trio.lowlevel.ParkingLot()
        self._writing = trio.Lock()

    @property
    def is_failing(self) -> bool:
        """Whether the archive of any tenant takes nothing at present."""
        return bool(self._failing)

    def ailment(self) -> str:
        """What is wrong with the archive of any tenant; empty where nothing is."""
        behind = [tenant for tenant, line in self._lines.items() if line.is_behind]
        if self._failing:
            return f"takes nothing of {', '.join(self._failing)}"
        return f"behind with {', '.join(behind)}, reads the journal" if behind else ""

    # -- the engine's side -------------------------------------------------------------------

    def take(self, record: Record, events: Sequence[Event]) -> None:
        """See ``engine.Effects``."""
        line = self._lines.get(record.tenant)
        if line is None or line.is_behind:
            return
        self._take(line, self._tenants.routers[record.tenant].world, record, events)
        if line.weight > WEIGHT_MAX:
            line.drop()
            self._count("archive_dropped")
            _LOG.error("archive.behind", tenant=record.tenant, position=record.position)

    async def keep_up(self) -> None:
        """See ``engine.Effects``; a replay is not held up by a disk that takes nothing."""
        while not self.is_failing and any(
            line.weight > WEIGHT_MAX // 2 for line in self._lines.values()
        ):
            self._hurry.set()
            await self._drained.park()

    def position(self, tenant: str) -> int:
        """Up to where the journal is not needed for the archive any more."""
        return self.archive.position(tenant)

    def is_behind(self, tenant: str) -> bool:
        """Whether something that happened is neither in the archive nor on its way."""
        return self._lines[tenant].is_behind

    def standing(self) -> dict[str, Standing]:
        """How far the archive of each tenant is; plain numbers, so for any thread."""
        live = self._tenants.routers
        return {
            name: Standing(max(live[name].position - self.position(name), 0), line.is_behind)
            for name, line in self._lines.items()
        }

    def waits(self, tenant: str, *, conversation: str = "", customer: str = "") -> bool:
        """Whether a conversation, or any of a customer's, is on its way to the archive."""
        ended = (fact.what for fact in self._lines[tenant].facts)
        return any(
            isinstance(one, Conversation) and (one.id == conversation or one.customer == customer)
            for one in ended
        )

    def _take(self, line: _Line, world: World, record: Record, events: Sequence[Event]) -> None:
        if record.position <= line.taken:
            return
        for place, event in enumerate(events):
            if type(event) in KEPT:
                what = happened(world, event)
                if what is not None:
                    line.add(Fact(record.position, place, record.now_ms, what))
        line.taken = record.position
        if line.facts:
            self._wake.set()
        if line.weight >= BATCH_WEIGHT:
            self._hurry.set()

    # -- the archive's side ------------------------------------------------------------------

    async def run(self) -> None:
        """Writes, prunes and catches up, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            nursery.start_soon(self._sweep)
            for tenant, line in self._lines.items():
                nursery.start_soon(self._watch, tenant, line)

    async def fetch(self, tenant: str, *, conversation: str = "", customer: str = "") -> None:
        """Sees to it that what is on its way and asked for can be read.

        Raises:
            ArchiveUnavailable: it cannot at present.
        """
        line = self._lines.get(tenant)
        if line is None or line.is_behind:
            raise ArchiveUnavailable("The archive is behind.")
        if self.waits(tenant, conversation=conversation, customer=customer):
            await self._write_line(tenant, line)

    async def settle(self, tenant: str) -> bool:
        """Writes what waits, now; whether all that happened is in the archive then."""
        line = self._lines[tenant]
        await self._try_line(tenant, line)
        return tenant not in self._failing and not line.is_behind

    async def end(self) -> None:
        """Writes what still waits, for a while; what does not fit is found at the next start."""
        with trio.move_on_after(END_S):
            for tenant in self._lines:
                await self.settle(tenant)

    async def _write(self) -> None:
        while True:
            with trio.move_on_after(PROGRESS_S) as idle:
                await self._wake.wait()
            with trio.move_on_after(BATCH_S):
                await self._hurry.wait()
            self._wake = trio.Event()
            self._hurry = trio.Event()
            for tenant, line in self._lines.items():
                if line.facts or idle.cancelled_caught or tenant in self._failing:
                    await self._try_line(tenant, line)
            self._drained.unpark_all()
            if self.is_failing:
                self._wake.set()
                await trio.sleep(RETRY_S)

    async def _try_line(self, tenant: str, line: _Line) -> None:
        """Writes a line, or says that it cannot be: whatever is wrong, people do not wait."""
        try:
            await self._write_line(tenant, line)
        except Exception as error:
            if not isinstance(error, ArchiveUnavailable):
                _LOG.exception("archive.broke", tenant=tenant)
            _LOG.error("archive.unavailable", tenant=tenant, error=str(error))
            self._count("archive_failures")
            self._failing[tenant] = None
        else:
            self._failing.pop(tenant, None)

    async def _write_line(self, tenant: str, line: _Line) -> None:
        async with self._writing:
            while line.taken > self.archive.position(tenant) and not (
                line.is_behind and not line.facts
            ):
                facts, position = line.batch()
                await trio.to_thread.run_sync(self.archive.write, tenant, facts, position)
                line.settle(facts)

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(SWEEP_S)
            for tenant, router in self._served.items():
                keep = keep_of(router.policy, self._now_ms())
                if keep != Keep():
                    await self._prune(tenant, keep)

    async def _prune(self, tenant: str, keep: Keep) -> None:
        """Deletes what may go, in small pieces, so that nothing waits for long behind it."""
        count = SWEEP_ROWS
        while count >= SWEEP_ROWS:
            async with self._writing:
                try:
                    count = await trio.to_thread.run_sync(
                        self.archive.prune, tenant, keep, SWEEP_ROWS
                    )
                except ArchiveUnavailable as error:
                    _LOG.error("archive.not_pruned", tenant=tenant, error=str(error))
                    return
            await trio.sleep(BATCH_S)

    # -- out of the journal ------------------------------------------------------------------

    async def _watch(self, tenant: str, line: _Line) -> None:
        """Catches up whenever the tenant is behind and the archive takes something again."""
        while True:
            await trio.sleep(RETRY_S)
            if not line.is_behind or self.is_failing:
                continue
            try:
                await self._replay(tenant, line)
            except Exception as error:
                if not isinstance(error, StorageError):
                    _LOG.exception("archive.broke", tenant=tenant)
                _LOG.error("archive.not_caught_up", tenant=tenant, error=str(error))
                await trio.sleep(SWEEP_S)

    async def _replay(self, tenant: str, line: _Line) -> None:
        """Plays the journal on a core of its own until it meets the live one."""
        line.taken = self.archive.position(tenant)
        follower = await self._tenants.follower(self._journal, tenant, line.taken)
        world = follower.routers[tenant].world
        live = self._tenants.routers
        _LOG.info("archive.catching_up", tenant=tenant, from_position=line.taken)
        async with aclosing(self._journal.read(follower.start)) as batches:
            async for batch in batches:
                for records in _slices(batch):
                    began = trio.current_time()
                    for record in records:
                        if record.tenant != tenant:
                            continue
                        command = underway_of(record).command
                        events = follower.apply(record, command)
                        assert events is not None, "what was applied once breaks the core now"
                        self._take(line, world, record, events)
                        if record.position >= live[tenant].position:
                            line.is_behind = False
                            _LOG.info("archive.caught_up", tenant=tenant, position=record.position)
                            return
                    await self._rest(line, trio.current_time() - began)

    async def _rest(self, line: _Line, worked_s: float) -> None:
        await trio.sleep(worked_s * REST)
        while line.weight > WEIGHT_MAX // 2:
            self._hurry.set()
            await self._drained.park()


def _slices(batch: Sequence[Record]) -> list[Sequence[Record]]:
    return [batch[start : start + SLICE] for start in range(0, len(batch), SLICE)]


@asynccontextmanager
async def open_archive(settings: Settings) -> AsyncIterator[Archive | None]:
    """The archive beside the journal; none where nothing is kept.

    Raises:
        ArchiveLocked, ArchiveCorrupt, ArchiveVersion, ArchiveUnavailable: it cannot be opened.
    """
    if settings.server.journal == "memory":
        yield None
        return
    folder = Path(settings.server.data) / FOLDER_NAME
    archive = await trio.to_thread.run_sync(SqliteArchive, folder, list(settings.tenants))
    try:
        yield archive
    finally:
        archive.close()


def check_order(archive: Archive, journal: Journal, tenants: Iterable[str]) -> None:
    """Sees to it that the archive is behind the journal, as it always is behind its own.

    Raises:
        ArchiveCorrupt: it is not.
    """
    for tenant in tenants:
        position, end = archive.position(tenant), journal.end.get(tenant, 0)
        if position > end:
            raise ArchiveCorrupt(
                f"{tenant}: the archive knows of {position} commands and the journal has {end}, so"
                " they do not belong together. Put back the journal that does, or move the archive"
                " away: then it is made anew from what the journal has."
            )
