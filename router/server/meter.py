"""Measures the frames of one WebSocket, headers only, before anything decodes them.

Owns:
    How many frames, fragments, control frames and bytes a peer may send, and which byte is the
    last one that goes on to the decoder when it sends more.

Does not know:
    Streams, tasks, clocks (the instant is an argument), payloads.

Invariants:
    A header goes on only once it is complete and allowed, so the decoder never sees any part of
    the frame that broke a limit. At one instant, how the bytes were cut into pieces changes
    neither what goes on nor the verdict. Once there is a verdict nothing goes on.

A frame header as a client sends it (RFC 6455, 5.2):

    0: FIN RSV1 RSV2 RSV3 opcode(4)   1: MASK length(7)   [2 or 8 bytes of length]   mask(4)
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from router.limits import Allowance

__all__ = ["BAD_MESSAGE", "VERDICTS", "FrameLimits", "FrameMeter", "Verdict", "frame_limits"]

RATE_LIMITED: Final = 4203
BAD_FRAME: Final = 4502
TOO_BIG: Final = 1009

_FIN: Final = 0x80
_CLOSE: Final = 0x88
_PONG: Final = 0x8A

# Bytes of a header by its second byte: 0 where the mask is missing. Only 6 fits a control frame.
_SIZE: Final = 6
_SIZES: Final = bytes(128) + bytes([_SIZE] * 126 + [8, 14])
# The shortest payload that may be written in that many header bytes (RFC 6455, 5.2).
_LENGTH_MIN: Final = {_SIZE: 0, 8: 126, 14: 65_536}

_BAD: Final = 0
_FIRST: Final = 1
_NEXT: Final = 2
_CONTROL: Final = 3
_KIND_BY_OPCODE: Final = {0: _NEXT, 1: _FIRST, 2: _FIRST, 8: _CONTROL, 9: _CONTROL, 10: _CONTROL}


def _kind(first: int) -> int:
    kind = _KIND_BY_OPCODE.get(first & 0x0F, _BAD)
    is_split_control = kind == _CONTROL and not first & _FIN
    return _BAD if first & 0x70 or is_split_control else kind


# By the first byte. Reserved bits are for extensions, and none is ever negotiated.
_KINDS: Final = bytes(_kind(first) for first in range(256))


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """What one connection may send; rates are per second."""

    frame_bytes: int = 65_536
    """Of one frame, and of one message over all its fragments."""
    fragments: int = 16
    data_rate: float = 200.0
    data_burst: float = 1_200.0
    control_rate: float = 2.0
    control_burst: float = 10.0
    byte_rate: float = 262_144.0
    byte_burst: float = 2_097_152.0


@lru_cache(maxsize=64)
def frame_limits(allowance: Allowance, frame_bytes: int) -> FrameLimits:
    """Returns limits that nobody meets who keeps to what ``welcome`` announced.

    That is so many commands, each of which may fill a frame or come in as many fragments as a
    message may have. Who sends more is told so by the session first.
    """
    least = FrameLimits(frame_bytes=frame_bytes)
    rate = allowance.rate + allowance.talk_rate
    burst = allowance.burst + allowance.talk_burst
    return FrameLimits(
        frame_bytes=frame_bytes,
        fragments=least.fragments,
        data_rate=max(least.data_rate, float(rate * least.fragments)),
        data_burst=max(least.data_burst, float(burst * least.fragments)),
        control_rate=least.control_rate,
        control_burst=least.control_burst,
        byte_rate=max(least.byte_rate, float(rate * frame_bytes)),
        byte_burst=max(least.byte_burst, float(burst * frame_bytes)),
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why no more is taken from a peer, as a close code."""

    code: int
    reason: str
    """One of the sentences in this file; never the peer's words."""


BAD_BYTES: Final = Verdict(BAD_FRAME, "malformed frame")
BAD_MESSAGE: Final = Verdict(BAD_FRAME, "malformed message")
BIG_MESSAGE: Final = Verdict(TOO_BIG, "message too big")
MANY_BYTES: Final = Verdict(RATE_LIMITED, "too many bytes")
MANY_FRAGMENTS: Final = Verdict(RATE_LIMITED, "too many fragments")
MANY_FRAMES: Final = Verdict(RATE_LIMITED, "too many frames")
MANY_PINGS: Final = Verdict(RATE_LIMITED, "too many control frames")
VERDICTS: Final = (
    BAD_BYTES, BAD_MESSAGE, BIG_MESSAGE, MANY_BYTES, MANY_FRAGMENTS, MANY_FRAMES, MANY_PINGS,
)  # fmt: skip
"""All that there are."""


