"""The scripted people against a hand-played server: this file says what the server would say."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from router.server.auth import Authenticator
from router.server.clock import Clock
from router.server.demo_desk import DemoDesk, demo_settings
from router.server.demo_people import ScriptedAgent, ScriptedCustomer, play
from router.server.demo_talk import TALKS
from router.server.settings import Settings

TALK = TALKS[0]
Message = dict[str, Any]


class HandPlayed:
    """The server's side of one socket."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket

    async def expect(self, kind: str) -> Message:
        """The next command of this type; others are passed over."""
        while True:
            message: Message = json.loads(await self._socket.get_message())
            if message["t"] == kind:
                return message

    async def say(self, kind: str, **fields: object) -> None:
        await self._socket.send_message(json.dumps({"t": kind, **fields}))

    async def welcome(self) -> Message:
        hello = await self.expect("hello")
        state: dict[str, list[object]] = {"offers": [], "conversations": []}
        await self.say("welcome", id=hello["id"], ok=True, state=state)
        return hello


class Quick(Random):
    """Chance without waiting: every span is as short as can be."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, 0.01) if b < 60 else b


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return demo_settings(tmp_path, 8080)


@asynccontextmanager
async def _server(part: Callable[[HandPlayed], Awaitable[None]]) -> AsyncIterator[int]:
    async def accept(request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol="fairline.v1.json")
        try:
            await part(HandPlayed(socket))
        except ConnectionClosed:
            return
        await socket.aclose()

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, accept, "127.0.0.1", 0, None)
        yield server.port
        nursery.cancel_scope.cancel()


async def test_a_customer_asks_answers_by_the_script_rates_and_says_goodbye(
    settings: Settings,
) -> None:
    seen: list[Message] = []

    async def part(server: HandPlayed) -> None:
        hello = await server.welcome()
        identity = Authenticator(settings).verify(hello["token"], Clock().wall_ms())
        assert (identity.role, identity.claims.verified) == ("customer", True)
        seen.append(await server.expect("conversation.request"))
        await server.say("conversation.assigned", conversation="c1", assignment="a1")
        for line in TALK.agent:
            sender = {"id": "dana", "role": "agent"}
            await server.say("message", conversation="c1", body=line, **{"from": sender})
        seen.extend([await server.expect("message.send") for _ in TALK.customer[1:]])
        await server.say("conversation.ended", conversation="c1", reason="agent")
        seen.append(await server.expect("rate"))
        seen.append(await server.expect("bye"))

    customer = ScriptedCustomer("noor-1", TALK, DemoDesk(settings, Clock()), Quick(1))
    async with _server(part) as port:
        with trio.fail_after(10):
            await customer.visit(port)
    request, *messages, rate, bye = seen
    assert (request["queue"], request["topic"], request["body"]) == (
        TALK.queue, TALK.topic, TALK.customer[0],
    )  # fmt: skip
    assert [message["body"] for message in messages] == list(TALK.customer[1:])
    assert len({message["op"] for message in (request, *messages)}) == 3
    assert 1 <= rate["score"] <= 5
    assert bye["leave"] is True


async def test_a_customer_whose_hello_is_refused_goes_home(settings: Settings) -> None:
    async def part(server: HandPlayed) -> None:
        hello = await server.expect("hello")
        await server.say("reply", id=hello["id"], ok=False)
        await server.say("welcome", id=hello["id"], ok=False)
        await server.expect("bye")

    customer = ScriptedCustomer("noor-1", TALK, DemoDesk(settings, Clock()), Quick(1))
    async with _server(part) as port:
        with trio.fail_after(10):
            await customer.visit(port)
    assert customer.name == "noor-1"


async def test_an_agent_takes_an_offer_follows_the_script_and_wraps_up(settings: Settings) -> None:
    said: list[str] = []
    done: list[Message] = []

    async def part(server: HandPlayed) -> None:
        await server.welcome()
        assert (await server.expect("sub"))["topic"] == "team:floor"
        assert (await server.expect("presence.set"))["show"] == "available"
        card = {"id": "noor", "languages": ["en"]}
        await server.say(
            "offer.new", offer="o1", conversation="c1", customer=card, topic=TALK.topic
        )
        assert (await server.expect("offer.seen"))["offer"] == "o1"
        assert (await server.expect("offer.accept"))["offer"] == "o1"
        await server.say("conversation.assigned", conversation="c1", customer=card)
        for _ in TALK.agent:
            said.append((await server.expect("message.send"))["body"])
            sender = {"id": "noor", "role": "customer"}
            await server.say("message", conversation="c1", body="hm", **{"from": sender})
        done.append(await server.expect("conversation.end"))
        await server.say("wrapup.started", conversation="c1", wrap_up_ms=9)
        done.append(await server.expect("wrapup.complete"))

    agent = ScriptedAgent("dana", DemoDesk(settings, Clock()), Quick(1))
    async with _server(part) as port:
        with trio.fail_after(20):
            await agent.work(port)
    assert said == list(TALK.agent)
    assert [message["conversation"] for message in done] == ["c1", "c1"]


async def test_agents_step_back_while_a_human_is_available(settings: Settings) -> None:
    shows: list[str] = []

    async def part(server: HandPlayed) -> None:
        await server.welcome()
        shows.append((await server.expect("presence.set"))["show"])
        await server.expect("presence.set")  # said again once welcome is read
        human = {"id": "alice", "show": "available", "since_at": 1}
        await server.say("presence", pos=1, topic="team:floor", set=[human], gone=[])
        shows.append((await server.expect("presence.set"))["show"])
        gone = [{"id": "alice", "reason": "signed_out"}]
        await server.say("presence", pos=2, topic="team:floor", set=[], gone=gone)
        shows.append((await server.expect("presence.set"))["show"])

    agent = ScriptedAgent("dana", DemoDesk(settings, Clock()), Quick(1))
    async with _server(part) as port:
        with trio.fail_after(10):
            await agent.work(port)
    assert shows == ["available", "away", "available"]


async def test_the_play_goes_on_without_a_server_and_stays_bounded(settings: Settings) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    with trio.move_on_after(0.3) as scope:
        await play(port, DemoDesk(settings, Clock()), seed=7)
    assert scope.cancelled_caught


async def test_the_same_seed_asks_the_same_in_the_same_order(settings: Settings) -> None:
    desk = DemoDesk(settings, Clock())
    casts = []
    for _ in range(2):
        chance = Random(7)
        people = [ScriptedCustomer("a-1", chance.choice(TALKS), desk, chance) for _ in range(9)]
        casts.append([(one._talk, one._class, one._score, one._patience_s) for one in people])
    assert casts[0] == casts[1]
    assert len({talk.topic for talk, *_ in casts[0]}) > 3
