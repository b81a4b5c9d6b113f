"""A WebSocket of a client with as little around it as will do, so that the load costs little.

Owns: the client's half of RFC 6455 over a TCP or TLS stream: the upgrade, frames, pongs.
Does not know: messages. It stands in for the library's connection under ``wire.Connection``, and
raises what that raises.

Invariant (tests/loadtest/test_lean.py): what a bare trio-websocket server sends arrives whole,
however it is cut. Servers send neither masks nor, here, fragments; our mask is zeros, for what it
hides from proxies makes no difference to a server.
"""

import base64
import itertools
import os
import ssl
import struct
from functools import cache
from urllib.parse import urlsplit

import trio
from trio_websocket import CloseReason, ConnectionClosed

from loadtest.wire import SUBPROTOCOL

__all__ = ["LeanSocket", "RefusedError", "dial"]

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_READ_BYTES = 16_384
_HEAD_BYTES_MAX = 16_384
_ADDRESSES = itertools.cycle(range(2, 34))
"""One address has 28,000 ports, and those of a run before are not free for a minute."""


class RefusedError(Exception):
    """Raised where there is no socket: ``why`` is the status of HTTP or a word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class LeanSocket:
    """One open WebSocket."""

    __slots__ = ("_buffer", "_sending", "_stream")

    def __init__(self, stream: trio.abc.Stream, rest: bytes) -> None:
        self._stream = stream
        self._buffer = rest
        self._sending = trio.Lock()  # the reader answers pings while another talks

    async def send_message(self, message: bytes) -> None:
        """Sends a binary frame.

        Raises:
            ConnectionClosed: the socket is over.
        """
        await self._send(_BINARY, message)

    async def send_text(self, text: str) -> None:
        """Sends a text frame.

        Raises:
            ConnectionClosed: the socket is over.
        """
        await self._send(_TEXT, text.encode())

    async def get_message(self) -> bytes:
        """The payload of the next frame of data.

        Raises:
            ConnectionClosed: the socket is over.
        """
        while True:
            frame = self._cut()
            if frame is None:
                await self._read()
                continue
            opcode, payload = frame
            if opcode == _PING:
                await self._send(_PONG, payload)
            elif opcode == _CLOSE:
                raise _closed(int.from_bytes(payload[:2], "big") or 1005)
            elif opcode != _PONG:
                return payload

    async def aclose(self) -> None:
        """Cuts the connection, as a lost network does."""
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self._stream)

    async def _send(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = struct.pack("!BBI", 0x80 | opcode, 0x80 | size, 0)
        elif size < 65_536:
            head = struct.pack("!BBHI", 0x80 | opcode, 0xFE, size, 0)
        else:
            head = struct.pack("!BBQI", 0x80 | opcode, 0xFF, size, 0)
        try:
            async with self._sending:
                await self._stream.send_all(head + payload)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise _closed(1006) from None

    async def _read(self) -> None:
        try:
            piece = await self._stream.receive_some(_READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            piece = b""
        if not piece:
            raise _closed(1006)
        self._buffer += piece

    def _cut(self) -> tuple[int, bytes] | None:
        """The first frame of what was read, if it is whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 0x0F, buffer[start : start + size]


def _closed(code: int) -> ConnectionClosed:
    return ConnectionClosed(CloseReason(code, ""))


async def dial(url: str, subprotocol: str = SUBPROTOCOL) -> LeanSocket:
    """Connects to a server and upgrades.

    Args:
        url: Where it is.
        subprotocol: What is offered and must be chosen; none if empty.

    Raises:
        RefusedError: it was refused, or nobody is there.
    """
    parts = urlsplit(url)
    has_tls = parts.scheme == "wss"
    host, port = parts.hostname or "127.0.0.1", parts.port or (443 if has_tls else 80)
    stream: trio.abc.Stream = await _connected(host, port)
    if has_tls:
        stream = trio.SSLStream(stream, _tls(), server_hostname=host, https_compatible=True)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return await _upgrade(stream, f"{host}:{port}", path, subprotocol)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise


async def _connected(host: str, port: int) -> trio.SocketStream:
    """A connection; from one of many addresses where it goes to this machine."""
    try:
        if not host.startswith("127."):
            return await trio.open_tcp_stream(host, port)
    except OSError as error:
        raise RefusedError(type(error).__name__) from None
    sock = trio.socket.socket()
    try:
        await sock.bind((f"127.0.0.{next(_ADDRESSES)}", 0))
        await sock.connect((host, port))
    except OSError as error:
        sock.close()
        raise RefusedError(type(error).__name__) from None
    except BaseException:
        sock.close()
        raise
    return trio.SocketStream(sock)


@cache
def _tls() -> ssl.SSLContext:
    """What this machine trusts; SSL_CERT_FILE names other authorities."""
    return ssl.create_default_context()


async def _upgrade(stream: trio.abc.Stream, host: str, path: str, subprotocol: str) -> LeanSocket:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
    ]
    answer = b""
    try:
        await stream.send_all("\r\n".join([*lines, "", ""]).encode("ascii"))
        while b"\r\n\r\n" not in answer and len(answer) < _HEAD_BYTES_MAX:
            piece = await stream.receive_some(_READ_BYTES)
            if not piece:
                break
            answer += piece
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        answer = b""
    head, found, rest = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not found or status != [b"101"]:
        raise RefusedError(status[0].decode("latin-1") if status else "closed")
    if subprotocol.encode() not in head:
        raise RefusedError("subprotocol")
    return LeanSocket(stream, rest)
