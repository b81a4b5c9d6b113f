"""A client's side of the protocol on a line: the upgrade, frames, both encodings.

Owns: its own framing and codecs, so that the server's are not trusted; pongs; close codes.
Does not know: what a message means.
Invariants: every whole message that arrived is given out once, in order; after the end every call
raises `Gone` with the same code.
"""

import json
import struct
from collections import deque
from typing import Any

import msgpack
import trio

from tests.helpers import raw
from tests.simulation.network import Line

__all__ = ["Gone", "Message", "Peer"]

Message = dict[str, Any]
ABNORMAL = 1006


class Gone(Exception):
    """The connection is over; `code` says how."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Peer:
    """One WebSocket of a client; `is_mute` answers no ping."""

    def __init__(self, line: Line, encoding: str, *, is_mute: bool = False) -> None:
        self.line = line
        self.encoding = encoding
        self.is_mute = is_mute
        self._stream = line.client
        self._buffer = b""
        self._inbox: deque[Message] = deque()
        self._sending = trio.Lock()
        self._end: int | None = None

    async def upgrade(self) -> None:
        """Open the WebSocket.

        Raises:
            Gone: the server did not let it in.
        """
        wish = f"Sec-WebSocket-Protocol: fairline.v1.{self.encoding}".encode()
        await self.send_bytes(raw.head(wish))
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += await self._piece()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise self._over(ABNORMAL)

    async def send(self, message: object) -> None:
        """Send one message."""
        if self.encoding == "json":
            await self.send_bytes(raw.frame(json.dumps(message).encode()))
        else:
            await self.send_bytes(raw.frame(msgpack.packb(message), raw.BINARY))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are.

        Raises:
            Gone: the connection is over.
        """
        async with self._sending:
            if self._end is not None:
                raise Gone(self._end)
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise self._over(ABNORMAL) from None

    async def receive(self) -> Message:
        """Return the next message.

        Raises:
            Gone: there is none any more.
        """
        while not self._inbox:
            opcode, payload = await self._frame()
            if opcode == raw.CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                await self._answer_close(payload)
                raise self._over(code)
            if opcode == raw.PING:
                if not self.is_mute:
                    await self.send_bytes(raw.frame(payload, raw.PONG))
            elif opcode in (raw.TEXT, raw.BINARY):
                is_text = opcode == raw.TEXT
                value = json.loads(payload) if is_text else msgpack.unpackb(payload)
                self._inbox.extend(value if isinstance(value, list) else [value])
        return self._inbox.popleft()

    @property
    def is_idle(self) -> bool:
        """Whether everything that arrived was given out."""
        return not self._inbox and not self._buffer and self.line.is_quiet

    async def hang_up(self) -> None:
        """Leave without a word."""
        with trio.CancelScope(shield=True):
            await self._stream.aclose()
        self._over(ABNORMAL)

    async def _answer_close(self, payload: bytes) -> None:
        with trio.move_on_after(1):
            try:
                await self._stream.send_all(raw.frame(payload, raw.CLOSE))
                await self._stream.aclose()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

    async def _frame(self) -> tuple[int, bytes]:
        first, length = await self._exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", await self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self._exactly(8))
        return first & 0x0F, await self._exactly(length)

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += await self._piece()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    async def _piece(self) -> bytes:
        if self._end is not None:
            raise Gone(self._end)
        try:
            piece = await self._stream.receive_some()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._over(ABNORMAL) from None
        if not piece:
            raise self._over(ABNORMAL)
        return piece

    def _over(self, code: int) -> Gone:
        if self._end is None:
            self._end = code
        return Gone(self._end)
