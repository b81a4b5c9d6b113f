"""A journal that forgets: the same promises for as long as the process lives.

Owns: the entries of a `MemoryStore`, in order.
Does not know: disks, threads, the core.
Invariants: an entry once in the store never changes; what one journal of a store appends, readers
of every journal of that store get. So a store outlives a simulated crash of a node, and several
journals on one store are a simulated cluster.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import MappingProxyType

import trio

from router.errors import JournalUnavailable
from router.journal.base import Command, Done, Record, Take, Unread, number, stamp, wait_appended
from router.journal.resting import Resting

__all__ = ["MemoryJournal", "MemoryStore"]


class MemoryStore:
    """What the journals opened on it share: the batches, and where each tenant stands."""

    def __init__(self) -> None:
        self.batches: list[tuple[Record, ...]] = []
        self.positions: dict[str, int] = {}
        self.stamp_ms = 0
        self.resting: Resting[int] = Resting()
        """Readers who are told the index of each new batch."""


class MemoryJournal:
    """A `Journal` on a `MemoryStore`."""

    def __init__(self, wall_ms: Callable[[], int], store: MemoryStore | None = None) -> None:
        self._wall_ms = wall_ms
        self._store = store if store is not None else MemoryStore()
        self._end = MappingProxyType(dict(self._store.positions))
        self._closed = False

    @property
    def end(self) -> Mapping[str, int]:
        """See `Journal`."""
        return self._end

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        """See `Journal`; it is in the store, and ``done`` has heard, when this returns."""
        if not commands:
            raise ValueError("A batch needs at least one command.")
        if self._closed:
            raise JournalUnavailable("The journal is closed.")
        store = self._store
        now_ms = stamp(wall_ms=self._wall_ms(), before_ms=store.stamp_ms, floor_ms=floor_ms)
        index = len(store.batches)
        store.batches.append(number(commands, store.positions, now_ms))
        store.stamp_ms = now_ms
        done(None)
        store.resting.offer(index)

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """See `Journal`."""
        await wait_appended(self, commands, floor_ms)

    async def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        """See `Journal`."""
        batches = self._store.batches
        unread = Unread(after)
        index = 0

        def deal(offered: int) -> bool:
            nonlocal index
            if index != offered:
                return index > offered
            batch = batches[offered]
            if take is None or not unread.is_new(batch) or not take(batch):
                return False
            index += 1
            return True

        while not self._closed:
            if index == len(batches):
                await self._store.resting.wait(deal)
            else:
                await trio.lowlevel.checkpoint()
            if index == len(batches):
                continue
            batch = unread.of(batches[index])
            index += 1
            if batch:
                yield batch

    async def aclose(self) -> None:
        """See `Journal`; the store and its other journals go on."""
        self._closed = True
        self._store.resting.wake()
        await trio.lowlevel.checkpoint()
