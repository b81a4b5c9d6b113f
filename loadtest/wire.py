"""One connection to the server: frames, ids, operations, replies matched to commands.

Owns: the client's half of protocol sections 2 to 4, written from the contract page alone.
Does not know: what a person wants; events go to a callback, in the order in which they came.
Invariants: ids rise on a connection; every command but ``activity`` gets exactly one reply,
and whatever breaks that is counted; the reader never waits for anybody, so pings are answered.

``on_event`` and ``then`` run inside the reader, between two frames. State that must be right
before the next event is looked at (an agent is free again) is changed there, not in the task
that gets the reply some time later.
"""

import contextlib
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgpack
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from loadtest.faults import Faults

__all__ = [
    "SUBPROTOCOL",
    "Connection",
    "FrameSocket",
    "FrameUnreadableError",
    "Message",
    "PartOverError",
    "converse",
    "decode",
    "encode",
    "refusal",
]

Message = dict[str, Any]
Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]

SUBPROTOCOL = "fairline.v1.msgpack"
FRAME_BYTES_MAX = 1 << 20
"""The largest frame a server may send."""
BATCH_MAX = 16
"""The most messages in one frame."""
REPLY_WITHIN_S = 15.0
"""A server that does not know a command's fate for 10 s closes; beyond that a reply is lost."""
CONNECT_WITHIN_S = 20.0
CLOSE_WITHIN_S = 5.0

WITHOUT_POSITION = frozenset({"beat", "disconnect", "token.expiring", "typing"})
IN_ORDER = frozenset(
    {"offer.new", "offer.ended", "conversation.assigned", "conversation.ended", "message"}
)
"""Events that are never coalesced, so their positions must not go back on a connection."""


class PartOverError(Exception):
    """Raised to end a person's part after a fault that has been counted already."""


class FrameUnreadableError(Exception):
    """Raised for a frame that is not a message, or not up to 16 of them."""


def encode(message: Mapping[str, Any]) -> bytes:
    """Packs one message into a frame."""
    packed: bytes = msgpack.packb(message)
    return packed


def decode(frame: bytes | str) -> list[Message]:
    """Unpacks a frame into its messages.

    Raises:
        FrameUnreadableError: text, not MessagePack, or not a map or an array of up to 16 maps.
    """
    if isinstance(frame, str):
        raise FrameUnreadableError("a text frame on a connection that speaks msgpack")
    try:
        content = msgpack.unpackb(frame)
    except (ValueError, msgpack.UnpackException) as error:
        raise FrameUnreadableError(f"not MessagePack: {error}") from error
    batch = content if isinstance(content, list) else [content]
    if not 1 <= len(batch) <= BATCH_MAX:
        raise FrameUnreadableError(f"{len(batch)} messages in one frame")
    for message in batch:
        if not isinstance(message, dict) or not isinstance(message.get("t"), str):
            raise FrameUnreadableError("a message that is no map with a type")
    return batch


def refusal(reply: Message) -> str:
    """The name of the error in a refused reply."""
    error = reply.get("err")
    return str(error.get("name", "unnamed")) if isinstance(error, dict) else "unnamed"


class FrameSocket(Protocol):
    """What carries frames; raises the library's ``ConnectionClosed`` once it is over."""

    async def send_message(self, message: bytes, /) -> None:
        """Sends one frame."""

    async def get_message(self) -> bytes | str:
        """Waits for one frame."""


@dataclass
class _Pending:
    """A command on its way: who waits for it, and what to do the moment its reply is read."""

    kind: str
    then: Callable[[Message], None] | None
    done: trio.Event = field(default_factory=trio.Event)
    reply: Message = field(default_factory=dict)


