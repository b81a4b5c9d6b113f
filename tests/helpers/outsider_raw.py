"""A WebSocket by hand, for what no honest client does: not reading, not closing, sending nonsense.

Owns: one TCP connection, the upgrade's request, frames both ways.
Does not know: what the messages mean.
"""

import base64
import contextlib
import json
import socket
import struct
from typing import NamedTuple

from tests.helpers.outsider import JSON, PATIENCE_S, Fields

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "Frame", "RawSocket", "head", "masked"]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Frame(NamedTuple):
    """One frame from the server."""

    opcode: int
    payload: bytes

    @property
    def messages(self) -> list[Fields]:
        """The messages of a JSON text frame."""
        content = json.loads(self.payload.decode("utf-8", "strict"))
        return content if isinstance(content, list) else [content]

    @property
    def code(self) -> int:
        """The code of a closing frame."""
        return int.from_bytes(self.payload[:2], "big")


def head(*more: bytes, path: bytes = b"/v1/socket", subprotocol: str = JSON) -> bytes:
    """The request of an upgrade."""
    lines = [
        b"GET " + path + b" HTTP/1.1",
        b"Host: localhost",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + base64.b64encode(b"sixteen bytes ok"),
        b"Sec-WebSocket-Protocol: " + subprotocol.encode(),
        *more,
    ]
    return b"\r\n".join([*lines, b"", b""])


def masked(opcode: int, payload: bytes) -> bytes:
    """A whole frame as clients send it, with a mask of zeros."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65_536:
        length = b"\xfe" + struct.pack("!H", size)
    else:
        length = b"\xff" + struct.pack("!Q", size)
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload


class RawSocket:
    """A socket that reads when it is told to and answers nothing by itself."""

    def __init__(self, port: int, *, receive_bytes: int = 0, subprotocol: str = JSON) -> None:
        self.link = socket.socket()
        if receive_bytes:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.link.settimeout(PATIENCE_S)
        self.link.connect(("127.0.0.1", port))
        self.link.sendall(head(subprotocol=subprotocol))
        self._come = b""
        while b"\r\n\r\n" not in self._come:
            assert self.take(4096), self._come
        first, _, self._come = self._come.partition(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 101 "), first

    def __enter__(self) -> "RawSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()

    def send(self, content: object) -> None:
        """Sends a message as JSON."""
        self.link.sendall(masked(TEXT, json.dumps(content).encode()))

    def take(self, most: int) -> int:
        """Reads at most so many bytes; returns how many came, 0 at the end."""
        part = b""
        with contextlib.suppress(ConnectionError):
            part = self.link.recv(most)
        self._come += part
        return len(part)

    def frame(self) -> Frame | None:
        """The next whole frame, as far as bytes were taken; checks that it is well formed."""
        if len(self._come) < 2:
            return None
        first, size = self._come[0], self._come[1]
        assert first & 0xF0 == 0x80, f"not one whole frame without extensions: {first:x}"
        assert first & 0x0F in {TEXT, BINARY, CLOSE, PING, PONG}, f"opcode {first & 15}"
        assert size < 128, "a server does not mask"
        start = {126: 4, 127: 10}.get(size, 2)
        if len(self._come) < start:
            return None
        if start > 2:
            size = int.from_bytes(self._come[2:start], "big")
        if len(self._come) < start + size:
            return None
        payload = self._come[start : start + size]
        self._come = self._come[start + size :]
        return Frame(first & 0x0F, payload)

    def next_frame(self) -> Frame | None:
        """Reads until a whole frame is there; None at the end."""
        while (frame := self.frame()) is None:
            if not self.take(65_536):
                return None
        return frame

    def closing(self) -> int:
        """Reads to the end and returns the code of the closing frame; 1006 without one."""
        code = 1006
        while frame := self.next_frame():
            if frame.opcode == CLOSE:
                code = frame.code
        return code
