"""Out of the journal: commands into the cores, events to everybody who hears of them.

Owns: the journal's time as this node knows it, the moment at which a command is applied, and what
becomes of one over which a core breaks.
Does not know: who submitted a command, how commands get into the journal, when a ``Tick`` is due.

Invariants (tests/server/test_applying.py, tests/server/test_engine.py): a command is applied once,
in the journal's order, whether in the moment in which it became durable or by the task that reads;
its reply and its events leave in the order in which the core reported them, before the next command
is applied.

A task that is woken for a batch costs two switches and a turn of the loop, which is a tenth of what
a message costs. So a few commands are applied where the journal tells of them, and the task is left
with what must wait for something: a core to be made anew, a skip, more commands than one turn
takes.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import NamedTuple, Protocol

import structlog
import trio

from router.commands import Command, SkipCommand, Underway
from router.errors import Refusal, Refused, StorageError
from router.events import CommandAnswered, CommandRefused, Event
from router.journal.base import Journal, Record
from router.server.clock import Clock
from router.server.hearers import Audience, Effects, Measures, Ticket, aside
from router.server.recorded import underway_of
from router.server.tenants import Tenants

__all__ = ["SLICE", "SLICE_NOW", "Applying", "Desk"]

SLICE = 16
"""So many commands are applied at least before other tasks have their turn, writers above all."""
SLICE_NOW = 2 * SLICE
"""Up to so many are applied in the moment in which they are durable."""
SHARE_MS_MAX = 50
"""Up to so long the applying goes on in one turn, if the others' turn before took as long."""

_LOG = structlog.get_logger("fairline.engine")


class Desk(Protocol):
    """Who knows who waits for a command."""

    def claim(self, record: Record, underway: Underway) -> Ticket | None:
        """A command is about to be applied; who waits for it, if it is somebody here."""

    def applied(self) -> None:
        """A command was applied, and all was said about it."""

    def owe_skip(self, record: Record) -> None:
        """A command was left out that the journal does not say is to be left out."""

    def watch_deadlines(self) -> None:
        """The cores may have something due earlier than before."""


class _Broken(NamedTuple):
    """A command that broke its core, and who waits for it."""

    record: Record
    command: Command
    ticket: Ticket | None


