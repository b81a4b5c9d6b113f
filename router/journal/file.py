"""The file journal: durable commands in a folder, in groups, from one writer thread.

Owns: the queue of appends, the writer thread, the batches kept in memory for readers that keep up,
the moment at which callers and readers hear of a batch.
Does not know: the core, what a command means, how bytes lie in a file (`log`, `segments`,
`frames`).
Invariants: whatever a reader or a caller learns of has been synced before; all state but the
backlog belongs to trio's thread; one call into trio's thread for each batch, not for each command.

Group commit: while the disk syncs one batch, further appends gather in the backlog; the next batch
takes all of them, up to a bound. So there is no delay to tune: the slower the disk, the larger the
groups. An append is never split, and its caller never touches the disk, so a cancelled caller
leaves a whole request behind, which is then written or refused like any other.

The clock is read when an append is asked for, on trio's thread: a simulated clock may serve.
"""

import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command, Record, Unread, stamp
from router.journal.file_ops import DiskOps, FileOps
from router.journal.handover import HandOver
from router.journal.log import SEGMENT_BYTES, SegmentLog
from router.journal.segments import Cursor, Entry

__all__ = ["FileJournal"]

GROUP_COMMANDS_MAX = 1024
GROUP_BYTES_MAX = 1024 * 1024
"""A batch takes no further append beyond these."""

APPEND_COMMANDS_MAX = 65_536
APPEND_BYTES_MAX = 16 * 1024 * 1024
"""What one append may ask for: it is one batch however large."""

BACKLOG_COMMANDS_MAX = 131_072
BACKLOG_BYTES_MAX = 64 * 1024 * 1024
"""What may wait for the disk; beyond, appends are refused."""

RECENT_BATCHES_MAX = 1024
RECENT_BYTES_MAX = 16 * 1024 * 1024
"""What is kept for readers that keep up; those that fall behind read the files."""

T = TypeVar("T")

_RECORD_BYTES = 200
"""What a record weighs in memory beside its payload, roughly."""

_CLOSED = "The journal is closed."


class _Request:
    """One append on its way to the disk."""

    __slots__ = ("asked_ms", "byte_count", "commands", "done", "error")

    def __init__(self, commands: Sequence[Command], byte_count: int, asked_ms: int) -> None:
        self.commands = commands
        self.byte_count = byte_count
        self.asked_ms = asked_ms
        self.done = trio.Event()
        self.error: Exception | None = None


