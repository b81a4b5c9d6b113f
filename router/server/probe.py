"""Plays one conversation through, from outside: a customer asks, an agent serves.

Owns: the two players' sockets, what they say in which order, and that they leave nothing behind.
Does not know: who lends the players, what is done with the times.

Invariants (tests/server/test_probe.py): each step waits for what the other side really got; an
offer of any other conversation than its own is never accepted; whatever breaks, both players sign
out, and a player who cannot (killed) is signed out by the server (``rehearsal.GRACE_MS``).
"""

import contextlib
import json
import secrets
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import trio
import trio_websocket

from router.server.findings import Findings, Ill, Said
from router.server.rehearsal import Lent, Player

__all__ = ["STEPS", "open_stream", "rehearse"]

GOODBYE_S = 2.0
HELLO = "Hello from fairline doctor."
ANSWER = "Hello, all is well here."

_SOCKET = "a proxy in front must pass upgrades of /v1/socket on (docs/operations.md)"
_JOURNAL = "look for journal.unavailable in the server's log: is the disk full?"
_ROUTING = "look for core.broke and hub.failed in the server's log"
STEPS = {
    "agent signs in": _SOCKET,
    "customer signs in": _SOCKET,
    "agent is available": _JOURNAL,
    "customer asks": _JOURNAL,
    "agent gets the offer": _ROUTING,
    "agent accepts": _ROUTING,
    "customer's message": _ROUTING,
    "agent's message": _ROUTING,
    "agent ends it": _ROUTING,
    "both leave": _JOURNAL,
}
"""Every step, and where to look when it fails in silence."""


_Socket = trio_websocket.WebSocketConnection
_Context = ssl.SSLContext | None


