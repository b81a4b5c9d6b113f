"""Reads the batches of a journal again from its files.

Owns: where a reader begins, and its way from frame to frame and from segment to segment.
Does not know: how batches are written, what a start checks, threads, the core.
Invariants: a reader gets every batch behind its beginning, in order, each checked once more; it
holds a bounded piece of the files in memory.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from router.errors import JournalCorrupt, JournalVersion, StorageError
from router.journal.base import number
from router.journal.file_ops import FileOps, read_all
from router.journal.frames import decode_commands, frame_end, read_frame, seed_of
from router.journal.segments import READ_BYTES, Entry, Place, Segment, check_order, corrupt

__all__ = ["Cursor"]


class Cursor:
    """Reads the batches of a journal from its files, in order, a bounded piece at a time.

    It counts positions itself, from those a segment begins with, so frames need not carry them.

    Args:
        ops: The disk.
        segments: Returns the segments as they are now.
        after: What the reader has of each tenant already.
        core_version: What the reader can replay.
        place: Behind a certain batch, if one is known: a beginning nearer than a segment's.
    """

    def __init__(
        self,
        ops: FileOps,
        segments: Callable[[], Sequence[Segment]],
        *,
        after: Mapping[str, int],
        core_version: int,
        place: Place | None = None,
    ) -> None:
        self._ops = ops
        self._segments = segments
        self._core_version = core_version
        begin = _beginning(segments(), after, place)
        self._segment = begin.segment
        self._offset = begin.offset
        self._positions = dict(begin.positions)
        self.sequence = begin.sequence

    def read(self, through: int) -> list[Entry]:
        """Return the next batches, at least one, of those up to sequence `through`, all durable.

        Raises:
            JournalCorrupt: the next batch is not there any more.
            JournalVersion: it was written for another version of the core.
            StorageError: the disk failed.
        """
        assert self.sequence <= through, "only what is durable can be read"
        segment = _segment_of(self._segments(), self.sequence)
        if segment.path != self._segment.path:
            self._segment = segment
            self._offset = segment.start
            self._positions = dict(segment.positions)
        if segment.header.core_version != self._core_version:
            raise JournalVersion(
                f"{segment.path}: written for core version {segment.header.core_version}, this"
                f" Fairline replays {self._core_version} and would decide otherwise. Serve it with"
                " the release that wrote it until what is open is over; then begin a new folder."
            )
        return self._parse(self._load(), through)

    def pass_by(self, entry: Entry) -> None:
        """Move behind a batch that the reader got without the disk."""
        if entry.segment_sequence != self._segment.header.first_sequence:
            self._segment = _segment_of(self._segments(), entry.sequence)
        self._offset = entry.end
        self.sequence = entry.sequence + 1
        for record in entry.records:
            self._positions[record.tenant] = record.position

    def _load(self) -> bytes:
        """Read a piece of the file that begins with the next frame and holds the whole of it."""
        path = self._segment.path
        try:
            descriptor = self._ops.open(path, to_write=False)
            try:
                data = read_all(self._ops, descriptor, READ_BYTES, self._offset)
                missing = frame_end(memoryview(data), 0) - len(data)
                if missing > 0:
                    missing = min(missing, self._ops.size(descriptor))
                    data += read_all(self._ops, descriptor, missing, self._offset + len(data))
            finally:
                self._ops.close(descriptor)
        except OSError as error:
            raise StorageError(f"{path}: the journal cannot be read: {error.strerror}.") from error
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
            check_order(self._segment.path, base + offset, frame, self.sequence)
            records = number(decode_commands(frame.payload), self._positions, frame.now_ms)
            offset = frame.end
            entries.append(Entry(frame.sequence, first, base + offset, records))
            self.sequence += 1
        if not entries:
            problem = f"Entry {self.sequence} was durable and is damaged now."
            raise corrupt(self._segment.path, base, problem)
        self._offset = base + offset
        return entries


class _Beginning(NamedTuple):
    """Where a reader may begin: before this sequence lies nothing but what `positions` counts."""

    sequence: int
    segment: Segment
    offset: int
    positions: Mapping[str, int]


def _beginning(
    segments: Sequence[Segment], after: Mapping[str, int], place: Place | None
) -> _Beginning:
    """Return the last beginning before which there is nothing that the reader has not got."""
    known = [
        _Beginning(segment.header.first_sequence, segment, segment.start, segment.positions)
        for segment in segments
    ]
    if place is not None and place.sequence >= known[0].sequence:
        segment = _segment_of(segments, place.sequence)
        known.append(_Beginning(place.sequence + 1, segment, place.end, place.positions))
        known.sort(key=lambda each: each.sequence)
    for begin in reversed(known):
        if all(after.get(tenant, 0) >= last for tenant, last in begin.positions.items()):
            return begin
    raise JournalCorrupt(
        segment=str(segments[0].path),
        offset=0,
        problem="The reader needs commands from before this segment, and they are gone.",
        mend="Start from a snapshot that covers them, or restore the segments before this one.",
    )


def _segment_of(segments: Sequence[Segment], sequence: int) -> Segment:
    for segment in reversed(segments):
        if segment.header.first_sequence <= sequence:
            return segment
    raise AssertionError("segments are never removed under a reader")
