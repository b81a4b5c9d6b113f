"""Readers of a journal: live batches from memory, older ones from wherever they are kept.

Owns: the batches kept in memory for readers that keep up, the check of what one append may hold,
how a reader waits and when it ends.
Does not know: files, Redis, threads, who writes.
Invariants: a reader gets every batch behind its beginning once and in order, whichever of its
batches came from memory; what it learns of has been made durable before. All state belongs to
trio's thread.
"""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Batch, Command, Done, Record, Take, Unread
from router.journal.resting import Resting

__all__ = ["APPEND_BYTES_MAX", "APPEND_COMMANDS_MAX", "Kept", "Live", "Recent", "size_of"]

APPEND_COMMANDS_MAX = 65_536
APPEND_BYTES_MAX = 16 * 1024 * 1024
"""What one append may ask for: it is one batch however large."""

RECENT_BATCHES_MAX = 1024
RECENT_BYTES_MAX = 16 * 1024 * 1024
"""What is kept for readers that keep up; those that fall behind read what is kept elsewhere."""

_RECORD_BYTES = 200
"""What a record weighs in memory beside its payload, roughly."""

B = TypeVar("B", bound=Batch)
B_contra = TypeVar("B_contra", bound=Batch, contravariant=True)
C = TypeVar("C", bound="Kept[Any]")


def size_of(commands: Sequence[Command]) -> int:
    """Return what the commands count against a backlog, in bytes.

    Raises:
        ValueError: no commands at all, more than one append may ask for, or a name that UTF-8
            cannot spell: here, and not where a batch is written.
    """
    byte_count = sum(len(tenant.encode()) + len(payload) for tenant, payload in commands)
    if not commands or len(commands) > APPEND_COMMANDS_MAX or byte_count > APPEND_BYTES_MAX:
        raise ValueError(
            f"A batch holds 1 to {APPEND_COMMANDS_MAX} commands of {APPEND_BYTES_MAX} bytes"
            f" in all, not {len(commands)} of {byte_count}."
        )
    return byte_count


class Kept(Protocol[B_contra]):
    """One reader's way through what is kept."""

    @property
    def sequence(self) -> int:
        """The number of the next batch."""

    def pass_by(self, entry: B_contra) -> None:
        """Move behind a batch that the reader got from memory."""


class Recent(Generic[B]):
    """The last batches, for readers that keep up."""

    def __init__(self) -> None:
        self._entries: deque[B] = deque()
        self._byte_count = 0

    def add(self, entry: B) -> None:
        """Keep the batch, forgetting the oldest beyond the bounds."""
        self._entries.append(entry)
        self._byte_count += _weight(entry)
        while len(self._entries) > 1 and (
            len(self._entries) > RECENT_BATCHES_MAX or self._byte_count > RECENT_BYTES_MAX
        ):
            self._byte_count -= _weight(self._entries.popleft())

    def get(self, sequence: int) -> B | None:
        """Return the batch of this sequence number if it is still kept."""
        if not self._entries or sequence < self._entries[0].sequence:
            return None
        return self._entries[sequence - self._entries[0].sequence]


class Live(Generic[B]):
    """What a journal's readers share.

    Args:
        durable: The number of the last batch there was when the journal was opened.
    """

    def __init__(self, durable: int) -> None:
        self.durable = durable
        self.failure = ""
        self.is_closing = False
        self._recent: Recent[B] = Recent()
        self._resting: Resting[B] = Resting()
        self._cursors: list[Kept[B]] = []

    def check(self) -> None:
        """Go on unless the journal is broken for good.

        Raises:
            StorageError: it is.
        """
        if self.failure:
            raise StorageError(self.failure)

    def publish(self, outcome: B | Exception, dones: Iterable[Done]) -> None:
        """Tell who appended, and then the readers, what became of a batch."""
        error: StorageError | None = None
        if isinstance(outcome, JournalUnavailable):
            error = outcome
        elif isinstance(outcome, Exception):
            self.fail(str(outcome) or repr(outcome))
            error = StorageError(self.failure)
        for done in dones:
            done(error)
        if not isinstance(outcome, Exception):
            self._add(outcome)

    def _add(self, entry: B) -> None:
        self.durable = entry.sequence
        self._recent.add(entry)
        self._resting.offer(entry)

    def fail(self, failure: str) -> None:
        """End all readers with an error: the journal is broken for good."""
        self.failure = failure
        self._resting.wake()

    def close(self) -> None:
        """End all readers."""
        self.is_closing = True
        self._resting.wake()

    def needed(self) -> list[int]:
        """Return for each reader the number of the batch that it reads next."""
        return [cursor.sequence for cursor in self._cursors]

    async def read(
        self,
        begin: Callable[[], C],
        after: Mapping[str, int],
        load: Callable[[C], Awaitable[Sequence[B]]],
        take: Take | None = None,
    ) -> AsyncGenerator[Sequence[Record], None]:
        """Yield every batch from the cursor on; see `Journal.read`.

        Args:
            begin: Says where the reader begins.
            after: What it has of each tenant already.
            load: Gets the next durable batches from where they are kept, moving the cursor on.
            take: Asked first about what comes while it waits.
        """
        cursor = begin()
        unread = Unread(after)
        deal = _dealer(cursor, unread, take)
        self._cursors.append(cursor)
        try:
            while not self.is_closing:
                self.check()
                is_rested = cursor.sequence > self.durable
                if is_rested:
                    await self._resting.wait(deal)
                    if self.is_closing or self.failure or cursor.sequence > self.durable:
                        continue
                for entry in await self._next(cursor, load, is_rested=is_rested):
                    batch = unread.of(entry.records)
                    if batch:
                        yield batch
        finally:
            self._cursors.remove(cursor)

    async def _next(
        self, cursor: C, load: Callable[[C], Awaitable[Sequence[B]]], *, is_rested: bool
    ) -> Sequence[B]:
        """The next batches; who has waited for them already need not wait another turn."""
        entry = self._recent.get(cursor.sequence)
        if entry is None:
            return await load(cursor)
        if not is_rested:
            await trio.lowlevel.checkpoint()
        cursor.pass_by(entry)
        return [entry]


def _dealer(cursor: Kept[B], unread: Unread, take: Take | None) -> Callable[[B], bool]:
    """What a reader that waits says of a batch: see `Resting`."""

    def deal(entry: B) -> bool:
        if cursor.sequence != entry.sequence:
            return cursor.sequence > entry.sequence
        if take is None or not unread.is_new(entry.records) or not take(entry.records):
            return False
        cursor.pass_by(entry)
        return True

    return deal


def _weight(entry: Batch) -> int:
    return sum(len(record.payload) + _RECORD_BYTES for record in entry.records)
