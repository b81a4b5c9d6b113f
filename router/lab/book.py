"""What becomes of each conversation, written down from what the core reports.

Owns: the record of a visit and when what happened to it. Does not know: who asked the core, in
which time (virtual or recorded), or what is made of the records.

Invariant: a visit has one outcome; what happens after it changes nothing but the agent's work.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from router.commands import RequestConversation
from router.core import Router
from router.events import (
    ConversationAssigned,
    ConversationEnded,
    ConversationQueued,
    ConversationSnoozed,
    Event,
    OfferMade,
)
from router.lab.watch import Watch

__all__ = ["Book", "Visit"]


class Visit(Struct, kw_only=True):
    """One conversation: first what its customer will do, then what became of it.

    ``service_ms`` is how long an agent of speed 1 needs; a visit without ``patience_ms`` stays;
    with ``wrap_up_ms`` the agent completes a wrap-up early. ``outcome`` is ``served``, ``left``,
    ``expired``, ``refused``, ``joined`` (another one of the same customer in line), or empty where
    it is not over.
    """

    kind: str
    at_ms: int
    request: RequestConversation
    service_ms: int = 0
    patience_ms: int | None = None
    wrap_up_ms: int | None = None
    slower: tuple[float, ...] = ()
    """How many times as long it takes beside one other conversation of its agent, two, ..."""
    aside_ms: int = 0
    start_ms: int = -1
    """Since when it stands in line: from its arrival, or its promotion if it was held."""
    answered_ms: int = -1
    ended_ms: int = -1
    agent: str = ""
    outcome: str = ""

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.request.conversation

    @property
    def customer(self) -> str:
        """Who asked."""
        return self.request.customer or self.request.by.id

    @property
    def queue(self) -> str:
        """Where they want to wait."""
        return self.request.queue

    @property
    def waited_ms(self) -> int:
        """From the arrival to the first answer, or to the end where none came."""
        until_ms = self.answered_ms if self.answered_ms >= 0 else self.ended_ms
        return until_ms - self.at_ms


class Book:
    """The visits of one run, and the watch that sees them."""

    def __init__(self, router: Router, watch: Watch) -> None:
        self.router = router
        self.visits: dict[str, Visit] = {}
        self._watch = watch
        self._aside_since_ms: dict[str, int] = {}

    def note(self, event: Event, now_ms: int) -> None:
        """Writes down what an event says of a visit, at the time of its command."""
        write = _WRITERS.get(type(event))
        if write is not None:
            write(self, event, now_ms)

    def close(self, visit: Visit, outcome: str, now_ms: int) -> None:
        """The core took no conversation: refused it, or joined it to another."""
        visit.outcome = outcome
        visit.ended_ms = now_ms

    def _queued(self, event: ConversationQueued, now_ms: int) -> None:
        if event.status == "waiting":
            visit = self.visits[event.conversation]
            self._part(visit, now_ms)
            visit.start_ms = self.router.world.conversations.by_id[event.conversation].start_ms
            self._watch.joined(visit.id, visit.start_ms, visit.request.channel)

    def _offered(self, event: OfferMade, _: int) -> None:
        self._watch.offered(event.conversation, event.agent)

    def _assigned(self, event: ConversationAssigned, now_ms: int) -> None:
        visit = self.visits[event.conversation]
        if visit.answered_ms < 0:
            visit.answered_ms = now_ms
        self._part(visit, now_ms)
        self._take_up(visit, now_ms)
        visit.agent = event.agent
        self._watch.assigned(visit.id, event.agent, now_ms)

    def _snoozed(self, event: ConversationSnoozed, now_ms: int) -> None:
        self._part(self.visits[event.conversation], now_ms)
        self._aside_since_ms[event.conversation] = now_ms

    def _take_up(self, visit: Visit, now_ms: int) -> None:
        """It was put aside until now, if it was: that time is nobody's work."""
        visit.aside_ms += now_ms - self._aside_since_ms.pop(visit.id, now_ms)

    def _part(self, visit: Visit, now_ms: int) -> None:
        """It goes to another agent, or back in line: its agent has it no longer."""
        if visit.agent:
            self._watch.finished(visit.agent, now_ms)
            visit.agent = ""

    def _ended(self, event: ConversationEnded, now_ms: int) -> None:
        visit = self.visits[event.conversation]
        if visit.outcome:
            return
        visit.ended_ms = now_ms
        self._take_up(visit, now_ms)
        if visit.answered_ms >= 0 and visit.id not in self._watch:
            visit.outcome = "served"
            if visit.agent:
                self._watch.finished(visit.agent, now_ms)
        else:
            visit.outcome = "expired" if event.reason == "expired" else "left"
            self._watch.gone(visit.id)


_WRITERS: dict[type, Callable[[Book, Any, int], None]] = {
    ConversationQueued: Book._queued,
    OfferMade: Book._offered,
    ConversationAssigned: Book._assigned,
    ConversationSnoozed: Book._snoozed,
    ConversationEnded: Book._ended,
}
