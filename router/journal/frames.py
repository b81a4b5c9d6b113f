"""The bytes of the file journal: segment headers and frames.

Owns: the layout, the checksums, and the search for frames behind a damaged place.
Does not know: files, threads, tenants' positions, time.
Invariants: a single flipped bit anywhere in a header or a frame makes it invalid; reading never
raises on any bytes whatever: there is a valid thing at an offset, or `None`.

Layout, little-endian. A segment is one header, one frame of positions, then frames of commands,
then zeros to its end:

    header  crc32 | "FAIRLINE" | format u16 | 0 u16 | core version u32 | first sequence u64
            | stamp before u64 | crc of the frame before u32 | store id 16 bytes
    frame   crc32 | kind 4 bytes | payload length u32 | command count u32 | sequence u64 | stamp u64
            | payload

A frame's checksum covers everything behind it and begins from the store's id, which nobody outside
knows. So neither a frame of another store nor one that a customer spelt out inside a message can
ever pass for a frame of this store while its end is looked for.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from router.journal.base import Command

__all__ = [
    "COMMANDS",
    "FORMAT_VERSION",
    "FRAME_BYTES",
    "HEADER_BYTES",
    "POSITIONS",
    "STORE_ID_BYTES",
    "Frame",
    "Header",
    "decode_commands",
    "decode_positions",
    "encode_commands",
    "encode_positions",
    "frame_end",
    "has_later_frame",
    "pack_frame",
    "pack_header",
    "read_frame",
    "read_header",
    "seed_of",
]

FORMAT_VERSION = 1
STORE_ID_BYTES = 16
COMMANDS = b"FLcm"
POSITIONS = b"FLps"

_MAGIC = b"FAIRLINE"
_HEADER = struct.Struct("<I8sHHIQQI16s")
_FRAME = struct.Struct("<I4sIIQQ")
_CRC_BYTES = 4
HEADER_BYTES = _HEADER.size
FRAME_BYTES = _FRAME.size

_encoder = msgspec.msgpack.Encoder()
_commands_decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
_positions_decoder = msgspec.msgpack.Decoder(dict[str, int])


class Header(NamedTuple):
    """What a segment says of itself before its first frame."""

    format_version: int
    core_version: int
    first_sequence: int
    stamp_before_ms: int
    """The stamp of the last batch of the segments before it, which may be gone."""
    previous_crc: int
    """The checksum of the last frame of the segment before it; 0 in the first."""
    store_id: bytes


class Frame(NamedTuple):
    """A whole, valid frame."""

    kind: bytes
    command_count: int
    sequence: int
    """Counts the frames of commands of a store from 1; a frame of positions has its follower's."""
    now_ms: int
    payload: memoryview
    crc: int
    end: int
    """The offset behind it."""


def seed_of(store_id: bytes) -> int:
    """Return the value from which the store's frame checksums begin."""
    return zlib.crc32(store_id)


def pack_header(header: Header) -> bytes:
    """Return the header's bytes."""
    body = _HEADER.pack(
        0,
        _MAGIC,
        header.format_version,
        0,
        header.core_version,
        header.first_sequence,
        header.stamp_before_ms,
        header.previous_crc,
        header.store_id,
    )[_CRC_BYTES:]
    return zlib.crc32(body).to_bytes(_CRC_BYTES, "little") + body


def read_header(data: bytes) -> Header | None:
    """Return the header at the start of a segment's bytes, if a valid one is there."""
    if len(data) < HEADER_BYTES:
        return None
    crc, magic, version, _, core, first, stamp_ms, previous, store_id = _HEADER.unpack_from(data)
    if magic != _MAGIC or zlib.crc32(data[_CRC_BYTES:HEADER_BYTES]) != crc:
        return None
    return Header(version, core, first, stamp_ms, previous, store_id)


def pack_frame(
    kind: bytes, payload: bytes, *, command_count: int, sequence: int, now_ms: int, seed: int
) -> bytes:
    """Return the frame's bytes."""
    head = _FRAME.pack(0, kind, len(payload), command_count, sequence, now_ms)[_CRC_BYTES:]
    crc = zlib.crc32(payload, zlib.crc32(head, seed))
    return b"".join((crc.to_bytes(_CRC_BYTES, "little"), head, payload))


def read_frame(data: memoryview, offset: int, seed: int) -> Frame | None:
    """Return the frame at the offset, if a whole and valid one is there."""
    start = offset + FRAME_BYTES
    if start > len(data):
        return None
    crc, kind, length, command_count, sequence, now_ms = _FRAME.unpack_from(data, offset)
    end = start + length
    if (kind != COMMANDS and kind != POSITIONS) or end > len(data):
        return None
    if zlib.crc32(data[offset + _CRC_BYTES : end], seed) != crc:
        return None
    return Frame(kind, command_count, sequence, now_ms, data[start:end], crc, end)


def frame_end(data: memoryview, offset: int) -> int:
    """Return where the frame that begins at the offset says it ends, or the offset if unsaid."""
    if offset + FRAME_BYTES > len(data):
        return offset
    length: int = _FRAME.unpack_from(data, offset)[2]
    return offset + FRAME_BYTES + length


def has_later_frame(data: bytes, offset: int, *, sequence: int, seed: int) -> bool:
    """Tell whether a valid frame of commands behind the offset has at least this sequence.

    A torn write is the last thing in a journal; a whole frame behind a bad one means that the bad
    one was durable once, and has been damaged since.
    """
    view = memoryview(data)
    place = data.find(COMMANDS, offset)
    while place >= 0:
        frame = read_frame(view, place - _CRC_BYTES, seed) if place >= _CRC_BYTES else None
        if frame is not None and frame.sequence >= sequence:
            return True
        place = data.find(COMMANDS, place + 1)
    return False


def encode_commands(commands: Sequence[Command]) -> bytes:
    """Return the payload of a frame of commands."""
    return _encoder.encode(commands)


def decode_commands(payload: memoryview) -> list[Command]:
    """Return the commands of a frame whose checksum was right."""
    return _commands_decoder.decode(payload)


def encode_positions(positions: Mapping[str, int]) -> bytes:
    """Return the payload of a frame of positions."""
    return _encoder.encode(positions)


def decode_positions(payload: memoryview) -> dict[str, int]:
    """Return the positions of a frame whose checksum was right."""
    return _positions_decoder.decode(payload)
