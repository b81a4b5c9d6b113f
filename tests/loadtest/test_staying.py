"""A command outlives the connection that it was sent on."""

import contextlib
import random
from typing import Any

import msgpack
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from loadtest.lean import RefusedError
from loadtest.notes import Notes
from loadtest.staying import Crew, Person
from loadtest.tokens import Key
from loadtest.wire import SUBPROTOCOL
from tests.helpers.loads import scenario
from tests.helpers.scripted_server import KID, SECRET

Message = dict[str, Any]


class Guest(Person):
    """Who does nothing of their own."""

    role = "customer"


async def test_a_command_is_sent_again_under_its_op_until_it_is_answered() -> None:
    heard: list[Message] = []
    devices: list[str] = []

    async def serve(request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol=SUBPROTOCOL)
        try:
            while True:
                message = msgpack.unpackb(await socket.get_message())
                reply = {"t": "reply", "id": message["id"], "ok": True}
                if message["t"] == "hello":
                    devices.append(message["client"]["device"])
                    reply |= {"t": "welcome", "pos": 1, "state": {}}
                else:
                    heard.append(message)
                    if len(heard) == 1:
                        return  # cut, without an answer
                await socket.send_message(msgpack.packb(reply))
        except ConnectionClosed:
            pass

    notes = Notes(0)
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, serve, "127.0.0.1", 0, None)
        url = f"ws://127.0.0.1:{server.port}/v1/socket"
        keys, chance = [Key(KID, SECRET)], random.Random(1)
        crew = Crew(scenario(), (url,), keys, notes, chance, "r", nursery)
        notes.faults.is_excused = True
        guest = Guest(crew, "ada", 0)
        nursery.start_soon(guest.stay)
        with trio.fail_after(10):
            reply = await guest.do("message.send", op=guest.op(), body="hello")
        nursery.cancel_scope.cancel()
    assert reply["ok"]
    assert [(one["op"], one["body"]) for one in heard] == [(heard[0]["op"], "hello")] * 2
    assert devices[0] == devices[1]
    assert sum(notes.faults.excused.values()) == 1
    assert notes.sheet.connections == 2


async def test_what_is_said_tells_how_long_it_took() -> None:
    notes = Notes(0)
    async with trio.open_nursery() as nursery:
        crew = Crew(scenario(), (), [], notes, random.Random(1), "r", nursery)
        guest = Guest(crew, "ada", 0)
        guest.hear_body(guest.say_body())
        guest.hear_body("what somebody else wrote")
    assert list(notes.latencies.encoded()) == ["message"]


async def test_on_a_server_that_was_there_before_customers_are_new_and_agents_who_they_were() -> (
    None
):
    async with trio.open_nursery() as nursery:
        notes = Notes(0)
        names = {"tenants": ("acme", "beta"), "guests": "7f-"}
        crew = Crew(scenario(), (), [], notes, random.Random(1), "r", nursery, **names)  # type: ignore[arg-type]
        assert [crew.tenant(number) for number in (0, 1)] == ["acme", "beta"]
        assert crew.subject("customer", "guest-3") == "7f-guest-3"
        assert crew.subject("agent", "all-3") == "all-3"


async def test_whoever_is_refused_by_one_node_tries_the_next_and_stays_with_it() -> None:
    let_in: list[str] = []

    async def serve(request: WebSocketRequest) -> None:
        let_in.append(str(request.local))
        socket = await request.accept(subprotocol=SUBPROTOCOL)
        with contextlib.suppress(ConnectionClosed):
            await socket.get_message()

    async def stand_by(request: WebSocketRequest) -> None:
        await request.reject(503)

    async with trio.open_nursery() as nursery:
        servers = [
            await nursery.start(serve_websocket, each, "127.0.0.1", 0, None)
            for each in (stand_by, serve)
        ]
        urls = tuple(f"ws://127.0.0.1:{server.port}/v1/socket" for server in servers)
        crew = Crew(scenario(), urls, [], Notes(0), random.Random(1), "r", nursery)
        for _ in range(2):
            await (await crew.dial()).aclose()
        assert len(let_in) == 2
        assert crew.urls == (urls[1], urls[0])
        crew.urls = (urls[0], urls[0])
        with pytest.raises(RefusedError) as refused:
            await crew.dial()
        assert refused.value.why == "503"
        nursery.cancel_scope.cancel()
