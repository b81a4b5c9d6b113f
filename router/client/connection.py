"""One person's, or service's, connection to a Fairline server, on trio or asyncio.

Owns: the WebSocket with its reconnects, the token, ids and ``op`` keys, what was seen so far.
Does not know: what a conversation is, or what the program wants.

Invariants (tests/client/test_connection.py): a kept command is sent until it is answered, with one
``op``; after close codes of the 45xx band nothing is sent any more; every connection begins with a
``Welcome`` among the events, which is the whole truth: replace what you have by it; what is raised
in the block of ``connect`` leaves it as it is, in no group.

The transport is httpx-ws, which needs no event loop of its own kind.
"""

import logging
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakSet

import anyio
import httpx
import msgspec
from httpx_ws import (
    AsyncWebSocketSession,
    HTTPXWSException,
    WebSocketDisconnect,
    WebSocketUpgradeError,
    aconnect_ws,
)

from router.client.listening import Listening
from router.client.pending import CREATING, FLEETING, Pending, Refused, Waiting
from router.outgoing import (
    ConversationEnded,
    Disconnect,
    MessageSent,
    Outgoing,
    Reply,
    TokenExpiring,
    Welcome,
)

__all__ = ["Fairline", "Stopped", "connect"]

SUBPROTOCOL = "fairline.v1.msgpack"
FRAME_BYTES_MAX = 1_048_576
BACKOFF_S = 0.5
BACKOFF_MAX_S = 20.0
OPENING_S = 10.0
LASTING_S = 5.0
"""A connection that stood so long was a good one: the back-off begins anew."""

