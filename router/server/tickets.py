"""Brings what became of a command back to the connection that it came from.

Owns: which of a command's two moments concerns the connection. Does not know: sockets, sessions.
"""

from time import perf_counter
from typing import Protocol

from router.errors import CloseCode
from router.events import CommandAnswered
from router.server.buckets import Buckets
from router.server.hearers import Outcome

__all__ = ["ConnectionTicket"]


class Asking(Protocol):
    """The connection."""

    def settle(self, id_: int, kind: str, outcome: Outcome) -> None:
        """The outcome of a command is known."""

    def welcome(self, now_ms: int) -> None:
        """``hello`` took effect and everything about it was published."""

    def hang(self, code: int) -> None:
        """Ends the connection in the background."""


class ConnectionTicket:
    """Brings the outcome of one command back to the connection it came from.

    Args:
        connection: Where it came from.
        id_: The command's id there.
        kind: Its type.
        took: Told how long the outcome took.
    """

    __slots__ = ("_connection", "_id", "_is_answered", "_kind", "_since_s", "_took")

    def __init__(self, connection: Asking, id_: int, kind: str, took: Buckets) -> None:
        self._connection = connection
        self._id = id_
        self._kind = kind
        self._took = took
        self._since_s = perf_counter()
        self._is_answered = False

    def settle(self, outcome: Outcome) -> None:
        """See ``hearers.Ticket``."""
        self._took.note(perf_counter() - self._since_s)
        self._is_answered = isinstance(outcome, CommandAnswered)
        self._connection.settle(self._id, self._kind, outcome)

    def applied(self, now_ms: int) -> None:
        """See ``hearers.Ticket``."""
        if self._is_answered and self._kind == "hello":
            self._connection.welcome(now_ms)

    def fail(self) -> None:
        """See ``hearers.Ticket``."""
        self._connection.hang(CloseCode.SERVER_ERROR)
