"""A sorted list of places that counts quickly how many stand before one.

Owns: the order of many places. Does not know: lanes, or what a place is but that it sorts.

Invariants: as a plain sorted list (tests/test_ranks.py), but joining, leaving and counting cost
a bisection in one chunk and a sum over the chunks, not a move of everything behind.

Beside each list of places stands the list of their keys: numbers compare several times as quickly
as places do, and of one key there are few. Only among those the places themselves are compared.
"""

from bisect import bisect_left, bisect_right

__all__ = ["Ranks"]

Place = tuple[int, int, str]

CHUNK_MAX = 512


class _Places:
    """A sorted list of places, with their keys beside it."""

    __slots__ = ("keys", "places")

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self.keys = [place[0] for place in places]

    def find(self, place: Place) -> int:
        """The index of a place, or where it belongs."""
        key, keys = place[0], self.keys
        if not keys or key < keys[0]:
            return 0
        low = bisect_left(keys, key, 1) if keys[0] < key else 0
        if low == len(keys) or keys[low] != key:
            return low
        if low + 1 == len(keys) or keys[low + 1] != key:  # alone under this key, as nearly all are
            known = self.places[low]
            if known[1] != place[1]:
                return low if place[1] < known[1] else low + 1
            return low if place[2] <= known[2] else low + 1
        return bisect_left(self.places, place, low, bisect_right(keys, key, low))

    def insert(self, at: int, place: Place) -> None:
        self.places.insert(at, place)
        self.keys.insert(at, place[0])

    def delete(self, at: int) -> None:
        del self.places[at]
        del self.keys[at]

    def put(self, at: int, place: Place) -> None:
        self.places[at] = place
        self.keys[at] = place[0]


class Ranks:
    """Places in chunks of at most ``CHUNK_MAX``, each sorted, and sorted among each other."""

    def __init__(self) -> None:
        self._chunks = [_Places([])]
        """None of them is empty but the only one, where nobody is there."""
        self._lasts = _Places([(0, 0, "")])
        """The last place of each chunk; says nothing of one that is empty."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, place: Place) -> None:
        """Puts a place where it belongs."""
        self._count += 1
        if self._count == 1:
            self._chunks[0].insert(0, place)
            self._lasts.put(0, place)
            return
        at = self._lasts.find(place)
        is_last = at == len(self._chunks)
        if is_last:
            at -= 1
            self._lasts.put(at, place)
        chunk = self._chunks[at]
        chunk.insert(len(chunk.places) if is_last else chunk.find(place), place)
        if len(chunk.places) > CHUNK_MAX:
            self._split(at)

    def _split(self, at: int) -> None:
        places = self._chunks[at].places
        half = CHUNK_MAX // 2
        self._chunks[at : at + 1] = [_Places(places[:half]), _Places(places[half:])]
        self._lasts.insert(at, places[half - 1])

    def remove(self, place: Place) -> None:
        """Takes a place out; it must be there."""
        at = self._lasts.find(place)
        chunk = self._chunks[at]
        index = chunk.find(place)
        places = chunk.places
        assert places[index] == place, f"{place} is not in the order"
        self._count -= 1
        chunk.delete(index)
        if not places and len(self._chunks) > 1:
            del self._chunks[at]
            self._lasts.delete(at)
        elif places and index == len(places):
            self._lasts.put(at, places[-1])

    def count_before(self, place: Place) -> int:
        """How many places are smaller."""
        at = self._lasts.find(place)
        if at == len(self._chunks):
            return self._count
        before, chunks = 0, self._chunks
        for index in range(at):
            before += len(chunks[index].places)
        return before + chunks[at].find(place)

    def has_after(self, place: Place) -> bool:
        """Whether any place is greater."""
        if not self._count:
            return False
        key = self._lasts.keys[-1]
        return key > place[0] or (key == place[0] and place < self._lasts.places[-1])
