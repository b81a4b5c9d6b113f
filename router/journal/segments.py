"""The folder of a file journal: its segments, what a start makes of them, and reading them again.

Owns: the names in the folder, the checks of a start, the cut of a torn end, the reader's cursor.
Does not know: how batches are written, threads, trio, the core.
Invariants: a start either continues behind the last durable batch or refuses; it never skips one.
Segments follow each other without a gap: each names the first sequence number it holds and the
checksum of the frame before it. Whatever stands behind the last frame is zero.

Cases at the first place that is not a valid frame:

    zeros to the end of the file         the end of the segment
    anything else, not the last segment  damage: refuse
    a valid frame somewhere behind it    damage: refuse
    anything else                        a write that was never durable: cut it off
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from router.errors import JournalCorrupt, JournalVersion
from router.journal.base import Record, number
from router.journal.file_ops import FileOps, read_all, write_all
from router.journal.frames import (
    COMMANDS,
    FORMAT_VERSION,
    HEADER_BYTES,
    POSITIONS,
    Frame,
    Header,
    decode_commands,
    decode_positions,
    frame_end,
    has_later_frame,
    read_frame,
    read_header,
    seed_of,
)

__all__ = ["BLANK_NAME", "Cursor", "Entry", "Recovered", "Segment", "recover", "segment_path"]

BLANK_NAME = "next.blank"
"""The segment being prepared; it holds nothing yet, so a start removes it."""

READ_BYTES = 256 * 1024
"""What a cursor takes from the disk at once, unless a frame is longer."""

_LOG = structlog.get_logger("fairline.journal")
_PREFIX = "journal-"
_SUFFIX = ".segment"
_MEND = "Restore this file from a copy, or move its folder away to start empty."


class Segment(NamedTuple):
    """One file of the journal."""

    path: Path
    header: Header
    positions: Mapping[str, int]
    """Each tenant's last position before the segment."""
    start: int
    """The offset of its first frame of commands."""


class Entry(NamedTuple):
    """A durable batch and where it stands."""

    sequence: int
    segment_sequence: int
    """The first sequence number of its segment."""
    end: int
    """The offset behind its frame."""
    records: tuple[Record, ...]


class Recovered(NamedTuple):
    """What a start found, enough to go on from."""

    segments: list[Segment]
    positions: dict[str, int]
    sequence: int
    """Of the last batch; 0 if there is none."""
    stamp_ms: int
    crc: int
    offset: int
    """In the last segment, behind its last frame."""


class _Tail(NamedTuple):
    """Where the frames of a segment end."""

    sequence: int
    stamp_ms: int
    crc: int
    offset: int


def segment_path(folder: Path, first_sequence: int) -> Path:
    """Return the name of the segment that begins with this sequence number; names sort."""
    return folder / f"{_PREFIX}{first_sequence:020d}{_SUFFIX}"


def recover(ops: FileOps, folder: Path, core_version: int) -> Recovered | None:
    """Check the whole journal, cut a torn end off, and say where to go on; `None` for a new one.

    Raises:
        JournalCorrupt: something durable is damaged or missing.
        JournalVersion: a segment comes from a newer Fairline.
    """
    ops.unlink(folder / BLANK_NAME)
    names = sorted(
        name for name in ops.names(folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX)
    )
    found: Recovered | None = None
    for index, name in enumerate(names):
        is_last = index == len(names) - 1
        found = _recover_segment(ops, folder / name, core_version, found, is_last=is_last)
    return found


