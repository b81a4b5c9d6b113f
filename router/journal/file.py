"""The file journal: durable commands in a folder, in groups, from one writer.

Owns: the moment at which callers and readers hear of a batch.
Does not know: the core, what a command means, how bytes lie in a file (`log`, `segments`,
`frames`), threads (`writers`), how a reader waits (`live`).
Invariants: whatever a reader or a caller learns of has been synced before; all state belongs to
trio's thread.

Group commit: while the disk syncs one batch, further appends gather in the backlog; the next batch
takes all of them, up to a bound. So there is no delay to tune: the slower the disk, the larger the
groups. An append is never split, and its caller never touches the disk, so a cancelled caller
leaves a whole request behind, which is then written or refused like any other.

The clock is read when an append is asked for, on trio's thread: a simulated clock may serve.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self, cast

import trio

from router.journal.base import Batch, Command, Done, Record, Take, stamp, wait_appended
from router.journal.cursor import Cursor
from router.journal.file_ops import DiskOps, FileOps
from router.journal.live import Live, size_of
from router.journal.log import SEGMENT_BYTES, SegmentLog
from router.journal.segments import Entry, Place
from router.journal.trimming import Holds, first_needed
from router.journal.writers import Request, ThreadWriter, Writer

__all__ = ["FileJournal"]


class FileJournal:
    """A `Journal` in a folder of this machine."""

    def __init__(self, log: SegmentLog, wall_ms: Callable[[], int], writer: Writer) -> None:
        """Use `open`."""
        self._log = log
        self._wall_ms = wall_ms
        self._end = MappingProxyType(dict(log.positions))
        self._live: Live[Entry] = Live(log.sequence)
        self._closed = trio.Event()
        self.folder = log.folder
        self._holds = Holds()
        self._writer = writer
        writer.start(self._commit, self._publish)

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        wall_ms: Callable[[], int],
        core_version: int,
        segment_bytes: int = SEGMENT_BYTES,
        ops: FileOps | None = None,
        place: Place | None = None,
        make_writer: Callable[[], Writer] = ThreadWriter,
    ) -> Self:
        """Lock the folder, check what is in it, and be ready to append and to read.

        With the place of a snapshot only what lies behind it is checked, and a reader who has the
        snapshot begins there. With `make_writer=InlineWriter` nothing happens on another thread.

        Raises:
            JournalLocked: another process has it.
            JournalCorrupt: something durable is damaged.
            JournalVersion: it comes from a newer Fairline.
            JournalUnavailable: the disk is full.
            StorageError: the folder cannot be used.
        """
        disk = ops if ops is not None else DiskOps()
        writer = make_writer()
        log = await writer.call(
            lambda: SegmentLog.open(
                folder,
                core_version=core_version,
                ops=disk,
                segment_bytes=segment_bytes,
                has_threads=writer.has_threads,
                place=place,
            )
        )
        return cls(log, wall_ms, writer)

    @property
    def end(self) -> Mapping[str, int]:
        """See `Journal`."""
        return self._end

    @property
    def holds(self) -> Holds:
        """Who besides snapshots and readers needs what of the journal; see `trim`."""
        return self._holds

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        """See `Journal`."""
        byte_count = size_of(commands)
        self._live.check()
        asked_ms = stamp(wall_ms=self._wall_ms(), before_ms=0, floor_ms=floor_ms)
        self._writer.put(Request(commands, byte_count, asked_ms, done))

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """See `Journal`."""
        await wait_appended(self, commands, floor_ms)

    def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        """See `Journal`; readers that keep up never touch the disk."""
        return self._live.read(lambda: self._log.cursor(after), after, self._load, take)

    async def trim(
        self, done: Mapping[str, int], archive: Path | None = None, *, place: Place | None = None
    ) -> list[Path]:
        """Put away segments that nothing needs; return which, oldest first.

        A segment stays while any reader of this journal, any of `holds`, or the caller (who is done
        up to the positions `done`) needs a command of it; the last one always stays. What goes is
        moved into the archive folder, or deleted where there is none. The segment in which the
        place of a snapshot lies stays too: a start finds the snapshot's batch there.

        Raises:
            OSError: not all could be put away; the others are tried again next time.
        """
        needed = first_needed(self._log.segments, [done, *self.holds.done()])
        if place is not None:
            needed = min(needed, place.segment_sequence)
        needed = min([needed, *self._live.needed()])
        return await self._writer.call(lambda: self._log.trim(needed, archive))

    async def aclose(self) -> None:
        """See `Journal`."""
        if self._live.is_closing:
            await self._closed.wait()
            return
        self._live.is_closing = True
        with trio.CancelScope(shield=True):
            await self._writer.aclose()
            await self._writer.call(self._log.close)
        self._live.close()
        self._closed.set()

    async def _load(self, cursor: Cursor) -> list[Entry]:
        return await self._writer.call(lambda: cursor.read(self._live.durable))

    def _commit(self, group: list[Request]) -> Entry | Exception:
        commands = [command for request in group for command in request.commands]
        try:
            return self._log.append(commands, max(request.asked_ms for request in group))
        except Exception as error:
            return error

    def _publish(self, group: list[Request], outcome: Batch | Exception) -> None:
        """Tell everybody, on trio's thread."""
        self._live.publish(cast("Entry | Exception", outcome), [request.done for request in group])
