"""The fair line: lanes, static keys, places.

Owns: which conversations wait in which lane, under which key; their order and their places.
Does not know: agents, offers, why a key is what it is, or time.

    key = start - head_start[class], smaller first, ties by journal position

Invariants: a conversation is in the line at most once; a lane's entries are sorted; a key that is
in the line changes only by leaving and joining again.

A key never gets worse while its conversation waits, so nothing ages and nothing is re-sorted:
everybody ages one second per second (research: Amazon Connect's routing age and the bank of the
call logs do the same). A lane holds the conversations of one queue that ask for exactly the same,
so whoever can serve its head can serve all of it, and nobody is stuck behind a head that the
freed agent cannot take. Each lane is a sorted list whose served front is only marked, which makes
joining at the end and leaving at the front cheap:

    entries:  [ served | served | head | ... | newest ]
                                  ^ start
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

from router.marks import i64
from router.ranks import Ranks
from router.skills import Requirement, SkillLevels

__all__ = ["NOBODY", "Lane", "LaneKey", "Line", "Place"]

LaneKey = tuple[str, str, Requirement]
"""(queue, channel, requirement): what all conversations of a lane have in common."""

Place = tuple[int, int, str]
"""(key in ms, journal position of the request, conversation): sorts as the line does."""

LAST_KEY: Final = 1 << 61
NOBODY: Final[Place] = (LAST_KEY, 0, "")
"""Sorts behind every place."""

EMPTY_LANES_MAX = 1024
"""Empty lanes are kept, for the matching knows them already; beyond this many they go."""


class Lane:
    """The waiting conversations of one queue that ask for exactly the same."""

    __slots__ = ("agent", "channel", "entries", "index", "key", "start", "words")

    def __init__(self, key: LaneKey, index: int) -> None:
        self.key = key
        self.channel = key[1]
        self.agent: str = key[2].agent
        self.index = index
        """A small number, unique among the lanes at any time."""
        self.entries: list[Place] = []
        self.start = 0
        self.words: dict[str, dict[int, tuple[str, ...]]] = {}
        """What was said of those chosen for it, kept by ``router.groups``."""

    def __len__(self) -> int:
        return len(self.entries) - self.start

    def __iter__(self) -> Iterator[Place]:
        entries = self.entries
        for at in range(self.start, len(entries)):
            yield entries[at]

    @property
    def head(self) -> Place:
        """The smallest key; the lane must not be empty."""
        return self.entries[self.start]

    def count_before(self, place: Place) -> int:
        """How many conversations of this lane stand before ``place``."""
        return bisect_left(self.entries, place, self.start) - self.start

    def insert(self, place: Place) -> None:
        """Puts ``place`` where its key belongs."""
        entries = self.entries
        if not entries or entries[-1][0] < place[0]:  # the newest, as nearly always
            entries.append(place)
        else:
            insort(entries, place, self.start)

    def remove(self, place: Place) -> None:
        """Takes ``place`` out; it must be there."""
        at = self.start
        if self.entries[at] != place:  # the head is by far the most frequent one
            at = bisect_left(self.entries, place, at)
        assert self.entries[at] == place, f"{place} is not in its lane"
        if at > self.start:
            del self.entries[at]
            return
        self.start += 1
        if self.start > 32 and self.start * 2 > len(self.entries):
            del self.entries[: self.start]
            self.start = 0


class _Stand:
    """Where a conversation stands: kept as one thing, for each pair would be made anew."""

    __slots__ = ("lane", "place")

    def __init__(self, lane: Lane, place: Place) -> None:
        self.lane = lane
        self.place = place


class Line:
    """All lanes of a tenant."""

    def __init__(self) -> None:
        self.lanes: dict[LaneKey, Lane] = {}
        self.plain: dict[tuple[str, str, SkillLevels], Lane] = {}
        """By queue, channel and needs, those lanes that ask for nothing else; some of them."""
        self.occupied = 0
        """Bit n is set where the lane of index n is not empty."""
        self.occupied_count = 0
        """How many lanes that are."""
        self.heads: list[Place] = []
        """By lane index, the smallest key; ``NOBODY`` where the lane is empty."""
        self._keys: list[int] = []
        """By lane index, the first part of ``heads``: one number compares sooner."""
        self.ranks = Ranks()
        """Everybody in line, in one order."""
        self._stands: dict[str, _Stand] = {}
        self._expected = ""
        """Who has a place but does not stand there yet."""
        self._is_expected_first = False
        """Whether nobody stood in that lane."""
        self._by_index: list[Lane | None] = []
        self._free_indexes: list[int] = []

    def __len__(self) -> int:
        return len(self._stands)

    def __contains__(self, conversation: str) -> bool:
        return conversation in self._stands

    def lane(self, key: LaneKey) -> tuple[Lane, bool]:
        """The lane of this key, and whether it was made just now."""
        known = self.lanes.get(key)
        if known is not None:
            return known, False
        if self._free_indexes:
            index = self._free_indexes.pop()
        else:
            index = len(self._by_index)
            self._by_index.append(None)
            self.heads.append(NOBODY)
            self._keys.append(NOBODY[0])
        lane = self.lanes[key] = Lane(key, index)
        self._by_index[index] = lane
        return lane, True

    def lane_at(self, index: int) -> Lane:
        """The lane of this index; it must exist."""
        lane = self._by_index[index]
        assert lane is not None
        return lane

    def where(self, conversation: str) -> tuple[Lane, Place]:
        """The lane and the place of a conversation that is in the line."""
        stand = self._stands[conversation]
        return stand.lane, stand.place

    def lane_of(self, conversation: str) -> Lane:
        """The lane of a conversation that is in the line."""
        return self._stands[conversation].lane

    def expect(self, lane: Lane, place: Place) -> None:
        """Gives a conversation its place, which it takes at ``let_in`` unless it left before.

        Until then nothing may ask who stands in the lanes or where. Where somebody is free at
        once, as in quiet hours, neither the lane nor the order is touched for it.
        """
        self.let_in()
        conversation = place[2]
        assert conversation not in self._stands, f"{conversation} is in the line already"
        self._stands[conversation] = _Stand(lane, place)
        self._expected = conversation
        self._is_expected_first = not len(lane)
        if self._is_expected_first:
            self.occupied_count += 1

    def let_in(self) -> None:
        """Whoever is expected stands in line from now on."""
        if self._expected:
            stand = self._stands[self._expected]
            self._expect_nobody()
            self._stand(stand.lane, stand.place)

    def _expect_nobody(self) -> None:
        self._expected = ""
        if self._is_expected_first:
            self.occupied_count -= 1

    def join(self, lane: Lane, place: Place) -> None:
        """Puts a conversation into a lane."""
        self.let_in()
        conversation = place[2]
        assert conversation not in self._stands, f"{conversation} is in the line already"
        self._stands[conversation] = _Stand(lane, place)
        self._stand(lane, place)

    def _stand(self, lane: Lane, place: Place) -> None:
        lane.insert(place)
        self.ranks.add(place)
        if len(lane) == 1:
            self.occupied |= 1 << lane.index
            self.occupied_count += 1
            self._set_head(lane.index, place)
        elif place < self.heads[lane.index]:
            self._set_head(lane.index, place)

    def leave(self, conversation: str) -> Lane:
        """Takes a conversation out and returns the lane that it stood in."""
        if conversation == self._expected:
            self._expect_nobody()
            lane = self._stands[conversation].lane
            del self._stands[conversation]
            return lane
        self.let_in()
        lane, place = self.where(conversation)
        del self._stands[conversation]
        lane.remove(place)
        self.ranks.remove(place)
        if len(lane):
            if self.heads[lane.index][2] == conversation:
                self._set_head(lane.index, lane.head)
        else:
            self._set_head(lane.index, NOBODY)
            self.occupied ^= 1 << lane.index
            self.occupied_count -= 1
        return lane

    def _set_head(self, index: int, place: Place) -> None:
        self.heads[index] = place
        self._keys[index] = place[0]

    def first_of(self, indexes: list[int]) -> Place:
        """The smallest key over the lanes of these indexes, or ``NOBODY``."""
        heads, keys = self.heads, self._keys
        first = -1
        least: i64 = LAST_KEY
        for index in indexes:
            key: i64 = keys[index]
            if key < least or (key == least and first >= 0 and heads[index] < heads[first]):
                first, least = index, key
        return NOBODY if first < 0 else heads[first]

    def drop_empty_lanes(self, *, but: Lane) -> list[Lane]:
        """Forgets the empty lanes where there are too many, and returns them.

        Args:
            but: The lane that is about to be joined.
        """
        if len(self.lanes) - self.occupied_count <= EMPTY_LANES_MAX:
            return []
        self.let_in()
        empty = [lane for lane in self.lanes.values() if not len(lane) and lane is not but]
        self.plain.clear()
        for lane in empty:
            del self.lanes[lane.key]
            self._by_index[lane.index] = None
            self._free_indexes.append(lane.index)
        return empty
