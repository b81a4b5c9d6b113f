"""Looks at every command that any life of the server applies.

Owns: what was applied so far, per tenant, and all that must hold of it: invariants of the core,
guarantees of the line, replay = live, nothing lost at a crash.
Does not know: sockets, disks, who sent a command.

What was applied was durable, so after any crash the journal begins with exactly that, and the core
has the digest it had. Whatever was answered was applied, so this covers every answer.
"""

import random
import traceback
from typing import Any, NamedTuple

import msgspec
import trio

from router.commands import Command, Underway
from router.core import Router
from router.events import (
    CommandAnswered,
    CommandRefused,
    ConversationAssigned,
    ConversationEnded,
    ConversationForgotten,
    ConversationQueued,
    Event,
    MessageAdded,
    OfferMade,
)
from router.journal.base import Record
from router.server.replica import running_hash
from router.server.restoring import Start
from router.server.tenants import Base, Tenants
from router.states import ConversationState
from tests.helpers.checks import check_line, check_messages, check_offers, check_people, check_work
from tests.simulation.trace import Trace

__all__ = ["Book", "Violation", "Watch", "WatchedTenants"]

_DECODER = msgspec.msgpack.Decoder(Underway)
LATE_MS = 1_000
"""A ``Tick`` needs so long to be ordered, applied and found."""


class Violation(AssertionError):
    """Something that must hold did not."""


class _Before(NamedTuple):
    """What a core was before a command."""

    due_count: int
    keys: dict[str, int]
    digest: str


