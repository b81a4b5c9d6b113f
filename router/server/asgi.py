"""Serves one ordinary HTTP request with an ASGI application, through Hypercorn.

Owns:
    The stream Hypercorn sees, the bounds of one exchange, and the headers every answer carries.

Does not know:
    Which pages there are; who may see them.

Invariants:
    Hypercorn gets one request, written anew from a judged `Head` and followed by exactly its
    body; what else the peer sends is thrown away. It never sees an upgrade or a chunked body. An
    application that raises costs its own answer only.

One request per connection, so that every head passes the same door. A page is a handful of
files; sockets, which live long, are what connections are for here.
"""

import logging
import socket as std_socket
import traceback
from dataclasses import dataclass
from typing import Any, Final

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from router.server.head import Head
from router.server.visit import SAFE_HEADERS, Peer, Visit, cut, linger

__all__ = ["HttpLimits", "request_head", "serve_http"]

_LOG = logging.getLogger("fairline.http")
# Said of the connection, not of the request: the connection ends here, so they are left out.
_HOP_FIELDS: Final = frozenset(
    {"connection", "keep-alive", "upgrade", "http2-settings", "te", "trailer", "proxy-connection"}
)
_FAILED: Final = b"internal error\n"
_NO_STORE: Final = (b"cache-control", b"no-store")
_SAFE_HEADERS: Final = tuple((name.encode(), value.encode()) for name, value in SAFE_HEADERS)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The bounds of one exchange; times in seconds."""

    body_bytes: int = 65_536
    body_s: float = 10.0
    """For the whole body."""
    write_s: float = 10.0
    """For each piece of the answer."""
    exchange_s: float = 60.0
    """For everything behind the head."""


async def serve_http(visit: Visit, app: ASGIFramework, limits: HttpLimits) -> None:
    """Answer one request; returns when the answer is out or hopeless."""
    if visit.head.content_length > limits.body_bytes:
        visit.count("http_refusals", reason="body")
        await visit.refuse(413, "body too large")
        return
    stream: Any = (_OneSecureRequest if visit.is_secure else _OneRequest)(visit, limits)
    server = TCPServer(
        ASGIWrapper(_Guarded(app, visit)), _config(), WorkerContext(None), {}, stream
    )
    with trio.move_on_after(limits.exchange_s) as deadline:
        await server.run()
    if deadline.cancelled_caught:
        visit.count("http_timeouts")
        await cut(visit.stream)
    else:
        await linger(visit.stream)


def request_head(head: Head) -> bytes:
    """Write a request's head anew, for a connection that ends after it."""
    lines = [f"{head.method} {head.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in head.headers if name not in _HOP_FIELDS]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode("ascii")


def _config() -> Config:
    config = Config()
    config.include_server_header = False
    config.errorlog = None
    config.accesslog = None
    return config


class _Guarded:
    """An application whose exceptions become a 500, and whose answers carry the safe headers."""

    def __init__(self, app: ASGIFramework, visit: Visit) -> None:
        self._app = app
        self._visit = visit
        self._has_started = False

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        async def send_safely(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start":
                self._has_started = True
                message["headers"] = _with_safe_headers(message.get("headers", []))
            # Apps that stream cancel their own sender on the last part; cut off in there the
            # server would never learn that the answer is over. The gate bounds each write.
            with trio.CancelScope(shield=True):
                await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except* Exception as group:
            self._visit.count("http_failures")
            _LOG.error("an answer failed: %s", _outline(group))
        if not self._has_started:
            fields = [(b"content-type", b"text/plain; charset=utf-8")]
            fields.append((b"content-length", b"%d" % len(_FAILED)))
            await send_safely({"type": "http.response.start", "status": 500, "headers": fields})
            await send_safely({"type": "http.response.body", "body": _FAILED, "more_body": False})


def _with_safe_headers(headers: Any) -> list[tuple[bytes, bytes]]:  # noqa: ANN401 - any iterable
    kept = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    kept = [field for field in kept if field[0] != b"server"]
    named = {name for name, _ in kept}
    return kept + [field for field in (*_SAFE_HEADERS, _NO_STORE) if field[0] not in named]


def _outline(error: BaseException) -> str:
    """Tell types and lines of code; a message may quote what a peer sent."""
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(_outline(part) for part in error.exceptions)
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


class _OneRequest(trio.abc.HalfCloseableStream):
    """The stream Hypercorn reads: one head, one body, then silence until the peer goes.

    Closing it wakes its reader but leaves the real stream open, for the door to linger on.
    """

    def __init__(self, visit: Visit, limits: HttpLimits) -> None:
        body = visit.rest[: visit.head.content_length]
        self.socket = _Addresses(visit.peer)
        self._stream = visit.stream
        self._limits = limits
        self._count = visit.count
        self._replay = request_head(visit.head) + body
        self._body_left = visit.head.content_length - len(body)
        self._body_until = trio.current_time() + limits.body_s
        self._is_closed = False
        self._reading: trio.CancelScope | None = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self._replay:
            replay, self._replay = self._replay, b""
            await trio.lowlevel.checkpoint()
            return replay
        with trio.CancelScope() as self._reading:
            if self._is_closed:
                raise trio.ClosedResourceError
            return await self._read(max_bytes)
        raise trio.ClosedResourceError

    async def _read(self, max_bytes: int | None) -> bytes | bytearray:
        if not self._body_left:
            if await self._stream.receive_some(max_bytes):
                # A second request: left unread until the door throws it away.
                await trio.sleep_forever()
            return b""
        with trio.move_on_at(self._body_until):
            data = await self._stream.receive_some(max_bytes)
            data = data[: self._body_left]
            self._body_left -= len(data)
            return data
        raise trio.BrokenResourceError("the body did not come in time")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_closed:
            raise trio.ClosedResourceError
        with trio.move_on_after(self._limits.write_s):
            await self._stream.send_all(data)
            return
        self._count("http_write_timeouts")
        await cut(self._stream)
        raise trio.BrokenResourceError("the peer did not take the answer in time")

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        if not self._is_closed and isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        self._is_closed = True
        if self._reading is not None:
            self._reading.cancel()
        await trio.lowlevel.checkpoint()


class _OneSecureRequest(_OneRequest):
    """The same, in the shape by which Hypercorn recognises TLS; the handshake is long done."""

    async def do_handshake(self) -> None:
        await trio.lowlevel.checkpoint()

    def selected_alpn_protocol(self) -> str:
        return "http/1.1"

    @property
    def transport_stream(self) -> _OneRequest:
        return self


class _Addresses:
    """The part of a socket that Hypercorn asks about, from what was learnt at the door."""

    def __init__(self, peer: Peer | None) -> None:
        self._peer = peer

    @property
    def family(self) -> int:
        if self._peer is None:
            return std_socket.AF_UNIX
        return std_socket.AF_INET6 if ":" in self._peer.host else std_socket.AF_INET

    def getpeername(self) -> tuple[str, int]:
        return (self._peer.host, self._peer.port) if self._peer else ("", 0)

    def getsockname(self) -> tuple[str, int]:
        return ("", 0)
