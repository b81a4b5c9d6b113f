"""Compares what two cores of one tenant show of their running hashes.

Owns: what was shown by one side and not yet by the other. Does not know: who shows what how.

Invariants (tests/server/test_comparing.py): each pair is compared once; what the other side never
shows is forgotten in the end.
"""

from typing import Literal

__all__ = ["Comparison", "Side"]

Side = Literal["live", "replica"]
UNMATCHED_MAX = 1_000


class Comparison:
    """Showings of both sides, by tenant and position."""

    def __init__(self) -> None:
        self._unmatched: dict[tuple[str, int], tuple[Side, int]] = {}
        self.matched_count = 0

    def add(self, side: Side, tenant: str, position: int, crc: int) -> bool:
        """Takes one showing; False where the other side showed something else."""
        place = (tenant, position)
        other = self._unmatched.get(place)
        if other is None or other[0] == side:
            self._unmatched[place] = (side, crc)
            if len(self._unmatched) > UNMATCHED_MAX:
                del self._unmatched[next(iter(self._unmatched))]
            return True
        del self._unmatched[place]
        self.matched_count += 1
        return other[1] == crc