def _recover_segment(
    ops: FileOps, path: Path, core_version: int, before: Recovered | None, *, is_last: bool
) -> Recovered:
    descriptor = ops.open(path, to_write=is_last)
    try:
        data = read_all(ops, descriptor, ops.size(descriptor), 0)
        segment = _read_segment(path, data, core_version)
        if before is not None:
            _check_link(segment, before)
        positions = dict(segment.positions) if is_last else {}
        tail = _scan(segment, data, positions if is_last else None)
        torn_end = _torn_end(segment, data, tail, is_last=is_last)
        if torn_end > tail.offset:
            write_all(ops, descriptor, bytes(torn_end - tail.offset), tail.offset)
            ops.fdatasync(descriptor)
            cut_bytes = torn_end - tail.offset
            _LOG.warning(
                "journal.torn_end_cut",
                segment=str(path),
                offset_bytes=tail.offset,
                cut_bytes=cut_bytes,
            )
    finally:
        ops.close(descriptor)
    segments = [*before.segments, segment] if before is not None else [segment]
    return Recovered(segments, positions, *tail)


def _read_segment(path: Path, data: bytes, core_version: int) -> Segment:
    header = read_header(data)
    if header is None:
        raise _corrupt(path, 0, "The segment's header is damaged.")
    if header.format_version != FORMAT_VERSION:
        raise JournalVersion(
            f"{path}: written in format {header.format_version}, this Fairline reads"
            f" {FORMAT_VERSION}. Start it with the release that wrote the journal."
        )
    if header.core_version > core_version:
        raise JournalVersion(
            f"{path}: written for core version {header.core_version}, this Fairline knows"
            f" {core_version} at most. Install the newer release again."
        )
    seed = seed_of(header.store_id)
    frame = read_frame(memoryview(data), HEADER_BYTES, seed)
    if frame is None or frame.kind != POSITIONS or frame.sequence != header.first_sequence:
        raise _corrupt(path, HEADER_BYTES, "The tenants' positions are damaged.")
    return Segment(path, header, decode_positions(frame.payload), frame.end)


def _check_link(segment: Segment, before: Recovered) -> None:
    """Make sure that the segment follows the one before it: no file is missing or foreign."""
    header = segment.header
    if header.store_id != before.segments[-1].header.store_id:
        raise _corrupt(segment.path, 0, "The segment belongs to another journal.")
    if header.first_sequence != before.sequence + 1 or header.previous_crc != before.crc:
        raise _corrupt(
            segment.path,
            0,
            f"The segment does not follow entry {before.sequence}, the last of the one before it:"
            " a segment is missing, or one of the two is damaged.",
        )


def _scan(segment: Segment, data: bytes, positions: dict[str, int] | None) -> _Tail:
    """Follow the frames as far as they are valid, counting commands where positions are given."""
    header = segment.header
    view = memoryview(data)
    seed = seed_of(header.store_id)
    last: Frame | None = None
    sequence = header.first_sequence
    offset = segment.start
    while (frame := read_frame(view, offset, seed)) is not None:
        _check_order(segment.path, offset, frame, sequence)
        if positions is not None:
            for tenant, _ in decode_commands(frame.payload):
                positions[tenant] = positions.get(tenant, 0) + 1
        last = frame
        sequence += 1
        offset = frame.end
    if last is None:
        return _Tail(sequence - 1, header.stamp_before_ms, header.previous_crc, offset)
    return _Tail(last.sequence, last.now_ms, last.crc, offset)


def _check_order(path: Path, offset: int, frame: Frame, sequence: int) -> None:
    if frame.kind != COMMANDS or frame.sequence != sequence:
        raise _corrupt(path, offset, f"Here is entry {frame.sequence} where {sequence} belongs.")


def _torn_end(segment: Segment, data: bytes, tail: _Tail, *, is_last: bool) -> int:
    """Return where what was left behind the last frame ends; see the cases in the module."""
    end = len(data.rstrip(b"\0"))
    if end <= tail.offset:
        return tail.offset
    seed = seed_of(segment.header.store_id)
    if not is_last or has_later_frame(data, tail.offset, sequence=tail.sequence + 1, seed=seed):
        raise _corrupt(
            segment.path,
            tail.offset,
            f"Entry {tail.sequence + 1} is damaged, and it is not the last.",
        )
    return end


def _corrupt(path: Path, offset: int, problem: str) -> JournalCorrupt:
    return JournalCorrupt(segment=str(path), offset=offset, problem=problem, mend=_MEND)


