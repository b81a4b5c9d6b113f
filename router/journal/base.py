"""What every journal promises, whatever keeps it.

Owns: the record, the protocol, and the three rules that all journals share: stamping, numbering,
and leaving out what a reader already has.
Does not know: files, Redis, threads, the core, what a payload means; it reads no clock.
Invariants: positions of a tenant are 1, 2, 3, ... without a hole; stamps never decrease.

The promises in prose, checked by `tests/journal/contract.py` for each journal:

* One order. The commands of a tenant stand in one order, the same for every reader and after
  every restart; so do the batches, and the commands of one `append` stay together. Within a batch
  `memory` and `file` keep the order of all commands, others that of each tenant's.
* Durable first. `append` returns, and `read` yields, only what a crash can no longer take back.
* All or nothing. An `append` that raises `JournalUnavailable` left nothing behind, and the journal
  goes on. Any other `StorageError` says that the journal is broken for good and that the fate of
  the batch is unknown until a restart: the process must end.
* Cancelling an `append` leaves its batch in the journal whole or not at all, and harms no other.
* Batches. What was made durable together is one batch: one stamp, one wake-up of each reader.
  Several `append` calls may share a batch; none is spread over two.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from router.errors import StorageError

__all__ = [
    "Batch",
    "Command",
    "Done",
    "Journal",
    "Record",
    "Take",
    "Unread",
    "number",
    "stamp",
    "wait_appended",
]

Command = tuple[str, bytes]
"""A tenant, and a command of theirs as the core's codec wrote it."""

Done = Callable[[StorageError | None], None]
"""Told once what became of a batch, on trio's thread: None where it is durable. Never raises."""


class Record(NamedTuple):
    """One command, as the journal ordered it."""

    tenant: str
    position: int
    """Counts the tenant's commands from 1, refused ones too."""
    now_ms: int
    """The batch's stamp: the time at which the core applies the command."""
    payload: bytes


Take = Callable[[Sequence[Record]], bool]
"""Deals with a batch at once, on trio's thread, and says whether it did."""


class Batch(Protocol):
    """What was made durable together."""

    @property
    def sequence(self) -> int:
        """Counts the batches of a store from 1."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Its commands, in the journal's order."""


class Journal(Protocol):
    """A total order of durable commands."""

    @property
    def end(self) -> Mapping[str, int]:
        """Each tenant's last position when the journal was opened.

        A reader that has reached it for every tenant has replayed everything and is up to date:
        the server becomes ready then. Empty for a new journal.
        """

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        """Have the commands made durable, in their order; ``done`` may hear of it at once.

        The batch gets one stamp: the wall clock, but never behind the stamp before it nor behind
        `floor_ms` (the caller's own estimate of the time, so that a `Tick` is never early).

        Raises:
            JournalUnavailable: nothing of it went in: disk full, backlog full, or closed.
            StorageError: the journal is broken for good, the fate of the batch is unknown.
            ValueError: no commands at all, or more than any one batch may hold.

            ``done`` never hears of a batch over which this raised.
        """

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """Make the commands durable and return when they are; see `begin`."""

    def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        """Yield every batch in order for ever: first the kept ones, then each as it is durable.

        Leaves out a tenant's records up to `after[tenant]` (0 for a tenant not named) and batches
        of which nothing is left. Holds a bounded part of the journal in memory however slow the
        reader is. Ends when the journal is closed. Wrap it in `contextlib.aclosing`.

        ``take`` is asked first about a batch for which the reader waits, in the very moment in
        which it became durable, once who appended it has heard. What it says it dealt with is not
        yielded. It does not raise.

        Raises:
            JournalCorrupt: what was durable can no longer be read.
            JournalVersion: a record needed was written for another version of the core.
            StorageError: the journal is broken for good.
        """

    async def aclose(self) -> None:
        """Finish what was asked for, end all readers, let go of everything. May be repeated."""


async def wait_appended(journal: Journal, commands: Sequence[Command], floor_ms: int) -> None:
    """`Journal.append` by way of `Journal.begin`."""
    import trio  # whoever only reads what others wrote does without

    known = trio.Event()
    failed: StorageError | None = None

    def done(error: StorageError | None) -> None:
        nonlocal failed
        failed = error
        known.set()

    await trio.lowlevel.checkpoint_if_cancelled()
    journal.begin(commands, floor_ms, done)
    await known.wait()
    if failed is not None:
        # Several callers share the error: each raises its own, with its own trace.
        raise type(failed)(str(failed)) from failed


def stamp(*, wall_ms: int, before_ms: int, floor_ms: int) -> int:
    """Say at what time a batch happens: never behind the batch before it or its floor."""
    return max(wall_ms, before_ms, floor_ms)


def number(
    commands: Sequence[Command], positions: dict[str, int], now_ms: int
) -> tuple[Record, ...]:
    """Give each command the next position of its tenant, moving `positions` on."""
    records = []
    for tenant, payload in commands:
        position = positions.get(tenant, 0) + 1
        positions[tenant] = position
        records.append(Record(tenant, position, now_ms, payload))
    return tuple(records)


class Unread:
    """Leaves out the records that a reader already has.

    Forgets a tenant once its records have passed, so that the live part costs nothing.
    """

    def __init__(self, after: Mapping[str, int]) -> None:
        self._after = {tenant: position for tenant, position in after.items() if position > 0}

    def is_new(self, batch: Sequence[Record]) -> bool:
        """Return whether the reader is sure to have had nothing of the batch."""
        return not self._after or all(record.tenant not in self._after for record in batch)

    def of(self, batch: Sequence[Record]) -> Sequence[Record]:
        """Return what the reader has not had of the batch, perhaps nothing."""
        after = self._after
        if not after:
            return batch
        unread = [record for record in batch if record.position > after.get(record.tenant, 0)]
        for record in batch:
            if record.position >= after.get(record.tenant, record.position + 1):
                del after[record.tenant]
        return unread
