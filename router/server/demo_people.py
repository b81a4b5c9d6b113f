"""Scripted agents and customers of the demo: ordinary clients over loopback WebSockets.

Owns: how they behave. Does not know: the server's inside; they use the protocol like anybody, so
that what the demo shows is what a real client gets.

Invariants: at most ``CUSTOMERS_MAX`` customers are there at a time, each for minutes; the same seed
asks in the same order; a person whose socket fails is gone or comes back, and never takes the demo
down.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import trio
import trio_websocket
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection

from router.server.demo_desk import HUMANS, SCRIPTED, DemoDesk
from router.server.demo_talk import TALKS, Talk, small_talk

__all__ = ["ScriptedAgent", "ScriptedCustomer", "play"]

ARRIVAL_S = 8.0
CUSTOMERS_MAX = 12
CONNECT_S = 10.0
CLOSE_S = 2.0
RETRY_S = 3.0
TALK_S = 300.0
RETRIES_IN_A_ROW_MAX = 20
TEAM_TOPIC = "team:floor"
SUBPROTOCOL = "fairline.v1.json"

_NAMES = ("Noor", "Piet", "Lena", "Mateo", "Yuki", "Amara", "Jonas", "Elif", "Louis", "Hana")

Message = dict[str, Any]


class Line:
    """One person's socket: numbers what they send, and hands on what arrives."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._count = 0
        self._arrived: deque[Message] = deque()

    async def send(self, kind: str, **fields: object) -> None:
        """Sends one command; its reply comes among the messages."""
        self._count += 1
        await self._socket.send_message(json.dumps({"t": kind, "id": self._count, **fields}))

    async def receive(self) -> Message | None:
        """The next message from the server, or None once the socket is closed."""
        while not self._arrived:
            try:
                frame = json.loads(await self._socket.get_message())
            except ConnectionClosed:
                return None
            self._arrived.extend(frame if isinstance(frame, list) else [frame])
        return self._arrived.popleft()


@asynccontextmanager
async def connect(port: int, role: str, token: str, **hello: object) -> AsyncIterator[Line]:
    """Opens a socket as somebody and says hello.

    Raises:
        HandshakeError: where the server is not there or does not want us.
    """
    origin = (b"Origin", b"http://127.0.0.1:%d" % port)
    with trio.fail_after(CONNECT_S):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(CONNECT_S):
                socket = await trio_websocket.wrap_client_stream(
                    nursery,
                    stream,
                    f"127.0.0.1:{port}",
                    "/v1/socket?tenant=demo",
                    subprotocols=[SUBPROTOCOL],
                    extra_headers=[origin] if role == "customer" else [],
                )
            line = Line(socket)
            client = {"name": "fairline-demo", "version": "1"}
            await line.send("hello", token=token, role=role, client=client, **hello)
            yield line
            with trio.move_on_after(CLOSE_S):
                await socket.aclose()
            nursery.cancel_scope.cancel()
    finally:
        # The library leaves the stream open where the other side went first.
        await trio.aclose_forcefully(stream)


class ScriptedAgent:
    """An agent who accepts after a few seconds, follows the script, and makes room for humans."""

    def __init__(self, name: str, desk: DemoDesk, chance: Random) -> None:
        self.name = name
        self._desk = desk
        self._chance = chance
        self._said: dict[str, int] = {}
        self._script: dict[str, tuple[str, ...]] = {}
        self._humans: dict[str, str] = {}
        self._show = "away"

    async def work(self, port: int) -> None:
        """Connects and answers until the socket closes."""
        token = self._desk.token(self.name, "agent")
        async with connect(port, "agent", token) as line, trio.open_nursery() as nursery:
            await line.send("sub", topic=TEAM_TOPIC, mode="full")
            while (message := await line.receive()) is not None:
                self._note_humans(message)
                await self._follow_humans(line)
                action = self._actions().get(message["t"])
                if action is not None:
                    nursery.start_soon(_quietly, action, line, message)
            nursery.cancel_scope.cancel()

    def _actions(self) -> dict[str, Callable[[Line, Message], Awaitable[None]]]:
        return {
            "welcome": self._begin,
            "offer.new": self._consider,
            "conversation.assigned": self._greet,
            "message": self._answer,
            "wrapup.started": self._wrap_up,
            "conversation.ended": self._forget,
            "presence.self": self._return,
        }

    def _note_humans(self, message: Message) -> None:
        for entry in message.get("set") or ():
            if entry["id"] in HUMANS:
                self._humans[entry["id"]] = entry["show"]
        for entry in message.get("gone") or ():
            self._humans.pop(entry["id"], None)

    async def _follow_humans(self, line: Line) -> None:
        """Leaves the work to an available human; the last of us stays for what they cannot take."""
        human_is_there = "available" in self._humans.values()
        wanted = "away" if human_is_there and self.name != SCRIPTED[-1] else "available"
        if wanted != self._show:
            self._show = wanted
            await line.send("presence.set", show=wanted)

    async def _begin(self, line: Line, welcome: Message) -> None:
        if not welcome.get("ok"):
            return
        await line.send("presence.set", show=self._show)
        for conversation in welcome["state"]["conversations"]:
            await line.send("conversation.end", conversation=conversation["conversation"])
        for offer in welcome["state"]["offers"]:
            await self._consider(line, offer)

    async def _return(self, line: Line, presence: Message) -> None:
        if presence.get("reason") == "missed" and self._show == "available":
            await line.send("presence.set", show="available")

    async def _consider(self, line: Line, offer: Message) -> None:
        talk = next((talk for talk in TALKS if talk.topic == offer.get("topic")), None)
        languages = tuple(offer["customer"].get("languages", ()))
        self._script[offer["conversation"]] = talk.agent if talk else small_talk(languages)
        await line.send("offer.seen", offer=offer["offer"])
        await trio.sleep(self._chance.uniform(1.5, 5))
        await line.send("offer.accept", offer=offer["offer"])

    async def _greet(self, line: Line, assigned: Message) -> None:
        await self._say_next(line, assigned["conversation"])

    async def _answer(self, line: Line, message: Message) -> None:
        if message["from"]["role"] == "customer" and message["conversation"] in self._said:
            await self._say_next(line, message["conversation"])

    async def _say_next(self, line: Line, conversation: str) -> None:
        script = self._script.get(conversation, small_talk(()))
        number = self._said.get(conversation, 0)
        self._said[conversation] = number + 1
        if number >= len(script):
            return
        await line.send("typing", conversation=conversation, on=True)
        await trio.sleep(self._chance.uniform(2, 4))
        op = f"{conversation}-{number}"
        await line.send("message.send", conversation=conversation, op=op, body=script[number])
        if number + 1 == len(script):
            await trio.sleep(self._chance.uniform(1.5, 2.5))
            await line.send("conversation.end", conversation=conversation)

    async def _wrap_up(self, line: Line, wrap_up: Message) -> None:
        await trio.sleep(self._chance.uniform(1, 3))
        await line.send("wrapup.complete", conversation=wrap_up["conversation"], code="solved")

    async def _forget(self, _: Line, ended: Message) -> None:
        self._script.pop(ended["conversation"], None)
        self._said.pop(ended["conversation"], None)


