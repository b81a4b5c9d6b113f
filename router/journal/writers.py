"""Who carries a journal's appends to where they are kept: a thread of its own, or the caller.

Owns: the queue of appends, how they become groups, the threads.
Does not know: what is written, the core, files, Redis.
Invariants: groups are committed one after the other, in the order of their appends; what became of
a group is told on trio's thread, once for the whole of it; an append is never split.

A server takes `ThreadWriter`. `InlineWriter` is for a simulation in virtual time: everything
happens before `put` returns, so the same seed gives the same history, and frames, segments, disk
errors and the start are those of the server.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Batch, Command, Done
from router.journal.handover import HandOver

__all__ = ["REST_SECONDS", "InlineWriter", "Request", "Rest", "ThreadWriter", "Writer"]

GROUP_COMMANDS_MAX = 1024
GROUP_BYTES_MAX = 1024 * 1024
"""A batch takes no further append beyond these."""

BACKLOG_COMMANDS_MAX = 131_072
BACKLOG_BYTES_MAX = 64 * 1024 * 1024
"""What may wait for the disk; beyond, appends are refused."""

REST_SECONDS = 1.0
"""How often a thread looks up from its appends."""

T = TypeVar("T")

_CLOSED = "The journal is closed."


class Request:
    """One append on its way to the disk."""

    __slots__ = ("asked_ms", "byte_count", "commands", "done")

    def __init__(
        self, commands: Sequence[Command], byte_count: int, asked_ms: int, done: Done
    ) -> None:
        self.commands = commands
        self.byte_count = byte_count
        self.asked_ms = asked_ms
        self.done = done


Commit = Callable[[list[Request]], Batch | Exception]
"""Makes a group durable and says what became of it; never raises."""

Publish = Callable[[list[Request], Batch | Exception], None]
"""Tells everybody; called on trio's thread."""

Rest = Callable[[], Exception | None]
"""Done between groups, about every `REST_SECONDS`; what it returns is told of no append at all."""


class Writer(Protocol):
    """Carries appends to the disk, and does whatever else must wait for the disk."""

    @property
    def has_threads(self) -> bool:
        """Whether work may be done beside trio's thread."""

    def start(self, commit: Commit, publish: Publish) -> None:
        """Begin to take appends."""

    def put(self, request: Request) -> None:
        """Take an append.

        Raises:
            JournalUnavailable: it was refused, and nothing of it will be written.
        """

    async def call(self, work: Callable[[], T]) -> T:
        """Do something that waits for the disk, and return what it returns."""

    async def aclose(self) -> None:
        """Refuse further appends and finish those that were taken."""


class _Backlog:
    """The appends that wait for the disk; the one thing that both threads touch."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: deque[Request] = deque()
        self._command_count = 0
        self._byte_count = 0
        self._closed = False

    def put(self, request: Request) -> None:
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

    @property
    def is_over(self) -> bool:
        """Whether nothing waits, and nothing will."""
        return self._closed and not self._requests

    def take(self, end_seconds: float | None = None) -> list[Request]:
        """Wait for appends and return the next group; nothing once closed and empty, or too late.

        Args:
            end_seconds: How long to wait, on the monotonic clock.
        """
        with self._changed:
            while not self._requests and not self._closed:
                wait_seconds = None if end_seconds is None else end_seconds - time.monotonic()
                if wait_seconds is not None and wait_seconds <= 0:
                    break
                self._changed.wait(wait_seconds)
            group: list[Request] = []
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

    def take_all(self) -> list[Request]:
        """Return all that waits."""
        with self._changed:
            requests = list(self._requests)
            self._requests.clear()
            self._command_count = self._byte_count = 0
            return requests

    def close(self) -> None:
        """Refuse further appends; those that wait are still taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()


class ThreadWriter:
    """A `Writer` with a thread; one call into trio's thread for each group, not for each append.

    Args:
        rest: What else the thread must do, in time however many appends there are.
    """

    has_threads = True

    def __init__(self, rest: Rest | None = None) -> None:
        """Belongs to the trio loop in which it is made."""
        self._rest = rest
        self._token = trio.lowlevel.current_trio_token()
        self._hand_over = HandOver()
        self._backlog = _Backlog()
        # A daemon, so that a crash of trio's thread ends the process; `aclose` waits for it.
        self.thread = threading.Thread(target=self._write, name="journal-write", daemon=True)
        self._commit: Commit | None = None
        self._publish: Publish | None = None

    def start(self, commit: Commit, publish: Publish) -> None:
        """See `Writer`."""
        self._commit = commit
        self._publish = publish
        trio.lowlevel.add_instrument(self._hand_over)
        self.thread.start()

    def put(self, request: Request) -> None:
        """See `Writer`; the caller never touches the disk."""
        self._backlog.put(request)
        self._hand_over.begin()

    def refuse(self, error: JournalUnavailable) -> None:
        """Tell all appends that wait that they are not in; of the writer's own thread."""
        if group := self._backlog.take_all():
            self._token.run_sync_soon(self._tell, group, error)

    async def call(self, work: Callable[[], T]) -> T:
        """See `Writer`."""
        self._hand_over.begin()
        try:
            return await trio.to_thread.run_sync(work)
        finally:
            self._hand_over.end()

    async def aclose(self) -> None:
        """See `Writer`."""
        self._backlog.close()
        await self.call(self.thread.join)
        trio.lowlevel.remove_instrument(self._hand_over)

    def _write(self) -> None:
        """Write group after group; the life of the thread."""
        assert self._commit is not None, "a writer is started first"
        rest_at = time.monotonic() + REST_SECONDS
        try:
            while not self._backlog.is_over:
                group = self._backlog.take(None if self._rest is None else rest_at)
                if group:
                    self._token.run_sync_soon(self._tell, group, self._commit(group))
                if self._rest is not None and time.monotonic() >= rest_at:
                    rest_at = time.monotonic() + REST_SECONDS
                    if (error := self._rested(self._rest)) is not None:
                        self._token.run_sync_soon(self._tell, group[:0], error)
        except trio.RunFinishedError:
            return

    def _rested(self, rest: Rest) -> Exception | None:
        """What came of it; a flaw of its own must not end the thread, for then all would wait."""
        try:
            return rest()
        except Exception as error:
            return StorageError(f"the journal's thread broke: {error!r}")

    def _tell(self, group: list[Request], outcome: Batch | Exception) -> None:
        assert self._publish is not None, "a writer is started first"
        self._hand_over.end(len(group))
        self._publish(group, outcome)


class InlineWriter:
    """A `Writer` without threads: each append is its own group, durable before `put` returns."""

    has_threads = False

    def __init__(self) -> None:
        self._commit: Commit | None = None
        self._publish: Publish | None = None
        self._closed = False

    def start(self, commit: Commit, publish: Publish) -> None:
        """See `Writer`."""
        self._commit = commit
        self._publish = publish

    def put(self, request: Request) -> None:
        """See `Writer`."""
        if self._closed:
            raise JournalUnavailable(_CLOSED)
        assert self._commit is not None, "a writer is started first"
        assert self._publish is not None, "a writer is started first"
        group = [request]
        self._publish(group, self._commit(group))

    async def call(self, work: Callable[[], T]) -> T:
        """See `Writer`."""
        await trio.lowlevel.checkpoint()
        return work()

    async def aclose(self) -> None:
        """See `Writer`."""
        self._closed = True
        await trio.lowlevel.checkpoint()