class Connection:
    """The state of one socket between its opening and its end.

    Args:
        who: the person, for examples in the report.
        faults: where everything unexpected is counted.
        on_event: gets each event as it is read.
        op_prefix: makes operations unique across runs against the same server.
    """

    def __init__(
        self,
        *,
        who: str,
        faults: Faults,
        on_event: Callable[[Message], None],
        op_prefix: str,
    ) -> None:
        self.who = who
        self.leaving = False
        self._faults = faults
        self._on_event = on_event
        self._op_prefix = op_prefix
        self._ids = itertools.count(1)
        self._ops = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._socket: FrameSocket | None = None
        self._nursery: trio.Nursery | None = None
        self._mint: Callable[[], str] = str
        self._position = 0
        self._farewell = ""
        self.is_over = False

    def op(self) -> str:
        """Makes the next operation key of this person."""
        return f"{self._op_prefix}.{self.who}.{next(self._ops)}"[-64:]

    async def ask(
        self, kind: str, *, then: Callable[[Message], None] | None = None, **fields: object
    ) -> Message:
        """Sends a command and waits for its reply, whichever it is; ``then`` sees only ``ok``.

        Raises:
            PartOverError: no reply came in time, or the connection is gone.
        """
        if self.is_over:
            raise PartOverError
        command_id = next(self._ids)
        pending = self._pending[command_id] = _Pending(kind, then)
        await self._send({"t": kind, "id": command_id, **fields})
        with trio.move_on_after(REPLY_WITHIN_S):
            await pending.done.wait()
            if not pending.reply:  # the connection went before it came
                raise PartOverError
            return pending.reply
        self._fault(f"reply.missing.{kind}", f"no reply to {kind} within {REPLY_WITHIN_S:g} s")
        raise PartOverError

    async def demand(
        self, kind: str, *, then: Callable[[Message], None] | None = None, **fields: object
    ) -> Message:
        """Sends a command that has to be accepted, and returns its reply.

        Raises:
            PartOverError: it was refused, no reply came in time, or the connection is gone.
        """
        reply = await self.ask(kind, then=then, **fields)
        if not reply["ok"]:
            self.refused(kind, reply)
            raise PartOverError
        return reply

    def refused(self, kind: str, reply: Message) -> None:
        """Counts a refusal that nothing excuses."""
        self._fault(f"refused.{kind}.{refusal(reply)}", f"{kind}: {reply.get('err')}")

    def attach(self, socket: FrameSocket, nursery: trio.Nursery) -> None:
        """Begins to read; the end of the socket cancels the nursery."""
        self._socket, self._nursery = socket, nursery
        nursery.start_soon(self._read, nursery.cancel_scope)

    async def hello(self, role: str, mint: Callable[[], str], **fields: object) -> Message:
        """Introduces the person; returns the welcome. ``mint`` makes a fresh token each time."""
        self._mint = mint
        welcome = await self.demand(
            "hello",
            token=mint(),
            role=role,
            client={"name": "fairline-loadtest", "version": "1", "device": self.op()},
            view="active",
            then=self._start_from,
            **fields,
        )
        if welcome["t"] != "welcome" or not isinstance(welcome.get("pos"), int):
            self._fault("welcome.malformed", f"the reply to hello is {sorted(welcome)}")
            raise PartOverError
        return welcome

    def _start_from(self, welcome: Message) -> None:
        """Events go on from the position of the welcome."""
        position = welcome.get("pos")
        self._position = position if isinstance(position, int) else 0

    async def bye(self) -> None:
        """Leaves at once: no grace, and whatever close follows is expected."""
        self.leaving = True
        await self.demand("bye", leave=True)

    async def _send(self, message: Message) -> None:
        """Writes one message.

        Raises:
            PartOverError: the connection is gone; its reader counts why.
        """
        assert self._socket is not None, "a connection speaks only inside converse()"
        try:
            await self._socket.send_message(encode(message))
        except ConnectionClosed:
            self.is_over = True
            raise PartOverError from None

    async def _read(self, scope: trio.CancelScope) -> None:
        """Reads until the socket ends; an end that nobody asked for ends the person's part."""
        assert self._socket is not None
        while True:
            try:
                frame = await self._socket.get_message()
            except ConnectionClosed as closed:
                self._ended(closed)
                scope.cancel()
                return
            try:
                messages = decode(frame)
            except FrameUnreadableError as error:
                self._fault("frame.unreadable", str(error))
                continue
            for message in messages:
                self._take(message)

    def _ended(self, closed: ConnectionClosed) -> None:
        """Counts a close, unless the person is leaving and the server has no complaint."""
        code = closed.reason.code if closed.reason else 1006
        if not self.leaving:
            self._fault(f"closed.{code}", f"closed with {code}{self._farewell}")
        self.is_over = True
        for pending in self._pending.values():
            pending.done.set()

    def _take(self, message: Message) -> None:
        """Sorts one message: a reply to its command, an event to the person."""
        if message["t"] in ("reply", "welcome"):
            self._take_reply(message)
            return
        if message["t"] == "disconnect":
            self._farewell = f" after disconnect {message.get('code')} {message.get('reason')!r}"
        elif message["t"] == "token.expiring" and self._nursery is not None:
            self._nursery.start_soon(self._renew)
        self._check_position(message)
        self._on_event(message)

    async def _renew(self) -> None:
        """Shows a fresh token on the open socket."""
        with contextlib.suppress(PartOverError):
            await self.demand("token.refresh", token=self._mint())

    def _take_reply(self, reply: Message) -> None:
        """Hands a reply to whoever waits for it."""
        pending = self._pending.pop(reply.get("id", 0), None)
        if pending is None:
            self._fault("reply.unexpected", f"a reply to nothing that is open: {reply}")
            return
        if not isinstance(reply.get("ok"), bool):
            self._fault("reply.malformed", f"{pending.kind}: a reply without ok: {reply}")
            reply["ok"] = False
        pending.reply = reply
        if pending.then is not None and reply["ok"]:
            pending.then(reply)
        pending.done.set()

    def _check_position(self, event: Message) -> None:
        """Checks that the event says where in the order it stands, and stands behind the last."""
        kind, position = event["t"], event.get("pos")
        if kind in WITHOUT_POSITION:
            return
        if not isinstance(position, int):
            self._fault("event.without_pos", f"{kind} without a position")
            event["pos"] = self._position
        elif kind in IN_ORDER:
            if position < self._position:
                self._fault("event.order", f"{kind} at {position} after {self._position}")
            self._position = max(self._position, position)

    def _fault(self, kind: str, example: str) -> None:
        self._faults.count(kind, f"{self.who}: {example}")


