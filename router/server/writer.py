"""Brings what one connection has to be sent from its outbox into its socket.

Owns: the outbox, and whether a write is under way. Does not know: messages, or why a connection
ends.

Invariants (tests/server/test_writer.py): messages leave in the outbox's order; while the kernel
takes what it is given there is no task of this connection's own; ``wait_written`` returns once
nothing is left, whether it was sent or given up.
"""

from collections.abc import Callable

import trio

from router.server.flow import Flow
from router.server.outbox import Outbox, Pool, nobody
from router.server.socket import Socket, SocketClosedError
from router.wire import Encoding, Packet

__all__ = ["Writer"]


class Writer:
    """The ``flow.Spring`` of one connection.

    Args:
        socket: Where it goes.
        encoding: Of the frames.
        flow: The node's one writer.
        pool: Shared by the outboxes of a node.
        fall_behind: Called once, when there was too much to be sent.
        fail: Called where something is wrong with what is to be sent.
    """

    __slots__ = ("_fail", "_flow", "_is_text", "_socket", "_written", "outbox", "said_at")

    def __init__(
        self,
        socket: Socket,
        encoding: Encoding,
        *,
        flow: Flow,
        pool: Pool,
        fall_behind: Callable[[], None],
        fail: Callable[[], None],
    ) -> None:
        self.outbox = Outbox(encoding, self._wake, fall_behind, pool)
        self.said_at = trio.current_time()
        self._socket = socket
        self._is_text = encoding is Encoding.JSON
        self._flow = flow
        self._fail = fail
        self._written: trio.Event | None = None

    def _wake(self) -> None:
        self._flow.mark(self)

    def flush(self) -> None:
        """Writes all there is; where the kernel is full, a task of its own goes on."""
        if not self._write():
            self._socket.nursery.start_soon(self._write_on)

    def fail(self) -> None:
        """See ``flow.Spring``."""
        self.outbox.abandon()
        self._fail()

    def let_go(self) -> None:
        """Forgets everything, and whom it told: nothing is left for the collector."""
        self.outbox.let_go()
        self._fail = nobody

    def close(self, last: Packet | None) -> None:
        """Takes nothing more but a last word."""
        self.outbox.close(last)

    async def wait_written(self) -> None:
        """Waits until nothing is left to be written."""
        if not self.outbox.is_idle:
            self._written = trio.Event()
            await self._written.wait()

    def _write(self) -> bool:
        """Writes until nothing is left; False where the rest has to wait for the peer."""
        try:
            while messages := self.outbox.take():
                self.said_at = trio.current_time()
                self._flow.written_bytes[self._is_text] += sum(map(len, messages))
                if not self._socket.write(messages, is_text=self._is_text):
                    return False
        except SocketClosedError:
            self.outbox.abandon()  # the reader learns how it ended
        if self._written is not None:
            self._written.set()
        return True

    async def _write_on(self) -> None:
        """Waits for the peer to take what the kernel could not, and what came meanwhile."""
        try:
            await self._socket.finish()
            while not self._write():
                await self._socket.finish()
        except SocketClosedError:
            self.outbox.abandon()
            self._write()
