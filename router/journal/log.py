"""The writing end of a file journal: one batch, one frame, one sync, one after the other.

Owns: the folder's lock, the open segment, the segment prepared ahead, what the disk's errors mean.
Does not know: who asks, trio, the core, the time (stamps are arguments).
Invariants: `append` returns only what a crash can no longer take back; a batch that found no room
is not in the journal; after any other failure nothing is ever written again.

A full disk strikes where the next segment is prepared, a whole segment ahead (`supply`); writing
into a prepared segment needs no space and no change of the file's length, which also halves the
cost of a sync. A failed sync is final because the kernel may have dropped the pages and
would call the next sync a success.
"""

import contextlib
import errno
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from router.errors import JournalLocked, JournalUnavailable, StorageError
from router.journal.base import Command, number, stamp
from router.journal.cursor import Cursor
from router.journal.file_ops import FileOps, is_full, write_all
from router.journal.frames import (
    COMMANDS,
    FORMAT_VERSION,
    POSITIONS,
    STORE_ID_BYTES,
    Header,
    encode_commands,
    encode_positions,
    pack_frame,
    pack_header,
    seed_of,
)
from router.journal.segments import (
    Entry,
    Place,
    Recovered,
    Segment,
    recover,
    segment_path,
)
from router.journal.supply import Supply
from router.journal.trimming import put_away

__all__ = ["SEGMENT_BYTES", "SEGMENT_BYTES_MIN", "SegmentLog"]

SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_BYTES_MIN = 512

_RETRIES_PER_SEGMENT = 16
"""How often, while a segment fills, a failed preparation of the next is tried again."""


