"""One accepted WebSocket, as the gateway sees it.

Owns:
    The upgrade's answer, whole messages in and out, pings, and an end that always comes.

Does not know:
    What messages mean, tokens, roles, when to ping.

Invariants:
    No extension is ever negotiated. `close` takes at most `CLOSE_S`. No second ping is sent while
    nothing was heard since the first. After an end every call that waits raises
    `SocketClosedError` with the same code.

The library answers pings, puts fragments together and shakes hands at both ends; messages that
came in one piece go past its reading (``shortcut``). What we say goes past it too: a frame
of a server is a head of two to ten bytes before the message, and many of them leave in one write,
without a lock or a task.

The library's reader answers pings and sees closes only while its queue of messages has room, so
whoever holds a `Socket` must keep receiving: decode, queue, receive again, and never wait for
anything slower in between.
"""

import contextlib
import struct
from collections.abc import Awaitable, Callable, Iterable

import trio
import trio_websocket
from wsproto.utilities import LocalProtocolError

from router.server.gate import WRITE_S, Gate
from router.server.head import upgrade_request
from router.server.intake import Intake
from router.server.meter import FrameLimits
from router.server.shortcut import whole_messages
from router.server.visit import CLOSE_S, LINGER_S, Visit, bound_send_buffer

__all__ = ["Socket", "SocketClosedError", "accept_socket"]

QUEUE_MESSAGES = 16
ABNORMAL = 1006
REASON_BYTES_MAX = 123
WRITE_TIMEOUT = 4103
UPGRADE_S = 10.0
"""The peer has said all it has to; it takes noticeable time only where all come back at once."""
_READ_BYTES = 4_096
_TEXT, _BINARY, _PING = 0x81, 0x82, 0x89
_PROTOCOL_CODES = frozenset({1002, 1007})
_PING_FRAME = bytes((_PING, 0))
_LABEL_BY_CODE = {code: str(code) for code in (1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011)}
_LABEL_BY_BAND = {band: f"{band}xx" for band in (41, 42, 43, 45)}
LABELS = (*_LABEL_BY_CODE.values(), *_LABEL_BY_BAND.values(), "other")
"""How ends are counted."""


