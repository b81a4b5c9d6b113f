import math
import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.server.meter import VERDICTS, FrameLimits, FrameMeter, Verdict
from tests.helpers.raw import BINARY, CLOSE, PING, PONG, TEXT, frame, pieces_of

LIMITS = FrameLimits()


def run(
    data: bytes, seed: int | None = None, limits: FrameLimits = LIMITS
) -> tuple[bytes, Verdict | None]:
    """What a meter lets through of `data` cut into pieces, all at one instant."""
    meter = FrameMeter(limits, 0.0)
    passed = b"".join(bytes(meter.feed(piece, 0.0)) for piece in pieces_of(data, seed))
    return passed, meter.verdict


def verdict(data: bytes, limits: FrameLimits = LIMITS) -> tuple[int, str] | None:
    _, found = run(data, limits=limits)
    return (found.code, found.reason) if found else None


def test_frames_within_the_limits_pass_unchanged() -> None:
    data = frame(b"") + frame(b"x" * 125) + frame(b"y" * 126, BINARY) + frame(b"z" * 65_536)
    data += (
        frame(b"a", fin=False) + frame(b"now", PING) + frame(b"b", 0) + frame(b"\x03\xe8", CLOSE)
    )
    assert run(data) == (data, None)


@pytest.mark.parametrize(
    "bad",
    [
        b"\x81\x05hello",
        b"\xc1\x80abcd",
        b"\xa1\x80abcd",
        b"\x91\x80abcd",
        b"\x83\x80abcd",
        b"\x8b\x80abcd",
        b"\x09\x80abcd",
        b"\x89\xfe\x00\x7eabcd",
        b"\x88\x81abcdx",
        b"\x81\xfe\x00\x7dabcd",
        b"\x81\xff" + struct.pack("!Q", 65_535) + b"abcd",
        b"\x81\xff" + struct.pack("!Q", 1 << 63) + b"abcd",
        frame(b"x", 0),
        frame(b"x", fin=False) + frame(b"y"),
    ],
)
def test_malformed_frame_ends_it_with_4502(bad: bytes) -> None:
    """A15."""
    good = frame(b"before")
    passed, found = run(good + bad + frame(b"after"))
    assert found == Verdict(4502, "malformed frame")
    assert passed.startswith(good)
    assert b"after" not in passed
    assert len(passed) < len(good + bad)


@pytest.mark.parametrize(
    "data",
    [
        frame(b"x" * 65_537),
        frame(b"\xf0\x9f\x98\x80" * 30_000),
        b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"abcd",
        frame(b"x" * 40_000, fin=False) + frame(b"x" * 40_000, 0),
    ],
)
def test_message_is_too_big_by_its_bytes(data: bytes) -> None:
    """A05, A12, A15."""
    assert verdict(data) == (1009, "message too big")


def test_message_has_a_limit_of_fragments_empty_ones_too() -> None:
    """A10, A11."""
    start, more = frame(b"", fin=False), frame(b"", 0, fin=False)
    assert verdict(start + more * 14 + frame(b"", 0)) is None
    assert verdict(start + more * 15 + frame(b"", 0)) == (4203, "too many fragments")
    assert verdict((start + more * 14 + frame(b"", 0)) * 3) is None


def test_control_frames_have_a_bucket_of_their_own() -> None:
    """A13, A14."""
    assert verdict(frame(b"", PONG) * 10 + frame(b"") * 1_200) is None
    assert verdict(frame(b"", PONG) * 11) == (4203, "too many control frames")
    assert verdict(frame(b"", PING) * 11) == (4203, "too many control frames")


def test_burst_of_a_thousand_frames_is_let_in() -> None:
    """A20."""
    assert verdict(frame(b"{}") * 1_200) is None
    assert verdict(frame(b"{}") * 1_201) == (4203, "too many frames")


def test_bytes_have_a_bucket() -> None:
    limits = replace(LIMITS, byte_burst=100.5)
    assert verdict(frame(b"x" * 94), limits) is None
    assert run(frame(b"x" * 95), limits=limits) == (
        frame(b"x" * 95)[:100],
        Verdict(4203, "too many bytes"),
    )