class Book:
    """What is known of one tenant, over all lives."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.applied: list[Record] = []
        self.durable: list[Record] = []
        """Behind what was applied: the journal had it when the last life ended."""
        self.digest = ""
        """Of the core behind the last applied command, taken when a life ends."""
        self.loads: dict[str, int] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.open: dict[str, str] = {}
        """Conversations that must be there, each with its customer."""
        self.may_hear: dict[str, set[str]] = {}
        """By conversation, who was ever entitled to hear of it."""
        self.readers: dict[tuple[str, str, int], frozenset[str]] = {}
        """By conversation, kind and number of a message: who may have it."""
        self.keys: dict[str, int] = {}
        """Of each conversation that ever stood in line."""
        self.copy: Router | None = None
        """Restored from a snapshot somewhere, and taking the same commands since."""

    def hear(self, conversation: str, person: str) -> None:
        """This person may hear of this conversation."""
        self.may_hear.setdefault(conversation, set()).add(person)

    def note_message(self, router: Router, event: MessageAdded) -> None:
        """Who may have a message, by what the core holds and not by what the event says."""
        one = router.world.conversations.by_id[event.conversation]
        self.hear(one.id, f"customer:{one.customer}")
        readers = {f"agent:{one.agent}", event.author, *one.joined}
        if event.kind == "text":
            readers.add(f"customer:{one.customer}")
        self.readers[event.conversation, event.kind, event.seq] = frozenset(readers)

    def close(self, event: ConversationEnded | ConversationForgotten) -> None:
        """A conversation need not be there any more.

        Raises:
            Violation: it was open, and ended for no reason.
        """
        if isinstance(event, ConversationEnded) and event.reason:
            self.open.pop(event.conversation, None)
        elif event.conversation in self.open:
            raise Violation(f"{event.conversation} ended for no reason")


class Watch:
    """All books, and the checks."""

    def __init__(self, chance: random.Random, trace: Trace) -> None:
        self.books: dict[str, Book] = {}
        self.step_count = 0
        self.replayed_count = 0
        self.last_at = 0.0
        """When a command was applied last."""
        self.calm_from = 0.0
        """Deadlines may be found late until then: the server starts, or its disk is in trouble."""
        self._chance = chance
        self._trace = trace

    def book(self, tenant: str) -> Book:
        """A tenant's book."""
        return self.books.setdefault(tenant, Book(tenant))

    # -- a life begins and ends

    def opened(self, end: dict[str, int]) -> None:
        """A life found its journal: nothing that was applied may be missing.

        Raises:
            Violation: something is.
        """
        for tenant, book in self.books.items():
            if end.get(tenant, 0) < len(book.applied):
                raise Violation(
                    f"{tenant}: {len(book.applied)} commands were applied before the crash, and"
                    f" {end.get(tenant, 0)} are in the journal after it"
                )

    def forget_found(self) -> None:
        """The journal is about to be looked through again."""
        for book in self.books.values():
            book.durable.clear()

    def found(self, record: Record) -> None:
        """The journal has this command after the end of a life.

        Raises:
            Violation: another one was applied there.
        """
        book = self.book(record.tenant)
        if record.position > len(book.applied):
            book.durable.append(record)
        elif book.applied[record.position - 1] != record:
            raise Violation(f"{record.tenant}: command {record.position} is another one now")

    def restored(self, start: Start[Any]) -> None:
        """A life begins with a snapshot: it must be what all commands before it make.

        The second process may have followed what no life has applied; that is applied here.

        Raises:
            Violation: it is something else.
        """
        for tenant, core in start.cores.items():
            if start.positions[tenant] != core.router.position:
                raise Violation(f"{tenant}: a core is not where its snapshot says")
            router, crc = self._compute(tenant, core.router.position)
            if (router.digest(), crc) != (core.router.digest(), core.events_crc):
                raise Violation(f"{tenant}: a snapshot at {router.position} holds something else")

    def _compute(self, tenant: str, position: int) -> tuple[Router, int]:
        """A core after all commands up to there, and the hash over its events."""
        book = self.book(tenant)
        router, crc = Router(tenant), 0
        known = [*book.applied, *book.durable]
        if len(known) < position:
            raise Violation(f"{tenant}: a snapshot at {position} holds what was never durable")
        for record in known[:position]:
            command = _DECODER.decode(record.payload).command
            if record.position > len(book.applied):
                before = self.before(router, record, command)
                events = list(router.apply(command, record.now_ms))
                self.applied(router, record, command, events, before)
            else:
                events = list(router.apply(command, record.now_ms))
                self._check_end(book, router)
            crc = running_hash(crc, events)
        return router, crc

    def _check_end(self, book: Book, router: Router) -> None:
        """Where the last life ended, whoever comes there has its digest."""
        if router.position == len(book.applied) and book.digest:
            digest, book.digest = book.digest, ""
            if router.digest() != digest:
                raise Violation(f"{book.tenant}: replay to {router.position} led elsewhere")

    def life_ended(self, routers: dict[str, Router]) -> None:
        """Keep how the cores stood, for the replay of the next life."""
        for tenant, router in routers.items():
            book = self.book(tenant)
            if router.position != len(book.applied):
                continue  # it ended while it still replayed
            book.digest = router.digest()
            if book.copy is not None and book.copy.digest() != book.digest:
                raise Violation(f"{tenant}: a core restored from a snapshot went another way")

    # -- a command

    def before(self, router: Router, record: Record, command: Command) -> _Before:
        """What the core is before a command that it never saw.

        Raises:
            Violation: something was due long ago.
        """
        world = router.world
        by = getattr(command, "by", None)
        keys: dict[str, int] = {}
        if by is not None and by.role == "customer":
            keys = {
                one.id: one.key_ms
                for one in world.conversations
                if one.is_in_line and one.customer != by.id
            }
        due = [due_ms for *_, due_ms in world.timers.entries() if due_ms <= record.now_ms]
        late_ms = record.now_ms - min(due, default=record.now_ms)
        if late_ms > LATE_MS and trio.current_time() > self.calm_from:
            raise Violation(f"{record.tenant}: a deadline was found {late_ms} ms late")
        digest = router.digest() if not due and self._chance.random() < 0.1 else ""
        return _Before(len(due), keys, digest)

    def replayed(self, router: Router, record: Record) -> None:
        """A command was applied again by a later life.

        Raises:
            Violation: it is another command, or it led elsewhere.
        """
        book = self.book(record.tenant)
        self.replayed_count += 1
        if book.applied[record.position - 1] != record:
            raise Violation(f"{record.tenant}: command {record.position} is another one now")
        self._check_end(book, router)

    def applied(
        self, router: Router, record: Record, command: Command, events: list[Event], before: _Before
    ) -> None:
        """A command was applied for the first time.

        Raises:
            Violation: something does not hold behind it.
        """
        book = self.book(record.tenant)
        if record.position != len(book.applied) + 1:
            raise Violation(f"{record.tenant}: position {record.position} came out of order")
        book.applied.append(record)
        self.step_count += 1
        self.last_at = trio.current_time()
        self._trace.write(_line(record, command, events))
        try:
            check_line(router)
            check_work(router)
            book.loads = check_people(router, book.loads)
            check_messages(book.numbers, events)
            if before.due_count <= 1:
                check_offers(router, [e for e in events if isinstance(e, OfferMade)][-1:])
        except AssertionError as error:
            told = str(error) or traceback.extract_tb(error.__traceback__)[-1].line
            raise Violation(f"{record.tenant} at {record.position}: {told}") from error
        self._check_refusal(router, record, events, before)
        self._check_keys(router, record, before)
        self._follow(book, router, events)
        self._check_open(book, router)
        self._keep_copy(book, router, record, command, events)

    def _check_refusal(
        self, router: Router, record: Record, events: list[Event], before: _Before
    ) -> None:
        is_refused = bool(events) and isinstance(events[-1], CommandRefused)
        if before.digest and is_refused and router.digest() != before.digest:
            raise Violation(f"{record.tenant}: refused command {record.position} changed something")

    def _check_keys(self, router: Router, record: Record, before: _Before) -> None:
        """G3: whatever a customer does, the keys of others stay."""
        if before.due_count:
            return
        for name, key_ms in before.keys.items():
            one = router.world.conversations.by_id.get(name)
            if one is not None and one.key_ms != key_ms:
                raise Violation(f"{record.tenant}: a customer's command moved {name} of another")

    def _follow(self, book: Book, router: Router, events: list[Event]) -> None:
        for event in events:
            match event:
                case ConversationQueued():
                    book.open[event.conversation] = event.customer
                    book.hear(event.conversation, f"customer:{event.customer}")
                case OfferMade() | ConversationAssigned():
                    book.hear(event.conversation, f"agent:{event.agent}")
                case MessageAdded():
                    book.note_message(router, event)
                case ConversationEnded() | ConversationForgotten():
                    book.close(event)
                case _:
                    pass

    def _check_open(self, book: Book, router: Router) -> None:
        """Nobody is lost, and nobody's place ever gets worse."""
        for name in book.open:
            one = router.world.conversations.by_id.get(name)
            if one is None or one.ended_reason:
                raise Violation(f"{book.tenant}: {name} is gone without an end")
            if one.status is not ConversationState.HELD:
                before_ms = book.keys.setdefault(name, one.key_ms)
                if one.key_ms > before_ms:
                    raise Violation(f"{book.tenant}: the key of {name} got worse")
                book.keys[name] = one.key_ms

    def _keep_copy(
        self,
        book: Book,
        router: Router,
        record: Record,
        command: Command,
        events: list[Event],
    ) -> None:
        if book.copy is not None:
            told = book.copy.apply(command, record.now_ms)
            if msgspec.msgpack.encode(told) != msgspec.msgpack.encode(events):
                raise Violation(f"{book.tenant}: a snapshot's core told something else")
        if self._chance.random() < 0.02:
            book.copy = Router.restore(router.snapshot())


