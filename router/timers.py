"""Deadlines by owner: set, cancel, and pop those that are due in one fixed order.

Owns: when which timer is due. Does not know: what a timer means, nor the present time.

Invariants: an owner has at most one timer of a kind; timers fire by (due, when they were set), so
two that are due at once keep the order in which they were set; a cancelled timer never fires.

Most kinds last equally long whoever sets them, so of a kind each new deadline is the latest: it
goes to the end of a row, and nothing is compared. Only what is due sooner than the end of the row
goes into a heap beside it. The next one of all is the first of a few rows and heaps; it is looked
for only when the one known to be next has gone.

    offer_seen    row [ gone | gone | first | ... | newest ]    heap [ those out of order ]
                                      ^ start

Deletion is lazy: a cancelled or replaced deadline stays until it comes up, and a kind is laid out
anew when more than half of it is dead, so memory stays within twice the live timers.
"""

import heapq
from collections.abc import Iterable
from typing import Final

from router.marks import mypyc_attr

__all__ = ["TimerKey", "Timers"]

TimerKey = tuple[str, str]
"""(kind, owner), for example ``("offer_expire", "o17")``."""

NEVER_MS: Final = 1 << 61
"""Later than every deadline."""

FEW: Final = 64
"""So few entries are never worth being laid out anew."""


@mypyc_attr(acyclic=True)
class _Deadline:
    """When one owner's timer fires, and its number among all that were ever set."""

    __slots__ = ("due_ms", "number", "owner")

    def __init__(self, due_ms: int, number: int, owner: str) -> None:
        self.due_ms = due_ms
        self.number = number
        self.owner = owner

    def __lt__(self, other: "_Deadline") -> bool:
        if self.due_ms != other.due_ms:
            return self.due_ms < other.due_ms
        return self.number < other.number


class _Kind:
    """The timers of one kind."""

    __slots__ = ("heap", "last_ms", "live", "name", "row", "start")

    def __init__(self, name: str) -> None:
        self.name = name
        self.live: dict[str, _Deadline] = {}
        """By owner."""
        self.row: list[_Deadline] = []
        self.start = 0
        """Where the row begins; what stands before is gone."""
        self.last_ms = 0
        """No deadline of the row is later."""
        self.heap: list[_Deadline] = []

    def put(self, deadline: _Deadline) -> None:
        self.live[deadline.owner] = deadline
        if deadline.due_ms >= self.last_ms:
            self.last_ms = deadline.due_ms
            self.row.append(deadline)
        else:
            heapq.heappush(self.heap, deadline)
        kept = len(self.row) + len(self.heap)
        if kept > FEW and kept - self.start > 2 * len(self.live):
            self.lay_out()

    def lay_out(self) -> None:
        """Puts all that are live into one row."""
        self.row = sorted(self.live.values())
        self.start = 0
        self.heap = []
        self.last_ms = self.row[-1].due_ms if self.row else 0

    def first(self) -> "_Deadline | None":
        """The earliest that is live; takes away what is dead before it."""
        row, heap, live = self.row, self.heap, self.live
        start, end = self.start, len(row)
        while start < end and live.get(row[start].owner) is not row[start]:
            start += 1
        if start * 2 > end:
            del row[:start]
            start = 0
            if not row:
                self.last_ms = 0
        self.start = start
        while heap and live.get(heap[0].owner) is not heap[0]:
            heapq.heappop(heap)
        if not heap:
            return row[start] if start < len(row) else None
        return heap[0] if start >= len(row) or heap[0] < row[start] else row[start]


class Timers:
    """A set of deadlines in ms, each under its (kind, owner)."""

    __slots__ = ("_is_known", "_kinds", "_next_ms", "_set_count")

    def __init__(self) -> None:
        self._set_count = 0
        self._kinds: dict[str, _Kind] = {}
        self._next_ms = NEVER_MS
        """Nothing is due before."""
        self._is_known = True
        """Whether that is the earliest deadline itself."""

    def __len__(self) -> int:
        return sum(len(kind.live) for kind in self._kinds.values())

    def set(self, kind: str, owner: str, due_ms: int) -> None:
        """Puts or moves the timer of this kind and owner to ``due_ms``."""
        self._set_count += 1
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = _Kind(kind)
        if self._is_known:
            known = found.live.get(owner)
            if known is not None and known.due_ms <= self._next_ms:
                self._is_known = False
        found.put(_Deadline(due_ms, self._set_count, owner))
        if due_ms <= self._next_ms:
            self._next_ms = due_ms
            self._is_known = True

    def cancel(self, kind: str, owner: str) -> None:
        """Removes the timer, if there is one."""
        found = self._kinds.get(kind)
        if found is not None and found.live:
            known = found.live.pop(owner, None)
            if known is not None and known.due_ms <= self._next_ms:
                self._is_known = False

    def due_ms(self, kind: str, owner: str) -> int | None:
        """When this timer fires, or None."""
        found = self._kinds.get(kind)
        known = found.live.get(owner) if found is not None else None
        return None if known is None else known.due_ms

    def may_be_due(self, now_ms: int) -> bool:
        """Whether any timer might be due by ``now_ms``; where this says no, none is."""
        return self._next_ms <= now_ms

    def next_due_ms(self) -> int | None:
        """When the earliest timer fires, or None where there is none."""
        if not self._is_known:
            self._find_next()
        return None if self._next_ms == NEVER_MS else self._next_ms

    def _find_next(self) -> "_Kind | None":
        """The kind of the earliest timer, which is known from now on."""
        best: _Deadline | None = None
        its_kind: _Kind | None = None
        for kind in self._kinds.values():
            first = kind.first()
            if first is not None and (best is None or first < best):
                best, its_kind = first, kind
        self._next_ms = NEVER_MS if best is None else best.due_ms
        self._is_known = True
        return its_kind

    def pop_due(self, now_ms: int) -> TimerKey | None:
        """Takes out the earliest timer if it is due by ``now_ms``."""
        if self._next_ms > now_ms:
            return None
        kind = self._find_next()
        if kind is None or self._next_ms > now_ms:
            return None
        first = kind.first()
        assert first is not None, f"a {kind.name} was there a moment ago"
        del kind.live[first.owner]
        self._is_known = False
        return kind.name, first.owner

    def shift(self, by_ms: int) -> None:
        """Moves every deadline later by ``by_ms``: time in which nobody could act."""
        for kind in self._kinds.values():
            for known in kind.live.values():
                known.due_ms += by_ms
            kind.lay_out()
        self._find_next()

    def entries(self) -> list[tuple[str, str, int]]:
        """All timers as (kind, owner, due), in the order in which they were set."""
        entries = [
            (known.number, kind.name, known.owner, known.due_ms)
            for kind in self._kinds.values()
            for known in kind.live.values()
        ]
        entries.sort()
        return [(name, owner, due_ms) for _, name, owner, due_ms in entries]

    def restore(self, entries: Iterable[tuple[str, str, int]]) -> None:
        """Puts back what ``entries`` gave, in that order."""
        for kind, owner, due_ms in entries:
            self.set(kind, owner, due_ms)
