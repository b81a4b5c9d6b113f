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

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import structlog
import trio

from router.commands import Command, EndOutage, LoseNode, SetPolicy, SkipCommand, Tick, Underway
from router.errors import Refusal, Refused
from router.journal.base import Journal, Record
from router.policy import Policy
from router.server.appending import Appending, Pending
from router.server.applying import Applying
from router.server.clock import Clock
from router.server.hearers import Audience, Effects, Measures, Outcome, Ticket
from router.server.tenants import Tenants

__all__ = ["Engine", "Outcome"]

QUIET_MS = 60_000
"""A core that has something due hears the time so often at least: what lies behind its last command
when the node ends is taken for an outage, which counts for nobody."""

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
        self._tenants = tenants
        self._policies = policies
        self._life = life
        self._clock = clock
        self._audience = audience
        self._encoder = msgspec.msgpack.Encoder()
        self._count = 0
        self._waiting: dict[int, tuple[Ticket | None, int]] = {}
        self._appending = Appending(
            journal, now_ms=self.now_ms, took=measures.batch, refused=self._refuse
        )
        self._applying = Applying(
            journal,
            tenants,
            desk=self,
            clock=clock,
            audience=audience,
            measures=measures,
            effects=effects,
        )
        self._settled = trio.lowlevel.ParkingLot()
        self._deadline_moved = trio.Event()
        self._ticking: set[str] = set()
        self._armed_ms: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether everything of the lives before was replayed."""
        return self._applying.is_live

    def now_ms(self) -> int:
        """The journal's time, as nearly as this node knows it: never behind a stamp it has read."""
        return self._applying.now_ms()

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
            nursery.start_soon(self._applying.run, replayed)
            await replayed.wait()
            self._applying.is_live = True
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
                self._applying.tell(ticket, partial(ticket.settle, refused))
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

    # -- what comes out of it: see ``applying.Desk`` -------------------------------------------

    def claim(self, record: Record, underway: Underway) -> Ticket | None:
        """See ``applying.Desk``."""
        if isinstance(underway.command, Tick):
            self._ticking.discard(record.tenant)
        if underway.life != self._life:
            return None
        return self._waiting.pop(underway.number, _NOBODY)[0]

    def applied(self) -> None:
        """See ``applying.Desk``."""
        if not self._waiting:
            self._settled.unpark_all()

    def owe_skip(self, record: Record) -> None:
        """See ``applying.Desk``."""
        self.submit(record.tenant, SkipCommand(position=record.position))

    def watch_deadlines(self) -> None:
        """See ``applying.Desk``: wakes the ticking task where it would sleep too long."""
        for router in self._tenants.routers.values():
            due_ms = router.next_deadline_ms()
            if due_ms is not None and (self._armed_ms is None or due_ms < self._armed_ms):
                self._deadline_moved.set()
                return
