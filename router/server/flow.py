"""One task writes for all connections that have something to send.

Owns: which connections have something to send, and when it is written.
Does not know: what is sent, or how.

Invariants (tests/server/test_flow.py): a connection that was marked is flushed once, soon, and
not while whoever marked it is still at work, so that all that one turn brings leaves in one write;
what was marked between ``hold`` and ``release`` leaves with ``release``, the first ``SLICE`` of it;
one that fails ends alone.

A task for each connection would cost a switch for each message, and memory for each who is silent.
"""

from typing import Protocol

import structlog
import trio

__all__ = ["Flow", "Spring"]

SLICE = 32
"""So many connections are written to before other tasks have their turn."""
_LOG = structlog.get_logger("fairline.flow")


class Spring(Protocol):
    """A connection with something to send."""

    def flush(self) -> None:
        """Writes what there is, as far as that needs no waiting."""

    def fail(self) -> None:
        """``flush`` raised: the connection cannot go on."""


class Flow:
    """The writer of a node."""

    def __init__(self) -> None:
        self._marked: list[Spring] = []
        self._lot = trio.lowlevel.ParkingLot()
        self._is_held = False
        self.written_bytes = [0, 0]
        """Of messages in MessagePack, and in JSON."""

    def __len__(self) -> int:
        return len(self._marked)

    def mark(self, spring: Spring) -> None:
        """The connection has something to send; it is flushed in the next turn."""
        if not self._marked and not self._is_held:
            self._lot.unpark()
        self._marked.append(spring)

    def hold(self) -> None:
        """Whoever calls this will bring much, and then ``release`` it: let nothing go before."""
        self._is_held = True

    def release(self) -> None:
        """Writes in this very turn what was brought, unless it is too much for one."""
        self._is_held = False
        marked = self._marked
        if marked:
            self._marked = marked[SLICE:]
            for spring in marked[:SLICE]:
                self._flush(spring)
            if self._marked:
                self._lot.unpark()

    async def run(self) -> None:
        """Writes, for ever."""
        while True:
            if not self._marked or self._is_held:
                await self._lot.park()
            await self._flush_marked()
            if self._marked:
                await trio.lowlevel.checkpoint()

    async def _flush_marked(self) -> None:
        """One turn; on its own, so that no connection is held until the next."""
        marked, self._marked = self._marked, []
        for count, spring in enumerate(marked, start=1):
            self._flush(spring)
            if count % SLICE == 0:
                await trio.lowlevel.checkpoint()

    def _flush(self, spring: Spring) -> None:
        try:
            spring.flush()
        except Exception:
            _LOG.exception("flow.failed")
            spring.fail()
