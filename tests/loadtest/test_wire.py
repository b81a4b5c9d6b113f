"""One connection against a peer that is scripted frame by frame, over loopback."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from loadtest.faults import Faults
from loadtest.wire import (
    SUBPROTOCOL,
    Connection,
    FrameUnreadableError,
    Message,
    PartOverError,
    converse,
    decode,
    encode,
)

Script = Callable[[WebSocketConnection], Awaitable[None]]


@asynccontextmanager
async def peer(script: Script, *, subprotocol: str | None = SUBPROTOCOL) -> AsyncIterator[str]:
    """Serves every connection by the script, for at most five seconds."""

    async def handle(request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol=subprotocol)
        try:
            await script(socket)
        except ConnectionClosed:
            return

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            server = await nursery.start(serve_websocket, handle, "127.0.0.1", 0, None)
            yield f"ws://127.0.0.1:{server.port}/v1/socket"
            nursery.cancel_scope.cancel()


class Person:
    """A connection, its faults and the events that it read."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.events: list[Message] = []
        self.connection = Connection(
            who="somebody", faults=self.faults, on_event=self.events.append, op_prefix="run"
        )

    async def speak(self, url: str, body: Callable[[], Awaitable[None]]) -> None:
        await converse(url, self.connection, self.faults, body)


async def receive(socket: WebSocketConnection) -> Message:
    message: Message = msgpack.unpackb(await socket.get_message())
    return message


async def send(socket: WebSocketConnection, *messages: Message) -> None:
    await socket.send_message(msgpack.packb(messages[0] if len(messages) == 1 else messages))


async def answer_all(socket: WebSocketConnection) -> None:
    while True:
        command = await receive(socket)
        await send(socket, {"t": "reply", "id": command["id"], "ok": True, "echo": command["t"]})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("text", "a text frame"),
        (b"\xc1", "not MessagePack"),
        (b"\x81", "not MessagePack"),
        (msgpack.packb([]), "0 messages"),
        (msgpack.packb([{"t": "beat"}] * 17), "17 messages"),
        (msgpack.packb([1]), "no map with a type"),
        (msgpack.packb({"kind": "beat"}), "no map with a type"),
    ],
)
def test_a_frame_that_is_no_message_is_refused(content: bytes | str, complaint: str) -> None:
    with pytest.raises(FrameUnreadableError, match=complaint):
        decode(content)


def test_a_frame_holds_one_message_or_up_to_sixteen() -> None:
    message = {"t": "offer.new", "pos": 3, "why": ["ü"], "big": 2**60}

    assert decode(encode(message)) == [message]
    assert decode(msgpack.packb([message] * 16)) == [message] * 16


async def test_replies_find_their_commands_in_any_order() -> None:
    async def backwards(socket: WebSocketConnection) -> None:
        commands = [await receive(socket) for _ in range(3)]
        replies = [
            {"t": "reply", "id": one["id"], "ok": True, "echo": one["t"]} for one in commands[::-1]
        ]
        await send(socket, *replies)
        await receive(socket)

    person = Person()
    heard: dict[str, Any] = {}

    async def ask(kind: str) -> None:
        heard[kind] = await person.connection.demand(kind)

    async def body() -> None:
        async with trio.open_nursery() as nursery:
            for kind in ("a", "b", "c"):
                nursery.start_soon(ask, kind)

    async with peer(backwards) as url:
        await person.speak(url, body)

    assert {kind: reply["echo"] for kind, reply in heard.items()} == {"a": "a", "b": "b", "c": "c"}
    assert sorted(reply["id"] for reply in heard.values()) == [1, 2, 3]
    assert person.faults.counts == {}


async def test_then_runs_before_the_next_event_is_read() -> None:
    async def reply_and_event(socket: WebSocketConnection) -> None:
        command = await receive(socket)
        reply = {"t": "reply", "id": command["id"], "ok": True}
        await send(socket, reply, {"t": "offer.new", "pos": 1})
        await receive(socket)

    person = Person()
    seen_at_reply: list[int] = []

    async def body() -> None:
        await person.connection.demand("x", then=lambda _: seen_at_reply.append(len(person.events)))

    async with peer(reply_and_event) as url:
        await person.speak(url, body)

    assert seen_at_reply == [0]
    assert len(person.events) == 1


async def test_operations_are_unique_and_short() -> None:
    connection = Person().connection
    made = [connection.op() for _ in range(100)]

    assert len(set(made)) == 100
    assert max(map(len, made)) <= 64