async def converse(
    url: str, connection: Connection, faults: Faults, body: Callable[[], Awaitable[None]]
) -> None:
    """Opens a socket, reads it in the background and runs ``body``; faults are counted.

    Nothing is raised: a refused or broken connection ends the person's part, not the replay.
    The TCP stream is opened and closed here: the library leaves it open after a server's close.
    """
    try:
        with trio.fail_after(CONNECT_WITHIN_S):
            stream = await _dial(url)
    except (OSError, trio.TooSlowError) as error:
        faults.count(f"connect.{type(error).__name__}", f"{connection.who}: {error!r}")
        return
    try:
        async with trio.open_nursery() as nursery:
            socket = await _shake_hands(nursery, stream, url, connection, faults)
            if socket is not None:
                await _talk(socket, connection, body)
                with trio.move_on_after(CLOSE_WITHIN_S):
                    await socket.aclose()
            nursery.cancel_scope.cancel()
    finally:
        await trio.aclose_forcefully(stream)


async def _dial(url: str) -> Stream:
    """Opens the TCP or TLS stream that the URL names."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "wss":
        return await trio.open_ssl_over_tcp_stream(host, parts.port or 443, https_compatible=True)
    return await trio.open_tcp_stream(host, parts.port or 80)


async def _shake_hands(
    nursery: trio.Nursery,
    stream: Stream,
    url: str,
    connection: Connection,
    faults: Faults,
) -> WebSocketConnection | None:
    """Upgrades the stream; None if the server refuses or picks no subprotocol."""
    parts = urlsplit(url)
    try:
        with trio.fail_after(CONNECT_WITHIN_S):
            socket = await wrap_client_stream(
                nursery,
                stream,
                parts.netloc,
                f"{parts.path}?{parts.query}" if parts.query else parts.path,
                subprotocols=[SUBPROTOCOL],
                max_message_size=FRAME_BYTES_MAX,
                message_queue_size=BATCH_MAX,
            )
    except ConnectionRejected as error:
        faults.count(f"connect.{error.status_code}", f"{connection.who}: {error!r}")
        return None
    except (HandshakeError, ConnectionClosed, trio.TooSlowError) as error:
        faults.count(f"connect.{type(error).__name__}", f"{connection.who}: {error!r}")
        return None
    if socket.subprotocol != SUBPROTOCOL:
        faults.count("connect.subprotocol", f"{connection.who}: got {socket.subprotocol!r}")
        return None
    return socket


async def _talk(
    socket: WebSocketConnection, connection: Connection, body: Callable[[], Awaitable[None]]
) -> None:
    """Runs ``body`` beside the reader; the end of either ends both."""
    async with trio.open_nursery() as nursery:
        connection.attach(socket, nursery)
        with contextlib.suppress(PartOverError):
            await body()
        connection.leaving = True
        nursery.cancel_scope.cancel()