class _Backlog:
    """The appends that wait for the disk; the one thing that both threads touch."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: deque[_Request] = deque()
        self._command_count = 0
        self._byte_count = 0
        self._closed = False

    def put(self, request: _Request) -> None:
        """Add an append, or refuse it."""
        with self._changed:
            if self._closed:
                raise JournalUnavailable(_CLOSED)
            command_count = self._command_count + len(request.commands)
            byte_count = self._byte_count + request.byte_count
            if command_count > BACKLOG_COMMANDS_MAX or byte_count > BACKLOG_BYTES_MAX:
                raise JournalUnavailable("Too many commands wait for the disk already.")
            self._command_count, self._byte_count = command_count, byte_count
            self._requests.append(request)
            self._changed.notify()

    def take(self) -> list[_Request]:
        """Wait for appends and return the next group; nothing once closed and empty."""
        with self._changed:
            while not self._requests and not self._closed:
                self._changed.wait()
            group: list[_Request] = []
            command_count = byte_count = 0
            while self._requests:
                request = self._requests[0]
                command_count += len(request.commands)
                byte_count += request.byte_count
                if group and (command_count > GROUP_COMMANDS_MAX or byte_count > GROUP_BYTES_MAX):
                    break
                group.append(self._requests.popleft())
                self._command_count -= len(request.commands)
                self._byte_count -= request.byte_count
            return group

    def close(self) -> None:
        """Refuse further appends; those that wait are still taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()


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

    def __init__(self, log: SegmentLog, wall_ms: Callable[[], int]) -> None:
        """Use `open`."""
        self._log = log
        self._wall_ms = wall_ms
        self._end = MappingProxyType(dict(log.positions))
        self._durable = log.sequence
        self._recent = _Recent()
        self._changed = trio.Event()
        self._failure = ""
        self._closing = False
        self._closed = trio.Event()
        self._backlog = _Backlog()
        self._token = trio.lowlevel.current_trio_token()
        self._hand_over = HandOver()
        trio.lowlevel.add_instrument(self._hand_over)
        # A daemon, so that a crash of trio's thread ends the process; `aclose` waits for it.
        self._writer = threading.Thread(target=self._write, name="journal-write", daemon=True)
        self._writer.start()

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        wall_ms: Callable[[], int],
        core_version: int,
        segment_bytes: int = SEGMENT_BYTES,
        ops: FileOps | None = None,
    ) -> Self:
        """Lock the folder, check what is in it, and be ready to append and to read.

        Raises:
            JournalLocked: another process has it.
            JournalCorrupt: something durable is damaged.
            JournalVersion: it comes from a newer Fairline.
            JournalUnavailable: the disk is full.
            StorageError: the folder cannot be used.
        """
        disk = ops if ops is not None else DiskOps()
        log = await trio.to_thread.run_sync(
            lambda: SegmentLog.open(
                folder, core_version=core_version, ops=disk, segment_bytes=segment_bytes
            )
        )
        return cls(log, wall_ms)

    @property
    def end(self) -> Mapping[str, int]:
        """See `Journal`."""
        return self._end

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """See `Journal`."""
        # A tenant that UTF-8 cannot spell is a ValueError here, not a crash of the writer.
        byte_count = sum(len(tenant.encode()) + len(payload) for tenant, payload in commands)
        if not commands or len(commands) > APPEND_COMMANDS_MAX or byte_count > APPEND_BYTES_MAX:
            raise ValueError(
                f"A batch holds 1 to {APPEND_COMMANDS_MAX} commands of {APPEND_BYTES_MAX} bytes"
                f" in all, not {len(commands)} of {byte_count}."
            )
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check()
        asked_ms = stamp(wall_ms=self._wall_ms(), before_ms=0, floor_ms=floor_ms)
        request = _Request(commands, byte_count, asked_ms)
        self._backlog.put(request)
        self._hand_over.begin()
        await request.done.wait()
        if request.error is not None:
            # Several callers share the error: each raises its own, with its own trace.
            raise type(request.error)(str(request.error)) from request.error

    async def read(self, after: Mapping[str, int]) -> AsyncGenerator[Sequence[Record], None]:
        """See `Journal`; readers that keep up never touch the disk."""
        unread = Unread(after)
        cursor = self._log.cursor(after)
        while not self._closing:
            self._check()
            if cursor.sequence > self._durable:
                await self._changed.wait()
                continue
            for entry in await self._next(cursor):
                batch = unread.of(entry.records)
                if batch:
                    yield batch

    async def aclose(self) -> None:
        """See `Journal`."""
        if self._closing:
            await self._closed.wait()
            return
        self._closing = True
        self._backlog.close()
        with trio.CancelScope(shield=True):
            await self._in_thread(self._writer.join)
            await self._in_thread(self._log.close)
        trio.lowlevel.remove_instrument(self._hand_over)
        self._wake()
        self._closed.set()

    async def _next(self, cursor: Cursor) -> list[Entry]:
        entry = self._recent.get(cursor.sequence)
        if entry is None:
            return await self._in_thread(lambda: cursor.read(self._durable))
        await trio.lowlevel.checkpoint()
        cursor.pass_by(entry)
        return [entry]

    async def _in_thread(self, call: Callable[[], T]) -> T:
        self._hand_over.begin()
        try:
            return await trio.to_thread.run_sync(call)
        finally:
            self._hand_over.end()

    def _check(self) -> None:
        if self._failure:
            raise StorageError(self._failure)

    def _write(self) -> None:
        """Write group after group; the life of the writer thread."""
        while group := self._backlog.take():
            outcome = self._commit(group)
            try:
                self._token.run_sync_soon(self._publish, group, outcome)
            except trio.RunFinishedError:
                return

    def _commit(self, group: list[_Request]) -> Entry | Exception:
        commands = [command for request in group for command in request.commands]
        try:
            return self._log.append(commands, max(request.asked_ms for request in group))
        except Exception as error:
            return error

    def _publish(self, group: list[_Request], outcome: Entry | Exception) -> None:
        """Tell callers and readers what became of a group, on trio's thread."""
        if isinstance(outcome, Entry):
            self._durable = outcome.sequence
            self._recent.add(outcome)
            self._wake()
        elif not isinstance(outcome, JournalUnavailable):
            self._failure = str(outcome) or repr(outcome)
            outcome = StorageError(self._failure)
            self._wake()
        self._hand_over.end(len(group))
        for request in group:
            request.error = outcome if isinstance(outcome, Exception) else None
            request.done.set()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