async def test_a_refusal_is_counted_by_command_and_name() -> None:
    async def refuse(socket: WebSocketConnection) -> None:
        command = await receive(socket)
        error = {"code": 106, "name": "limit_exceeded", "msg": "no", "retry": "no"}
        await send(socket, {"t": "reply", "id": command["id"], "ok": False, "err": error})
        await receive(socket)

    person = Person()

    async def body() -> None:
        with pytest.raises(PartOverError):
            await person.connection.demand("conversation.request")

    async with peer(refuse) as url:
        await person.speak(url, body)

    assert person.faults.counts == {"refused.conversation.request.limit_exceeded": 1}


async def test_a_close_that_nobody_asked_for_ends_the_part_and_is_counted() -> None:
    async def cut(socket: WebSocketConnection) -> None:
        await send(socket, {"t": "disconnect", "code": 4200, "reason": "overloaded"})
        await socket.aclose(4200)

    person = Person()
    async with peer(cut) as url:
        await person.speak(url, trio.sleep_forever)

    assert person.faults.counts == {"closed.4200": 1}
    assert "disconnect 4200 'overloaded'" in person.faults.examples["closed.4200"][0]


async def test_the_close_after_bye_is_expected() -> None:
    async def part(socket: WebSocketConnection) -> None:
        command = await receive(socket)
        await send(socket, {"t": "reply", "id": command["id"], "ok": True})
        await socket.aclose(1000)

    person = Person()
    async with peer(part) as url:
        await person.speak(url, person.connection.bye)

    assert person.faults.counts == {}


@pytest.mark.parametrize(
    ("messages", "kind"),
    [
        ([{"t": "reply", "id": 99, "ok": True}], "reply.unexpected"),
        ([{"t": "reply", "id": 0, "ok": False}], "reply.unexpected"),
        ([{"t": "reply", "id": 1, "ok": "yes"}], "reply.malformed"),
        ([{"t": "offer.new"}], "event.without_pos"),
        ([{"t": "offer.new", "pos": 9}, {"t": "offer.ended", "pos": 8}], "event.order"),
    ],
)
async def test_what_breaks_the_contract_is_counted(messages: list[Message], kind: str) -> None:
    person = Person()

    async def body() -> None:
        await person.connection.ask("x")
        await person.connection.ask("y")

    async def say_and_answer(socket: WebSocketConnection) -> None:
        await receive(socket)
        await send(socket, *messages)
        await send(socket, {"t": "reply", "id": 1, "ok": True})
        await send(socket, {"t": "reply", "id": (await receive(socket))["id"], "ok": True})
        await receive(socket)

    async with peer(say_and_answer) as url:
        await person.speak(url, body)

    assert kind in person.faults.counts


async def test_coalesced_events_may_come_late_and_unknown_ones_are_let_through() -> None:
    events = [
        {"t": "offer.new", "pos": 9},
        {"t": "queue.position", "pos": 4},
        {"t": "beat", "at": 1},
        {"t": "something.new", "pos": 5},
    ]

    async def say(socket: WebSocketConnection) -> None:
        command = await receive(socket)
        await send(socket, *events, {"t": "reply", "id": command["id"], "ok": True})
        await receive(socket)

    person = Person()

    async def body() -> None:
        await person.connection.demand("x")

    async with peer(say) as url:
        await person.speak(url, body)

    assert person.events == events
    assert person.faults.counts == {}


async def test_an_expiring_token_is_renewed_on_the_open_socket() -> None:
    commands: list[Message] = []
    is_renewed = trio.Event()

    async def expire(socket: WebSocketConnection) -> None:
        hello = await receive(socket)
        await send(socket, {"t": "welcome", "id": hello["id"], "ok": True, "pos": 1})
        await send(socket, {"t": "token.expiring", "expires_ms": 60_000})
        commands.extend([hello, await receive(socket)])
        await send(socket, {"t": "reply", "id": commands[1]["id"], "ok": True})
        is_renewed.set()
        await receive(socket)

    person = Person()
    tokens = iter(["first", "second"])

    async def body() -> None:
        await person.connection.hello("agent", lambda: next(tokens))
        await is_renewed.wait()

    async with peer(expire) as url:
        await person.speak(url, body)

    assert [(one["t"], one["token"]) for one in commands] == [
        ("hello", "first"),
        ("token.refresh", "second"),
    ]


async def test_a_port_where_nobody_listens_is_a_fault_and_no_crash() -> None:
    async with peer(answer_all) as url:
        pass
    person = Person()

    await person.speak(url, trio.sleep_forever)

    assert list(person.faults.counts) == ["connect.OSError"]


async def test_a_server_that_picks_no_subprotocol_is_a_fault() -> None:
    person = Person()

    async with peer(answer_all, subprotocol=None) as url:
        await person.speak(url, trio.sleep_forever)

    assert list(person.faults.counts) == ["connect.subprotocol"]
