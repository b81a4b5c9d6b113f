"""What one reader of a connection's events has not read yet.

Owns: the queue and its bound. Does not know: sockets, what an event means.

Invariants (tests/client/test_listening.py): events come in order and once; a reader too far behind
is told so by ``put``; nothing needs to be closed, a reader that is let go is gone.
"""

from collections import deque

import anyio

from router.outgoing import Outgoing

__all__ = ["BEHIND_MAX", "Listening"]

BEHIND_MAX = 10_000
"""Events that a reader may be behind; then it is told the whole truth anew instead."""


class Listening:
    """An endless asynchronous iterator; ``async for event in fairline.events()``."""

    def __init__(self) -> None:
        self._events: deque[Outgoing] = deque()
        self._wake = anyio.Event()
        self._end: Exception | None = None

    def put(self, event: Outgoing) -> bool:
        """Adds an event; False where the reader is too far behind, whose queue is then empty."""
        if len(self._events) >= BEHIND_MAX:
            self._events.clear()
            return False
        self._events.append(event)
        self._wake.set()
        return True

    def end(self, error: Exception) -> None:
        """After what is in the queue the reader gets this error."""
        self._end = error
        self._wake.set()

    def __aiter__(self) -> "Listening":
        """Itself."""
        return self

    async def __anext__(self) -> Outgoing:
        """The next event.

        Raises:
            Stopped: the connection ended for good, and everything before that was read.
        """
        while not self._events:
            if self._end is not None:
                raise self._end
            self._wake = anyio.Event()
            await self._wake.wait()
        return self._events.popleft()