class _Line:
    """One player's socket, opened at the first word; a task of its own holds it."""

    def __init__(
        self, role: str, player: Player, nursery: trio.Nursery, url: str, context: _Context
    ) -> None:
        self._role = role
        self._player = player
        self._nursery = nursery
        self._url = url
        self._context = context
        self._socket: _Socket | None = None
        self._is_over = trio.Event()
        self._inbox: list[dict[str, Any]] = []
        self._number = 0

    async def sign_in(self) -> Said:
        """Connects and says hello."""
        self._socket = await self._nursery.start(self._hold)
        client = {"name": "fairline doctor", "version": "1"}
        welcome = await self.ask("hello", token=self._player.token, role=self._role, client=client)
        return Said(f"node {welcome['server']['node']}")

    async def _hold(self, *, task_status: trio.TaskStatus[_Socket]) -> None:
        stream = await open_stream(self._url, self._context)
        parts = urlsplit(self._url)
        try:
            async with trio.open_nursery() as nursery:
                socket = await trio_websocket.wrap_client_stream(
                    nursery, stream, parts.netloc, parts.path, subprotocols=["fairline.v1.json"]
                )
                task_status.started(socket)
                await self._is_over.wait()
                nursery.cancel_scope.cancel()
        finally:
            await trio.aclose_forcefully(stream)

    async def leave(self) -> None:
        """Signs out, if signed in."""
        if self._socket is None or self._is_over.is_set():
            return
        try:
            with contextlib.suppress(Ill, trio_websocket.ConnectionClosed):
                await self.ask("bye", leave=True)
        finally:
            self._is_over.set()

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Sends a command and returns its reply.

        Raises:
            Ill: it was refused.
        """
        self._number += 1
        number = self._number
        assert self._socket is not None, "sign_in comes first"
        await self._socket.send_message(json.dumps({"t": kind, "id": number, **fields}))
        reply = await self.until("welcome" if kind == "hello" else "reply", id=number)
        if not reply["ok"]:
            error = reply["err"]
            raise Ill(f"{kind} was refused: {error['code']} {error['name']}: {error['msg']}")
        return reply

    async def until(self, kind: str, **fields: object) -> dict[str, Any]:
        """Reads until such a message, or a reply that refuses."""
        while True:
            message = await self._next()
            is_kind = message["t"] == kind or (message["t"] == "reply" and not message["ok"])
            if is_kind and all(message.get(name) == value for name, value in fields.items()):
                return message

    async def _next(self) -> dict[str, Any]:
        while not self._inbox:
            assert self._socket is not None, "sign_in comes first"
            frame = json.loads(await self._socket.get_message())
            self._inbox = frame if isinstance(frame, list) else [frame]
        return self._inbox.pop(0)


class _Scene:
    """The play, a method for each step; the order is that of ``STEPS``."""

    def __init__(self, lent: Lent, agent: _Line, customer: _Line) -> None:
        self._lent = lent
        self._agent = agent
        self._customer = customer
        self._conversation = ""
        self._offer = ""

    def acts(self) -> Sequence[Callable[[], Awaitable[Said]]]:
        """What is done in each step of ``STEPS``."""
        return (
            self._agent.sign_in,
            self._customer.sign_in,
            self._agent_is_available,
            self._customer_asks,
            self._agent_gets_the_offer,
            self._agent_accepts,
            self._customers_message,
            self._agents_message,
            self._agent_ends_it,
            self._both_leave,
        )

    async def _agent_is_available(self) -> Said:
        await self._agent.ask("presence.set", show="available")
        return Said()

    async def _customer_asks(self) -> Said:
        reply = await self._customer.ask(
            "conversation.request",
            op=secrets.token_hex(12),
            queue=self._lent.queue,
            channel="chat",
            needs=[{"skill": self._lent.skill, "level": 100}],
            body=HELLO,
        )
        self._conversation = reply["conversation"]
        return Said(f"conversation {self._conversation}")

    async def _agent_gets_the_offer(self) -> Said:
        offered = await self._agent.until("offer.new")
        while offered["conversation"] != self._conversation:  # left in line by one who was killed
            await self._agent.ask("offer.decline", offer=offered["offer"])
            offered = await self._agent.until("offer.new")
        self._offer = offered["offer"]
        await self._agent.ask("offer.seen", offer=self._offer)
        return Said()

    async def _agent_accepts(self) -> Said:
        await self._agent.ask("offer.accept", offer=self._offer)
        await self._customer.until("conversation.assigned", conversation=self._conversation)
        return Said()

    async def _customers_message(self) -> Said:
        return await self._say(self._customer, self._agent, HELLO)

    async def _agents_message(self) -> Said:
        return await self._say(self._agent, self._customer, ANSWER)

    async def _say(self, speaker: _Line, hearer: _Line, body: str) -> Said:
        reply = await speaker.ask(
            "message.send", conversation=self._conversation, op=secrets.token_hex(12), body=body
        )
        heard = await hearer.until("message", conversation=self._conversation, seq=reply["seq"])
        if heard["body"] != body:
            raise Ill("another text arrived than was sent", "this is a fault of Fairline's")
        return Said()

    async def _agent_ends_it(self) -> Said:
        await self._agent.ask("conversation.end", conversation=self._conversation)
        await self._customer.until("conversation.ended", conversation=self._conversation)
        return Said()

    async def _both_leave(self) -> Said:
        await self._agent.leave()
        await self._customer.leave()
        return Said()


async def open_stream(
    url: str, context: _Context
) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    """Connects to the host of an address; with a context, by TLS."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if context is None:
        return await trio.open_tcp_stream(host, parts.port or 80)
    return await trio.open_ssl_over_tcp_stream(host, parts.port or 443, ssl_context=context)


async def rehearse(
    findings: Findings, url: str, lent: Lent, context: ssl.SSLContext | None
) -> None:
    """Plays the conversation, a finding for each step; after one that fails the rest is skipped."""
    async with trio.open_nursery() as nursery:
        agent = _Line("agent", lent.agent, nursery, url, context)
        customer = _Line("customer", lent.customer, nursery, url, context)
        try:
            await _play(findings, _Scene(lent, agent, customer))
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(GOODBYE_S):
                await agent.leave()
                await customer.leave()


async def _play(findings: Findings, scene: _Scene) -> None:
    before = ""
    for (step, mend), look in zip(STEPS.items(), scene.acts(), strict=True):
        await findings.step(step, look, needs=[before] if before else (), mend=mend)
        before = step
