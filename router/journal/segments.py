"""The folder of a file journal: its segments, and what a start makes of them.

Owns: the names in the folder, the checks of a start, the cut of a torn end.
Does not know: how batches are written or read again, threads, trio, the core.
Invariants: a start either continues behind the last durable batch or refuses; it never skips one.
Segments follow each other without a gap: each names the first sequence number it holds and the
checksum of the frame before it. Whatever stands behind the last frame is zero.

Cases at the first place that is not a valid frame:

    zeros to the end of the file         the end of the segment
    anything else, not the last segment  damage: refuse
    a valid frame somewhere behind it    damage: refuse
    anything else                        a write that was never durable: cut it off

A start that has a snapshot begins at the snapshot's place: of segments wholly before it only the
heads are read, and its own segment is checked from there on. `fairline journal verify` checks all.

Whole is not yet durable: the last frame may stand in the kernel's memory alone, where its process
was killed before the sync or the sync failed. After a failed one the kernel calls the pages clean,
and no later sync would write them. So a start writes the last frame again and syncs it, before
anything builds on it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from router.errors import JournalCorrupt, JournalVersion
from router.journal.base import Record
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
from router.journal.remarks import remark

__all__ = [
    "BLANK_NAME",
    "READ_BYTES",
    "Entry",
    "Place",
    "Recovered",
    "Segment",
    "check_order",
    "corrupt",
    "read_head",
    "recover",
    "recover_segment",
    "segment_names",
    "segment_path",
]

BLANK_NAME = "next.blank"
"""The segment being prepared; it holds nothing yet, so a start removes it."""

READ_BYTES = 256 * 1024
"""What a cursor takes from the disk at once, unless a frame is longer."""

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


class Place(NamedTuple):
    """Behind one certain batch: where a start or a reader that has a snapshot goes on."""

    sequence: int
    segment_sequence: int
    start: int
    """The offset of the batch's frame."""
    end: int
    """The offset behind it."""
    crc: int
    stamp_ms: int
    positions: Mapping[str, int]
    """Each tenant's last position, the batch included."""


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
    last_offset: int
    """Where the last of them begins; 0 where there is none, for then the header is the last."""


def segment_path(folder: Path, first_sequence: int) -> Path:
    """Return the name of the segment that begins with this sequence number; names sort."""
    return folder / f"{_PREFIX}{first_sequence:020d}{_SUFFIX}"


def segment_names(ops: FileOps, folder: Path) -> list[str]:
    """Return the names of the folder's segments, in order."""
    return sorted(
        name for name in ops.names(folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX)
    )


def recover(
    ops: FileOps, folder: Path, core_version: int, place: Place | None = None
) -> Recovered | None:
    """Check the journal, cut a torn end off, and say where to go on; `None` for a new one.

    With a place only what comes behind it is checked.

    Raises:
        JournalCorrupt: something durable is damaged or missing, the place too.
        JournalVersion: a segment comes from a newer Fairline.
    """
    ops.unlink(folder / BLANK_NAME)
    names = segment_names(ops, folder)
    found: Recovered | None = None
    heads: list[Segment] = []
    begin = None if place is None else segment_path(folder, place.segment_sequence).name
    for index, name in enumerate(names):
        if begin is not None and name < begin:
            heads.append(read_head(ops, folder / name, core_version))
            continue
        at = place if name == begin else None
        is_last = index == len(names) - 1
        found = recover_segment(ops, folder / name, core_version, found, at, is_last=is_last)
    if place is not None and begin not in names:
        raise _lost(segment_path(folder, place.segment_sequence), place)
    return found if found is None else found._replace(segments=[*heads, *found.segments])


def read_head(ops: FileOps, path: Path, core_version: int) -> Segment:
    """Read what a segment says of itself, without its batches.

    Raises:
        JournalCorrupt: that is damaged.
        JournalVersion: it comes from a newer Fairline.
    """
    descriptor = ops.open(path, to_write=False)
    try:
        data = read_all(ops, descriptor, READ_BYTES, 0)
        end = frame_end(memoryview(data), HEADER_BYTES)
        if end > len(data):
            missing = min(end, ops.size(descriptor)) - len(data)
            data += read_all(ops, descriptor, missing, len(data))
    finally:
        ops.close(descriptor)
    return _read_segment(path, data, core_version)


def recover_segment(
    ops: FileOps,
    path: Path,
    core_version: int,
    before: Recovered | None,
    place: Place | None,
    *,
    is_last: bool,
    is_counted: bool = False,
) -> Recovered:
    """Check one segment and its link to the one before; see `recover`.

    Positions are counted in the last segment, and in others where asked for.
    """
    descriptor = ops.open(path, to_write=is_last)
    try:
        data = read_all(ops, descriptor, ops.size(descriptor), 0)
        segment = _read_segment(path, data, core_version)
        if before is not None:
            _check_link(segment, before)
        positions = dict(place.positions if place is not None else segment.positions)
        is_counted = is_counted or is_last
        tail = _scan(segment, data, positions if is_counted else None, place)
        torn_end = _torn_end(segment, data, tail, is_last=is_last)
        if is_last:
            _make_durable(ops, descriptor, data[tail.last_offset : torn_end], tail)
        if torn_end > tail.offset:
            _tell_cut(segment, tail.offset, torn_end)
    finally:
        ops.close(descriptor)
    segments = [*before.segments, segment] if before is not None else [segment]
    return Recovered(segments, positions if is_counted else {}, *tail[:-1])