class SegmentLog:
    """An append-only log of batches in a folder; one thread at a time appends, any may trim."""

    def __init__(
        self, ops: FileOps, folder: Path, folder_descriptor: int, supply: Supply, core_version: int
    ) -> None:
        """Use `open`."""
        self._ops = ops
        self.folder = folder
        self._folder_descriptor = folder_descriptor
        self._core_version = core_version
        self._supply = supply
        self._retry_bytes = max(1, supply.segment_bytes // _RETRIES_PER_SEGMENT)
        self._broken = ""
        self._store_id = b""
        self._seed = 0
        self._descriptor = -1
        self._offset = 0
        self._capacity = 0
        self._junk_end = 0
        self._crc = 0
        self._stamp_ms = 0
        self._positions: dict[str, int] = {}
        self.sequence = 0
        self._place: Place | None = None
        self._segments_lock = threading.Lock()
        self.segments: tuple[Segment, ...] = ()
        """Replaced, never changed, so that readers on other threads need no lock."""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        core_version: int,
        ops: FileOps,
        segment_bytes: int = SEGMENT_BYTES,
        has_threads: bool = True,
        place: Place | None = None,
    ) -> Self:
        """Lock the folder, check the journal in it from the place on, and make ready to append.

        Raises:
            JournalLocked: another process has it.
            JournalCorrupt: something durable is damaged.
            JournalVersion: it comes from a newer Fairline.
            JournalUnavailable: the disk is full.
            StorageError: the folder cannot be used.
        """
        if segment_bytes < SEGMENT_BYTES_MIN:
            raise ValueError(f"A segment needs at least {SEGMENT_BYTES_MIN} bytes.")
        with contextlib.ExitStack() as undo:
            try:
                ops.make_folder(folder)
                descriptor = ops.open_folder(folder)
                undo.callback(ops.close, descriptor)
                if not ops.lock(descriptor):
                    raise _locked(folder, ops.holder(descriptor))
                supply = Supply(ops, folder, segment_bytes, has_threads=has_threads)
                log = cls(ops, folder, descriptor, supply, core_version)
                found = recover(ops, folder, core_version, place)
                ops.sync_folder(descriptor)  # the last life may have failed to
                log._start(found)
                log._place = place
            except OSError as error:
                kind = JournalUnavailable if is_full(error) else StorageError
                mend = f" Free {segment_bytes >> 20} MiB or more." if is_full(error) else ""
                raise kind(f"{folder}: the journal cannot be opened: {error}.{mend}") from error
            undo.pop_all()
        return log

    @property
    def positions(self) -> Mapping[str, int]:
        """Each tenant's last durable position."""
        return self._positions

    def append(self, commands: Sequence[Command], now_ms: int) -> Entry:
        """Write the batch, sync it, and return it as readers shall see it.

        Raises:
            JournalUnavailable: the disk is full; nothing went in.
            StorageError: the disk failed; nothing will go in any more.
        """
        if self._broken:
            raise StorageError(self._broken)
        now_ms = stamp(wall_ms=now_ms, before_ms=self._stamp_ms, floor_ms=0)
        frame = pack_frame(
            COMMANDS,
            encode_commands(commands),
            command_count=len(commands),
            sequence=self.sequence + 1,
            now_ms=now_ms,
            seed=self._seed,
        )
        try:
            self._clean()
            self._make_room(len(frame))
            self._write(frame)
        except OSError as error:
            self._broken = (
                f"{self.folder}: the disk failed while a batch was written ({error}). What is"
                " durable is known after a restart only."
            )
            raise StorageError(self._broken) from error
        return self._advance(commands, now_ms, frame)

    def cursor(self, after: Mapping[str, int]) -> Cursor:
        """Return a reader of what lies in the files."""
        return Cursor(
            self._ops,
            lambda: self.segments,
            after=after,
            core_version=self._core_version,
            place=self._place,
        )

    def trim(self, first_needed: int, archive: Path | None) -> list[Path]:
        """Put away the segments that lie wholly before this sequence number; return which.

        They are moved into the archive folder where there is one, and deleted otherwise.

        Raises:
            OSError: not all could be put away; the others are tried again next time.
        """
        with self._segments_lock:
            kept = [
                segment
                for segment, after in zip(self.segments, self.segments[1:], strict=False)
                if after.header.first_sequence > first_needed
            ]
            old = self.segments[: len(self.segments) - 1 - len(kept)]
            self.segments = self.segments[len(old) :]
        gone: list[Path] = []
        try:
            gone.extend(put_away(self._ops, [segment.path for segment in old], archive))
        finally:
            with self._segments_lock:
                # Were they forgotten, what is newer would go before them and leave a hole.
                self.segments = (*old[len(gone) :], *self.segments)
        return gone

    def close(self) -> None:
        """Let go of the folder; the last segment stays as it is, to be continued."""
        with contextlib.ExitStack() as rest:
            rest.callback(self._ops.close, self._folder_descriptor)
            rest.callback(self._ops.close, self._descriptor)
            self._supply.close()

    def _start(self, found: Recovered | None) -> None:
        if found is None:
            self._store_id = secrets.token_bytes(STORE_ID_BYTES)
            self._seed = seed_of(self._store_id)
            self._add_segment()
        else:
            self._continue(found)
        self._supply.start()

    def _continue(self, found: Recovered) -> None:
        last = found.segments[-1]
        self.segments = tuple(found.segments)
        self.sequence = found.sequence
        self._positions = found.positions
        self._stamp_ms = found.stamp_ms
        self._crc = found.crc
        self._store_id = last.header.store_id
        self._seed = seed_of(self._store_id)
        self._offset = found.offset
        self._descriptor = self._ops.open(last.path, to_write=True)
        # A segment belongs to one version of the core, so one of an older version is full.
        if last.header.core_version == self._core_version:
            self._capacity = self._ops.size(self._descriptor)

    def _clean(self) -> None:
        """Wipe what a batch that found no room has left, so that only zeros follow the end."""
        end = min(self._junk_end, self._ops.size(self._descriptor)) if self._junk_end else 0
        if end > self._offset:
            try:
                write_all(self._ops, self._descriptor, bytes(end - self._offset), self._offset)
            except OSError as error:
                raise self._full_or_worse(error) from error
            self._ops.fdatasync(self._descriptor)
        self._junk_end = 0

    def _make_room(self, length: int) -> None:
        """Begin a new segment where the frame does not fit into this one.

        A frame that is longer than a whole segment makes its own segment longer.
        """
        is_empty = self._capacity > 0 and self._offset == self.segments[-1].start
        if self._offset + length > self._capacity and not is_empty:
            try:
                self._add_segment()
            except OSError as error:
                raise self._full_or_worse(error) from error
            self._supply.start()

    def _add_segment(self) -> None:
        """Put the prepared segment behind the last one; a full disk leaves all as it was."""
        header = Header(
            FORMAT_VERSION,
            self._core_version,
            self.sequence + 1,
            self._stamp_ms,
            self._crc,
            self._store_id,
        )
        positions = dict(self._positions)
        head = pack_header(header) + pack_frame(
            POSITIONS,
            encode_positions(positions),
            command_count=0,
            sequence=header.first_sequence,
            now_ms=self._stamp_ms,
            seed=self._seed,
        )
        segment = Segment(
            segment_path(self.folder, header.first_sequence), header, positions, len(head)
        )
        self._install(segment, head)

    def _install(self, segment: Segment, head: bytes) -> None:
        ops = self._ops
        blank = self._supply.take()
        try:
            write_all(ops, blank.descriptor, head, 0)
            ops.fdatasync(blank.descriptor)
            capacity = ops.size(blank.descriptor)
            ops.rename(blank.path, segment.path)
        except OSError:
            self._supply.discard(blank)
            raise
        self._sync_folder()
        if self._descriptor >= 0:
            ops.close(self._descriptor)
        with self._segments_lock:
            is_again = bool(self.segments) and self.segments[-1].path == segment.path
            before = self.segments[:-1] if is_again else self.segments
            self.segments = (*before, segment)
        self._descriptor, self._offset, self._capacity = blank.descriptor, segment.start, capacity

    def _sync_folder(self) -> None:
        """Make the new segment's name durable; here even a full disk leaves its fate unknown."""
        try:
            self._ops.sync_folder(self._folder_descriptor)
        except OSError as error:
            raise OSError(errno.EIO, f"The folder was not synced: {error}") from error

    def _write(self, frame: bytes) -> None:
        try:
            write_all(self._ops, self._descriptor, frame, self._offset)
        except OSError as error:
            unavailable = self._full_or_worse(error)
            self._junk_end = self._offset + len(frame)
            with contextlib.suppress(JournalUnavailable):
                self._clean()
            raise unavailable from error
        self._ops.fdatasync(self._descriptor)

    def _full_or_worse(self, error: OSError) -> JournalUnavailable:
        """Return the refusal that a full disk means; raise what is worse again."""
        if not is_full(error):
            raise error
        return JournalUnavailable(
            f"{self.folder}: the disk is full. Commands are refused until there is space."
        )

    def _advance(self, commands: Sequence[Command], now_ms: int, frame: bytes) -> Entry:
        """Take the batch as given, now that it is durable."""
        before = self._offset
        self.sequence += 1
        self._stamp_ms = now_ms
        self._crc = int.from_bytes(frame[:4], "little")
        self._offset += len(frame)
        if before // self._retry_bytes != self._offset // self._retry_bytes:
            self._supply.start()
        return Entry(
            self.sequence,
            self.segments[-1].header.first_sequence,
            self._offset,
            number(commands, self._positions, now_ms),
        )


def _locked(folder: Path, holder: int | None) -> JournalLocked:
    who = "another process" if holder is None else f"process {holder}"
    return JournalLocked(
        f"{folder}: {who} uses this journal already. End it first, or give this one a folder of its"
        " own (server.data)."
    )
