"""Customers and agents on real sockets, who write down what they were answered.

Owns: a small client of the protocol, what people do under load, what they check on coming back.
Does not know: when the server is killed.
"""

import itertools
import random
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from router.server.auth import Role
from tests.crash.ledger import Ledger, Missing, Said
from tests.crash.server import Serving
from tests.simulation.peer import Gone, Message, Peer

__all__ = ["Someone", "agent", "customer"]

REPLY_S = 10.0
SEEN_MAX = 100
"""So many conversations are named in a `hello`; older ones may be forgotten."""


class _Wire:
    """A socket in the place of a simulated line."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.client = stream
        self.is_quiet = True


class Someone:
    """A person with one device, over all lives of the server."""

    def __init__(self, role: Role, name: str, server: Serving, ledger: Ledger, seed: str) -> None:
        self.role = role
        self.name = name
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.state: Message = {}
        self.state_pos = 0
        """The position in the journal that the state of the last welcome is of."""
        self.offers: list[str] = []
        self.mine: dict[str, str] = {}
        """Open conversations, each with its status."""
        self.unsure: dict[str, tuple[str, Message]] = {}
        """Commands with an op whose answer never came."""
        self.is_welcome = trio.Event()
        self._server = server
        self._ops = itertools.count(1)
        self._peer: Peer | None = None
        self._number = 0
        self._replies: dict[int, tuple[trio.Event, list[Message]]] = {}

    async def be_there(self, act: Callable[["Someone"], Awaitable[None]]) -> None:
        """Connect, and act until the connection ends."""
        told_before = self.ledger.position
        peer = self._peer = await self._come_in()
        self._number, self._replies = 1, {}
        try:
            token = self._server.token(self.role, self.name)
            hello = {"t": "hello", "id": 1, "token": token, "role": self.role}
            seen = dict.fromkeys(self._asked()[-SEEN_MAX:], 0)
            await peer.send({**hello, "seen": seen})
            self._welcome(await peer.receive(), told_before, seen)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._act, act)
                try:
                    while True:
                        self._take(await peer.receive())
                except Gone:
                    nursery.cancel_scope.cancel()
        except Gone:
            pass
        finally:
            await peer.hang_up()

    async def _come_in(self) -> Peer:
        """A socket; a server that is starting answers, and lets nobody in yet."""
        while True:
            stream = await self._server.connect()
            peer = Peer(_Wire(stream), "json")  # type: ignore[arg-type]  # it has what counts
            try:
                await peer.upgrade()
            except Gone:
                await peer.hang_up()
                await trio.sleep(0.02)
            else:
                return peer

    async def _act(self, act: Callable[["Someone"], Awaitable[None]]) -> None:
        try:
            await self._repeat()
            await act(self)
        except Gone:
            return

    def _asked(self) -> list[str]:
        """The conversations that this person was told of, the newest last."""
        names = [name for who, name in self.ledger.asked.values() if who == self.name]
        return list(dict.fromkeys(names))

    def _welcome(self, message: Message, told_before: int, seen: dict[str, int]) -> None:
        if message["t"] != "welcome":
            raise Missing(f"{self.name} was answered {message}")
        if message["pos"] <= told_before:
            raise Missing(f"welcome is of {message['pos']}, {told_before} was told before")
        self.state, self.state_pos = message["state"], message["pos"]
        self.offers = [offer["offer"] for offer in self.state["offers"]]
        told = {one["conversation"]: one["status"] for one in self.state["conversations"]}
        self.mine = {name: status for name, status in told.items() if status != "ended"}
        if missing := [name for name in seen if name not in told]:
            raise Missing(f"{missing} are neither open nor over in the welcome of {self.name}")
        self.is_welcome.set()

    def _take(self, message: Message) -> None:
        self.ledger.position = max(self.ledger.position, message.get("pos") or 0)
        match message["t"]:
            case "reply":
                event, found = self._replies.pop(message["id"])
                found.append(message)
                event.set()
            case "offer.new":
                self.offers.append(message["offer"])
            case "conversation.assigned":
                self.mine[message["conversation"]] = "active"
            case "conversation.ended":
                self.mine.pop(message["conversation"], None)
                self.ledger.ended.setdefault(message["conversation"], message["reason"])
            case _:
                pass

    # -- commands

    async def ask(self, kind: str, /, **fields: Any) -> Message:  # noqa: ANN401 - any field
        """Send a command and return its reply."""
        assert self._peer is not None
        self._number += 1
        event, found = trio.Event(), list[Message]()
        self._replies[self._number] = (event, found)
        await self._peer.send({"t": kind, "id": self._number, **fields})
        with trio.fail_after(REPLY_S):
            await event.wait()
        return found[0]

    async def do(self, kind: str, /, **fields: Any) -> Message:  # noqa: ANN401 - any field
        """Send a command with a fresh op, and write down its answer."""
        op = f"{self.name}-{next(self._ops)}"
        if "body" in fields:
            fields["body"] = f"{fields['body']} {op}"
        self.unsure[op] = (kind, fields)
        return await self._do(op)

    async def _do(self, op: str) -> Message:
        kind, fields = self.unsure[op]
        reply = await self.ask(kind, op=op, **fields)
        del self.unsure[op]
        if reply["ok"]:
            self._write_down(op, kind, fields, reply)
        return reply

    def _write_down(self, op: str, kind: str, fields: Message, reply: Message) -> None:
        if kind == "conversation.request":
            self.ledger.asked[op] = (self.name, reply["conversation"])
        elif kind == "message.send":
            said = Said(reply["conversation"], reply["seq"], fields["body"])
            if self.ledger.said.setdefault(op, said) != said:
                raise Missing(f"{op} was answered {self.ledger.said[op]}, then {said}")

    async def _repeat(self) -> None:
        """What got no answer is asked again; what got one, now and then, for the same answer."""
        for op in list(self.unsure):
            await self._do(op)
        mine = [op for op in self.ledger.said if op.startswith(f"{self.name}-")]
        for op in self.chance.sample(mine, min(2, len(mine))):
            said = self.ledger.said[op]
            fields = {"conversation": said.conversation, "body": said.body}
            reply = await self.ask("message.send", op=op, **fields)
            if reply["ok"]:
                self._write_down(op, "message.send", fields, reply)
            elif reply["err"]["code"] not in (107, 108):
                raise Missing(f"{op} took effect, and now {reply['err']}")


async def customer(me: Someone) -> None:
    """Asks, talks, and asks again."""
    while True:
        await trio.sleep(me.chance.uniform(0, 0.3))
        if len(me.mine) < 2:
            queue = me.chance.choice(("one", "two"))
            topic = f"t{me.chance.randint(1, 1_000_000)}"
            reply = await me.do(
                "conversation.request", channel="chat", queue=queue, topic=topic, body="hello"
            )
            if reply["ok"]:
                me.mine[reply["conversation"]] = reply["status"]
        else:
            name = me.chance.choice(list(me.mine))
            await me.do("message.send", conversation=name, body="well")


async def agent(me: Someone) -> None:
    """Takes whatever is offered and ends it soon."""
    await me.ask("presence.set", show="available")
    while True:
        await trio.sleep(me.chance.uniform(0.1, 0.3))
        while me.offers:
            offer = me.offers.pop()
            reply = await me.ask("offer.accept", offer=offer)
            if reply["ok"]:
                me.ledger.accepted[offer] = me.name
        for name, status in list(me.mine.items()):
            if status == "active" and me.chance.random() < 0.2:
                reply = await me.ask("conversation.end", conversation=name)
                if reply["ok"]:
                    me.mine[name] = "ended"
                    me.ledger.ended.setdefault(name, me.name)