def _make_durable(ops: FileOps, descriptor: int, last: bytes, tail: _Tail) -> None:
    """Write the last frame again, zeros over what is torn behind it, and sync both."""
    kept = tail.offset - tail.last_offset
    write_all(ops, descriptor, last[:kept] + bytes(len(last) - kept), tail.last_offset)
    ops.fdatasync(descriptor)


def _tell_cut(segment: Segment, start: int, end: int) -> None:
    remark(
        "fairline.journal",
        "journal.torn_end_cut",
        segment=str(segment.path),
        offset_bytes=start,
        cut_bytes=end - start,
    )


def _read_segment(path: Path, data: bytes, core_version: int) -> Segment:
    header = read_header(data)
    if header is None:
        raise corrupt(path, 0, "The segment's header is damaged.")
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
        raise corrupt(path, HEADER_BYTES, "The tenants' positions are damaged.")
    return Segment(path, header, decode_positions(frame.payload), frame.end)


def _check_link(segment: Segment, before: Recovered) -> None:
    """Make sure that the segment follows the one before it: no file is missing or foreign."""
    header = segment.header
    if header.store_id != before.segments[-1].header.store_id:
        raise corrupt(segment.path, 0, "The segment belongs to another journal.")
    if header.first_sequence != before.sequence + 1 or header.previous_crc != before.crc:
        raise corrupt(
            segment.path,
            0,
            f"The segment does not follow entry {before.sequence}, the last of the one before it:"
            " a segment is missing, or one of the two is damaged.",
        )


def _scan(
    segment: Segment, data: bytes, positions: dict[str, int] | None, place: Place | None
) -> _Tail:
    """Follow the frames as far as they are valid, counting commands where positions are given."""
    header = segment.header
    view = memoryview(data)
    seed = seed_of(header.store_id)
    last = None if place is None else _frame_at(segment, view, place, seed)
    sequence = header.first_sequence if last is None else last.sequence + 1
    offset = segment.start if last is None else last.end
    last_offset = 0 if place is None else place.start
    while (frame := read_frame(view, offset, seed)) is not None:
        check_order(segment.path, offset, frame, sequence)
        if positions is not None:
            for tenant, _ in decode_commands(frame.payload):
                positions[tenant] = positions.get(tenant, 0) + 1
        last = frame
        sequence += 1
        last_offset, offset = offset, frame.end
    if last is None:
        return _Tail(sequence - 1, header.stamp_before_ms, header.previous_crc, offset, 0)
    return _Tail(last.sequence, last.now_ms, last.crc, offset, last_offset)


def _frame_at(segment: Segment, view: memoryview, place: Place, seed: int) -> Frame:
    """Find the batch behind which a snapshot was taken."""
    frame = read_frame(view, place.start, seed)
    if frame is None or (frame.sequence, frame.crc) != (place.sequence, place.crc):
        raise _lost(segment.path, place)
    return frame


def _lost(path: Path, place: Place) -> JournalCorrupt:
    return JournalCorrupt(
        segment=str(path),
        offset=place.start,
        problem=f"A snapshot was taken behind entry {place.sequence}, which is not here: commands"
        " that were answered are missing.",
        mend="Restore this file from a copy, or remove the snapshots that are newer than the"
        " journal to go on without those commands.",
    )


def check_order(path: Path, offset: int, frame: Frame, sequence: int) -> None:
    """Make sure that the frame is the one that comes next."""
    if frame.kind != COMMANDS or frame.sequence != sequence:
        raise corrupt(path, offset, f"Here is entry {frame.sequence} where {sequence} belongs.")


def _torn_end(segment: Segment, data: bytes, tail: _Tail, *, is_last: bool) -> int:
    """Return where what was left behind the last frame ends; see the cases in the module."""
    end = len(data.rstrip(b"\0"))
    if end <= tail.offset:
        return tail.offset
    seed = seed_of(segment.header.store_id)
    if not is_last or has_later_frame(data, tail.offset, sequence=tail.sequence + 1, seed=seed):
        raise corrupt(
            segment.path,
            tail.offset,
            f"Entry {tail.sequence + 1} is damaged, and it is not the last.",
        )
    return end


def corrupt(path: Path, offset: int, problem: str) -> JournalCorrupt:
    """Return the error that names the file, the place in it, and the mend."""
    return JournalCorrupt(segment=str(path), offset=offset, problem=problem, mend=_MEND)
