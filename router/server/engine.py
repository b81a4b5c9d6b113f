"""The node's one writer: commands into the journal, out of it into the cores, events to the hub.

Owns: the cores, one for each tenant; the numbers of this life's commands and who waits for each;
the appending of ``Tick``, ``EndOutage``, ``LoseNode``, ``SetPolicy`` and ``SkipCommand``.
Does not know: sockets, what a command means, how a journal keeps it, how groups are made.

Invariants (tests/server/test_engine.py):

* A command is applied once it was read back from the journal, and then only; its reply and its
  events leave in the order in which the core reported them, before the next command is applied.
* Whoever submitted a command hears once: the core's answer, or why it never went in, or nothing
  while nobody knows (the journal is cut off).
* Nothing the core raises ends the node (see ``router.server.tenants``), nor does anything that
  goes wrong while people are told.

Three tasks do the work. One brings what was submitted into the journal (``appending``). One reads,
applies, publishes. One sleeps until the earliest deadline of any core and has a ``Tick`` appended.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial

import msgspec
import structlog
import trio

from router.commands import Command, EndOutage, LoseNode, SetPolicy, SkipCommand, Tick, Underway
from router.errors import Refusal, Refused
from router.events import CommandAnswered, CommandRefused, Event
from router.journal.base import Journal, Record
from router.policy import Policy
from router.server.appending import Appending, Pending
from router.server.clock import Clock
from router.server.hearers import Audience, Effects, Measures, Outcome, Ticket, aside
from router.server.recorded import underway_of
from router.server.tenants import Tenants

__all__ = ["Engine", "Outcome"]

SLICE = 16
"""So many commands are applied at least before other tasks have their turn, writers above all."""
QUIET_MS = 60_000
"""A core that has something due hears the time so often at least: what lies behind its last command
when the node ends is taken for an outage, which counts for nobody."""
SHARE_MS_MAX = 50
"""Up to so long the applying goes on in one turn, if the others' turn before took as long."""

_LOG = structlog.get_logger("fairline.engine")
_NOBODY: tuple[Ticket | None, int] = (None, 0)


