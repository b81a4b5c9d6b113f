"""A small application behind the real door: an echo over WebSocket, one page over HTTP.

`/v1/socket` speaks the two subprotocols of Fairline; `/autobahn` picks none and is what the
conformance suite talks to. `python -m tests.helpers.echo_server` prints its port and serves.
"""

import argparse
import math
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from router.server.admission import Admission
from router.server.asgi import HttpLimits, serve_http
from router.server.counters import Tally
from router.server.front import FrontLimits, serve_front
from router.server.intake import Intake
from router.server.meter import FrameLimits
from router.server.socket import Socket, SocketClosedError, accept_socket
from router.server.visit import Visit

SUBPROTOCOLS = ("fairline.v1.json", "fairline.v1.msgpack")


async def front_page(_request: Request) -> Response:
    return PlainTextResponse("hello\n")


async def echo_body(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


async def failing_page(_request: Request) -> Response:
    raise LookupError("canary-in-an-exception")


async def cached_page(_request: Request) -> Response:
    return PlainTextResponse("asset", headers={"cache-control": "max-age=60", "server": "secret/1"})


PAGES = Starlette(
    routes=[
        Route("/", front_page, methods=["GET", "HEAD"]),
        Route("/echo", echo_body, methods=["POST"]),
        Route("/fails", failing_page),
        Route("/cached", cached_page),
    ]
)


@dataclass
class EchoApp:
    """The handler, with the knobs tests turn."""

    frame_limits: FrameLimits = field(default_factory=FrameLimits)
    http_limits: HttpLimits = field(default_factory=HttpLimits)
    write_s: float = 10.0
    is_telling: bool = True
    pages: Any = PAGES
    serve_socket: Callable[[Socket], Any] | None = None
    """Instead of echoing."""
    intake: Intake = field(default_factory=Intake)
    ends: list[tuple[int, str]] = field(default_factory=list)

    async def handle(self, visit: Visit) -> None:
        if not visit.head.is_upgrade:
            await serve_http(visit, self.pages, self.http_limits)
        elif visit.head.path == "/forbidden":
            await visit.refuse(403, "forbidden")
        elif visit.head.path == "/fails":
            raise LookupError("canary-in-an-exception")
        else:
            await self._serve_upgrade(visit)

    async def _serve_upgrade(self, visit: Visit) -> None:
        subprotocol = next((name for name in visit.head.subprotocols if name in SUBPROTOCOLS), None)
        if subprotocol is None and visit.head.path != "/autobahn":
            await visit.refuse(400, "no subprotocol in common")
            return
        try:
            socket = await accept_socket(
                visit,
                subprotocol,
                limits=self.frame_limits,
                write_s=self.write_s,
                is_telling=self.is_telling,
                intake=self.intake,
            )
            await (self.serve_socket or echo)(socket)
        except SocketClosedError as end:
            self.ends.append((end.code, end.reason))


async def echo(socket: Socket) -> None:
    """Send back what comes; "close 4500" is an order."""
    while True:
        message = await socket.receive()
        if isinstance(message, str) and message.startswith("close "):
            await socket.close(int(message[6:]), "as ordered")
        else:
            await socket.send(message)


@dataclass
class Echo:
    """A running server in this process."""

    app: EchoApp
    port: int
    tally: Tally


@asynccontextmanager
async def running_echo(
    app: EchoApp | None = None,
    *,
    limits: FrontLimits | None = None,
    admission: Admission | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Echo]:
    """Serve on a free loopback port until the block ends."""
    app, tally = app or EchoApp(), Tally()
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    doors: list[trio.abc.Listener[Any]] = [
        trio.SSLListener(listener, tls, https_compatible=True) if tls else listener
        for listener in listeners
    ]
    serve = partial(
        serve_front,
        doors,
        limits or FrontLimits(),
        admission or Admission(),
        app.handle,
        tally,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(app.intake.run)
        await nursery.start(serve)
        yield Echo(app, listeners[0].socket.getsockname()[1], tally)
        nursery.cancel_scope.cancel()


def _unlimited(frame_bytes: int) -> FrameLimits:
    return FrameLimits(
        frame_bytes=frame_bytes,
        fragments=1 << 40,
        data_burst=math.inf,
        control_burst=math.inf,
        byte_burst=math.inf,
    )


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frame-bytes", type=int, default=65_536)
    parser.add_argument("--unlimited", action="store_true", help="for the conformance suite")
    parser.add_argument("--dropping", action="store_true", help="drop instead of telling 4502")
    options = parser.parse_args()
    limits = FrameLimits(frame_bytes=options.frame_bytes)
    if options.unlimited:
        limits = _unlimited(options.frame_bytes)
    async with running_echo(EchoApp(limits, is_telling=not options.dropping)) as server:
        print(server.port, flush=True)  # noqa: T201 - the parent process reads it
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(_main)
