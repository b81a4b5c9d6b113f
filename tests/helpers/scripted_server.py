"""A tiny server that speaks just enough of the protocol to try the load generator against.

It keeps one line by key and offers to the agent who has been idle longest. It is written from the
contract page, over msgpack and trio-websocket, and shares nothing with Fairline. ``flaw`` makes it
break one promise, so that the generator can be seen to notice.
"""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Any

import msgpack
import trio
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

SECRET = "a secret of the scripted server, long enough"
KID = "main"
SUBPROTOCOL = "fairline.v1.msgpack"

Message = dict[str, Any]


class Flaw(StrEnum):
    """What the server does wrong."""

    NONE = "none"
    DROPS_ONE = "acknowledges the third conversation and forgets it"
    OFFERS_TWICE = "offers the same conversation to two agents and lets both have it"
    NEWEST_FIRST = "serves the line from its end"
    CLOSES_ONE = "cuts the third customer off"
    SPEAKS_GIBBERISH = "sends the third customer a frame that is no message"
    FORGETS_POSITIONS = "sends events without pos"
    REFUSES_END = "refuses every conversation.end"
    HIDES_END = "tells no agent that a conversation has ended"
    REPEATS_REPLY = "answers conversation.request twice"
    NAMES_ANOTHER = "tells customers a wrong agent"


@dataclass(eq=False)
class Peer:
    """One connection; everything goes out through its outbox, so in one order."""

    socket: WebSocketConnection
    outbox: trio.MemorySendChannel[Message | bytes | None]
    id: str = ""
    role: str = ""
    claims: Message = field(default_factory=dict)


@dataclass(eq=False)
class Desk:
    """One agent: present, and busy with what."""

    peer: Peer
    skills: frozenset[str]
    is_available: bool = False
    idle_since: int = 0
    offer: str = ""
    serving: str = ""


@dataclass(eq=False)
class Item:
    """One conversation in the line or in service."""

    id: str
    customer: Peer
    skill: str
    key: float
    state: str = "waiting"
    agents: list[str] = field(default_factory=list)