class ScriptedCustomer:
    """A customer who asks, waits for a while, answers by the script, and leaves."""

    def __init__(self, name: str, talk: Talk, desk: DemoDesk, chance: Random) -> None:
        self.name = name
        self._talk = talk
        self._desk = desk
        self._patience_s = chance.uniform(60, 120)
        self._pause_s = chance.uniform(2, 5)
        self._score = chance.choice((3, 4, 4, 5, 5, 5))
        self._class = chance.choice(("regular", "regular", "regular", "gold"))
        self._next = 1

    async def visit(self, port: int) -> None:
        """Asks one question; over when it is answered, or when patience runs out."""
        claims: dict[str, object] = {
            "name": self.name.partition("-")[0].capitalize(),
            "languages": [self._talk.language],
            "class": self._class,
            "verified": True,
        }
        token = self._desk.token(self.name, "customer", claims)
        languages = [self._talk.language]
        async with connect(port, "customer", token, languages=languages) as line:
            with trio.move_on_after(self._patience_s) as patience:
                await self._talk_it_over(line, patience)
            await line.send("bye", leave=True)

    async def _talk_it_over(self, line: Line, patience: trio.CancelScope) -> None:
        while (message := await line.receive()) is not None:
            kind = message["t"]
            if kind == "welcome":
                if not message.get("ok"):
                    return
                await self._ask(line)
            elif kind == "conversation.assigned":
                patience.deadline = trio.current_time() + TALK_S
            elif kind == "message" and message["from"]["role"] == "agent":
                await self._reply(line, message["conversation"])
            elif kind == "conversation.ended":
                conversation = message["conversation"]
                await line.send("rate", conversation=conversation, score=self._score)
                return

    async def _ask(self, line: Line) -> None:
        await line.send(
            "conversation.request",
            op=f"{self.name}-ask",
            queue=self._talk.queue,
            topic=self._talk.topic,
            channel="chat",
            languages=[{"tag": self._talk.language}],
            body=self._talk.customer[0],
        )

    async def _reply(self, line: Line, conversation: str) -> None:
        if self._next >= len(self._talk.customer):
            return
        await trio.sleep(self._pause_s)
        number, self._next = self._next, self._next + 1
        body = self._talk.customer[number]
        op = f"{self.name}-{number}"
        await line.send("message.send", conversation=conversation, op=op, body=body)


async def play(port: int, desk: DemoDesk, seed: int) -> None:
    """Plays agents and customers until it is cancelled."""
    chance = Random(seed)  # noqa: S311 - a play, not a secret
    limit = trio.CapacityLimiter(CUSTOMERS_MAX)
    async with trio.open_nursery() as nursery:
        for name in SCRIPTED:
            agent = ScriptedAgent(name, desk, Random(chance.random()))  # noqa: S311
            nursery.start_soon(_keep_working, agent, port)
        number = 0
        while True:
            number += 1
            name = f"{chance.choice(_NAMES).lower()}-{number}"
            customer = ScriptedCustomer(name, chance.choice(TALKS), desk, chance)
            if limit.available_tokens:
                nursery.start_soon(_visit, customer, port, limit)
            await trio.sleep(chance.uniform(0.5, 1.5) * ARRIVAL_S)


async def _visit(customer: ScriptedCustomer, port: int, limit: trio.CapacityLimiter) -> None:
    async with limit:
        await _quietly(customer.visit, port)


async def _keep_working(agent: ScriptedAgent, port: int) -> None:
    for _ in range(RETRIES_IN_A_ROW_MAX):
        await _quietly(agent.work, port)
        await trio.sleep(RETRY_S)


async def _quietly(act: Callable[..., Awaitable[None]], *arguments: object) -> None:
    """Does something whose failure is only this person's: a lost socket, a message with a hole."""
    try:
        await act(*arguments)
    except* (ConnectionClosed, HandshakeError, OSError, trio.TooSlowError, LookupError, ValueError):
        pass