Token = str | Callable[[bool], Awaitable[str]]
_LOG = logging.getLogger("fairline.client")
_DECODER = msgspec.msgpack.Decoder(Outgoing)
_ENCODER = msgspec.msgpack.Encoder()
_RAW = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Stopped(Exception):
    """The connection ended for good; ``code`` is the close code, 0 where there is none."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.code = code
        self.reason = reason


class _Again(Exception):
    """This connection is over; the next one comes after ``delay_s``, or after a back-off."""

    def __init__(self, delay_s: float | None = None, least_s: float = 0.0) -> None:
        super().__init__()
        self.delay_s = delay_s
        self.least_s = least_s


class Fairline:
    """A connection that comes back by itself; ``connect`` makes one."""

    def __init__(
        self, origin: str, role: str, token: Token, name: str, subs: Iterable[str], device: str
    ) -> None:
        self.welcome: Welcome | None = None
        self._address = httpx.URL(origin).join("/v1/socket")
        self._hello = {"role": role, "client": {"name": name, "version": "1", "device": device}}
        self._subs = list(subs)
        self._provider = token
        self._token: str | None = None
        self._pending = Pending()
        self._work = anyio.Event()
        self._is_online = False
        self._turn = anyio.Event()
        self._listeners: WeakSet[Listening] = WeakSet()
        self._seen: dict[str, int] = {}
        self._stopped: Stopped | None = None
        self._goodbye: Disconnect | None = None
        self._next_id = 1
        self._failures = 0

    @property
    def is_online(self) -> bool:
        """Whether a connection stands and was welcomed."""
        return self._is_online

    async def wait_online(self) -> Welcome:
        """Waits for a connection and returns its ``Welcome``.

        Raises:
            Stopped: there will be none.
        """
        while self.welcome is None or not self._is_online:
            if self._stopped is not None:
                raise self._stopped
            await self._turn.wait()
        return self.welcome

    async def command(self, type_: str, fields: Mapping[str, Any] = {}, /, **more: Any) -> Reply:  # noqa: ANN401
        """Sends a command and returns its reply; waits for a connection where it may.

        Args:
            type_: its name, as in protocol section 6.
            fields: its fields, where their names are no keywords of Python.
            more: its fields; an ``op`` is made where one is needed and none is given.

        Raises:
            Refused: the server said no; or there is no connection, for what means nothing later.
            Stopped: the connection ended for good.
        """
        if self._stopped is not None:
            raise self._stopped
        if type_ in FLEETING and not self.is_online:
            raise Refused(0, "lost", f"{type_}: no connection")
        told = {**fields, **more}
        if type_ in CREATING:
            told.setdefault("op", secrets.token_hex(12))
        one = Waiting(type_, told)
        self._pending.add(one)
        self._work.set()
        return await one.wait()

    def events(self) -> Listening:
        """Everything that the server says from now on, replies apart: ``async for event in ...``.

        Begins with the ``Welcome`` of the connection that stands, if one does, and has another
        after each reconnect. Reading it raises ``Stopped`` where the connection ended for good.
        """
        listening = Listening()
        if self._stopped is not None:
            listening.end(self._stopped)
        elif self.is_online and self.welcome is not None:
            listening.put(self.welcome)
        self._listeners.add(listening)
        return listening

    # -- connecting ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Connects and stays connected until it is stopped for good or cancelled."""
        async with httpx.AsyncClient(timeout=OPENING_S, trust_env=False) as client:
            while self._stopped is None:
                began_s = anyio.current_time()
                try:
                    await self._connection(client)
                except* Stopped as group:
                    self._stop(_first(group, Stopped))
                except* _Again as group:
                    await self._pause(_first(group, _Again), anyio.current_time() - began_s)
                except* (HTTPXWSException, httpx.HTTPError, OSError, TimeoutError) as group:
                    again = self._after(_first(group, Exception))
                    if isinstance(again, Stopped):
                        self._stop(again)
                    else:
                        self._note(_first(group, Exception))
                        await self._pause(again, anyio.current_time() - began_s)

    def _note(self, error: Exception) -> None:
        """Says once that there is no connection: a program that waits in silence looks broken."""
        if self._failures == 0:
            why = str(error) or type(error).__name__
            _LOG.warning("no connection to %s (%s); it is tried again", self._address.host, why)

    async def _connection(self, client: httpx.AsyncClient) -> None:
        token = await self._fresh_token()
        self._goodbye = None
        try:
            socket: AsyncWebSocketSession
            async with aconnect_ws(
                str(self._address),
                client,
                subprotocols=[SUBPROTOCOL],
                max_message_size_bytes=FRAME_BYTES_MAX,
                keepalive_ping_interval_seconds=None,  # the server pings
            ) as socket:
                self._next_id = 1
                await self._send(socket, {"t": "hello", "token": token, **self._greeting()})
                await self._receive_within(socket, OPENING_S)
                async with anyio.create_task_group() as group:
                    group.start_soon(self._keep_sending, socket)
                    while self.welcome is not None:
                        # Two beats of silence: the server is gone, whatever the socket says.
                        await self._receive_within(socket, self.welcome.beat_ms * 2 / 1000)
        finally:
            self._is_online = False
            self._pending.detach()

    def _greeting(self) -> dict[str, Any]:
        subs = {"subs": self._subs} if self._subs else {}
        newest = list(self._seen.items())[-256:]
        return {**self._hello, "seen": dict(newest), **subs}

    async def _fresh_token(self) -> str:
        if isinstance(self._provider, str):
            return self._provider.strip()  # a file's last newline is no part of it
        if self._token is None:
            self._token = (await self._provider(self._failures > 0)).strip()
        return self._token

    def _after(self, error: Exception) -> _Again | Stopped:
        """What a broken connection means for the next one (protocol, section 4)."""
        code = error.code if isinstance(error, WebSocketDisconnect) else 1006
        if isinstance(error, WebSocketUpgradeError) and error.response.status_code in {400, 403}:
            return Stopped(0, f"the server refused to connect: {error.response.status_code}")
        goodbye = self._goodbye
        if code // 100 == 45 or (goodbye is not None and goodbye.action == "stop"):
            return Stopped(code, goodbye.reason if goodbye is not None else "the server said so")
        if code // 100 == 43 or (goodbye is not None and goodbye.action == "reconnect"):
            self._token = None
            if isinstance(self._provider, str):
                return Stopped(code, "the token is over, and there is no function to get another")
        delay_s = None if goodbye is None else goodbye.delay_ms / 1000
        return _Again(delay_s, 1.0 if code // 100 == 42 else 0.0)

    async def _pause(self, again: _Again, lasted_s: float) -> None:
        if lasted_s >= LASTING_S:
            self._failures = 0
        ceiling_s = min(BACKOFF_MAX_S, BACKOFF_S * 2**self._failures)
        self._failures += 1
        jitter_s = random.uniform(0, ceiling_s)  # noqa: S311 spread, not a secret
        delay_s = max(again.least_s, jitter_s) if again.delay_s is None else again.delay_s
        await anyio.sleep(delay_s)

    def _stop(self, stopped: Stopped) -> None:
        self._stopped = stopped
        self._pending.end(stopped)
        self._turn.set()
        for listener in list(self._listeners):
            listener.end(stopped)

    # -- messages ------------------------------------------------------------------------------

    async def _keep_sending(self, socket: AsyncWebSocketSession) -> None:
        while True:
            self._work = anyio.Event()
            for one in self._pending.due(anyio.current_time()):
                one.tries += 1
                one.id = self._next_id
                await self._send(socket, {"t": one.type, **one.fields})
            next_s = self._pending.next_s()
            with anyio.move_on_at(float("inf") if next_s is None else next_s):
                await self._work.wait()

    async def _send(self, socket: AsyncWebSocketSession, message: dict[str, Any]) -> None:
        message["id"] = self._next_id
        self._next_id += 1
        await socket.send_bytes(_ENCODER.encode(message))

    async def _receive_within(self, socket: AsyncWebSocketSession, seconds: float) -> None:
        with anyio.fail_after(seconds):
            frame = await socket.receive_bytes()
        for part in _RAW.decode(frame) if frame[0] in _ARRAYS else [frame]:
            try:
                message = _DECODER.decode(part)
            except msgspec.ValidationError:
                continue  # of a newer server
            self._take(message)

    def _take(self, message: Outgoing) -> None:
        if isinstance(message, Reply):
            if message.id and not self.is_online:  # the answer to hello is a refusal
                self._refused(message)
            self._pending.answer(message, anyio.current_time())
            self._work.set()
            return
        self._learn(message)
        self._tell(message)

    def _learn(self, message: Outgoing) -> None:
        match message:
            case Welcome():
                self._welcomed(message)
            case Disconnect():
                self._goodbye = message
            case TokenExpiring():
                self._token = None
            case MessageSent(conversation=conversation, seq=seq) if message.kind != "note":
                if seq == self._seen.get(conversation, 0) + 1:
                    self._seen[conversation] = seq
            case ConversationEnded(conversation=conversation):
                self._seen.pop(conversation, None)

    def _welcomed(self, welcome: Welcome) -> None:
        self.welcome = welcome
        for known in welcome.state.conversations:
            if known.status == "ended":
                self._seen.pop(known.conversation, None)
            else:
                self._seen[known.conversation] = known.seq
        self._is_online = True
        self._turn.set()
        self._turn = anyio.Event()

    def _refused(self, reply: Reply) -> None:
        error = reply.err
        if error is not None and error.retry == "no" and error.name != "token_expired":
            raise Stopped(0, f"{error.code} {error.name}: {error.msg}")

    def _tell(self, message: Outgoing) -> None:
        behind = [listener for listener in self._listeners if not listener.put(message)]
        if behind:
            raise _Again(0.0)


def _first(group: BaseExceptionGroup[Any], kind: type[Any]) -> Any:  # noqa: ANN401
    """The first error of the kind in a group, which may hold groups."""
    for error in group.exceptions:
        found = _first(error, kind) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, kind):
            return found
    raise AssertionError(f"no {kind.__name__} in {group!r}")


_ARRAYS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
"""The first bytes of arrays in MessagePack; all other frames are one message."""


@asynccontextmanager
async def connect(
    origin: str,
    *,
    role: str,
    token: Token,
    name: str,
    subs: Iterable[str] = (),
    device: str = "",
) -> AsyncIterator[Fairline]:
    """Connects, and stays connected until the block is left.

    Args:
        origin: of the server, ``https://chat.example``.
        role: ``agent``, ``customer``, ``supervisor`` or ``service``.
        token: a JWT, or a function that gets one; its argument says that the last one failed.
        name: of the program, for logs.
        subs: topics to listen to from the start.
        device: names this program through restarts, so that a new one replaces an old one.
    """
    made = device or secrets.token_hex(8)
    fairline = Fairline(origin, role, token, name, subs, made)
    # Out of a task group an error comes in a group, and ``except Refused`` would not catch it.
    error: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(fairline.run)
        try:
            yield fairline
        except Exception as caught:
            error = caught
        finally:
            group.cancel_scope.cancel()
    if error is not None:
        raise error
