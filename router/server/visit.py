"""One accepted connection on its way from the door to whoever serves it.

Owns:
    `Visit`, the plain HTTP answer, and how a stream is left: lingered on, cut, closed for sure.

Does not know:
    Why a visitor is refused, WebSocket, ASGI.

Invariants:
    No call here waits on the peer without a limit. `close_for_sure` ends with the file descriptor
    gone, whatever the peer does and whoever cancels.
"""

import contextlib
import socket as std_socket
import struct
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import trio

from router.server.counters import Count
from router.server.head import Head

__all__ = [
    "Peer",
    "Visit",
    "answer",
    "bound_send_buffer",
    "close_for_sure",
    "cut",
    "discard",
    "half_close",
    "linger",
    "send_within",
]

CLOSE_S: Final = 2.0
LINGER_S: Final = 1.0
SEND_BUFFER_BYTES: Final = 65_536
LINGER_BYTES_MAX: Final = 1_048_576
_LINGER_PIECE: Final = 65_536

SAFE_HEADERS: Final = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end's address, asked for once: a reset socket does not tell it any more."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Visit:
    """What the door hands to the handler."""

    number: int
    """Counts the visits of this process; a name for logs."""
    head: Head
    rest: bytes
    """What came behind the head: the beginning of a body."""
    peer: Peer | None
    """None for streams that are not sockets."""
    is_secure: bool
    stream: trio.abc.Stream
    nursery: trio.Nursery
    """Lives as long as the handler; cancelled when it returns."""
    count: Count

    async def refuse(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        """Answer with a short text and nothing else; the door closes the stream."""
        await answer(self.stream, status, text, headers)


async def answer(
    stream: trio.abc.Stream, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()
) -> None:
    """Send one whole plain answer, then linger until the peer has read it.

    Takes at most `CLOSE_S` and `LINGER_S` together; a peer that is gone is no error.
    """
    body = f"{text}\n".encode()
    fields: list[tuple[str, str]] = [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", str(len(body))),
        ("connection", "close, upgrade" if status == 426 else "close"),
        ("cache-control", "no-store"),
        *SAFE_HEADERS,
    ]
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in (*fields, *headers)]
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    if await send_within(stream, head + body, CLOSE_S):
        await linger(stream)


async def send_within(stream: trio.abc.Stream, data: bytes, seconds: float) -> bool:
    """Send `data`; False if the peer is gone or did not take it in time."""
    with trio.move_on_after(seconds):
        try:
            await stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return True
    return False


async def linger(stream: trio.abc.Stream) -> None:
    """Say that no more comes, and throw away what the peer still sends, for a moment."""
    await half_close(stream)
    await discard(stream)


async def half_close(stream: trio.abc.Stream) -> None:
    """Say that no more comes, where the stream can say so; no write may be in progress."""
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        if isinstance(stream, trio.abc.HalfCloseableStream):
            await stream.send_eof()


async def discard(stream: trio.abc.Stream) -> None:
    """Throw away what the peer still sends, for at most `LINGER_S`.

    A socket closed with unread bytes in it answers with a reset, which on its way back may
    destroy the last words before the peer has read them.
    """
    left = LINGER_BYTES_MAX
    with (
        contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError),
        trio.move_on_after(LINGER_S),
    ):
        while left > 0:
            piece = await stream.receive_some(_LINGER_PIECE)
            if not piece:
                return
            left -= len(piece)


def bound_send_buffer(stream: trio.abc.Stream) -> None:
    """Keep the kernel from holding megabytes for a peer that reads slowly."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if isinstance(transport, trio.SocketStream):
        with contextlib.suppress(OSError):
            transport.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_SNDBUF, SEND_BUFFER_BYTES)


async def cut(stream: trio.abc.Stream) -> None:
    """End the connection at once, with a reset where there is a socket.

    Without the reset the kernel would keep what a peer does not read for minutes.
    """
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if isinstance(transport, trio.SocketStream):
        with contextlib.suppress(OSError):
            transport.setsockopt(
                std_socket.SOL_SOCKET, std_socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
    with trio.CancelScope(shield=True):
        await trio.aclose_forcefully(stream)


async def close_for_sure(stream: trio.abc.Stream) -> None:
    """Close politely for at most `CLOSE_S`, then close."""
    with trio.CancelScope(shield=True):
        try:
            with trio.move_on_after(CLOSE_S):
                await stream.aclose()
        except Exception:  # noqa: S110 - whatever a stream says here, it must go
            pass
        await trio.aclose_forcefully(stream)