class Engine:
    """One node's machine.

    Args:
        journal: Where the order is made.
        tenants: The cores.
        policies: The configured policy of each tenant that has one.
        life: This node life.
        clock: Where time is read.
        audience: Hears of each event, once the node is live.
        measures: Told of batches and commands.
        effects: Told of everything, from the first command of the replay on; None for nothing.
    """

    def __init__(
        self,
        journal: Journal,
        tenants: Tenants,
        policies: Mapping[str, Policy],
        *,
        life: str,
        clock: Clock,
        audience: Audience,
        measures: Measures,
        effects: Effects | None = None,
    ) -> None:
        self.is_live = False
        self._journal = journal
        self._tenants = tenants
        self._policies = policies
        self._life = life
        self._clock = clock
        self._audience = audience
        self._measures = measures
        self._effects = effects
        self._encoder = msgspec.msgpack.Encoder()
        self._count = 0
        self._waiting: dict[int, tuple[Ticket | None, int]] = {}
        self._appending = Appending(
            journal, now_ms=self.now_ms, took=measures.batch, refused=self._refuse
        )
        self._settled = trio.lowlevel.ParkingLot()
        self._deadline_moved = trio.Event()
        self._ticking: set[str] = set()
        self._stamp_ms = 0
        self._stamp_steady_ms = clock.steady_ms()
        self._armed_ms: int | None = None
        self._share_until_ms = 0

    def now_ms(self) -> int:
        """The journal's time, as nearly as this node knows it: never behind a stamp it has read."""
        since_ms = self._clock.steady_ms() - self._stamp_steady_ms
        return max(self._stamp_ms + since_ms, self._clock.wall_ms())

    def submit(
        self, tenant: str, command: Command, ticket: Ticket | None = None, *, floor_ms: int = 0
    ) -> None:
        """Puts a command on its way; the ticket hears what became of it.

        What nobody waits for always goes: an end of a connection, or the time, is said once, and
        there are few of them.
        """
        if ticket is not None and self._appending.is_full:
            ticket.settle(Refused(Refusal.OVERLOADED, "too many commands are waiting"))
            return
        self._count += 1
        payload = self._encoder.encode(Underway(self._life, self._count, command))
        self._waiting[self._count] = (ticket, self._clock.steady_ms())
        self._appending.put(Pending(tenant, self._count, payload, floor_ms))

    def hold(self) -> None:
        """Several commands are submitted one after the other, and then ``release``."""
        self._appending.hold()

    def release(self) -> None:
        """They may go."""
        self._appending.release()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Replays the journal, puts the house in order, is started, and goes on until cancelled.

        Raises:
            JournalVersion: It has a command that this release does not know.
            StorageError: The journal is broken for good.
        """
        async with trio.open_nursery() as nursery:
            replayed = trio.Event()
            nursery.start_soon(self._read, replayed)
            await replayed.wait()
            self.is_live = True
            self._audience.begin_life()
            nursery.start_soon(self._appending.run)
            self._end_outage()
            while self._begin_life():
                await self._settle()
            nursery.start_soon(self._tick)
            task_status.started()

    async def end(self) -> None:
        """Notes when this life ended, for what comes behind is an outage, and waits for that."""
        for tenant, _ in self._due():
            self.submit(tenant, Tick())
        await self._settle()

    async def _settle(self) -> None:
        while self._waiting:
            await self._settled.park()

    def waiting_since_ms(self) -> int | None:
        """Since when, on the steady clock, the oldest command waits for its outcome."""
        for _, since_ms in self._waiting.values():
            return since_ms
        return None

    # -- into the journal --------------------------------------------------------------------

    def _end_outage(self) -> None:
        """Says that nobody could append since the last command: this journal has one node."""
        for tenant, router in self._tenants.routers.items():
            if router.next_deadline_ms() is not None:
                self.submit(tenant, EndOutage())

    def _begin_life(self) -> bool:
        """Submits what must be said first: policies, skips, lives that are over; if anything."""
        for tenant, router in self._tenants.routers.items():
            policy = self._policies.get(tenant)
            if policy is not None and router.world.filed_policy != policy:
                self.submit(tenant, SetPolicy(policy=policy, from_file=True))
            for life in router.lives():
                if life != self._life:
                    self.submit(tenant, LoseNode(life=life))
        for tenant, position in self._tenants.owed:
            self.submit(tenant, SkipCommand(position=position))
        return bool(self._waiting)

    def _refuse(self, group: Sequence[Pending]) -> list[Pending]:
        """None of the group went in: whoever waits may try again.

        What nobody waits for nobody would try again, such as the end of a connection: it stays.
        """
        kept = [entry for entry in group if self._waiting.get(entry.number, _NOBODY)[0] is None]
        for entry in group:
            ticket, _ = self._waiting.get(entry.number, _NOBODY)
            if ticket is not None:
                del self._waiting[entry.number]
                refused = Refused(Refusal.OVERLOADED, "the journal takes nothing at present")
                self._tell(ticket, partial(ticket.settle, refused))
        self._deadline_moved.set()
        self._settled.unpark_all()
        return kept

    async def _tick(self) -> None:
        """Has a ``Tick`` appended whenever a core has something due."""
        while True:
            self._deadline_moved = trio.Event()
            self._armed_ms = min((due_ms for _, due_ms in self._due()), default=None)
            with trio.CancelScope() as sleep:
                if self._armed_ms is not None:
                    wait_ms = self._armed_ms - self.now_ms()
                    sleep.deadline = trio.current_time() + max(wait_ms, 0) / 1000
                await self._deadline_moved.wait()
            for tenant, due_ms in self._due():
                if due_ms <= self.now_ms():
                    self._ticking.add(tenant)
                    self.submit(tenant, Tick(), floor_ms=due_ms)

    def _due(self) -> list[tuple[str, int]]:
        """When each core needs a ``Tick``, but for those that are to have one already."""
        return [
            (tenant, min(due_ms, router.now_ms + QUIET_MS))
            for tenant, router in self._tenants.routers.items()
            if tenant not in self._ticking and (due_ms := router.next_deadline_ms()) is not None
        ]

    # -- out of the journal ------------------------------------------------------------------

    async def _read(self, replayed: trio.Event) -> None:
        end = {name: self._journal.end.get(name, 0) for name in self._tenants.routers}
        if self._has_all(end):
            replayed.set()
        async with aclosing(self._journal.read(self._tenants.start)) as batches:
            async for batch in batches:
                await self._apply_batch(batch)
                if not replayed.is_set() and self._has_all(end):
                    replayed.set()

    def _has_all(self, end: Mapping[str, int]) -> bool:
        routers = self._tenants.routers
        return all(routers[name].position >= position for name, position in end.items())

    async def _apply_batch(self, batch: Sequence[Record]) -> None:
        self._stamp_ms = batch[-1].now_ms
        self._stamp_steady_ms = self._clock.steady_ms()
        self._audience.hold()
        try:
            for count, record in enumerate(batch, start=1):
                if record.tenant in self._tenants.routers:
                    await self._apply(record)
                if count % SLICE == 0 and self._clock.steady_ms() >= self._share_until_ms:
                    await self._give_way()
        finally:
            self._audience.release()
        if self.is_live:
            self._watch_deadlines()
        elif self._effects is not None:
            await self._effects.keep_up()

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
        ticket = None
        if underway.life == self._life:
            ticket, _ = self._waiting.pop(underway.number, _NOBODY)
        if isinstance(command, Tick):
            self._ticking.discard(record.tenant)
        if isinstance(command, SkipCommand):
            await aside(self._audience, self._tenants.skip(self._journal, record, command.position))
        events = self._tenants.apply(record, command)
        if events is None:
            events = await aside(self._audience, self._survive(record, command, ticket))
            ticket = None if events is None else ticket
        if events is not None:
            self._spread(record, command, events, ticket)
        if not self._waiting:
            self._settled.unpark_all()

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
                    self._tell(ticket, partial(ticket.settle, event))
            else:
                self._publish(record, event)
        if ticket is not None:
            self._tell(ticket, partial(ticket.applied, record.now_ms))
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

    def _tell(self, ticket: Ticket, tell: Callable[[], None]) -> None:
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
            self.submit(record.tenant, SkipCommand(position=record.position))
        if ticket is not None:
            ticket.settle(Refused(Refusal.INTERNAL, "this could not be done"))
        return None

    def _watch_deadlines(self) -> None:
        """Wakes the ticking task where a deadline came nearer than it sleeps for."""
        for router in self._tenants.routers.values():
            due_ms = router.next_deadline_ms()
            if due_ms is not None and (self._armed_ms is None or due_ms < self._armed_ms):
                self._deadline_moved.set()
                return