def test_buckets_refill_with_time_up_to_their_burst() -> None:
    meter = FrameMeter(LIMITS, 100.0)
    assert meter.feed(frame(b"", PONG) * 10, 100.0)
    assert meter.feed(frame(b"", PONG) * 2, 101.0)
    assert meter.feed(frame(b"", PONG) * 10, 1_000.0)
    assert meter.verdict is None
    assert meter.feed(frame(b"", PONG), 1_000.4) == b""
    assert meter.verdict == Verdict(4203, "too many control frames")


def test_clock_that_stands_still_refills_nothing() -> None:
    meter = FrameMeter(LIMITS, 100.0)
    meter.feed(frame(b"", PONG) * 10, 100.0)
    assert meter.feed(frame(b"", PONG), 99.0) == b""


def test_adjusting_keeps_what_has_been_spent() -> None:
    meter = FrameMeter(LIMITS, 0.0)
    meter.feed(frame(b"", PONG) * 8, 0.0)
    meter.adjust(replace(LIMITS, control_burst=13.0))
    assert meter.feed(frame(b"", PONG) * 5, 0.0)
    assert meter.verdict is None
    meter.adjust(LIMITS)
    meter.feed(frame(b"", PONG), 0.0)
    assert meter.verdict == Verdict(4203, "too many control frames")


def test_adjusting_puts_another_frame_limit_in_force() -> None:
    meter = FrameMeter(LIMITS, 0.0)
    meter.adjust(replace(LIMITS, frame_bytes=10))
    meter.feed(frame(b"x" * 11), 0.0)
    assert meter.verdict == Verdict(1009, "message too big")


def test_any_frame_is_a_sign_of_life_when_it_begins_and_when_it_ends() -> None:
    meter = FrameMeter(LIMITS, 0.0)
    pong, text = frame(b"", PONG), frame(b"hello")
    meter.feed(pong[:1], 1.0)
    assert meter.heard_at == 0.0
    meter.feed(pong[1:], 2.0)
    assert meter.heard_at == 2.0
    meter.feed(text[:8], 3.0)
    meter.feed(text[8:9], 4.0)
    assert meter.heard_at == 3.0
    meter.feed(text[9:], 5.0)
    assert meter.heard_at == 5.0


def test_nothing_passes_after_a_verdict() -> None:
    meter = FrameMeter(LIMITS, 0.0)
    meter.feed(b"\x81\x00", 0.0)
    assert meter.feed(frame(b"x"), 1_000.0) == b""


FRAMES = st.lists(
    st.builds(
        lambda payload, opcode, fin: frame(payload, opcode, fin=fin),
        st.binary(max_size=300),
        st.sampled_from([0, TEXT, BINARY, CLOSE, PING, PONG]),
        st.booleans(),
    )
    | st.just(frame(b"", PONG))
    | st.just(frame(b""))
    | st.binary(max_size=10),
    max_size=60,
).map(b"".join)
TIGHT = FrameLimits(
    frame_bytes=400, fragments=3, data_burst=20, control_burst=5, byte_burst=3_000, byte_rate=math.e
)


@given(FRAMES, st.integers(1, 1_000_000))
def test_pieces_on_the_way_change_neither_what_passes_nor_the_verdict(
    data: bytes, seed: int
) -> None:
    whole = run(data, limits=TIGHT)
    assert run(data, 0, TIGHT) == whole
    assert run(data, seed, TIGHT) == whole


@given(FRAMES)
def test_what_passes_is_the_beginning_of_what_came(data: bytes) -> None:
    passed, found = run(data, limits=TIGHT)
    assert data.startswith(passed)
    # Without a verdict at most the beginning of one header is held back.
    assert found or len(data) - len(passed) < 14


def test_every_verdict_is_listed() -> None:
    """Metrics begin with one series for each, so one that is missing is not seen at its first."""
    server = Path(__file__).parents[2] / "router" / "server"
    text = "".join((server / name).read_text("utf-8") for name in ("meter.py", "gate.py"))
    assert len(re.findall(r"\bVerdict\(\w", text)) == len(VERDICTS) == len(set(VERDICTS))
