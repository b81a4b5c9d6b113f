"""Deadlines by owner: set, cancel, and pop those that are due in one fixed order.

Owns: when which timer is due. Does not know: what a timer means, nor the present time.

Invariants: an owner has at most one timer of a kind; timers fire by (due, when they were set), so
two that are due at once keep the order in which they were set; a cancelled timer never fires.

A binary heap with lazy deletion: a cancelled or replaced entry stays until it comes up, and the
heap is rebuilt when more than half of it is dead, so memory stays within twice the live timers.

A command cancels many timers that are not set, so the live ones are kept by kind: most kinds are
empty, and then a cancellation is one look-up without making a key. The entry of the heap is kept
as it is, which spares a second tuple a timer.
"""

import heapq
from collections.abc import Iterable
from operator import itemgetter

__all__ = ["TimerKey", "Timers"]

TimerKey = tuple[str, str]
"""(kind, owner), for example ``("offer_expire", "o17")``."""


Entry = tuple[int, int, str, str]
"""(due, count of when it was set, kind, owner): sorts as timers fire."""


class Timers:
    """A set of deadlines in ms, each under its (kind, owner)."""

    __slots__ = ("_count", "_heap", "_live", "_set_count")

    def __init__(self) -> None:
        self._set_count = 0
        self._count = 0
        self._live: dict[str, dict[str, Entry]] = {}
        """By kind and owner."""
        self._heap: list[Entry] = []

    def __len__(self) -> int:
        return self._count

    def set(self, kind: str, owner: str, due_ms: int) -> None:
        """Puts or moves the timer of this kind and owner to ``due_ms``."""
        self._set_count += 1
        entry = (due_ms, self._set_count, kind, owner)
        owners = self._live.get(kind)
        if owners is None:
            owners = self._live[kind] = {}
        if owner not in owners:
            self._count += 1
        owners[owner] = entry
        heap = self._heap
        heapq.heappush(heap, entry)
        if len(heap) > 64 and len(heap) > 2 * self._count:
            self._rebuild()

    def cancel(self, kind: str, owner: str) -> None:
        """Removes the timer, if there is one."""
        owners = self._live.get(kind)
        if owners and owners.pop(owner, None) is not None:
            self._count -= 1

    def due_ms(self, kind: str, owner: str) -> int | None:
        """When this timer fires, or None."""
        owners = self._live.get(kind)
        entry = owners.get(owner) if owners else None
        return None if entry is None else entry[0]

    def next_due_ms(self) -> int | None:
        """When the earliest timer fires, or None where there is none."""
        heap = self._heap
        while heap:
            due_ms, order, kind, owner = heap[0]
            live = self._live[kind].get(owner)
            if live is not None and live[1] == order:
                return due_ms
            heapq.heappop(heap)
        return None

    def pop_due(self, now_ms: int) -> TimerKey | None:
        """Takes out the earliest timer if it is due by ``now_ms``."""
        due_ms = self.next_due_ms()
        if due_ms is None or due_ms > now_ms:
            return None
        _, _, kind, owner = heapq.heappop(self._heap)
        del self._live[kind][owner]
        self._count -= 1
        return kind, owner

    def shift(self, by_ms: int) -> None:
        """Moves every deadline later by ``by_ms``: time in which nobody could act."""
        for owners in self._live.values():
            for owner, (due_ms, order, kind, _) in owners.items():
                owners[owner] = (due_ms + by_ms, order, kind, owner)
        self._rebuild()

    def entries(self) -> list[tuple[str, str, int]]:
        """All timers as (kind, owner, due), in the order in which they were set."""
        entries = [entry for owners in self._live.values() for entry in owners.values()]
        entries.sort(key=itemgetter(1))
        return [(kind, owner, due_ms) for due_ms, _, kind, owner in entries]

    def restore(self, entries: Iterable[tuple[str, str, int]]) -> None:
        """Puts back what ``entries`` gave, in that order."""
        for kind, owner, due_ms in entries:
            self.set(kind, owner, due_ms)

    def _rebuild(self) -> None:
        self._heap = [entry for owners in self._live.values() for entry in owners.values()]
        heapq.heapify(self._heap)
