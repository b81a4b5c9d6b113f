"""Clients that speak bytes, so that they can misbehave exactly as a case says."""

import math
import os
import random
import socket as std_socket
import statistics
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trio
import trio.testing

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x01\x02\x03\x04"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def head(
    *fields: bytes, line: bytes = b"GET /v1/socket HTTP/1.1", without: tuple[bytes, ...] = ()
) -> bytes:
    """A good upgrade's head, with fields replaced by name, more added, some left out."""
    good = {
        b"host": b"Host: localhost",
        b"upgrade": b"Upgrade: websocket",
        b"connection": b"Connection: Upgrade",
        b"sec-websocket-key": b"Sec-WebSocket-Key: " + KEY,
        b"sec-websocket-version": b"Sec-WebSocket-Version: 13",
        b"sec-websocket-protocol": b"Sec-WebSocket-Protocol: fairline.v1.json",
    }
    for name in [field.partition(b":")[0].lower() for field in fields] + list(without):
        good.pop(name, None)
    return b"\r\n".join([line, *good.values(), *fields, b"", b""])


def frame(payload: bytes = b"", opcode: int = TEXT, *, fin: bool = True) -> bytes:
    """One masked frame."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65_536:
        length = b"\xfe" + struct.pack("!H", size)
    else:
        length = b"\xff" + struct.pack("!Q", size)
    mask = (MASK * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
    return bytes([(0x80 if fin else 0) | opcode]) + length + MASK + masked


class RawSocket:
    """One TCP connection, with a reader of unmasked frames."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.buffer = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def read_all(self) -> bytes:
        """Everything up to the end, a reset included."""
        data, self.buffer = self.buffer, b""
        try:
            async for piece in self.stream:
                data += piece
        except trio.BrokenResourceError:
            pass
        return data

    async def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            piece = await self.stream.receive_some(65_536)
            if not piece:
                break
            self.buffer += piece
        answer, blank, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return answer + blank

    async def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            piece = await self.stream.receive_some(65_536)
            if not piece:
                raise EOFError
            self.buffer += piece
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    async def read_frame(self) -> tuple[int, bytes]:
        first, length = await self._exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", await self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self._exactly(8))
        return first & 0x0F, await self._exactly(length)

    async def read_close(self) -> int:
        """Skip to the close frame; its code, or 1006 if the connection ends without one."""
        try:
            while True:
                opcode, payload = await self.read_frame()
                if opcode == CLOSE:
                    return int(struct.unpack("!H", payload[:2])[0])
        except (EOFError, trio.BrokenResourceError):
            return 1006

    async def wait_end(self) -> None:
        await self.read_all()

    def reset(self) -> None:
        """Leave with a reset."""
        self.stream.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.socket.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[RawSocket]:
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    try:
        yield RawSocket(stream)
    finally:
        await trio.aclose_forcefully(stream)


@asynccontextmanager
async def upgraded(port: int, *fields: bytes) -> AsyncIterator[RawSocket]:
    async with connected(port) as client:
        await client.send(head(*fields))
        answer = await client.read_head()
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        yield client


async def ask(port: int, data: bytes) -> bytes:
    """Send bytes on a new connection; everything that comes back."""
    async with connected(port) as client:
        with suppress(trio.BrokenResourceError):
            await client.send(data)
        return await client.read_all()


class Healthy:
    """The second client of each case, which must notice nothing."""

    def __init__(self, client: RawSocket) -> None:
        self._client = client
        self.echo_times: list[float] = []

    async def echo(self) -> None:
        text = b"still here %d" % len(self.echo_times)
        started = trio.current_time()
        await self._client.send(frame(text))
        assert await self._client.read_frame() == (TEXT, text)
        self.echo_times.append(trio.current_time() - started)

    async def echo_until(self, done: trio.Event) -> None:
        while not done.is_set():
            await self.echo()
            with trio.move_on_after(0.05):
                await done.wait()


@asynccontextmanager
async def healthy(port: int) -> AsyncIterator[Healthy]:
    """A client that echoes all through the block, and is fine at its end."""
    done = trio.Event()
    async with upgraded(port) as client:
        witness = Healthy(client)
        await witness.echo()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(witness.echo_until, done)
            yield witness
            done.set()
        await witness.echo()
    assert statistics.median(witness.echo_times) <= 0.1


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def memory_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def task_count() -> int:
    return trio.lowlevel.current_statistics().tasks_living


async def pace(seconds: float) -> None:
    """The rhythm of a client whose slowness is what the case is about."""
    with trio.move_on_after(seconds):
        await trio.sleep_forever()


async def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what other tasks bring about; the caller sets the deadline."""
    while not holds():
        await trio.testing.wait_all_tasks_blocked(0.005)


def pieces_of(data: bytes, seed: int | None) -> list[bytes]:
    """Cut `data`: whole for None, byte by byte for 0, else at random by that seed."""
    if seed is None:
        return [data]
    if seed == 0:
        return [data[i : i + 1] for i in range(len(data))]
    chance, pieces = random.Random(seed), []
    while data:
        size = min(len(data), max(1, int(math.exp(chance.uniform(0, 6)))))
        pieces.append(data[:size])
        data = data[size:]
    return pieces