class FrameMeter:
    """Judges a stream of frames piece by piece.

    Attributes:
        verdict: Set once by the first violation.
        heard_at: The instant at which a frame of any kind last began or ended.
        pong_at: The instant at which the last pong began.
    """

    __slots__ = (
        "_bytes_left",
        "_control_left",
        "_data_left",
        "_fragment_count",
        "_held",
        "_limits",
        "_message_bytes",
        "_refilled_at",
        "_skip",
        "heard_at",
        "pong_at",
        "verdict",
    )

    def __init__(self, limits: FrameLimits, now: float) -> None:
        self.verdict: Verdict | None = None
        self.heard_at = now
        self.pong_at = float("-inf")
        self._limits = limits
        self._bytes_left = limits.byte_burst
        self._data_left = limits.data_burst
        self._control_left = limits.control_burst
        self._refilled_at = now
        self._held: bytes | bytearray = b""  # the beginning of a header
        self._skip = 0  # payload of the frame in progress still to come
        self._fragment_count = 0  # of the message in progress
        self._message_bytes = 0

    @property
    def is_between_messages(self) -> bool:
        """Whether all that went on so far was whole messages."""
        return self._skip == 0 and self._fragment_count == 0

    def adjust(self, limits: FrameLimits) -> None:
        """Put other limits in force; what has been spent stays spent."""
        old, self._limits = self._limits, limits
        self._bytes_left += limits.byte_burst - old.byte_burst
        self._data_left += limits.data_burst - old.data_burst
        self._control_left += limits.control_burst - old.control_burst

    def feed(self, data: bytes | bytearray, now: float) -> bytes | bytearray:
        """Return how much of `data` may go on to the decoder, with what was held back before."""
        if self.verdict is not None:
            return b""
        if now > self._refilled_at:
            self._refill(now)
        within = len(data) <= self._bytes_left
        if not within:
            data = data[: max(0, int(self._bytes_left))]
        self._bytes_left -= len(data)
        if self._held:
            data = self._held + data
            self._held = b""
        passed = self._walk(data, now)
        if not within and self.verdict is None:
            self.verdict = MANY_BYTES
        return passed

    def _refill(self, now: float) -> None:
        limits, passed_s = self._limits, now - self._refilled_at
        self._refilled_at = now
        left = self._bytes_left + passed_s * limits.byte_rate
        self._bytes_left = min(left, limits.byte_burst)
        left = self._data_left + passed_s * limits.data_rate
        self._data_left = min(left, limits.data_burst)
        left = self._control_left + passed_s * limits.control_rate
        self._control_left = min(left, limits.control_burst)

    def _walk(self, data: bytes | bytearray, now: float) -> bytes | bytearray:
        """Go from header to header; return `data` up to the first one cut short or refused."""
        end = len(data)
        start = self._skip  # of the next header
        if 0 < start <= end:
            self.heard_at = now
        while end - start >= 2:
            kind, size = _KINDS[data[start]], _SIZES[data[start + 1]]
            if not kind or not size or (kind == _CONTROL and size > _SIZE):
                self.verdict = BAD_BYTES
                return data[:start]
            if end - start < size:
                break
            length = data[start + 1] & 0x7F
            if size > _SIZE:
                length = int.from_bytes(data[start + 2 : start + size - 4], "big")
            self.verdict = self._judge(data[start], kind, length, size)
            if self.verdict is not None:
                return data[:start]
            start += size + length
            self.heard_at = now
        if start >= end:
            self._skip = start - end
            return data
        self._skip = 0
        self._held = data[start:]
        return data[:start]

    def _judge(self, first: int, kind: int, length: int, size: int) -> Verdict | None:
        if kind == _CONTROL:
            return self._judge_control(first, length)
        is_badly_long = length < _LENGTH_MIN[size] or length >> 63
        if is_badly_long or (kind == _NEXT) != (self._fragment_count > 0):
            return BAD_BYTES
        self._message_bytes += length
        if self._message_bytes > self._limits.frame_bytes:
            return BIG_MESSAGE
        self._fragment_count += 1
        if self._fragment_count > self._limits.fragments:
            return MANY_FRAGMENTS
        self._data_left -= 1.0
        if self._data_left < 0.0:
            return MANY_FRAMES
        if first & _FIN:
            self._fragment_count = self._message_bytes = 0
        return None

    def _judge_control(self, first: int, length: int) -> Verdict | None:
        if first == _CLOSE and length == 1:
            return BAD_BYTES
        if first == _PONG:
            self.pong_at = self._refilled_at  # which is now, but for a clock that stood still
        self._control_left -= 1.0
        if self._control_left < 0.0:
            return MANY_PINGS
        return None
