"""The scripted server: the screens' files, tokens and one WebSocket, on one port.

Owns: HTTP paths with the strict headers, sockets. Does not know: what commands mean.
Run as `python -m tests.helpers.scripted_web --port N --kept FILE`; it prints one line when ready.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import zlib
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import trio
from hypercorn.config import Config
from hypercorn.trio import run as hypercorn_run
from hypercorn.trio import serve
from hypercorn.trio.tcp_server import TCPServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.helpers.scripted_commands import act, answer, expire, lose_offers
from tests.helpers.scripted_desk import say
from tests.helpers.scripted_world import PEOPLE, Connection, Message, World, name_of


class PatientServer(TCPServer):
    """Closes a connection after what is being sent on it; the original ends the server over it."""

    async def _close(self) -> None:
        if self.send_lock.statistics().owner is trio.lowlevel.current_task():
            await super()._close()
            return
        async with self.send_lock:
            await super()._close()


vars(hypercorn_run)["TCPServer"] = PatientServer

WEB = Path(__file__).parents[2] / "router" / "web" / "dist"
PAGES = {
    "/widget.js": "widget.js",
    "/widget": "widget/page.html",
    "/desktop": "desktop/index.html",
    "/board": "board/index.html",
    "/demo": "demo/shop.html",
}
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'"
)
COMMON = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# Another site's page loads the widget's modules: they must be readable from there.
SHARED = {**COMMON, "Access-Control-Allow-Origin": "*"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


def _file(name: str) -> Response:
    path = (WEB / name).resolve()
    if WEB not in path.parents or not path.is_file():
        return PlainTextResponse("not found", 404, headers=COMMON)
    headers = {**COMMON, "Content-Security-Policy": STRICT} if path.suffix == ".html" else SHARED
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)


STRICTLY = {"Content-Security-Policy": STRICT}


async def _page(request: Request) -> Response:
    return _file(PAGES[request.url.path])


async def _asset(request: Request) -> Response:
    return _file(f"assets/{request.path_params['name']}")


async def _elsewhere(request: Request) -> Response:
    """A shop on another origin, with a policy that allows Fairline and nothing else."""
    host = request.query_params["host"]
    socket = host.replace("http", "ws", 1)
    policy = f"default-src 'none'; script-src {host}; connect-src {host} {socket}"
    page = (
        '<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">'
        f'<h1>Elsewhere</h1><script async src="{host}/widget.js" data-tenant="acme"></script>'
    )
    headers = {**COMMON, "Content-Security-Policy": policy + "; img-src data:"}
    return Response(page, media_type="text/html", headers=headers)


CARD = """
const reach = (what) => { try { what(); return "reached"; } catch (error) { return error.name; } };
addEventListener("message", ({ data: { conversation, customer, agent } }) => {
  document.body.textContent = `${customer.name} in ${conversation.queue} for ${agent.name}`;
  const storage = reach(() => localStorage.length);
  const page = reach(() => parent.document.title);
  document.body.append(`; storage: ${storage}, page: ${page}`);
});
parent.postMessage({ fairline: "ready" }, "*");
"""


async def _card(request: Request) -> Response:
    """The card that a house would add to the desktop."""
    page = '<!doctype html><html lang="en"><title>Card</title><body><script src="card.js"></script>'
    return Response(page, media_type="text/html", headers=COMMON)


async def _card_script(request: Request) -> Response:
    return Response(CARD, media_type="text/javascript", headers=SHARED)


def _token(person: str, role: str) -> str:
    claims = json.dumps({"sub": person, "role": role, "tenant": "acme"})
    return f"x.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.x"


def _claims(token: str) -> dict[str, str]:
    part = token.split(".")[1]
    decoded: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


class Server:
    """The HTTP application around one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.preferences: dict[str, Any] = {}
        self.app = Starlette(
            routes=[
                *(Route(path, _page) for path in PAGES),
                Route("/assets/{name:path}", _asset),
                Route("/elsewhere", _elsewhere),
                Route("/desktop/people", self.people),
                Route("/demo/token", self.token, methods=["POST"]),
                Route("/v1/visitors", self.visitors, methods=["POST", "OPTIONS"]),
                Route("/v1/opening", self.opening),
                Route("/v1/me/share", self.share),
                Route("/v1/me/preferences/{name}", self.preference, methods=["GET", "PUT"]),
                Route("/scripted/world", self.show_world),
                Route("/scripted/script", self.script, methods=["POST"]),
                Route("/scripted/act", self.act, methods=["POST"]),
                Route("/scripted/tell", self.tell, methods=["POST"]),
                Route("/scripted/page", self.page),
                Route("/scripted/lose-offers", self.lose_offers, methods=["POST"]),
                Route("/scripted/say", self.say, methods=["POST"]),
                Route("/scripted/card", _card),
                Route("/scripted/card.js", _card_script),
                Route("/scripted/token", self.account),
                Route("/scripted/deafen", self.deafen, methods=["POST"]),
                WebSocketRoute("/v1/socket", self.socket),
            ]
        )

    async def people(self, request: Request) -> Response:
        return JSONResponse(PEOPLE)

    async def token(self, request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({"token": _token(asked["id"], asked["role"])})

    async def visitors(self, request: Request) -> Response:
        headers = {**SHARED, "Access-Control-Allow-Headers": "content-type"}
        if request.method == "OPTIONS":
            return Response(headers=headers)
        asked = await request.json()
        secret = asked.get("visitor") or uuid4().hex
        visitors = self.world.kept["visitors"]
        person = visitors.setdefault(secret, f"v{len(visitors)}-{uuid4().hex[:8]}")
        self.world.save()
        body = {"token": _token(person, "customer"), "id": person, "visitor": secret}
        return JSONResponse({**body, "expires_ms": 3_600_000}, headers=headers)

    async def opening(self, request: Request) -> Response:
        door = {"queue": "billing", "name": "Bills", "open": True, "waiting": 0}
        return JSONResponse({**door, **self.world.kept["script"].get("door", {})}, headers=SHARED)

    async def script(self, request: Request) -> Response:
        """What the test wants of the world from now on."""
        wanted = await request.json()
        if wanted.pop("fresh", False):
            self.world.forget()
        self.world.kept["script"].update(wanted)
        self.world.save()
        return JSONResponse({})

    async def act(self, request: Request) -> Response:
        """Alice does something that no desktop shows."""
        act(self.world, "alice", await request.json())
        return JSONResponse({})

    async def tell(self, request: Request) -> Response:
        """An event for everybody of a role, customers unless told, as the test has it."""
        event = await request.json()
        role = event.pop("role", "customer")
        for connection in self.world.connections:
            if connection.role == role:
                connection.send({"pos": 0, **event})
        return JSONResponse({})

    async def page(self, request: Request) -> Response:
        """A page of a shop with the widget, its tag and its body as the test has them."""
        body = request.query_params.get("body", "")
        tag = request.query_params.get("tag", "")
        page = (
            '<!doctype html><html lang="en"><head><title>A shop</title>'
            '<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">'
            f'<script async src="/widget.js" data-tenant="acme" data-queue="billing" {tag}>'
            f"</script></head><body><main><h1>A shop</h1>{body}</main></body></html>"
        )
        return Response(page, media_type="text/html", headers={**COMMON, **STRICTLY})

    async def account(self, request: Request) -> Response:
        """The house's own page, which knows who is signed in there."""
        return PlainTextResponse(_token("alice", "agent"), headers=COMMON)

    async def share(self, request: Request) -> Response:
        equals = {"agents": 7, "skills": ["billing"], "languages": ["en"]}
        equals |= {"even": 0.93, "least": 0.41, "most": 0.78}
        mine = {"agent": "alice", "state": "serving", "occupancy": 0.64}
        return JSONResponse({"mine": mine, "equals": equals}, headers=COMMON)

    async def preference(self, request: Request) -> Response:
        """What staff keep for themselves."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        name = request.path_params["name"]
        key = f"{_claims(token)['sub']} {name}"
        known = json.dumps(self.preferences.get(key))
        tag = f'"{zlib.crc32(known.encode())}"'
        if request.method == "PUT":
            if request.headers.get("if-match", "*") not in {"*", tag}:
                return Response(status_code=412)
            self.preferences[key] = await request.json()
            kept = json.dumps(self.preferences[key])
            return Response(status_code=204, headers={"etag": f'"{zlib.crc32(kept.encode())}"'})
        told = {"name": name, "value": self.preferences.get(key)}
        return JSONResponse(told, headers={**COMMON, "etag": tag})

    async def show_world(self, request: Request) -> Response:
        return JSONResponse({**self.world.kept, "connections": len(self.world.connections)})

    async def lose_offers(self, request: Request) -> Response:
        lose_offers(self.world)
        return JSONResponse({})

    async def say(self, request: Request) -> Response:
        asked = await request.json()
        for conversation in asked["conversations"]:
            say(self.world, conversation, asked["body"])
        return JSONResponse({})

    async def deafen(self, request: Request) -> Response:
        """The open connections stay, and nothing they say is heard any more."""
        for connection in self.world.connections:
            connection.deaf = True
        return JSONResponse({})

    async def socket(self, socket: WebSocket) -> None:
        """One connection: `hello`, then commands until it goes."""
        await socket.accept(subprotocol="fairline.v1.json")
        outgoing, queued = trio.open_memory_channel[Message](math.inf)
        try:
            hello = json.loads(await socket.receive_text())
            claims = _claims(hello["token"])
            connection = Connection(claims["sub"], claims["role"], outgoing.send_nowait)
            told = self.world.welcome(connection, hello.get("seen", {}))
            outgoing.send_nowait({"t": "welcome", "id": hello["id"], "ok": True, **told})
            self.world.connections.append(connection)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_write, socket, queued)
                await self._read(socket, connection)
                nursery.cancel_scope.cancel()
        except WebSocketDisconnect:
            return  # gone before hello

    async def _read(self, socket: WebSocket, connection: Connection) -> None:
        try:
            async for text in socket.iter_text():
                if not connection.deaf:
                    answer(self.world, connection, json.loads(text))
        finally:
            self.world.connections.remove(connection)


async def _write(socket: WebSocket, queued: trio.MemoryReceiveChannel[Message]) -> None:
    async for message in queued:
        try:
            await socket.send_text(json.dumps(message))
        except (WebSocketDisconnect, RuntimeError):
            return  # the reader notices too and ends the connection


async def _tick(world: World) -> None:
    while True:
        await trio.sleep(0.1)
        expire(world)


async def main(arguments: argparse.Namespace) -> None:
    world = World(
        arguments.kept,
        offer_ms=arguments.offer_ms,
        wrap_up_ms=arguments.wrap_up_ms,
        capacity=arguments.capacity,
    )
    config = Config()
    config.bind = [f"127.0.0.1:{arguments.port}"]
    config.errorlog = None
    app: Any = Server(world).app
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, app, config))
        nursery.start_soon(_tick, world)
        print(f"ready for {name_of('alice')}", flush=True)  # noqa: T201 - the parent waits for it


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--offer-ms", type=int, default=20_000)
    parser.add_argument("--wrap-up-ms", type=int, default=0)
    parser.add_argument("--capacity", type=int, default=3)
    trio.run(main, parser.parse_args())