class ScriptedServer:
    """The state of the server; commands are handled one after the other, without waiting."""

    def __init__(self, *, head_start_s: float = 0.0, flaw: Flaw = Flaw.NONE) -> None:
        self.url = ""
        self.tokens: list[Message] = []
        self.requests: list[Message] = []
        self.seen: list[str] = []
        self._flaw = flaw
        self._head_start_s = head_start_s
        self._pos = 0
        self._numbers = itertools.count(1)
        self._desks: dict[str, Desk] = {}
        self._items: dict[str, Item] = {}
        self._line: list[Item] = []
        self._offers: dict[str, tuple[Desk, Item]] = {}
        self._commands: dict[str, Callable[[Peer, Message], None]] = {
            "presence.set": self._present,
            "conversation.request": self._request,
            "conversation.cancel": self._cancel,
            "offer.seen": self._note_seen,
            "offer.accept": self._accept,
            "conversation.end": self._end,
            "token.refresh": self._reply,
            "bye": self._bye,
        }

    async def serve(self, request: WebSocketRequest) -> None:
        """Lives one connection."""
        if SUBPROTOCOL not in request.proposed_subprotocols:
            await request.reject(400)
            return
        socket = await request.accept(subprotocol=SUBPROTOCOL)
        outbox, queue = trio.open_memory_channel[Message | bytes | None](inf)
        peer = Peer(socket, outbox)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, socket, queue)
            try:
                while True:
                    self._handle(peer, msgpack.unpackb(await socket.get_message()))
            except ConnectionClosed:
                self._desks.pop(peer.id, None)
            nursery.cancel_scope.cancel()

    async def _write(
        self, socket: WebSocketConnection, queue: trio.MemoryReceiveChannel[Message | bytes | None]
    ) -> None:
        try:
            async for message in queue:
                if message is None:
                    await socket.aclose(4104, "scripted")
                    return
                frame = message if isinstance(message, bytes) else msgpack.packb(message)
                await socket.send_message(frame)
        except ConnectionClosed:
            return

    def _handle(self, peer: Peer, command: Message) -> None:
        self._pos += 1
        if command["t"] == "hello":
            self._hello(peer, command)
        elif not peer.role:
            self._refuse(peer, command, 101, "unauthorized")
        elif command["t"] not in self._commands:
            self._refuse(peer, command, 104, "unknown_type")
        else:
            self._commands[command["t"]](peer, command)
            self._match()

    def _hello(self, peer: Peer, command: Message) -> None:
        try:
            token = jwt.decode(command["token"], OctKey.import_key(SECRET), algorithms=["HS256"])
        except JoseError:
            self._refuse(peer, command, 101, "unauthorized")
            return
        peer.id, peer.role, peer.claims = token.claims["sub"], command["role"], token.claims
        self.tokens.append({**token.header, **token.claims})
        if peer.role == "agent":
            self._desks[peer.id] = Desk(peer, frozenset(token.claims["skills"]))
        welcome = {"t": "welcome", "id": command["id"], "ok": True, "pos": self._pos}
        peer.outbox.send_nowait({**welcome, "session": peer.id, "state": {"conversations": []}})

    def _present(self, peer: Peer, command: Message) -> None:
        desk = self._desks[peer.id]
        desk.is_available, desk.idle_since = command["show"] == "available", self._pos
        self._reply(peer, command)

    def _request(self, peer: Peer, command: Message) -> None:
        self.requests.append(command)
        number = next(self._numbers)
        lead_s = self._head_start_s if peer.claims.get("class") == "priority" else 0.0
        needs = command.get("needs")
        skill = needs[0]["skill"] if needs else command["queue"]
        item = Item(f"conversation-{number}", peer, skill, trio.current_time() - lead_s)
        is_dropped = self._flaw is Flaw.DROPS_ONE and number == 3
        if not is_dropped:
            self._items[item.id] = item
            self._line.append(item)
            self._line.sort(key=lambda one: one.key, reverse=self._flaw is Flaw.NEWEST_FIRST)
        self._reply(peer, command, conversation=item.id, status="waiting", position=1, ahead=0)
        if self._flaw is Flaw.REPEATS_REPLY:
            self._reply(peer, command, conversation=item.id, status="waiting")
        if self._flaw is Flaw.CLOSES_ONE and number == 3:
            peer.outbox.send_nowait({"t": "disconnect", "code": 4104, "reason": "scripted"})
            peer.outbox.send_nowait(None)
        if self._flaw is Flaw.SPEAKS_GIBBERISH and number == 3:
            peer.outbox.send_nowait(b"\xc1")

    def _cancel(self, peer: Peer, command: Message) -> None:
        item = self._items.get(command["conversation"])
        if item is None:
            self._refuse(peer, command, 103, "not_found")
        elif item.state not in ("waiting", "offered"):
            self._refuse(peer, command, 115, "invalid_transition")
        else:
            if item in self._line:
                self._line.remove(item)
            item.state = "ended"
            self._reply(peer, command)
            for offer_id, (desk, offered) in list(self._offers.items()):
                if offered is item:
                    self._end_offer(offer_id, desk, "withdrawn")
            self._event(peer, "conversation.ended", conversation=item.id, reason="cancelled")

    def _note_seen(self, peer: Peer, command: Message) -> None:
        self.seen.append(command["offer"])
        self._reply(peer, command)

    def _accept(self, peer: Peer, command: Message) -> None:
        if command["offer"] not in self._offers:
            self._refuse(peer, command, 113, "offer_gone", outcome="withdrawn")
            return
        desk, item = self._offers[command["offer"]]
        item.state, desk.serving = "active", item.id
        item.agents.append(peer.id)
        self._reply(peer, command)
        self._end_offer(command["offer"], desk, "accepted")
        self._event(peer, "conversation.assigned", conversation=item.id, assignment=item.id)
        named = "somebody" if self._flaw is Flaw.NAMES_ANOTHER else peer.id
        self._event(
            item.customer, "conversation.assigned", conversation=item.id, agent={"id": named}
        )

    def _end(self, peer: Peer, command: Message) -> None:
        if self._flaw is Flaw.REFUSES_END:
            self._refuse(peer, command, 115, "invalid_transition")
            return
        desk, item = self._desks[peer.id], self._items[command["conversation"]]
        desk.serving, desk.idle_since = "", self._pos
        item.state = "ended"
        self._reply(peer, command)
        for one in [item.customer] if self._flaw is Flaw.HIDES_END else [item.customer, peer]:
            self._event(one, "conversation.ended", conversation=item.id, reason="agent")

    def _bye(self, peer: Peer, command: Message) -> None:
        self._desks.pop(peer.id, None)
        self._reply(peer, command)

    def _match(self) -> None:
        """Offers to idle agents, along the line."""
        for item in list(self._line):
            fitting = [
                desk
                for desk in self._desks.values()
                if desk.is_available
                and not (desk.offer or desk.serving)
                and item.skill in desk.skills
            ]
            fitting.sort(key=lambda desk: desk.idle_since)
            for desk in fitting[: 2 if self._flaw is Flaw.OFFERS_TWICE else 1]:
                self._offer(desk, item)

    def _offer(self, desk: Desk, item: Item) -> None:
        desk.offer = f"offer-{next(self._numbers)}"
        self._offers[desk.offer] = (desk, item)
        if item in self._line:
            self._line.remove(item)
        item.state = "offered"
        self._event(
            desk.peer,
            "offer.new",
            offer=desk.offer,
            conversation=item.id,
            queue=item.skill,
            attempt=1,
            auto=False,
        )

    def _end_offer(self, offer_id: str, desk: Desk, outcome: str) -> None:
        del self._offers[offer_id]
        desk.offer = ""
        self._event(desk.peer, "offer.ended", offer=offer_id, outcome=outcome)

    def _reply(self, peer: Peer, command: Message, **fields: object) -> None:
        peer.outbox.send_nowait({"t": "reply", "id": command["id"], "ok": True, **fields})

    def _refuse(self, peer: Peer, command: Message, code: int, name: str, **fields: object) -> None:
        error = {"code": code, "name": name, "msg": name, "retry": "no", **fields}
        peer.outbox.send_nowait({"t": "reply", "id": command["id"], "ok": False, "err": error})

    def _event(self, peer: Peer, kind: str, **fields: object) -> None:
        where = {} if self._flaw is Flaw.FORGETS_POSITIONS else {"pos": self._pos}
        peer.outbox.send_nowait({"t": kind, **where, **fields})


@asynccontextmanager
async def scripted_server(
    *, head_start_s: float = 0.0, flaw: Flaw = Flaw.NONE
) -> AsyncIterator[ScriptedServer]:
    """Serves on a free loopback port while the block runs."""
    server = ScriptedServer(head_start_s=head_start_s, flaw=flaw)
    async with trio.open_nursery() as nursery:
        listening = await nursery.start(serve_websocket, server.serve, "127.0.0.1", 0, None)
        server.url = f"ws://127.0.0.1:{listening.port}/v1/socket"
        yield server
        nursery.cancel_scope.cancel()