class Applying:
    """What one node does with what its journal holds.

    Args:
        journal: Where the order was made.
        tenants: The cores.
        desk: Knows who waits for what.
        clock: Where time is read.
        audience: Hears of each event, once the node is live.
        measures: Told of commands and flaws.
        effects: Told of everything, from the first command of the replay on; None for nothing.
    """

    def __init__(
        self,
        journal: Journal,
        tenants: Tenants,
        *,
        desk: Desk,
        clock: Clock,
        audience: Audience,
        measures: Measures,
        effects: Effects | None,
    ) -> None:
        self.is_live = False
        self._journal = journal
        self._tenants = tenants
        self._desk = desk
        self._clock = clock
        self._audience = audience
        self._measures = measures
        self._effects = effects
        self._stamp_ms = 0
        self._stamp_steady_ms = clock.steady_ms()
        self._share_until_ms = 0
        self._broken: _Broken | None = None
        self._flaw: Exception | None = None

    def now_ms(self) -> int:
        """The journal's time, as nearly as this node knows it: never behind a stamp it has read."""
        since_ms = self._clock.steady_ms() - self._stamp_steady_ms
        return max(self._stamp_ms + since_ms, self._clock.wall_ms())

    async def run(self, replayed: trio.Event) -> None:
        """Reads for ever, and says when all that was there at the start is behind it.

        Raises:
            JournalVersion: There is a command that this release does not know.
            StorageError: The journal is broken for good.
        """
        end = {name: self._journal.end.get(name, 0) for name in self._tenants.routers}
        if self._has_all(end):
            replayed.set()
        async with aclosing(self._journal.read(self._tenants.start, self._take)) as batches:
            async for batch in batches:
                await self._apply_batch(batch)
                if not replayed.is_set() and self._has_all(end):
                    replayed.set()

    def _has_all(self, end: Mapping[str, int]) -> bool:
        routers = self._tenants.routers
        return all(routers[name].position >= position for name, position in end.items())

    def _take(self, batch: Sequence[Record]) -> bool:
        """See ``Journal.read``: a few commands are applied at once, a turn of the loop earlier.

        What has to wait for something is left, from where it must, to the task that reads.
        """
        if not self.is_live or len(batch) > SLICE_NOW:
            return False
        try:
            found = [underway_of(record) for record in batch]
        except StorageError:
            return False  # the task meets it again
        if any(isinstance(underway.command, SkipCommand) for underway in found):
            return False
        self._begin_batch(batch)
        try:
            for record, underway in zip(batch, found, strict=True):
                if record.tenant in self._tenants.routers and not self._apply_now(record, underway):
                    return False
        except Exception as error:
            self._flaw = error
            return False
        finally:
            self._audience.release()
        self._desk.watch_deadlines()
        return True

    async def _apply_batch(self, batch: Sequence[Record]) -> None:
        self._begin_batch(batch)
        try:
            rest = batch if self._broken is None else await self._resume(batch, self._broken)
            for count, record in enumerate(rest, start=1):
                if record.tenant in self._tenants.routers:
                    await self._apply(record)
                if count % SLICE == 0 and self._clock.steady_ms() >= self._share_until_ms:
                    await self._give_way()
        finally:
            self._audience.release()
        if self.is_live:
            self._desk.watch_deadlines()
        elif self._effects is not None:
            await self._effects.keep_up()

    def _begin_batch(self, batch: Sequence[Record]) -> None:
        if self._flaw is not None:
            raise self._flaw
        self._stamp_ms = batch[-1].now_ms
        self._stamp_steady_ms = self._clock.steady_ms()
        self._audience.hold()

    async def _resume(self, batch: Sequence[Record], broken: "_Broken") -> Sequence[Record]:
        """A command broke its core while the batch was taken: what is left behind it."""
        await self._mend(broken)
        return batch[batch.index(broken.record) + 1 :]

    async def _give_way(self) -> None:
        """Lets the others have their turn, long where thousands come, and may then work as long."""
        self._audience.release()
        left_ms = self._clock.steady_ms()
        await trio.lowlevel.checkpoint()
        back_ms = self._clock.steady_ms()
        self._audience.hold()
        self._share_until_ms = back_ms + min(back_ms - left_ms, SHARE_MS_MAX)

    async def _apply(self, record: Record) -> None:
        underway = underway_of(record)
        command = underway.command
        if isinstance(command, SkipCommand):
            await aside(self._audience, self._tenants.skip(self._journal, record, command.position))
        if not self._apply_now(record, underway):
            assert self._broken is not None, "it says what broke"
            await self._mend(self._broken)

    def _apply_now(self, record: Record, underway: Underway) -> bool:
        """Applies a command and lets out what happened; False where the core broke over it."""
        command = underway.command
        ticket = self._desk.claim(record, underway)
        events = self._tenants.apply(record, command)
        if events is None:
            self._broken = _Broken(record, command, ticket)
            return False
        self._spread(record, command, events, ticket)
        self._desk.applied()
        return True

    async def _mend(self, broken: "_Broken") -> None:
        """Goes on behind a command that broke its core."""
        record, command, ticket = broken
        events = await aside(self._audience, self._survive(record, command, ticket))
        self._broken = None
        if events is not None:
            self._spread(record, command, events, ticket)
        self._desk.applied()

    def _spread(
        self, record: Record, command: Command, events: Sequence[Event], ticket: Ticket | None
    ) -> None:
        """What happened goes to archive and folds always, to people while the node is live."""
        if self._effects is not None:
            self._note_effects(self._effects, record, events)
        self._observe(record, events)
        if self.is_live:
            self._report(record, command, events, ticket)

    def _report(
        self, record: Record, command: Command, events: Sequence[Event], ticket: Ticket | None
    ) -> None:
        """Lets out what happened, in its order, without waiting for anybody."""
        for event in events:
            if isinstance(event, CommandAnswered | CommandRefused):
                if ticket is not None:
                    self.tell(ticket, partial(ticket.settle, event))
            else:
                self._publish(record, event)
        if ticket is not None:
            self.tell(ticket, partial(ticket.applied, record.now_ms))
        self._measures.applied(record.tenant, command, events)

    def _note_effects(self, effects: Effects, record: Record, events: Sequence[Event]) -> None:
        try:
            effects.take(record, events)
        except Exception:
            _LOG.exception("effects.lost", tenant=record.tenant, position=record.position)
            self._measures.poisoned()

    def _observe(self, record: Record, events: Sequence[Event]) -> None:
        """Lets the folds learn; a flaw in a figure must not end what people rely on."""
        learn = self._audience.observe if self.is_live else self._audience.recall
        try:
            learn(record.tenant, events, record.now_ms)
        except Exception:
            _LOG.exception("events.not_measured", tenant=record.tenant, position=record.position)
            self._measures.poisoned()

    def _publish(self, record: Record, event: Event) -> None:
        """Brings out one event; a flaw in what people see must not end what they rely on."""
        try:
            self._audience.publish(record.tenant, event, record.now_ms)
        except Exception:
            _LOG.exception("event.not_published", tenant=record.tenant, position=record.position)
            self._measures.poisoned()
            self._audience.send_away(record.tenant)

    def tell(self, ticket: Ticket, tell: Callable[[], None]) -> None:
        """Lets somebody know; a flaw in them must not end what others rely on."""
        try:
            tell()
        except Exception:
            _LOG.exception("answer.not_given")
            self._measures.poisoned()
            ticket.fail()

    async def _survive(
        self, record: Record, command: Command, ticket: Ticket | None
    ) -> Sequence[Event] | None:
        """The core broke over a command: once more on a fresh core, or None and on without."""
        _LOG.error(
            "core.command_broke",
            tenant=record.tenant,
            position=record.position,
            command=type(command).__name__,
        )
        await self._tenants.rebuild(self._journal, record)
        events = self._tenants.apply(record, command)
        if events is not None:
            return events
        passed = await self._tenants.skip_here(self._journal, record)
        if self._effects is not None:
            self._note_effects(self._effects, record, passed)
        self._measures.poisoned()
        if self.is_live:
            self._desk.owe_skip(record)
        if ticket is not None:
            ticket.settle(Refused(Refusal.INTERNAL, "this could not be done"))
        return None
