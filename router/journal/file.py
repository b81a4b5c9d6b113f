"""The file journal: durable commands in a folder, in groups, from one writer.

Owns: the batches kept in memory for readers that keep up, the moment at which callers and readers
hear of a batch.
Does not know: the core, what a command means, how bytes lie in a file (`log`, `segments`,
`frames`), threads (`writers`).
Invariants: whatever a reader or a caller learns of has been synced before; all state belongs to
trio's thread.

Group commit: while the disk syncs one batch, further appends gather in the backlog; the next batch
takes all of them, up to a bound. So there is no delay to tune: the slower the disk, the larger the
groups. An append is never split, and its caller never touches the disk, so a cancelled caller
leaves a whole request behind, which is then written or refused like any other.

The clock is read when an append is asked for, on trio's thread: a simulated clock may serve.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command, Done, Record, Unread, stamp, wait_appended
from router.journal.cursor import Cursor
from router.journal.file_ops import DiskOps, FileOps
from router.journal.log import SEGMENT_BYTES, SegmentLog
from router.journal.segments import Entry, Place
from router.journal.trimming import Holds, first_needed
from router.journal.writers import Request, ThreadWriter, Writer

__all__ = ["FileJournal"]

APPEND_COMMANDS_MAX = 65_536
APPEND_BYTES_MAX = 16 * 1024 * 1024
"""What one append may ask for: it is one batch however large."""

RECENT_BATCHES_MAX = 1024
RECENT_BYTES_MAX = 16 * 1024 * 1024
"""What is kept for readers that keep up; those that fall behind read the files."""

_RECORD_BYTES = 200
"""What a record weighs in memory beside its payload, roughly."""


class _Recent:
    """The last batches, for readers that keep up."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._byte_count = 0

    def add(self, entry: Entry) -> None:
        """Keep the batch, forgetting the oldest beyond the bounds."""
        self._entries.append(entry)
        self._byte_count += _weight(entry)
        while len(self._entries) > 1 and (
            len(self._entries) > RECENT_BATCHES_MAX or self._byte_count > RECENT_BYTES_MAX
        ):
            self._byte_count -= _weight(self._entries.popleft())

    def get(self, sequence: int) -> Entry | None:
        """Return the batch of this sequence number if it is still kept."""
        if not self._entries or sequence < self._entries[0].sequence:
            return None
        return self._entries[sequence - self._entries[0].sequence]


def _weight(entry: Entry) -> int:
    return sum(len(record.payload) + _RECORD_BYTES for record in entry.records)


class FileJournal:
    """A `Journal` in a folder of this machine."""

    def __init__(self, log: SegmentLog, wall_ms: Callable[[], int], writer: Writer) -> None:
        """Use `open`."""
        self._log = log
        self._wall_ms = wall_ms
        self._end = MappingProxyType(dict(log.positions))
        self._durable = log.sequence
        self._recent = _Recent()
        self._changed = trio.Event()
        self._cursors: list[Cursor] = []
        self._failure = ""
        self._closing = False
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
        # A tenant that UTF-8 cannot spell is a ValueError here, not a crash of the writer.
        byte_count = sum(len(tenant.encode()) + len(payload) for tenant, payload in commands)
        if not commands or len(commands) > APPEND_COMMANDS_MAX or byte_count > APPEND_BYTES_MAX:
            raise ValueError(
                f"A batch holds 1 to {APPEND_COMMANDS_MAX} commands of {APPEND_BYTES_MAX} bytes"
                f" in all, not {len(commands)} of {byte_count}."
            )
        self._check()
        asked_ms = stamp(wall_ms=self._wall_ms(), before_ms=0, floor_ms=floor_ms)
        self._writer.put(Request(commands, byte_count, asked_ms, done))

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """See `Journal`."""
        await wait_appended(self, commands, floor_ms)

    async def read(self, after: Mapping[str, int]) -> AsyncGenerator[Sequence[Record], None]:
        """See `Journal`; readers that keep up never touch the disk."""
        unread = Unread(after)
        cursor = self._log.cursor(after)
        self._cursors.append(cursor)
        try:
            while not self._closing:
                self._check()
                is_rested = cursor.sequence > self._durable
                if is_rested:
                    await self._changed.wait()
                    if self._closing or self._failure or cursor.sequence > self._durable:
                        continue
                for entry in await self._next(cursor, is_rested=is_rested):
                    batch = unread.of(entry.records)
                    if batch:
                        yield batch
        finally:
            self._cursors.remove(cursor)

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
        needed = min([needed, *(cursor.sequence for cursor in self._cursors)])
        return await self._writer.call(lambda: self._log.trim(needed, archive))

    async def aclose(self) -> None:
        """See `Journal`."""
        if self._closing:
            await self._closed.wait()
            return
        self._closing = True
        with trio.CancelScope(shield=True):
            await self._writer.aclose()
            await self._writer.call(self._log.close)
        self._wake()
        self._closed.set()

    async def _next(self, cursor: Cursor, *, is_rested: bool) -> list[Entry]:
        """The next batches; who has waited for them already need not wait another turn."""
        entry = self._recent.get(cursor.sequence)
        if entry is None:
            return await self._writer.call(lambda: cursor.read(self._durable))
        if not is_rested:
            await trio.lowlevel.checkpoint()
        cursor.pass_by(entry)
        return [entry]

    def _check(self) -> None:
        if self._failure:
            raise StorageError(self._failure)

    def _commit(self, group: list[Request]) -> Entry | Exception:
        commands = [command for request in group for command in request.commands]
        try:
            return self._log.append(commands, max(request.asked_ms for request in group))
        except Exception as error:
            return error

    def _publish(self, group: list[Request], outcome: Entry | Exception) -> None:
        """Tell callers and readers what became of a group, on trio's thread."""
        error: StorageError | None = None
        if isinstance(outcome, Entry):
            self._durable = outcome.sequence
            self._recent.add(outcome)
            self._wake()
        elif isinstance(outcome, JournalUnavailable):
            error = outcome
        else:
            self._failure = str(outcome) or repr(outcome)
            error = StorageError(self._failure)
            self._wake()
        for request in group:
            request.done(error)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
