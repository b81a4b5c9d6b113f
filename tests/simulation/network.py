"""A network in memory: lines with a delay and a bound, which can be cut or fall silent.

Owns: lines between clients and the server, the server's door, what a broken line does to both.
Does not know: WebSocket, who speaks, why a line breaks.
Invariants: bytes arrive in order or not at all; a full line holds up its sender and nobody else; a
silent line tells neither side anything.
"""

import random
from collections import deque

import trio

__all__ = ["Door", "End", "Line", "Network"]

CAPACITY_BYTES = 16 * 1024
"""What a line holds in one direction before its sender waits; small, so that it happens."""


class _Way:
    """One direction of a line."""

    def __init__(self) -> None:
        self.pieces: deque[tuple[float, bytes]] = deque()
        self.byte_count = 0
        self.is_ended = False
        self._changed = trio.Event()

    async def change(self) -> None:
        """Wait until something happens here."""
        await self._changed.wait()

    def wake(self) -> None:
        """Have everybody look again."""
        self._changed.set()
        self._changed = trio.Event()

    def end(self) -> None:
        """Nothing more is written; what is under way still arrives."""
        self.is_ended = True
        self.wake()

    def clear(self) -> None:
        """Lose what is under way."""
        self.pieces.clear()
        self.byte_count = 0
        self.wake()


class Line:
    """A connection: two ways, one delay."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.is_cut = False
        self.is_silent = False
        self._ways = (_Way(), _Way())
        self.client = End(self, read=self._ways[1], write=self._ways[0])
        self.server = End(self, read=self._ways[0], write=self._ways[1])

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way."""
        return not any(way.pieces for way in self._ways)

    def cut(self) -> None:
        """Break it: what is under way is lost, and both sides notice."""
        self.is_cut = True
        for way in self._ways:
            way.clear()

    def fall_silent(self) -> None:
        """Let nothing through any more, without a word to either side."""
        self.is_silent = True


class End(trio.abc.HalfCloseableStream):
    """What one side holds of a line."""

    def __init__(self, line: Line, *, read: _Way, write: _Way) -> None:
        self.line = line
        self.is_closed = False
        self._read = read
        self._write = write

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """See `trio.abc.SendStream`; waits while the line is full."""
        await trio.lowlevel.checkpoint()
        left = bytes(data)
        while left:
            self._check()
            if self._other.is_closed and not self.line.is_silent:
                raise trio.BrokenResourceError("the other side is gone")
            room = CAPACITY_BYTES - self._write.byte_count
            if room <= 0:
                await self._write.change()
                continue
            piece, left = left[:room], left[room:]
            self._write.pieces.append((trio.current_time() + self.line.delay_s, piece))
            self._write.byte_count += len(piece)
            self._write.wake()

    async def wait_send_all_might_not_block(self) -> None:
        """See `trio.abc.SendStream`."""
        await trio.lowlevel.checkpoint()

    async def send_eof(self) -> None:
        """See `trio.abc.HalfCloseableStream`."""
        await trio.lowlevel.checkpoint()
        self._write.end()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """See `trio.abc.ReceiveStream`; what is under way arrives when its time has come."""
        await trio.lowlevel.checkpoint()
        way = self._read
        while True:
            self._check()
            if self.line.is_silent:
                await way.change()
            elif way.pieces and way.pieces[0][0] <= trio.current_time():
                return self._take(max_bytes or CAPACITY_BYTES)
            elif way.is_ended and not way.pieces:
                return b""
            else:
                with trio.move_on_at(way.pieces[0][0] if way.pieces else float("inf")):
                    await way.change()

    async def aclose(self) -> None:
        """Close this side: what it wrote still arrives, what it has not read is lost."""
        if not self.is_closed:
            self.is_closed = True
            self._write.end()
            self._read.clear()
        await trio.lowlevel.checkpoint()

    @property
    def _other(self) -> "End":
        return self.line.server if self is self.line.client else self.line.client

    def _check(self) -> None:
        if self.is_closed:
            raise trio.ClosedResourceError
        if self.line.is_cut:
            raise trio.BrokenResourceError("the line is cut")

    def _take(self, max_bytes: int) -> bytes:
        at, piece = self._read.pieces.popleft()
        if len(piece) > max_bytes:
            self._read.pieces.appendleft((at, piece[max_bytes:]))
            piece = piece[:max_bytes]
        self._read.byte_count -= len(piece)
        self._read.wake()
        return piece


class Door(trio.abc.Listener[End]):
    """Where the server accepts; closed with it."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[End](1024)

    async def accept(self) -> End:
        """See `trio.abc.Listener`."""
        return await self._receive.receive()

    async def aclose(self) -> None:
        """See `trio.abc.Listener`."""
        self._receive.close()
        await trio.lowlevel.checkpoint()

    def knock(self, end: End) -> None:
        """Hand an end to the server.

        Raises:
            trio.BrokenResourceError: nobody listens.
        """
        self._send.send_nowait(end)


class Network:
    """All lines there are, and the door that is open at present."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._door: Door | None = None
        self._lines: list[Line] = []

    def open_door(self) -> Door:
        """The server listens from now on."""
        self._door = Door()
        return self._door

    def power_off(self) -> None:
        """The server's machine is gone: every line breaks, nobody listens."""
        self._door = None
        for line in self._lines:
            line.cut()
        self._lines = []

    def connect(self) -> Line:
        """A new line to the server.

        Raises:
            OSError: nobody listens.
        """
        if self._door is None:
            raise ConnectionRefusedError
        line = Line(self._chance.choice((0.0, 0.001, 0.02, 0.2)))
        try:
            self._door.knock(line.server)
        except trio.BrokenResourceError:
            raise ConnectionRefusedError from None
        self._lines.append(line)
        return line
