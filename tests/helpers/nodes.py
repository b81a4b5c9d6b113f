"""A node on loopback, and clients for it in both encodings with codecs that are not the server's.

Owns: one tenant ``acme``, its tokens, starting a node in this process, a client that reads on.
Does not know: what is tested.
"""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import msgpack
import msgspec
import trio
import trio_websocket

from router.journal.base import Journal
from router.journal.memory import MemoryJournal
from router.policy import AgentEntry, Policy, Queue
from router.server.app import Node
from router.server.auth import Role, mint
from router.server.clock import Clock
from router.server.running import new_life, run
from router.server.settings import KeyEntry, ServerSettings, Settings, Tenant

__all__ = [
    "KEY",
    "PATIENCE_S",
    "POLICY",
    "Client",
    "RunningNode",
    "folder_settings",
    "node_settings",
    "open_node",
    "token",
]

KEY = KeyEntry(kid="main", alg="HS256", secret="a secret of the tests, long enough")
PATIENCE_S = 10.0

POLICY = Policy(
    grace_ms=120_000,
    queues=(Queue(id="support", name="Support"), Queue(id="billing", wrap_up_ms=60_000)),
    agents=(
        AgentEntry(id="alice", name="Alice", teams=("floor",), languages={"en": 100}),
        AgentEntry(id="bob", name="Bob", teams=("floor",)),
    ),
)


def node_settings(policy: Policy = POLICY, **server: Any) -> Settings:  # noqa: ANN401 - any setting
    """Settings of a node on a free port of loopback, with the memory journal."""
    acme = Tenant(keys=(KEY,), native_apps=True, policy=policy, origins=("https://shop.example",))
    browsers = Tenant(keys=(KEY,), policy=policy, origins=("https://other.example",))
    facts = {"bind": "127.0.0.1:0", "journal": "memory", "drain_ms": 5_000, **server}
    return Settings(server=ServerSettings(**facts), tenants={"acme": acme, "browsers": browsers})


def token(
    role: str,
    subject: str,
    *,
    tenant: str = "acme",
    ttl_s: int = 600,
    ago_s: int = 0,
    key: KeyEntry = KEY,
    **claims: object,
) -> str:
    """A token for anybody."""
    (wanted,) = (known for known in get_args(Role) if known == role)
    return mint(
        key,
        tenant=tenant,
        role=wanted,
        subject=subject,
        now_ms=int(time.time() * 1000) - ago_s * 1000,
        ttl_s=ttl_s,
        claims=claims,
    )


