"""A sorted list of places that counts quickly how many stand before one.

Owns: the order of many places. Does not know: lanes, or what a place is but that it sorts.

Invariants: as a plain sorted list (tests/test_ranks.py), but joining, leaving and counting cost
a bisection in one chunk and a sum over the chunks, not a move of everything behind.
"""

from bisect import bisect_left, insort

__all__ = ["Ranks"]

Place = tuple[int, int, str]

CHUNK_MAX = 512


class Ranks:
    """Places in chunks of at most ``CHUNK_MAX``, each sorted, and sorted among each other."""

    def __init__(self) -> None:
        self._chunks: list[list[Place]] = []
        self._lasts: list[Place] = []

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def add(self, place: Place) -> None:
        """Puts a place where it belongs."""
        if not self._chunks:
            self._chunks.append([place])
            self._lasts.append(place)
            return
        at = min(bisect_left(self._lasts, place), len(self._chunks) - 1)
        chunk = self._chunks[at]
        insort(chunk, place)
        self._lasts[at] = chunk[-1]
        if len(chunk) > CHUNK_MAX:
            half = CHUNK_MAX // 2
            self._chunks[at : at + 1] = [chunk[:half], chunk[half:]]
            self._lasts[at : at + 1] = [chunk[half - 1], chunk[-1]]

    def remove(self, place: Place) -> None:
        """Takes a place out; it must be there."""
        at = bisect_left(self._lasts, place)
        chunk = self._chunks[at]
        index = bisect_left(chunk, place)
        assert chunk[index] == place, f"{place} is not in the order"
        del chunk[index]
        if chunk:
            self._lasts[at] = chunk[-1]
        else:
            del self._chunks[at]
            del self._lasts[at]

    def count_before(self, place: Place) -> int:
        """How many places are smaller."""
        at = bisect_left(self._lasts, place)
        if at == len(self._chunks):
            return len(self)
        return sum(map(len, self._chunks[:at])) + bisect_left(self._chunks[at], place)
