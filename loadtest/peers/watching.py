"""How people show that they come and go, and how others watch: with Fairline and over XMPP.

Owns: the few words of each protocol. Does not know: what is measured.

Invariant (tests/loadtest/test_watching.py): each change of a mover reaches each watcher who is
there, and is told once, with when it was sent.
"""

import base64
import re
from collections.abc import Callable
from typing import Protocol

import trio
from trio_websocket import ConnectionClosed

from loadtest.lean import LeanSocket, dial
from loadtest.tokens import Key, mint
from loadtest.wire import decode, encode

__all__ = ["FairlineFloor", "Floor", "Told", "XmppFloor"]

Told = Callable[[str], None]
"""Told a mover's name whenever a watcher hears of a change of theirs."""
_OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>'
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_FROM = re.compile(rb" from='([^'@]+)@")
_SHOWS = ("busy", "away")


class Floor(Protocol):
    """Movers and watchers of one server, all connected."""

    async def open(self, port: int, movers: int, watchers: int, told: Told) -> None:
        """Connects all; from then on ``told`` hears."""

    async def change(self, mover: int, number: int) -> str:
        """A mover shows something else than before; returns their name."""

    async def close(self) -> None:
        """Cuts all."""


class _Crowd:
    """The sockets, and a reader for each."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._movers: list[LeanSocket] = []
        self._watchers: list[LeanSocket] = []

    def _listen(self, socket: LeanSocket, take: Callable[[bytes], None]) -> None:
        self._nursery.start_soon(_read, socket, take)

    async def close(self) -> None:
        """See ``Floor``."""
        for socket in (*self._movers, *self._watchers):
            await socket.aclose()
        self._nursery.cancel_scope.cancel()


async def _read(socket: LeanSocket, take: Callable[[bytes], None]) -> None:
    while True:
        try:
            take(await socket.get_message())
        except ConnectionClosed:
            return


class FairlineFloor(_Crowd):
    """Agents change what they show; supervisors listen to the topic ``agents``."""

    def __init__(self, nursery: trio.Nursery, key: Key, tenant: str) -> None:
        super().__init__(nursery)
        self._key = key
        self._tenant = tenant

    async def open(self, port: int, movers: int, watchers: int, told: Told) -> None:
        """See ``Floor``."""

        def take(frame: bytes) -> None:
            for message in decode(frame):
                if message["t"] == "presence":
                    for entry in message["set"]:
                        told(entry["id"])

        for number in range(movers):
            socket = await self._enter(port, "agent", f"mover{number}")
            self._movers.append(socket)
            self._listen(socket, lambda _: None)
        for number in range(watchers):
            socket = await self._enter(port, "supervisor", f"watcher{number}")
            self._watchers.append(socket)
            await socket.send_message(encode({"t": "sub", "id": 2, "topic": "agents"}))
            await _until(socket, lambda each: each["t"] == "reply" and bool(each["ok"]))
            self._listen(socket, take)

    async def _enter(self, port: int, role: str, name: str) -> LeanSocket:
        socket = await dial(f"ws://127.0.0.1:{port}/v1/socket")
        token = mint(self._key, tenant=self._tenant, role=role, subject=name)
        client = {"name": "peers", "version": "1"}
        hello = {"t": "hello", "id": 1, "token": token, "role": role, "client": client}
        await socket.send_message(encode(hello))
        await _until(socket, lambda each: each["t"] == "welcome")
        return socket

    async def change(self, mover: int, number: int) -> str:
        """See ``Floor``."""
        show = _SHOWS[number % 2]
        message = {"t": "presence.set", "id": 10 + number, "show": show}
        await self._movers[mover].send_message(encode(message))
        return f"mover{mover}"


async def _until(socket: LeanSocket, wanted: Callable[[dict[str, object]], bool]) -> None:
    while not any(wanted(each) for each in decode(await socket.get_message())):
        pass


class XmppFloor(_Crowd):
    """Over WebSocket (RFC 7395): watchers have the movers in their rosters (RFC 6121)."""

    async def open(self, port: int, movers: int, watchers: int, told: Told) -> None:
        """See ``Floor``."""
        for number in range(movers):
            socket = await self._enter(port, f"mover{number}")
            self._movers.append(socket)
            self._listen(socket, lambda frame, socket=socket: self._agree(socket, frame))  # type: ignore[misc]
        for number in range(watchers):
            socket = await self._enter(port, f"watcher{number}")
            self._watchers.append(socket)
            await self._subscribe(socket, movers)
            self._listen(socket, lambda frame: _hear(frame, told))

    async def _enter(self, port: int, name: str) -> LeanSocket:
        socket = await dial(f"ws://127.0.0.1:{port}/ws", "xmpp")
        await socket.send_text(_OPEN)
        await _wait_for(socket, b"<stream:features")
        account = f"<username>{name}</username><password>x</password>"
        await socket.send_text(_iq(f'<query xmlns="jabber:iq:register">{account}</query>'))
        await _wait_for(socket, b"<iq", b"type='result'")
        secret = base64.b64encode(f"\0{name}\0x".encode()).decode()
        await socket.send_text(f'<auth xmlns="{_SASL}" mechanism="PLAIN">{secret}</auth>')
        await _wait_for(socket, b"<success")
        await socket.send_text(_OPEN)
        await _wait_for(socket, b"<stream:features")
        await socket.send_text(_iq('<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>'))
        await _wait_for(socket, b"<iq", b"<jid>")
        await socket.send_text('<presence xmlns="jabber:client"/>')
        await _wait_for(socket, b"<presence")
        return socket

    async def _subscribe(self, socket: LeanSocket, movers: int) -> None:
        """Asks each mover, and waits until all agreed and are seen."""
        for number in range(movers):
            await socket.send_text(_presence("subscribe", f"mover{number}"))
        left = movers
        while left:
            frame = await socket.get_message()
            left -= _is_seen(frame)

    def _agree(self, socket: LeanSocket, frame: bytes) -> None:
        who = _FROM.search(frame)
        if who is not None and frame.startswith(b"<presence") and b"type='subscribe'" in frame:
            answer = _presence("subscribed", who[1].decode())
            self._nursery.start_soon(socket.send_text, answer)

    async def change(self, mover: int, number: int) -> str:
        """See ``Floor``."""
        show = ("dnd", "away")[number % 2]
        text = f'<presence xmlns="jabber:client"><show>{show}</show></presence>'
        await self._movers[mover].send_text(text)
        return f"mover{mover}"


def _iq(child: str) -> str:
    return f'<iq xmlns="jabber:client" type="set" id="1">{child}</iq>'


def _presence(kind: str, name: str) -> str:
    return f'<presence xmlns="jabber:client" type="{kind}" to="{name}@localhost"/>'


def _is_seen(frame: bytes) -> bool:
    return frame.startswith(b"<presence") and b" type=" not in frame.partition(b">")[0]


def _hear(frame: bytes, told: Told) -> None:
    who = _FROM.search(frame)
    if who is not None and _is_seen(frame) and who[1].startswith(b"mover"):
        told(who[1].decode())


async def _wait_for(socket: LeanSocket, beginning: bytes, *parts: bytes) -> None:
    """Passes over what comes before; an error of the server ends it.

    Raises:
        RuntimeError: it refused.
    """
    while True:
        frame = await socket.get_message()
        if b"<failure" in frame or b"type='error'" in frame:
            raise RuntimeError(f"refused: {frame!r}")
        if frame.startswith(beginning) and all(part in frame for part in parts):
            return