class SocketClosedError(Exception):
    """The WebSocket is over.

    Raised by every call on a `Socket` from its end on. There is nothing to repair: leave the
    handler, the door closes the stream.

    Attributes:
        code: The close code sent by whichever side closed first; 1006 where none was.
        reason: The text that came with it. From a peer: never to be trusted or logged.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


async def accept_socket(
    visit: Visit,
    subprotocol: str | None,
    *,
    limits: FrameLimits,
    write_s: float = WRITE_S,
    is_telling: bool = True,
    intake: Intake | None = None,
) -> "Socket":
    """Answer an upgrade with 101.

    Args:
        visit: A visit whose head is an upgrade.
        subprotocol: One of those offered, or None to pick none.
        limits: What the peer may send until `Socket.adjust`.
        write_s: The time one write may take before the connection is cut.
        is_telling: Whether a peer that breaks the protocol is told 4502, or just dropped.
        intake: Reads for it; None for one that reads alone.

    Raises:
        SocketClosedError: The peer went before the answer was sent.
    """
    assert visit.head.is_upgrade
    bound_send_buffer(visit.stream)
    gate = Gate(
        visit.stream,
        replay=upgrade_request(visit.head),
        limits=limits,
        write_s=write_s,
        is_telling=is_telling,
        count=visit.count,
        intake=intake,
    )
    try:
        with trio.fail_after(UPGRADE_S):
            request = await trio_websocket.wrap_server_stream(
                _Readers(visit.nursery, gate),  # type: ignore[arg-type]  # it starts, no more
                gate,
                message_queue_size=QUEUE_MESSAGES,
                # The gate counts bytes, and first; here it would be characters.
                max_message_size=limits.frame_bytes + 1,
                receive_buffer_size=_READ_BYTES,
            )
            connection = await request.accept(subprotocol=subprotocol)
            _let_go(connection)
    except (trio.TooSlowError, trio_websocket.ConnectionClosed):
        raise SocketClosedError(ABNORMAL, "") from None
    visit.count("socket_opens")
    return Socket(connection, gate, visit, subprotocol)


def _let_go(connection: trio_websocket.WebSocketConnection) -> None:
    """Frees what only the handshake needed: an HTTP parser, for as long as the socket lives."""
    handshake = getattr(getattr(connection, "_wsproto", None), "handshake", None)
    if handshake is not None and hasattr(handshake, "_h11_connection"):
        handshake._h11_connection = None


class _Readers:
    """Starts the library's reader, so that a ping that crosses our close frame fails nothing.

    The library answers pings after its close frame too, which its own protocol forbids it. Its
    reader is over then; what the peer still sends is thrown away, lest the kernel answer it with
    a reset that overtakes our close frame.
    """

    def __init__(self, nursery: trio.Nursery, gate: Gate) -> None:
        self._nursery = nursery
        self._gate = gate

    def start_soon(self, read: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._guard, read)

    async def _guard(self, read: Callable[[], Awaitable[None]]) -> None:
        try:
            await read()
        except LocalProtocolError:
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while await self._gate.receive_some(_READ_BYTES):
                    pass


class Socket:
    """Messages, pings and the end of one WebSocket; made by `accept_socket`."""

    __slots__ = (
        "_connection",
        "_end",
        "_gate",
        "_pinged_at",
        "_visit",
        "subprotocol",
        "take_now",
    )

    def __init__(
        self,
        connection: trio_websocket.WebSocketConnection,
        gate: Gate,
        visit: Visit,
        subprotocol: str | None,
    ) -> None:
        self.subprotocol = subprotocol
        self._connection = connection
        self._gate = gate
        self._visit = visit
        self._pinged_at = float("-inf")
        self._end: tuple[int, str] | None = None
        self.take_now: Callable[[str | bytes], bool] | None = None
        """Takes a message while ``receive`` waits, if that needs no waiting; else False."""
        gate.deliver_to(self)

    @property
    def heard_at(self) -> float:
        """When a frame of any kind last began or ended, by trio's clock."""
        return self._gate.heard_at

    @property
    def ping_rtt_s(self) -> float | None:
        """How long the answer to the last ping took; None where there is none yet."""
        took_s = self._gate.meter.pong_at - self._pinged_at
        return took_s if 0 <= took_s < float("inf") else None

    @property
    def is_pinging(self) -> bool:
        """Whether nothing was heard since the last ping."""
        return self._gate.heard_at < self._pinged_at

    @property
    def nursery(self) -> trio.Nursery:
        """Lives as long as the socket's handler."""
        return self._visit.nursery

    def adjust(self, limits: FrameLimits) -> None:
        """Put the limits of a role in force.

        `frame_bytes` may only be lowered: the library's own limit was set when accepting.
        """
        self._gate.adjust(limits)

    async def receive(self) -> str | bytes:
        """Return the next message: a text frame's as `str`, a binary frame's as `bytes`.

        Raises:
            SocketClosedError: There is none and there will be none.
        """
        try:
            return await self._connection.get_message()
        except trio_websocket.ConnectionClosed:
            raise await self._closed() from None

    def take(self, data: bytes | bytearray) -> tuple[list[str | bytes], bytes | bytearray]:
        """See ``gate.Receiver``: in their order, as far as none has to wait."""
        messages, rest = whole_messages(data)
        for index, message in enumerate(messages):
            if self.take_now is None or not self._is_awaited or not self.take_now(message):
                return messages[index:], rest
        return [], rest

    async def queue(self, messages: list[str | bytes]) -> None:
        """See ``gate.Receiver``: put them where the library would."""
        for message in messages:
            # Where this socket was closed meanwhile, nobody wants it.
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._connection._send_channel.send(message)

    @property
    def _is_awaited(self) -> bool:
        """Whether ``receive`` waits, and nothing is on its way to it."""
        state = self._connection._send_channel._state
        return bool(state.receive_tasks) and not state.data

    async def send(self, data: str | bytes) -> None:
        """Send one message; cancelling this while it writes ends the connection.

        Raises:
            SocketClosedError: The WebSocket is over, or the peer was too slow and has been cut.
        """
        try:
            await self._connection.send_message(data)
        except trio_websocket.ConnectionClosed:
            raise await self._closed() from None

    def write(self, messages: Iterable[bytes], *, is_text: bool) -> bool:
        """Send messages, each as a frame, in one write and without waiting.

        Returns:
            Whether all of them went; if not, ``finish`` must be awaited before the next write.

        Raises:
            SocketClosedError: The WebSocket is over; the code is not known yet.
        """
        first = _TEXT if is_text else _BINARY
        pieces: list[bytes] = []
        for message in messages:
            size = len(message)
            if size < 126:
                pieces.append(bytes((first, size)))
            elif size < 65_536:
                pieces.append(struct.pack("!BBH", first, 126, size))
            else:
                pieces.append(struct.pack("!BBQ", first, 127, size))
            pieces.append(message)
        try:
            return self._gate.write(b"".join(pieces))
        except trio.BrokenResourceError:
            raise SocketClosedError(ABNORMAL, "") from None

    async def finish(self) -> None:
        """Send the rest of the last ``write``; cancelling this ends the connection.

        Raises:
            SocketClosedError: The WebSocket is over, or the peer was too slow and has been cut.
        """
        try:
            await self._gate.finish()
        except trio.BrokenResourceError:
            raise SocketClosedError(ABNORMAL, "") from None

    def ping(self) -> bool:
        """Send a ping, in the background where need be, unless the last one is still unanswered.

        TCP keeps order, so a peer that has not answered the last one would not answer this one
        either; whether it lives is told by `heard_at`. Returns whether a ping was sent.
        """
        if self.is_pinging or self._connection.closed is not None:
            return False
        self._pinged_at = trio.current_time()
        if not self._gate.try_write(_PING_FRAME):
            self._visit.nursery.start_soon(self._ping)
        return True

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and wait for the peer's, for at most `CLOSE_S`, then cut.

        May be called at any time, and more than once; messages not yet received are lost.
        """
        if self._end is None and self._connection.closed is None:
            self._end = (code, reason)
            self._count_end(code)
        text = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        with trio.move_on_after(CLOSE_S):
            await self._connection.aclose(code, text)
            await self._gate.wait_ended()
        if not self._gate.has_ended:
            await self._gate.abort()

    async def _ping(self) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await self._gate.send_all(_PING_FRAME)

    def let_go(self) -> None:
        """Know nobody any more, once it is over: what refers to itself waits for the collector."""
        self.take_now = None
        self._gate.deliver_to(None)
        protocol = getattr(getattr(self._connection, "_wsproto", None), "connection", None)
        parser = getattr(getattr(protocol, "_proto", None), "_parse_more", None)
        if parser is not None:
            parser.close()

    async def cut(self) -> None:
        """End it at once, without a word."""
        await self._gate.abort()

    async def _closed(self) -> SocketClosedError:
        """Settle on one code: ours, the gate's, or what the library saw.

        Where the peer is at fault the gate may still be saying why; leaving now would cut it off.
        """
        seen = self._connection.closed
        code = seen.code if seen is not None else ABNORMAL
        if code in _PROTOCOL_CODES or self._gate.verdict is not None:
            with trio.move_on_after(CLOSE_S + LINGER_S):
                await self._gate.wait_ended()
        if self._end is None:
            verdict = self._gate.verdict
            if verdict is not None:
                self._end = (verdict.code, verdict.reason)
            elif self._gate.was_too_slow:
                self._end = (WRITE_TIMEOUT, "")
            else:
                self._end = (code, (seen.reason if seen is not None else None) or "")
            self._count_end(self._end[0])
        return SocketClosedError(*self._end)

    def _count_end(self, code: int) -> None:
        """Count by cause; a peer chooses its code, so only few become labels of their own."""
        label = _LABEL_BY_CODE.get(code) or _LABEL_BY_BAND.get(code // 100, "other")
        is_protocol = code in _PROTOCOL_CODES or self._gate.verdict is not None
        self._visit.count("socket_ends", code=label, fault="peer" if is_protocol else "none")
