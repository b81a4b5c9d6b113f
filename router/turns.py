"""The order in which one connection's commands and reads take their turn.

Owns: who waits for whom. Does not know: what a command or a read is about, or how it ends.

Invariants (tests/test_turns.py): a read comes out once every command before it has its answer,
before any answer of a later one; reads come out in the order in which they came in.
"""

from collections import deque
from typing import Generic, TypeVar

__all__ = ["Turns"]

Read = TypeVar("Read")


class _Turn(Generic[Read]):
    """A command that waits for its answer, or a read that waits for the commands before it."""

    __slots__ = ("id", "is_done", "read", "since_ms")

    def __init__(self, id_: int, read: Read | None, since_ms: int) -> None:
        self.id = id_
        self.read = read
        self.since_ms = since_ms
        self.is_done = read is not None


class Turns(Generic[Read]):
    """Commands without an answer yet, and the reads behind them."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        # There is none while nothing waits: most connections are silent most of the time.
        self._waiting: deque[_Turn[Read]] | None = None

    def since_ms(self) -> int | None:
        """Since when the oldest command without an answer waits."""
        return self._waiting[0].since_ms if self._waiting else None

    def add_command(self, id_: int, now_ms: int) -> None:
        """Notes a command that is on its way."""
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(_Turn(id_, None, now_ms))

    def add_read(self, read: Read, now_ms: int) -> bool:
        """Whether the read may be answered at once; else it comes out of ``settle``."""
        if not self._waiting:
            return True
        self._waiting.append(_Turn(0, read, now_ms))
        return False

    def settle(self, id_: int) -> list[Read]:
        """Notes a command's answer and returns the reads whose turn it is now."""
        for turn in self._waiting or ():
            if turn.id == id_ and turn.read is None:
                turn.is_done = True
                break
        reads = []
        while self._waiting and self._waiting[0].is_done:
            turn = self._waiting.popleft()
            if turn.read is not None:
                reads.append(turn.read)
        if not self._waiting:
            self._waiting = None
        return reads

    def clear(self) -> None:
        """Forgets everything: the connection is over."""
        self._waiting = None
