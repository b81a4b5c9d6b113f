"""Who hears from the engine, and in which words.

Owns: the protocols of the engine's neighbours. Does not know: who they are.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeVar

from router.commands import Command
from router.errors import Refused
from router.events import CommandAnswered, CommandRefused, Event
from router.journal.base import Record

__all__ = ["Audience", "Effects", "Measures", "Outcome", "Ticket", "aside"]

T = TypeVar("T")

Outcome = CommandAnswered | CommandRefused | Refused


class Ticket(Protocol):
    """Somebody who waits for a command's outcome; both are called without waiting for anything."""

    def settle(self, outcome: Outcome) -> None:
        """The outcome is known; events that the command caused are not published yet."""

    def applied(self, now_ms: int) -> None:
        """Everything about the command was published; the views are as of its position."""

    def fail(self) -> None:
        """One of the two above raised: whoever waits must ask again."""


class Audience(Protocol):
    """Who hears of what happened; called without waiting for anything."""

    def observe(self, tenant: str, found: Sequence[Event], now_ms: int) -> None:
        """Learns from all that one command caused, before anybody is told of it."""

    def recall(self, tenant: str, found: Sequence[Event], now_ms: int) -> None:
        """Learns from what one command caused in a life before; nobody is told of it any more."""

    def begin_life(self) -> None:
        """Everything of the lives before was recalled; what comes now happens in this one."""

    def publish(self, tenant: str, event: Event, now_ms: int) -> None:
        """Brings an event to those who should hear it."""

    def hold(self) -> None:
        """Several events come one after the other, and then ``release``: they may go together."""

    def release(self) -> None:
        """For now there is nothing more."""

    def send_away(self, tenant: str) -> None:
        """An event could not be brought: all of the tenant must fetch the whole truth anew."""


async def aside(audience: Audience, work: Awaitable[T]) -> T:
    """Waits for something between two events: what was brought until then goes meanwhile."""
    audience.release()
    try:
        return await work
    finally:
        audience.hold()


class Measures(Protocol):
    """What the engine tells about itself."""

    def batch(self, size: int) -> None:
        """So many commands went into the journal together."""

    def applied(self, tenant: str, command: Command, events: Sequence[Event]) -> None:
        """A command was applied while the node was live."""

    def poisoned(self) -> None:
        """A command broke an invariant and was skipped."""


class Effects(Protocol):
    """What follows of events beyond this process, done behind the journal."""

    def take(self, record: Record, events: Sequence[Event]) -> None:
        """Learns what a command caused, replayed or live, before the next one is applied."""

    async def keep_up(self) -> None:
        """While the journal is replayed: waits until there is room for more."""