class Client:
    """One WebSocket; keeps everything it was sent in ``seen``."""

    def __init__(self, socket: trio_websocket.WebSocketConnection, encoding: str) -> None:
        self.socket = socket
        self.encoding = encoding
        self.seen: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}
        self._number = 0
        self._inbox: list[dict[str, Any]] = []

    async def send_raw(self, frame: str | bytes) -> None:
        await self.socket.send_message(frame)

    async def send_frame(self, value: object) -> None:
        is_json = self.encoding == "json"
        await self.send_raw(json.dumps(value) if is_json else msgpack.packb(value))

    async def send(self, kind: str, **fields: object) -> int:
        """Sends a command and returns its id."""
        self._number += 1
        await self.send_frame({"t": kind, "id": self._number, **fields})
        return self._number

    async def next(self) -> dict[str, Any]:
        """The next message, out of whatever frame."""
        while not self._inbox:
            frame = await self.socket.get_message()
            value = json.loads(frame) if self.encoding == "json" else msgpack.unpackb(frame)
            self._inbox = value if isinstance(value, list) else [value]
        message = self._inbox.pop(0)
        self.seen.append(message)
        return message

    async def until(self, kind: str, **fields: object) -> dict[str, Any]:
        """Reads on until a message of this type and these fields."""
        with trio.fail_after(PATIENCE_S):
            while True:
                message = await self.next()
                if message["t"] == kind and all(
                    message.get(name) == value for name, value in fields.items()
                ):
                    return message

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Sends a command and returns its reply."""
        return await self.until("reply", id=await self.send(kind, **fields))

    async def ok(self, kind: str, **fields: object) -> dict[str, Any]:
        """Sends a command that must take effect."""
        reply = await self.ask(kind, **fields)
        assert reply["ok"], reply
        return reply

    async def refused(self, kind: str, **fields: object) -> int:
        """Sends a command that must be refused, and returns the code."""
        reply = await self.ask(kind, **fields)
        assert not reply["ok"], reply
        return int(reply["err"]["code"])

    async def hello(self, role: str, subject: str, **hello: object) -> dict[str, Any]:
        """Says hello and returns the welcome."""
        facts: dict[str, object] = {
            "token": token(role, subject),
            "role": role,
            "client": {"name": "test", "version": "1"},
            **hello,
        }
        self.welcome = await self.until("welcome", id=await self.send("hello", **facts))
        return self.welcome

    async def ends(self) -> tuple[int, dict[str, Any] | None]:
        """Reads to the end; the close code, and the ``disconnect`` that announced it."""
        last = None
        with trio.fail_after(PATIENCE_S):
            while True:
                try:
                    message = await self.next()
                except trio_websocket.ConnectionClosed as closed:
                    return (closed.reason.code if closed.reason is not None else 1006), last
                last = message if message["t"] == "disconnect" else None

    async def drop(self) -> None:
        """Cuts the connection without a word."""
        # Its own aclose would say goodbye first.
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self.socket._stream)

    async def close(self) -> None:
        await self.socket.aclose()


class RunningNode:
    """A node that listens, and ways in."""

    def __init__(self, node: Node, port: int, nursery: trio.Nursery) -> None:
        self.node = node
        self.port = port
        self.ops_port: int | None = None
        self.clients: list[Client] = []
        self._nursery = nursery

    def at(self, port: int) -> "RunningNode":
        """The same node by another port."""
        return RunningNode(self.node, port, self._nursery)

    async def socket(
        self,
        encoding: str = "json",
        *,
        subprotocols: Sequence[str] | None = None,
        origin: str | None = None,
        query: str = "",
    ) -> Client:
        """A WebSocket on which nothing was said yet."""
        socket = await trio_websocket.connect_websocket(
            self._nursery,
            "127.0.0.1",
            self.port,
            f"/v1/socket{query}",
            use_ssl=False,
            subprotocols=subprotocols or [f"fairline.v1.{encoding}"],
            extra_headers=[(b"Origin", origin.encode())] if origin else None,
        )
        client = Client(socket, encoding)
        self.clients.append(client)
        return client

    async def join(
        self, role: str, subject: str, encoding: str = "json", **hello: object
    ) -> Client:
        """A client that was welcomed."""
        client = await self.socket(encoding)
        await client.hello(role, subject, **hello)
        return client

    async def http(self, request: str) -> tuple[int, dict[str, str], bytes]:
        """Sends one raw HTTP request; status, headers and body of the answer."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            await stream.send_all(request.replace("\n", "\r\n").encode())
            answer = b""
            with trio.fail_after(PATIENCE_S):
                async for piece in stream:
                    answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        if headers.get("transfer-encoding") == "chunked":
            body = _unchunked(body)
        return int(first.split()[1]), headers, body

    async def get(self, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
        """Gets a page."""
        return await self.http("\n".join([f"GET {path} HTTP/1.1", self._host, *headers, "", ""]))

    async def post(
        self, path: str, value: object, *headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Posts JSON."""
        body = msgspec.json.encode(value).decode()
        lines = [
            f"POST {path} HTTP/1.1",
            self._host,
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *headers,
            "",
            body,
        ]
        return await self.http("\n".join(lines))

    @property
    def _host(self) -> str:
        return f"Host: 127.0.0.1:{self.port}"


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        whole += rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
    return whole


@asynccontextmanager
async def open_node(
    settings: Settings | None = None,
    journal: Journal | None = None,
    clock: Clock | None = None,
    **parts: Any,  # noqa: ANN401 - passed on
) -> AsyncIterator[RunningNode]:
    """A node that runs as long as the block; it is cut off at the end, not drained."""
    clock = clock or Clock()
    journal = journal or MemoryJournal(clock.wall_ms)
    node = Node(settings or node_settings(), journal, clock, life=new_life(), **parts)
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(run, node)
        async with trio.open_nursery() as clients:
            running = RunningNode(node, addresses.public[1], clients)
            running.ops_port = addresses.ops[1] if addresses.ops is not None else None
            try:
                yield running
            finally:
                for client in running.clients:
                    await client.drop()
            clients.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


def folder_settings(folder: Path, **server: Any) -> Settings:  # noqa: ANN401 - any setting
    """Settings with the file journal."""
    return node_settings(journal="file", data=str(folder), **server)