def _line(record: Record, command: Command, events: list[Event]) -> str:
    """One command in the trace."""
    by = getattr(command, "by", None)
    who = f"{by.role} {by.id}" if by is not None else "-"
    own = [event for event in events if isinstance(event, CommandAnswered | CommandRefused)]
    refused = f" {own[0].code.word}" if own and isinstance(own[0], CommandRefused) else ""
    told = " ".join(type(event).__name__ for event in events if event not in own)
    return f"{record.tenant} {record.position} {type(command).__name__} {who}{refused} | {told}"


class WatchedTenants(Tenants):
    """The cores of one life, under the eyes of the watch."""

    def __init__(
        self, names: tuple[str, ...], watch: Watch, *, start: Start[Any], base: Base
    ) -> None:
        super().__init__(names, start=start, base=base)
        self._watch = watch

    def apply(self, record: Record, command: Command) -> list[Event] | None:
        """See `Tenants`.

        Raises:
            Violation: the core broke, or something does not hold.
        """
        router = self.routers[record.tenant]
        known = len(self._watch.book(record.tenant).applied)
        if record.position <= known:
            events = super().apply(record, command)
            self._watch.replayed(router, record)
            return None if events is None else list(events)
        before = self._watch.before(router, record, command)
        events = super().apply(record, command)
        if events is None:
            raise Violation(f"{record.tenant}: command {record.position} broke the core: {command}")
        self._watch.applied(router, record, command, list(events), before)
        return list(events)
