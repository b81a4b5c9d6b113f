"""Deadlines by owner: set, cancel, and pop those that are due in one fixed order.

Owns: when which timer is due. Does not know: what a timer means, nor the present time.

Invariants: an owner has at most one timer of a kind; timers fire by (due, when they were set), so
two that are due at once keep the order in which they were set; a cancelled timer never fires.

A binary heap with lazy deletion: a cancelled or replaced entry stays until it comes up, and the
heap is rebuilt when more than half of it is dead, so memory stays within twice the live timers.
"""

import heapq
from collections.abc import Iterable

__all__ = ["TimerKey", "Timers"]

TimerKey = tuple[str, str]
"""(kind, owner), for example ``("offer_expire", "o17")``."""


class Timers:
    """A set of deadlines in ms, each under its (kind, owner)."""

    def __init__(self) -> None:
        self._set_count = 0
        self._live: dict[TimerKey, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, TimerKey]] = []

    def __len__(self) -> int:
        return len(self._live)

    def set(self, kind: str, owner: str, due_ms: int) -> None:
        """Puts or moves the timer of this kind and owner to ``due_ms``."""
        self._set_count += 1
        key = (kind, owner)
        self._live[key] = (due_ms, self._set_count)
        heapq.heappush(self._heap, (due_ms, self._set_count, key))
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._live):
            self._rebuild()

    def cancel(self, kind: str, owner: str) -> None:
        """Removes the timer, if there is one."""
        self._live.pop((kind, owner), None)

    def due_ms(self, kind: str, owner: str) -> int | None:
        """When this timer fires, or None."""
        entry = self._live.get((kind, owner))
        return None if entry is None else entry[0]

    def next_due_ms(self) -> int | None:
        """When the earliest timer fires, or None where there is none."""
        while self._heap:
            due_ms, order, key = self._heap[0]
            if self._live.get(key) == (due_ms, order):
                return due_ms
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now_ms: int) -> TimerKey | None:
        """Takes out the earliest timer if it is due by ``now_ms``."""
        due_ms = self.next_due_ms()
        if due_ms is None or due_ms > now_ms:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._live[key]
        return key

    def shift(self, by_ms: int) -> None:
        """Moves every deadline later by ``by_ms``: time in which nobody could act."""
        self._live = {key: (due + by_ms, order) for key, (due, order) in self._live.items()}
        self._rebuild()

    def entries(self) -> list[tuple[str, str, int]]:
        """All timers as (kind, owner, due), in the order in which they were set."""
        ordered = sorted(self._live.items(), key=lambda item: item[1][1])
        return [(kind, owner, due_ms) for (kind, owner), (due_ms, _) in ordered]

    def restore(self, entries: Iterable[tuple[str, str, int]]) -> None:
        """Puts back what ``entries`` gave, in that order."""
        for kind, owner, due_ms in entries:
            self.set(kind, owner, due_ms)

    def _rebuild(self) -> None:
        self._heap = [(due_ms, order, key) for key, (due_ms, order) in self._live.items()]
        heapq.heapify(self._heap)
