import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.frames import (
    COMMANDS,
    FORMAT_VERSION,
    FRAME_BYTES,
    HEADER_BYTES,
    POSITIONS,
    Header,
    decode_commands,
    decode_positions,
    encode_commands,
    encode_positions,
    frame_end,
    has_later_frame,
    pack_frame,
    pack_header,
    read_frame,
    read_header,
    seed_of,
)

STORE_ID = bytes(range(16))
SEED = seed_of(STORE_ID)
HEADER = Header(FORMAT_VERSION, 3, 17, 1_700_000_000_000, 0xDEADBEEF, STORE_ID)


def commands_frame(sequence: int = 17, payload: bytes = b"payload") -> bytes:
    return pack_frame(
        COMMANDS, payload, command_count=2, sequence=sequence, now_ms=1_700_000_000_123, seed=SEED
    )


def test_a_header_comes_back_as_it_was_written() -> None:
    data = pack_header(HEADER)
    assert len(data) == HEADER_BYTES
    assert read_header(data + b"whatever follows") == HEADER


def test_a_frame_comes_back_as_it_was_written() -> None:
    data = b"before" + commands_frame() + b"after"
    frame = read_frame(memoryview(data), 6, SEED)
    assert frame is not None
    assert (frame.kind, frame.command_count, frame.sequence) == (COMMANDS, 2, 17)
    assert (frame.now_ms, bytes(frame.payload)) == (1_700_000_000_123, b"payload")
    assert frame.end == frame_end(memoryview(data), 6) == len(data) - len(b"after")
    assert frame.crc == int.from_bytes(data[6:10], "little")


@pytest.mark.parametrize("length", range(FRAME_BYTES + 7))
def test_a_frame_that_is_cut_is_no_frame(length: int) -> None:
    assert read_frame(memoryview(commands_frame()[:length]), 0, SEED) is None


def test_any_flipped_bit_makes_a_header_or_a_frame_invalid() -> None:
    header, frame = pack_header(HEADER), commands_frame()
    for bit in range(HEADER_BYTES * 8):
        assert read_header(flip(header, bit)) is None
    for bit in range(len(frame) * 8):
        assert read_frame(memoryview(flip(frame, bit) + bytes(64)), 0, SEED) is None


def flip(data: bytes, bit: int) -> bytes:
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def test_a_frame_of_another_store_is_no_frame() -> None:
    assert read_frame(memoryview(commands_frame()), 0, seed_of(bytes(16))) is None


@given(st.binary(max_size=200))
def test_reading_anything_whatever_never_raises(data: bytes) -> None:
    assert read_header(data) is None
    assert read_frame(memoryview(data), 0, SEED) is None
    assert frame_end(memoryview(data), 0) >= 0
    assert not has_later_frame(data, 0, sequence=1, seed=SEED)


def test_a_later_frame_is_found_behind_anything() -> None:
    data = b"FLc" + b"\0FLcm" * 3 + commands_frame(sequence=9)
    assert has_later_frame(data, 0, sequence=9, seed=SEED)
    assert not has_later_frame(data, 0, sequence=10, seed=SEED)
    assert not has_later_frame(data, len(data) - 8, sequence=1, seed=SEED)


def test_a_frame_spelt_out_in_a_message_is_not_found_by_who_knows_not_the_store() -> None:
    forged = pack_frame(COMMANDS, b"", command_count=1, sequence=99, now_ms=0, seed=0)
    assert not has_later_frame(b"torn" + forged, 0, sequence=1, seed=SEED)


def test_payloads_are_plain_msgpack() -> None:
    commands = [("acme", b"\x00\xff"), ("zürich", b"")]
    encoded = encode_commands(commands)
    assert msgpack.unpackb(encoded) == [list(command) for command in commands]
    assert decode_commands(memoryview(encoded)) == commands
    positions = {"acme": 2**40, "zürich": 1}
    assert decode_positions(memoryview(encode_positions(positions))) == positions


def test_the_kinds_of_frame_differ() -> None:
    frame = pack_frame(POSITIONS, b"", command_count=0, sequence=1, now_ms=0, seed=SEED)
    found = read_frame(memoryview(frame), 0, SEED)
    assert found is not None
    assert found.kind == POSITIONS != COMMANDS
