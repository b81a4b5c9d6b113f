"""Stands between a socket and the WebSocket library, in both directions.

Owns:
    Replaying the upgrade's head, the frame limits, the deadline of each write, and the last words
    to a peer that broke a rule.

Does not know:
    Messages, roles, sessions.

Invariants:
    After a write that did not finish nothing is ever written: the next frame would land inside
    the cut one. After a verdict nothing more reaches the library, and the connection ends within
    `CLOSE_S` + `LINGER_S` of the library's next read. At most one close frame goes out.

trio-websocket drops TCP without a close frame when the peer breaks the protocol, which a browser
reports as 1006 and a client takes for a lost network: it would come back for ever. So the gate
says goodbye itself, with a code that tells the client to stop.
"""

import os
import struct
from typing import Final, NamedTuple, Protocol

import trio

from router.server.counters import Count, no_count
from router.server.intake import Intake
from router.server.meter import BAD_FRAME, BAD_MESSAGE, FrameLimits, FrameMeter, Verdict
from router.server.visit import CLOSE_S, cut, discard, half_close, send_within

__all__ = ["Gate", "Messages", "Receiver"]

WRITE_S: Final = 10.0
_CLOSE_FRAME: Final = 0x88
_READ_BYTES: Final = 4_096

Messages = list[str | bytes]


class Receiver(Protocol):
    """Who is offered frames before the library."""

    def take(self, data: bytes | bytearray) -> tuple[Messages, bytes | bytearray]:
        """Takes what it can at once; returns what has to wait, and what is the library's."""

    async def queue(self, messages: Messages) -> None:
        """Takes what had to wait."""


class _Heard(NamedTuple):
    """What is left of a piece for the reader's own task."""

    messages: Messages
    passed: bytes | bytearray
    is_end: bool


_END = _Heard([], b"", is_end=True)