class Cursor:
    """Reads the batches of a journal from its files, in order, a bounded piece at a time.

    It counts positions itself, from those a segment begins with, so frames need not carry them.
    """

    def __init__(
        self,
        ops: FileOps,
        segments: Sequence[Segment],
        *,
        after: Mapping[str, int],
        core_version: int,
    ) -> None:
        self._ops = ops
        self._segments = segments
        self._core_version = core_version
        self._segment = _first_needed(segments, after)
        self._offset = self._segment.start
        self._positions = dict(self._segment.positions)
        self.sequence = self._segment.header.first_sequence

    def read(self, through: int) -> list[Entry]:
        """Return the next batches, at least one, of those up to sequence `through`, all durable.

        Raises:
            JournalCorrupt: the next batch is not there any more.
            JournalVersion: it was written for another version of the core.
        """
        assert self.sequence <= through, "only what is durable can be read"
        segment = _segment_of(self._segments, self.sequence)
        if segment.path != self._segment.path:
            self._segment = segment
            self._offset = segment.start
            self._positions = dict(segment.positions)
        if segment.header.core_version != self._core_version:
            raise JournalVersion(
                f"{segment.path}: written for core version {segment.header.core_version}, this"
                f" Fairline replays {self._core_version}. Start from a snapshot taken behind it:"
                " run `fairline upgrade` with the release that wrote it."
            )
        return self._parse(self._load(), through)

    def pass_by(self, entry: Entry) -> None:
        """Move behind a batch that the reader got without the disk."""
        if entry.segment_sequence != self._segment.header.first_sequence:
            self._segment = _segment_of(self._segments, entry.sequence)
        self._offset = entry.end
        self.sequence = entry.sequence + 1
        for record in entry.records:
            self._positions[record.tenant] = record.position

    def _load(self) -> bytes:
        """Read a piece of the file that begins with the next frame and holds the whole of it."""
        descriptor = self._ops.open(self._segment.path, to_write=False)
        try:
            data = read_all(self._ops, descriptor, READ_BYTES, self._offset)
            missing = frame_end(memoryview(data), 0) - len(data)
            if missing > 0:
                missing = min(missing, self._ops.size(descriptor))
                data += read_all(self._ops, descriptor, missing, self._offset + len(data))
        finally:
            self._ops.close(descriptor)
        return data

    def _parse(self, data: bytes, through: int) -> list[Entry]:
        view = memoryview(data)
        seed = seed_of(self._segment.header.store_id)
        first = self._segment.header.first_sequence
        base = self._offset
        entries: list[Entry] = []
        offset = 0
        while self.sequence <= through:
            frame = read_frame(view, offset, seed)
            if frame is None:
                break
            _check_order(self._segment.path, base + offset, frame, self.sequence)
            records = number(decode_commands(frame.payload), self._positions, frame.now_ms)
            offset = frame.end
            entries.append(Entry(frame.sequence, first, base + offset, records))
            self.sequence += 1
        if not entries:
            problem = f"Entry {self.sequence} was durable and is damaged now."
            raise _corrupt(self._segment.path, base, problem)
        self._offset = base + offset
        return entries


def _first_needed(segments: Sequence[Segment], after: Mapping[str, int]) -> Segment:
    """Return the last segment before which there is nothing that the reader has not got."""
    for segment in reversed(segments):
        if all(after.get(tenant, 0) >= last for tenant, last in segment.positions.items()):
            return segment
    first = segments[0]
    raise JournalCorrupt(
        segment=str(first.path),
        offset=0,
        problem="The reader needs commands from before this segment, and they are gone.",
        mend="Start from a snapshot that covers them, or restore the segments before this one.",
    )


def _segment_of(segments: Sequence[Segment], sequence: int) -> Segment:
    for segment in reversed(segments):
        if segment.header.first_sequence <= sequence:
            return segment
    raise AssertionError("segments are never removed under a reader")
