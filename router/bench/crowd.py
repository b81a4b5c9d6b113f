"""Clients by the thousand, in one process: WebSockets with as little around them as will do.

Owns: the bytes of a client's frames, answers to pings, one task at most for each socket.
Does not know: what is measured, or who the clients are.

The load must cost less than what it loads. So a client here is a TCP stream, a buffer and a mask
of zeros (the mask is there for proxies; what it hides makes no difference to a server).
"""

import base64
import os
import resource
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

import msgspec
import trio

from router.bench.processes import HOST

__all__ = ["Fields", "Gone", "Member", "held", "join", "raise_file_limit", "run_held"]

Fields = dict[str, Any]

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_READ_BYTES = 16_384
_HELD: trio.lowlevel.RunVar[set["Member"]] = trio.lowlevel.RunVar("held")
Figures = TypeVar("Figures")
Parts = TypeVarTuple("Parts")


class Gone(Exception):
    """The socket is over; ``code`` is the close code, 1006 where there was none."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(code, why)
        self.code = code


def raise_file_limit() -> int:
    """Allows as many open files as the system lets us, here and in child processes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Member:
    """One of the crowd."""

    __slots__ = ("_buffer", "_number", "_sending", "_stream", "name", "welcome")

    def __init__(self, stream: trio.SocketStream, name: str) -> None:
        self.name = name
        self.welcome: Fields = {}
        self._stream = stream
        self._buffer = b""
        self._number = 0
        self._sending = trio.Lock()  # who listens answers pings, while another talks

    async def say(self, kind: str, **fields: object) -> int:
        """Sends a command and returns its id.

        Raises:
            Gone: The socket is over.
        """
        self._number += 1
        message = {"t": kind, "id": self._number, **fields}
        await self._send(_TEXT, msgspec.json.encode(message))
        return self._number

    async def hear(self) -> list[Fields]:
        """The messages of the next frame; pings are answered on the way.

        Raises:
            Gone: The socket is over.
        """
        while True:
            opcode, payload = await self._frame()
            if opcode == _TEXT:
                heard = msgspec.json.decode(payload)
                return heard if isinstance(heard, list) else [heard]
            if opcode == _PING:
                await self._send(_PONG, payload)
            elif opcode == _CLOSE:
                raise Gone(int.from_bytes(payload[:2], "big") or 1005)

    async def skip(self) -> None:
        """Reads the next message and looks no closer; pings are answered.

        Raises:
            Gone: The socket is over.
        """
        opcode, payload = await self._frame()
        if opcode == _PING:
            await self._send(_PONG, payload)
        elif opcode == _CLOSE:
            raise Gone(int.from_bytes(payload[:2], "big") or 1005)

    async def until(self, wanted: Callable[[Fields], bool]) -> Fields:
        """The next message that is ``wanted``; those before it are dropped.

        Raises:
            Gone: The socket is over.
        """
        while True:
            for message in await self.hear():
                if wanted(message):
                    return message

    async def ask(self, kind: str, **fields: object) -> Fields:
        """Sends a command and returns its reply.

        Raises:
            Gone: The socket is over.
        """
        number = await self.say(kind, **fields)
        return await self.until(lambda each: each["t"] == "reply" and each["id"] == number)

    async def hello(self, token: str, role: str, **fields: object) -> Fields:
        """Says hello and returns the answer: a welcome, if all is well.

        Raises:
            Gone: The socket is over.
        """
        named = {"client": {"name": "crowd", "version": "1"}, **fields}
        number = await self.say("hello", token=token, role=role, **named)
        answer = await self.until(lambda each: each.get("id") == number)
        self.welcome = answer
        return answer

    def shrink(self) -> None:
        """Lets the system hold as little as it can for this reader."""
        self._stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4_096)

    async def leave(self) -> None:
        """Goes without a word, as a lost network does."""
        _HELD.get(set()).discard(self)
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
            raise Gone(1006) from None

    async def _frame(self) -> tuple[int, bytes]:
        while True:
            buffer = self._buffer
            if len(buffer) >= 2:
                size, start = buffer[1], 2
                if size == 126 and len(buffer) >= 4:
                    size, start = int.from_bytes(buffer[2:4], "big"), 4
                elif size == 127 and len(buffer) >= 10:
                    size, start = int.from_bytes(buffer[2:10], "big"), 10
                if (start > 2 or size < 126) and len(buffer) >= start + size:
                    self._buffer = buffer[start + size :]
                    return buffer[0] & 0x0F, buffer[start : start + size]
            try:
                piece = await self._stream.receive_some(_READ_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                piece = b""
            if not piece:
                raise Gone(1006)
            self._buffer = buffer + bytes(piece)


@asynccontextmanager
async def held() -> AsyncIterator[None]:
    """Closes at the end of the block every socket that was opened in it."""
    members: set[Member] = set()
    token = _HELD.set(members)
    try:
        yield
    finally:
        for member in list(members):
            await member.leave()
        _HELD.reset(token)


def run_held(main: Callable[[Unpack[Parts]], Awaitable[Figures]], *parts: *Parts) -> Figures:
    """``trio.run`` of a benchmark, every socket of which is closed at its end."""

    async def run() -> Figures:
        async with held():
            return await main(*parts)

    return trio.run(run)


async def join(port: int, name: str, *, subprotocol: str | None = "fairline.v1.json") -> Member:
    """Connects and upgrades.

    Args:
        port: Of a server on this machine.
        name: Whose socket it is.
        subprotocol: What is offered.

    Raises:
        Gone: It was refused; the code is that of HTTP.
    """
    sock = trio.socket.socket()
    try:
        # One address has 28,000 ports, and those of a run before are not free for a minute.
        await sock.bind((f"127.0.0.{2 + zlib.crc32(name.encode()) % 16}", 0))
        await sock.connect((HOST, port))
    except OSError as error:
        sock.close()
        raise Gone(1006, f"no connection: {error.strerror}") from None
    except BaseException:  # the load is over while this one still connects
        sock.close()
        raise
    stream = trio.SocketStream(sock)
    lines = [
        "GET /v1/socket HTTP/1.1",
        f"Host: {HOST}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
    ]
    member = Member(stream, name)
    _HELD.get(set()).add(member)
    try:
        await stream.send_all("\r\n".join([*lines, "", ""]).encode("ascii"))
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = await stream.receive_some(_READ_BYTES)
            if not piece:
                break
            answer += bytes(piece)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        answer = b""
    status = answer.split(b" ", 2)[1:2]
    if status != [b"101"]:
        await member.leave()
        raise Gone(int(status[0]) if status else 1006, "no upgrade")
    member._buffer = answer.partition(b"\r\n\r\n")[2]
    return member
