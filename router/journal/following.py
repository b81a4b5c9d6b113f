"""Follows a file journal that another process writes: without its lock, changing nothing.

Owns: which batches are durable for certain, as seen from outside; the way from segment to segment.
Does not know: who writes, what is done with the batches.
Invariants: nothing is given that a crash of the machine could take back; nothing is left out.

A frame in a file may not be synced yet. But the writer syncs each batch before it writes the next,
so a batch is durable once there is another behind it, or another segment. Hence the follower is
always one batch behind, and needs no word from the writer.
"""

from pathlib import Path

from router.errors import JournalVersion, StorageError
from router.journal.base import number
from router.journal.file_ops import FileOps, read_all
from router.journal.frames import (
    COMMANDS,
    FRAME_BYTES,
    Frame,
    decode_commands,
    frame_end,
    has_later_frame,
    read_frame,
    seed_of,
)
from router.journal.segments import (
    READ_BYTES,
    Entry,
    Place,
    Segment,
    check_order,
    corrupt,
    read_head,
    segment_names,
    segment_path,
)

__all__ = ["Following"]


class Following:
    """A reader of somebody else's journal.

    Args:
        ops: The disk; nothing is written to it.
        folder: The journal's.
        core_version: What the reader can replay.
        place: Where to begin; the journal's start if not given.

    Raises:
        StorageError: there is no journal, or it does not begin where the reader must.
        OSError: it cannot be read.
    """

    def __init__(
        self, ops: FileOps, folder: Path, *, core_version: int, place: Place | None = None
    ) -> None:
        self._ops = ops
        self._folder = folder
        self._core_version = core_version
        self._descriptor = -1
        self._last = place
        self._segment = self._enter(1 if place is None else place.segment_sequence)
        self._offset = self._segment.start if place is None else place.end
        self._positions = dict(self._segment.positions if place is None else place.positions)
        self._sequence = 1 if place is None else place.sequence + 1

    def read(self) -> list[Entry]:
        """Return the next batches that are durable for certain, perhaps none.

        Raises:
            JournalCorrupt: the next batch was durable and is damaged now.
            JournalVersion: it was written for another version of the core.
            OSError: the disk failed.
        """
        data = self._load()
        frames = self._frames(data)
        if len(frames) <= 1:
            later = self._later()
            if later is None:
                self._check_unfinished(data)
                return []
            # Loaded again: what this segment still gets was written before the later one was made.
            frames = self._frames(self._load())
            if len(frames) <= 1:
                return self._finish(frames, later)
        return [self._take(frame) for frame in frames[:-1]]

    @property
    def place(self) -> Place | None:
        """Behind the last batch that was given."""
        return None if self._last is None else self._last._replace(positions=dict(self._positions))

    def close(self) -> None:
        """Let go of the files."""
        if self._descriptor >= 0:
            self._ops.close(self._descriptor)
            self._descriptor = -1

    def _enter(self, first_sequence: int) -> Segment:
        """Open a segment; what is open stays readable, whatever becomes of its name."""
        path = segment_path(self._folder, first_sequence)
        try:
            segment = read_head(self._ops, path, self._core_version)
            descriptor = self._ops.open(path, to_write=False)
        except FileNotFoundError as error:
            there = ", ".join(segment_names(self._ops, self._folder)[:1]) or "no segment at all"
            raise StorageError(
                f"{path}: the segment is not there; the journal begins with {there}."
            ) from error
        self.close()
        self._descriptor = descriptor
        if segment.header.core_version != self._core_version:
            raise JournalVersion(
                f"{path}: written for core version {segment.header.core_version}, this Fairline"
                f" replays {self._core_version}."
            )
        return segment

    def _later(self) -> str | None:
        """Return the name of the next segment, if there is one already."""
        names = segment_names(self._ops, self._folder)
        return next((name for name in names if name > self._segment.path.name), None)

    def _finish(self, frames: list[Frame], later: str) -> list[Entry]:
        """Give the last batch of a segment, or begin with the next one."""
        sequence = self._sequence + len(frames)
        if later != segment_path(self._folder, sequence).name:
            problem = f"Entry {sequence} was durable and is damaged or missing now."
            raise corrupt(self._segment.path, self._offset, problem)
        if frames:
            return [self._take(frames[0])]
        self._segment = self._enter(sequence)
        self._offset = self._segment.start
        self._positions = dict(self._segment.positions)
        return self.read()

    def _load(self) -> bytes:
        """Read a piece that begins with the next frame and holds it and the one behind it whole."""
        data = read_all(self._ops, self._descriptor, READ_BYTES, self._offset)
        end = 0
        for _ in range(2):
            if data[end + 4 : end + 8] != COMMANDS:
                break
            end = frame_end(memoryview(data), end)
            missing = min(end + FRAME_BYTES, self._ops.size(self._descriptor)) - len(data)
            if missing > 0:
                offset = self._offset + len(data)
                data += read_all(self._ops, self._descriptor, missing, offset)
        return data

    def _frames(self, data: bytes) -> list[Frame]:
        view = memoryview(data)
        seed = seed_of(self._segment.header.store_id)
        frames: list[Frame] = []
        offset = 0
        while (frame := read_frame(view, offset, seed)) is not None:
            check_order(
                self._segment.path, self._offset + offset, frame, self._sequence + len(frames)
            )
            frames.append(frame)
            offset = frame.end
        return frames

    def _take(self, frame: Frame) -> Entry:
        """Count a batch as given."""
        first = self._segment.header.first_sequence
        start = self._offset
        self._offset += FRAME_BYTES + len(frame.payload)
        self._sequence = frame.sequence + 1
        records = number(decode_commands(frame.payload), self._positions, frame.now_ms)
        self._last = Place(frame.sequence, first, start, self._offset, frame.crc, frame.now_ms, {})
        return Entry(frame.sequence, first, self._offset, records)

    def _check_unfinished(self, data: bytes) -> None:
        """Tell a batch that is being written from one that is damaged."""
        seed = seed_of(self._segment.header.store_id)
        if any(data[:FRAME_BYTES]) and has_later_frame(
            data, 0, sequence=self._sequence + 1, seed=seed
        ):
            problem = f"Entry {self._sequence} was durable and is damaged now."
            raise corrupt(self._segment.path, self._offset, problem)
