"""An engine on a journal in memory, with faults that a test switches on.

Owns: a core that breaks over one word, a journal that can be cut off, tickets that remember.
Does not know: sockets.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import trio

from router.archive.base import Archive
from router.commands import Command, RequestConversation
from router.core import Router
from router.errors import JournalUnavailable
from router.events import Event
from router.journal.base import Command as Appended
from router.journal.base import Done, Record, Take, wait_appended
from router.journal.memory import MemoryJournal, MemoryStore
from router.policy import Policy
from router.server.archiving import Archiving
from router.server.clock import Clock
from router.server.counters import Tally
from router.server.engine import Engine, Outcome
from router.server.tenants import Tenants
from tests.helpers.cores import POLICY

__all__ = ["POISON", "BrittleRouter", "CutJournal", "Machine", "Memo", "machine"]

POISON = "poison"


class BrittleRouter(Router):
    """A core with a bug: it breaks over one topic, and is in no known state then."""

    def apply(self, command: Command, now_ms: int) -> list[Event]:
        events = super().apply(command, now_ms)
        if isinstance(command, RequestConversation) and command.topic == POISON:
            raise AssertionError("a broken invariant")
        return events


class CutJournal:
    """A memory journal between which and the engine a cable can be pulled."""

    def __init__(self, clock: Clock, store: MemoryStore) -> None:
        self._journal = MemoryJournal(clock.wall_ms, store)
        self.is_full = False
        self.is_cut = False
        self._kept: list[tuple[Sequence[Appended], int, Done]] = []
        self.batch_sizes: list[int] = []

    @property
    def end(self) -> Mapping[str, int]:
        return self._journal.end

    def begin(self, commands: Sequence[Appended], floor_ms: int, done: Done) -> None:
        if self.is_full:
            raise JournalUnavailable("the disk is full")
        if self.is_cut:
            self._kept.append((commands, floor_ms, done))
            return
        self.batch_sizes.append(len(commands))
        self._journal.begin(commands, floor_ms, done)

    async def append(self, commands: Sequence[Appended], floor_ms: int) -> None:
        await wait_appended(self, commands, floor_ms)

    def mend(self) -> None:
        """The cable is in again: what was on its way goes on."""
        self.is_cut = False
        kept, self._kept = self._kept, []
        for commands, floor_ms, done in kept:
            self.begin(commands, floor_ms, done)

    def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        return self._journal.read(after, take)

    async def aclose(self) -> None:
        await self._journal.aclose()


class Memo:
    """A ticket that keeps what it heard, in order with what was published."""

    def __init__(self, machine: "Machine", name: str = "") -> None:
        self._machine = machine
        self._name = name
        self.outcomes: list[Outcome] = []
        self.applied_count = 0
        self.done = trio.Event()

    def settle(self, outcome: Outcome) -> None:
        if self._machine.is_deaf:
            self._machine.heard.append("settle raised")
            raise KeyError("a flaw in a reply")
        self.outcomes.append(outcome)
        self._machine.heard.append(f"settle {self._name}".strip())
        self.done.set()

    def applied(self, now_ms: int) -> None:
        assert now_ms > 0
        self.applied_count += 1
        self._machine.heard.append(f"applied {self._name}".strip())

    def fail(self) -> None:
        self._machine.heard.append(f"failed {self._name}".strip())
        self.done.set()


class Machine:
    """An engine, its neighbours, and everything that came out of it."""

    def __init__(
        self,
        store: MemoryStore,
        *,
        life: str,
        clock: Clock,
        policy: Policy,
        archive: Archive | None = None,
    ) -> None:
        self.clock = clock
        self.journal = CutJournal(clock, store)
        self.tenants = Tenants(["acme", "other"], BrittleRouter)
        self.heard: list[str] = []
        self.published: list[tuple[str, Event, int]] = []
        self.batches: list[int] = []
        self.commands: list[Command] = []
        self.poisoned_count = 0
        self.is_deaf = False
        self.sent_away: list[str] = []
        self.recalled: list[int] = []
        self.counted = Tally()
        self.archiving = (
            Archiving(
                archive,
                self.journal,
                self.tenants,
                now_ms=clock.wall_ms,
                count=self.counted,
            )
            if archive is not None
            else None
        )
        self.engine = Engine(
            self.journal,
            self.tenants,
            {"acme": policy, "other": policy},
            life=life,
            clock=clock,
            audience=self,
            measures=self,
            effects=self.archiving,
        )

    def observe(self, tenant: str, found: Sequence[Event], now_ms: int) -> None:
        if self.is_deaf:
            raise KeyError("a flaw in a figure")

    def recall(self, tenant: str, found: Sequence[Event], now_ms: int) -> None:
        self.recalled.append(now_ms)

    def begin_life(self) -> None:
        self.heard.append("life begins")

    def publish(self, tenant: str, event: Event, now_ms: int) -> None:
        if self.is_deaf:
            raise KeyError("a flaw in a view")
        self.heard.append(type(event).__name__)
        self.published.append((tenant, event, now_ms))

    def hold(self) -> None:
        pass

    def release(self) -> None:
        pass

    def send_away(self, tenant: str) -> None:
        self.sent_away.append(tenant)

    def batch(self, size: int) -> None:
        self.batches.append(size)

    def applied(self, tenant: str, command: Command, events: Sequence[Event]) -> None:
        assert tenant in self.tenants.routers
        assert events is not None
        self.commands.append(command)

    def poisoned(self) -> None:
        self.poisoned_count += 1

    @property
    def router(self) -> Router:
        return self.tenants.routers["acme"]

    def submit(self, command: Command, name: str = "", tenant: str = "acme") -> Memo:
        memo = Memo(self, name)
        self.engine.submit(tenant, command, memo)
        return memo

    async def do(self, command: Command, tenant: str = "acme") -> Outcome:
        """Submits a command and waits for what becomes of it."""
        memo = self.submit(command, tenant=tenant)
        with trio.fail_after(60):
            await memo.done.wait()
        (outcome,) = memo.outcomes
        return outcome


@asynccontextmanager
async def machine(
    store: MemoryStore | None = None,
    *,
    life: str = "n1",
    clock: Clock | None = None,
    policy: Policy = POLICY,
    archive: Archive | None = None,
) -> AsyncIterator[Machine]:
    """An engine that has started."""
    made = Machine(
        store if store is not None else MemoryStore(),
        life=life,
        clock=clock or Clock(),
        policy=policy,
        archive=archive,
    )
    async with trio.open_nursery() as nursery:
        if made.archiving is not None:
            nursery.start_soon(made.archiving.run)
        await nursery.start(made.engine.run)
        yield made
        nursery.cancel_scope.cancel()
