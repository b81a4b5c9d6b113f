"""Counts by name, since the start and over the last while, and one index of evenness.

Owns: slots of time, sums over them, Jain's index. Does not know: what is counted, or the time.

Invariants (tests/test_tallies.py, against a list of everything that was added): what is recent is
what was added in the newest ``slot_count`` slots, the one under way included; nothing is lost in
all; memory is bounded by the slots and the names.
"""

from collections.abc import Iterable

__all__ = ["Tally", "jain"]


class Tally:
    """Whole numbers by name, in slots of ``slot_ms``."""

    __slots__ = ("_newest", "_past", "_slot_count", "_slot_ms", "_slots")

    def __init__(self, slot_ms: int, slot_count: int) -> None:
        self._slot_ms = slot_ms
        self._slot_count = slot_count
        self._newest = 0
        self._slots: dict[int, dict[str, int]] = {}
        self._past: dict[str, int] = {}

    def add(self, name: str, amount: int, now_ms: int) -> None:
        """Counts ``amount`` of something now."""
        slot = now_ms // self._slot_ms
        row = self._slots.get(slot)
        if row is None:
            row = self._open(slot)
        row[name] = row.get(name, 0) + amount

    def add_span(self, name: str, from_ms: int, until_ms: int) -> None:
        """Counts the milliseconds of a span, each in the slot that it fell into."""
        oldest_ms = (until_ms // self._slot_ms - self._slot_count + 1) * self._slot_ms
        if from_ms < oldest_ms:
            self._past[name] = self._past.get(name, 0) + min(oldest_ms, until_ms) - from_ms
            from_ms = oldest_ms
        while from_ms < until_ms:
            end_ms = min(until_ms, (from_ms // self._slot_ms + 1) * self._slot_ms)
            self.add(name, end_ms - from_ms, from_ms)
            from_ms = end_ms

    def _open(self, slot: int) -> dict[str, int]:
        """The row of a slot; one that is too old by now is that of the past."""
        self._newest = max(self._newest, slot)
        oldest = self._newest - self._slot_count
        for old in [known for known in self._slots if known <= oldest]:
            _merge(self._past, self._slots.pop(old))
        if slot <= oldest:
            return self._past
        row: dict[str, int] = {}
        self._slots[slot] = row
        return row

    def in_all(self) -> dict[str, int]:
        """Everything since the start."""
        found = dict(self._past)
        for row in self._slots.values():
            _merge(found, row)
        return found

    def recent(self, now_ms: int) -> dict[str, int]:
        """What was counted in the newest slots."""
        found: dict[str, int] = {}
        oldest = now_ms // self._slot_ms - self._slot_count
        for slot, row in self._slots.items():
            if slot > oldest:
                _merge(found, row)
        return found


def _merge(into: dict[str, int], row: dict[str, int]) -> None:
    for name, amount in row.items():
        into[name] = into.get(name, 0) + amount


def jain(shares: Iterable[float]) -> float | None:
    """Jain's index of evenness: 1 where all have the same, 1/n where one of n has everything.

    Returns:
        (sum x)^2 / (n sum x^2); 1 where everybody has nothing, None where there is nobody.
    """
    count = 0
    total = squares = 0.0
    for share in shares:
        count += 1
        total += share
        squares += share * share
    if not count:
        return None
    return total * total / (count * squares) if squares else 1.0
