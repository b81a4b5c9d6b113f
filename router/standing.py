"""The free agents of one channel and load, in the order in which they would be chosen.

Owns: that order, and which groups have somebody in it. Does not know: lanes, scores, or why an
agent is free.

Invariants (tests/test_standing.py): the order is that of a sorted list, by flexibility, then idle
time; a group is listed exactly while one of its agents stands here.
"""

from typing import Final, final

from msgspec import Raw, msgpack

from router.blocks import Blocks
from router.marks import i64, mypyc_attr

__all__ = ["Entry", "Standing", "place_in"]

_pack: Final = msgpack.Encoder().encode
_Raw: Final = Raw
"""What is final need not be looked up by name where the core is compiled."""

CHUNK_MAX = 256
"""The order stands in chunks, so that joining and leaving move but little."""


@final
@mypyc_attr(acyclic=True)
class Entry:
    """A free agent: for which channels, at which load (per mille), and the place in the order."""

    __slots__ = (
        "_language",
        "_proficiency",
        "_row",
        "_score",
        "agent",
        "channels",
        "flexibility",
        "group",
        "idle_order",
        "key",
        "load",
        "since_ms",
    )

    def __init__(
        self,
        agent: str,
        group: int,
        flexibility: int,
        channels: tuple[str, ...],
        load: int,
        idle: tuple[int, int],
    ) -> None:
        self.agent = agent
        self.channels = channels
        self.key: object = (channels, load)
        """Under which the agent is found in the group."""
        self.load: i64 = load
        self.group: i64 = group
        """The index of the agent's group."""
        self.flexibility: i64 = flexibility
        self.since_ms: i64 = idle[0]
        self.idle_order: i64 = idle[1]
        self._row: Raw | None = None
        self._score: i64 = 0
        self._language: i64 = 0
        self._proficiency: i64 = 0

    def stands_at(self, channels: tuple[str, ...], load: int, idle: tuple[int, int]) -> bool:
        """Whether that is what is known of the agent."""
        return (
            self.since_ms == idle[0]
            and self.idle_order == idle[1]
            and self.load == load
            and self.channels == channels
        )

    def is_before(self, other: "Entry") -> bool:
        """Whether this one comes first: less flexible, then longer idle."""
        if self.flexibility != other.flexibility:
            return self.flexibility < other.flexibility
        if self.since_ms != other.since_ms:
            return self.since_ms < other.since_ms
        if self.idle_order != other.idle_order:
            return self.idle_order < other.idle_order
        return self.agent < other.agent

    def place(self) -> tuple[int, int, int, str]:
        """What the order is by."""
        return (self.flexibility, self.since_ms, self.idle_order, self.agent)

    def idle_place(self) -> tuple[int, int, str]:
        """The place in the idle order alone."""
        return (self.since_ms, self.idle_order, self.agent)

    def row(self, score: i64, language: i64, proficiency: i64) -> Raw:
        """The agent as a candidate of this score, of whom nothing else is known.

        Whoever is at the front of the order is looked at for several conversations, and mostly has
        the same score for each: so the row is kept.
        """
        known = self._row
        if (
            known is not None
            and score == self._score
            and language == self._language
            and proficiency == self._proficiency
        ):
            return known
        # The fields of a ``Candidate``, in their order: as a row they pack into the same bytes.
        made = _Raw(
            _pack(
                (
                    self.agent,
                    score,
                    language,
                    proficiency,
                    0,
                    1000 - self.load,
                    self.flexibility,
                    self.since_ms,
                    self.idle_order,
                    0,
                    0,
                )
            )
        )
        self._row, self._score = made, score
        self._language, self._proficiency = language, proficiency
        return made


@final
class Standing:
    """The free agents of one channel and load."""

    __slots__ = ("chunks", "groups", "load", "size", "top")

    def __init__(self, load: int) -> None:
        self.load: i64 = load
        self.top: i64 = 0
        """The best score that the last look found here."""
        self.chunks: list[list[Entry]] = []
        """The order, in pieces that are never empty."""
        self.size = 0
        self.groups = Blocks()
        """Those who stand here are of these groups."""

    def add(self, entry: Entry, *, is_first: bool) -> None:
        """Puts an agent in, who may be the first of their group."""
        self._insert(entry)
        if is_first:
            self.groups.flip(entry.group)

    def _insert(self, entry: Entry) -> None:
        self.size += 1
        at = self._chunk_of(entry)
        if at == len(self.chunks):
            if not at:
                self.chunks.append([entry])
                return
            at -= 1
        chunk = self.chunks[at]
        chunk.insert(place_in(chunk, entry), entry)
        if len(chunk) > CHUNK_MAX:
            half = CHUNK_MAX // 2
            self.chunks[at : at + 1] = [chunk[:half], chunk[half:]]

    def _chunk_of(self, entry: Entry) -> i64:
        """The first chunk that ends at the entry or behind it."""
        low: i64 = 0
        high: i64 = len(self.chunks)
        while low < high:
            middle = (low + high) >> 1
            if self.chunks[middle][-1].is_before(entry):
                low = middle + 1
            else:
                high = middle
        return low

    def remove(self, entry: Entry, *, was_last: bool) -> None:
        """Takes an agent out, who must be in and may be the last of their group."""
        at = self._chunk_of(entry)
        chunk = self.chunks[at]
        index = place_in(chunk, entry)
        assert chunk[index] is entry, f"{entry.agent} is not in the order"
        chunk.pop(index)
        self.size -= 1
        if not chunk:
            del self.chunks[at]
        if was_last:
            self.groups.flip(entry.group)


def place_in(chunk: list[Entry], entry: Entry) -> i64:
    """The index of an entry, or where it belongs."""
    low: i64 = 0
    high: i64 = len(chunk)
    while low < high:
        middle = (low + high) >> 1
        if chunk[middle].is_before(entry):
            low = middle + 1
        else:
            high = middle
    return low
