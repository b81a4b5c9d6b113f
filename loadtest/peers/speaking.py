"""How a pair speaks with each kind of server: enter a room, say something, hear the other.

Owns: the few words of each protocol. Does not know: what is measured.

Invariant (tests/loadtest/test_peers.py): what one side says the other hears, and who said it gets
an answer, with every server.
"""

from collections.abc import Callable
from typing import Any, Protocol

from loadtest.lean import LeanSocket, dial
from loadtest.tokens import Key, mint
from loadtest.wire import decode, encode

__all__ = ["BarePair", "FairlinePair", "Pair", "SocketIoPair"]

BODY = "I have looked at your bill, and the second charge was ours to refund."


class Pair(Protocol):
    """Two connected sides of a conversation."""

    async def open(self, port: int, room: int) -> None:
        """Connects both."""

    async def say(self) -> None:
        """One side speaks; returns when it was answered and the other has heard it."""

    async def close(self) -> None:
        """Cuts both, once both were connected."""


class _Both:
    """The two sockets of a pair."""

    _near: LeanSocket
    _far: LeanSocket

    async def close(self) -> None:
        """See ``Pair``."""
        await self._near.aclose()
        await self._far.aclose()


class BarePair(_Both):
    """With a relay that knows rooms from its paths."""

    async def open(self, port: int, room: int) -> None:
        """See ``Pair``."""
        self._near = await dial(f"ws://127.0.0.1:{port}/{room}/near", "")
        self._far = await dial(f"ws://127.0.0.1:{port}/{room}/far", "")

    async def say(self) -> None:
        """See ``Pair``."""
        await self._near.send_text(BODY)
        await self._near.get_message()
        await self._far.get_message()


class SocketIoPair(_Both):
    """With socket.io over WebSocket: engine.io packets 0 to 6, socket.io packets behind the 4."""

    async def open(self, port: int, room: int) -> None:
        """See ``Pair``."""
        self._near = await self._enter(port, room)
        self._far = await self._enter(port, room)
        self._count = 0

    async def _enter(self, port: int, room: int) -> LeanSocket:
        path = f"/socket.io/?EIO=4&transport=websocket&room={room}"
        socket = await dial(f"ws://127.0.0.1:{port}{path}", "")
        await socket.get_message()  # 0{...}: open
        await socket.send_text("40")
        await _hear(socket, b"40")
        return socket

    async def say(self) -> None:
        """See ``Pair``."""
        self._count += 1
        await self._near.send_text(f'42{self._count}["say","{BODY}"]')
        await _hear(self._near, b"43")
        await _hear(self._far, b"42")


async def _hear(socket: LeanSocket, beginning: bytes) -> None:
    """The next packet of a kind; pings of engine.io are answered."""
    while not (packet := await socket.get_message()).startswith(beginning):
        if packet == b"2":
            await socket.send_text("3")


class FairlinePair(_Both):
    """An agent and a customer in an active conversation."""

    def __init__(self, key: Key, tenant: str) -> None:
        self._key = key
        self._tenant = tenant
        self._count = 10

    async def open(self, port: int, room: int) -> None:
        """See ``Pair``."""
        self._near = await self._enter(port, "agent", f"agent{room}", skills={"all": 100})
        await _send(self._near, t="presence.set", id=2, show="available")
        await _until(self._near, _is("reply", 2))
        self._far = await self._enter(port, "customer", f"customer{room}")
        await _send(self._far, t="conversation.request", id=2, op="r", channel="chat")
        offer = await _until(self._near, lambda each: each["t"] == "offer.new")
        self._conversation = offer["conversation"]
        await _send(self._near, t="offer.seen", id=3, offer=offer["offer"])
        await _until(self._near, lambda each: each["t"] == "conversation.assigned")
        await _until(self._far, lambda each: each["t"] == "conversation.assigned")
        await _send(self._near, t="presence.set", id=4, show="busy")
        await _until(self._near, _is("reply", 4))

    async def _enter(self, port: int, role: str, name: str, **claims: object) -> LeanSocket:
        socket = await dial(f"ws://127.0.0.1:{port}/v1/socket")
        token = mint(self._key, tenant=self._tenant, role=role, subject=name, **claims)
        client = {"name": "peers", "version": "1"}
        await _send(socket, t="hello", id=1, token=token, role=role, client=client)
        await _until(socket, _is("welcome", 1))
        return socket

    async def say(self) -> None:
        """See ``Pair``."""
        self._count += 1
        number, conversation = self._count, self._conversation
        await _send(
            self._near,
            t="message.send",
            id=number,
            op=f"m{number}",
            conversation=conversation,
            body=BODY,
        )
        await _until(self._near, _is("reply", number))
        await _until(self._far, lambda each: each["t"] == "message")


def _is(kind: str, number: int) -> Callable[[dict[str, Any]], bool]:
    return lambda each: each["t"] == kind and each.get("id") == number


async def _send(socket: LeanSocket, **message: object) -> None:
    await socket.send_message(encode(message))


async def _until(socket: LeanSocket, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message that is wanted.

    Raises:
        RuntimeError: a command was refused.
    """
    while True:
        for message in decode(await socket.get_message()):
            if message.get("ok") is False:
                raise RuntimeError(f"refused: {message}")
            if wanted(message):
                return message