class Gate(trio.abc.HalfCloseableStream):
    """A stream that lets through what the limits allow.

    Args:
        stream: What the peer is at the other end of; closed with the gate.
        replay: Read before anything from `stream`, unmetered.
        limits: What the peer may send.
        write_s: The time each write may take.
        is_telling: Whether a peer that broke the protocol is told so with 4502, or just dropped.
        count: Told of verdicts and writes that took too long.
        intake: Reads for us what needs no waiting; None to wait for each piece ourselves.
    """

    __slots__ = (
        "_count",
        "_ended",
        "_has_said_close",
        "_heard",
        "_intake",
        "_is_hanging_up",
        "_is_sending",
        "_is_shut",
        "_is_telling",
        "_last_words",
        "_reader",
        "_receiver",
        "_replay",
        "_rest",
        "_socket",
        "_stream",
        "_turns",
        "_write_s",
        "meter",
        "was_too_slow",
    )

    def __init__(
        self,
        stream: trio.abc.Stream,
        *,
        replay: bytes = b"",
        limits: FrameLimits,
        write_s: float = WRITE_S,
        is_telling: bool = True,
        count: Count = no_count,
        intake: Intake | None = None,
    ) -> None:
        self._stream = stream
        self._socket = stream.socket if isinstance(stream, trio.SocketStream) else None
        self._replay = replay
        self.meter = FrameMeter(limits, trio.current_time())
        self._write_s = write_s
        self._is_telling = is_telling
        self._count = count
        self._receiver: Receiver | None = None
        self._intake = intake
        self._reader: trio.lowlevel.Task | None = None  # while the intake reads for it
        self._heard: _Heard | Exception = _END  # what it is woken with
        self.was_too_slow = False
        self._rest: bytes | memoryview = b""  # of what the kernel did not take at once
        self._is_sending = False
        self._turns: trio.lowlevel.ParkingLot | None = None  # those who wait for that
        self._is_hanging_up = False
        self._is_shut = False  # nothing may be written any more
        self._has_said_close = False
        self._last_words = b""
        self._ended = trio.Event()

    @property
    def verdict(self) -> Verdict | None:
        """Why the gate took no more, if it did."""
        return self.meter.verdict

    @property
    def heard_at(self) -> float:
        """When a frame of any kind last began or ended, pongs too."""
        return self.meter.heard_at

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes from the peer, nor goes there."""
        return self._ended.is_set()

    async def wait_ended(self) -> None:
        """Wait until nothing more comes from the peer, last words said and lingered on."""
        await self._ended.wait()

    def deliver_to(self, receiver: Receiver | None) -> None:
        """Offer frames to somebody before the library, from the next that begins a message on."""
        self._receiver = receiver

    def adjust(self, limits: FrameLimits) -> None:
        """Put other limits in force from the next byte on."""
        self.meter.adjust(limits)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Return bytes that are within the limits, or nothing once there is a verdict."""
        if self._replay:
            replay, self._replay = self._replay, b""
            await trio.lowlevel.checkpoint()
            return replay
        meter = self.meter
        while meter.verdict is None:
            try:
                heard = await self._wait_heard(max_bytes)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._ended.set()
                raise
            if heard.messages and self._receiver is not None:
                await self._receiver.queue(heard.messages)
            if heard.is_end:
                self._ended.set()
                return b""
            if heard.passed:
                # What came before a violation is delivered first; the next call hangs up.
                return heard.passed
        await self._hang_up(meter.verdict)
        return b""

    async def _wait_heard(self, max_bytes: int | None) -> _Heard:
        """Wait for something that the reader's task must see to."""
        intake, socket = self._intake, self._socket
        if intake is None or socket is None or self._receiver is None:
            return self._judge(await self._stream.receive_some(max_bytes))
        descriptor = socket.fileno()
        if descriptor < 0:
            raise trio.ClosedResourceError("the gate is shut")

        def give_up(_: object) -> trio.lowlevel.Abort:
            self._reader = None
            intake.rest(descriptor)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.checkpoint_if_cancelled()
        intake.listen(descriptor, self)
        self._reader = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(give_up)
        heard, self._heard = self._heard, _END
        if isinstance(heard, Exception):
            raise heard
        return heard

    def hear(self) -> bool:
        """See ``intake.Listener``; what goes wrong is raised in the reader's task."""
        assert self._socket is not None
        try:
            heard = self._judge(os.read(self._socket.fileno(), _READ_BYTES))
        except BlockingIOError:
            return True
        except OSError:
            self._wake_reader(trio.BrokenResourceError("the peer is gone"))
        except Exception as error:
            self._wake_reader(error)
        else:
            if not (heard.messages or heard.passed or heard.is_end or self.meter.verdict):
                return True
            self._wake_reader(heard)
        return False

    def _wake_reader(self, heard: _Heard | Exception) -> None:
        reader, self._reader = self._reader, None
        assert reader is not None, "who is listened to waits"
        self._heard = heard
        trio.lowlevel.reschedule(reader)

    def _judge(self, data: bytes | bytearray) -> _Heard:
        """Meter a piece, and let the receiver take of it what it can at once."""
        if not data:
            return _END
        meter = self.meter
        is_new = meter.is_between_messages
        passed = meter.feed(data, trio.current_time())
        if passed and is_new and self._receiver is not None:
            return _Heard(*self._receiver.take(passed), False)
        return _Heard([], passed, False)

    def _stop_listening(self) -> None:
        """The stream is about to be closed: whoever waits for something to be read need not."""
        if self._reader is not None:
            assert self._intake is not None
            assert self._socket is not None
            self._intake.rest(self._socket.fileno())
            self._wake_reader(trio.ClosedResourceError("the gate is shut"))

    def write(self, data: bytes) -> bool:
        """Give the kernel whole frames, without waiting.

        Nearly every write fits, and then neither a task nor a deadline is needed.

        Returns:
            Whether all of it went; if not, ``finish`` must be awaited before the next write.

        Raises:
            trio.BrokenResourceError: The peer is gone, too slow, or has been hung up on.
        """
        assert not self._rest, "the one who writes waits for the rest"
        if self._is_shut or self._has_said_close:
            raise trio.BrokenResourceError("the gate is shut")
        if self._is_sending or self._socket is None:
            self._rest = data
        else:
            self._rest = self._send_now(data) or b""
        return not self._rest

    def try_write(self, frame: bytes) -> bool:
        """Send a short frame if that needs no waiting; whether it went."""
        is_busy = self._is_shut or self._has_said_close or self._is_sending or self._rest
        if is_busy or self._socket is None:
            return False
        try:
            self._rest = self._send_now(frame) or b""
        except trio.BrokenResourceError:
            return True  # the reader learns of it, too
        if len(self._rest) == len(frame):
            self._rest = b""
            return False
        if self._rest:  # half a frame: nothing can follow it, and who asked hears no answer
            self._rest, self._is_shut = b"", True
        return True

    async def finish(self) -> None:
        """Send what the kernel did not take at once, within the deadline, or never again.

        Raises:
            trio.BrokenResourceError: The peer is gone, too slow, or has been hung up on.
        """
        while self._is_sending:
            await self._wait_turn()
        rest, self._rest = self._rest, b""
        await self._send_within(rest)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send a frame of the library within the deadline, or never again.

        Raises:
            trio.BrokenResourceError: The peer is gone, too slow, or has been hung up on.
        """
        while (self._is_sending or self._rest) and not self._is_shut:
            await self._wait_turn()
        if self._is_shut:
            await trio.lowlevel.checkpoint()
            raise trio.BrokenResourceError("the gate is shut")
        if data and data[0] == _CLOSE_FRAME:
            self._has_said_close = True
        left = self._send_now(data) if self._socket is not None else data
        if left:
            await self._send_within(left)

    async def _wait_turn(self) -> None:
        if self._turns is None:
            self._turns = trio.lowlevel.ParkingLot()
        await self._turns.park()

    def _send_now(self, data: bytes | bytearray | memoryview) -> bytes | memoryview | None:
        """Give the kernel what it takes at once; return the rest."""
        assert self._socket is not None
        try:
            written = os.write(self._socket.fileno(), data)
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._is_shut = True
            raise trio.BrokenResourceError("the peer is gone") from error
        return None if written == len(data) else memoryview(data)[written:]

    async def _send_within(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_shut and not self._is_hanging_up:
            await trio.lowlevel.checkpoint()
            raise trio.BrokenResourceError("the gate is shut")
        self._is_sending = True
        try:
            with trio.move_on_after(self._write_s) as deadline:
                await self._stream.send_all(data)
        except BaseException:
            self._is_shut = True
            raise
        finally:
            self._is_sending = False
            if self._turns is not None:
                self._turns.unpark_all()
                self._turns = None
        if deadline.cancelled_caught:
            self.was_too_slow = True
            self._count("gate_write_timeouts")
            await self.abort()
            raise trio.BrokenResourceError("the peer did not take what was sent in time")
        if self._is_hanging_up:
            await self._say_last_words()

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until a write might go through at once."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that no more comes, where the stream can say so."""
        self._is_shut = True
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the stream, with last words for a peer only the library found at fault."""
        try:
            if not self._has_said_close and not self._is_shut and self.meter.verdict is None:
                self.meter.verdict = BAD_MESSAGE
                await self._hang_up(self.meter.verdict)
        finally:
            self._is_shut = True
            self._ended.set()
            self._stop_listening()
            await self._stream.aclose()

    async def abort(self) -> None:
        """Cut the connection now; every later read and write fails."""
        self._is_shut = True
        self._ended.set()
        self._stop_listening()
        await cut(self._stream)

    async def _hang_up(self, verdict: Verdict) -> None:
        """Tell the peer why, once, and throw away what it still sends, for a moment."""
        if self._is_shut:
            await trio.lowlevel.checkpoint()
            return
        self._is_hanging_up = True
        self._count("gate_verdicts", code=str(verdict.code), reason=verdict.reason)
        if not self._has_said_close and (self._is_telling or verdict.code != BAD_FRAME):
            self._has_said_close = True
            payload = struct.pack("!H", verdict.code) + verdict.reason.encode()
            self._last_words = bytes([_CLOSE_FRAME, len(payload)]) + payload
        self._is_shut = True
        if not (self._is_sending or self._rest):  # else the sending task says them when done
            await self._say_last_words()
        await discard(self._stream)
        await self.abort()

    async def _say_last_words(self) -> None:
        if self._last_words:
            await send_within(self._stream, self._last_words, CLOSE_S)
        await half_close(self._stream)
