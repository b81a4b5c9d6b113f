"""The free agents in the order in which they would be chosen, for when very many are free.

Owns: by channel and load, the free agents sorted by flexibility and idle time; by lane, the groups
of agents sorted into classes of equal score. Does not know: people, or why an agent is free.

Invariant: ``best`` chooses whom a look at every candidate would choose (tests/test_shortlist.py
holds it against ``Pool.choose`` without a shortlist).

Among agents of equal load the choice is the first, in the order of flexibility and idle time, of
whom the lane can be served and whose score is good enough. Which groups that are is a mask, for
the score of a group at a load is one of very few. So the order is walked until those looked for
have come up, which is soon where many are fit; where they have not after some times the root of its
length, few groups are left, and each is asked for its first: with ``k`` of ``n`` agents fit, that
is ``k`` steps or about ``n / k``, whichever is less, never more than some times the root of ``n``.
"""

from collections.abc import Iterator

from router.candidates import Candidate
from router.groups import NOTHING_SPECIAL, Group, Shares, Special, candidate, mean, replaced
from router.marks import i64, mypyc_attr
from router.masks import Masks, bits
from router.queue import Lane

__all__ = ["Shortlist"]

RUNNERS_UP = 3
"""So many of those who came next are told in ``explain`` beside the chosen one."""

CHUNK_MAX = 256
"""The order stands in chunks, so that joining and leaving move but little."""

_NOBODY: frozenset[str] = frozenset()
_NOBODY_ALONE: frozenset[tuple[int, tuple[int, int]]] = frozenset()

WALK_ROOTS = 4
"""The order is walked for about so many times the root of its length, and then no further."""


@mypyc_attr(acyclic=True)
class _Entry:
    """A free agent at their place in the order."""

    __slots__ = ("agent", "flexibility", "group", "idle_order", "since_ms")

    def __init__(
        self, flexibility: int, since_ms: int, idle_order: int, agent: str, group: int
    ) -> None:
        self.flexibility = flexibility
        self.since_ms = since_ms
        self.idle_order = idle_order
        self.agent = agent
        self.group = group

    def is_before(self, other: "_Entry") -> bool:
        """Whether this one comes first: less flexible, then longer idle."""
        if self.flexibility != other.flexibility:
            return self.flexibility < other.flexibility
        if self.since_ms != other.since_ms:
            return self.since_ms < other.since_ms
        if self.idle_order != other.idle_order:
            return self.idle_order < other.idle_order
        return self.agent < other.agent


class _Standing:
    """The free agents of one channel and load."""

    __slots__ = ("chunks", "counts", "groups", "size")

    def __init__(self) -> None:
        self.chunks: list[list[_Entry]] = []
        """The order, in pieces that are never empty."""
        self.size = 0
        self.counts: dict[int, int] = {}
        self.groups = 0

    def add(self, entry: _Entry) -> None:
        group = entry.group
        self._insert(entry)
        count = self.counts.get(group, 0)
        self.counts[group] = count + 1
        if not count:
            self.groups |= 1 << group

    def _insert(self, entry: _Entry) -> None:
        self.size += 1
        at = self._chunk_of(entry)
        if at == len(self.chunks):
            if not at:
                self.chunks.append([entry])
                return
            at -= 1
        chunk = self.chunks[at]
        chunk.insert(_find(chunk, entry), entry)
        if len(chunk) > CHUNK_MAX:
            half = CHUNK_MAX // 2
            self.chunks[at : at + 1] = [chunk[:half], chunk[half:]]

    def _chunk_of(self, entry: _Entry) -> int:
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

    def remove(self, entry: _Entry) -> None:
        """Takes out whoever stands at the place of this entry; they must be there."""
        at = self._chunk_of(entry)
        chunk = self.chunks[at]
        index = _find(chunk, entry)
        assert chunk[index].agent == entry.agent, f"{entry.agent} is not in the order"
        del chunk[index]
        self.size -= 1
        if not chunk:
            del self.chunks[at]
        group = entry.group
        count = self.counts[group] - 1
        if count:
            self.counts[group] = count
        else:
            del self.counts[group]
            self.groups ^= 1 << group

    def holds_more(self, groups: int, count: int) -> bool:
        """Whether more than ``count`` free agents are of these groups (bits)."""
        for index in bits(groups & self.groups):
            count -= self.counts[index]
            if count < 0:
                return True
        return False


def _find(chunk: list[_Entry], entry: _Entry) -> int:
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


class _Walk:
    """Whom one choice looks for at one load."""

    __slots__ = ("_all_good", "_least", "_special", "_weights", "lane", "load", "names", "served")

    def __init__(
        self,
        lane: Lane,
        load: int,
        least: int,
        weights: Shares,
        special: Special,
        names: "set[str] | frozenset[str]",
        masks: Masks,
        *,
        all_good: bool,
    ) -> None:
        self.lane = lane
        self.load = load
        self.names = names
        """Who is looked at already."""
        self._least = least
        self._all_good = all_good
        self._weights = weights
        self._special = special
        self.served = masks.serving_bytes(lane)
        """The groups (bits, the lowest first) that can serve the lane at all."""

    def is_good(self, group: Group) -> bool:
        """Whether the group's score, which nothing particular changes, is near enough the best."""
        if self._all_good:
            return True
        everyone = self._special.get("") if self._special else None
        return _score(group.parts(self.lane), self.load, self._weights, everyone) >= self._least

    def candidate(self, group: Group, entry: _Entry) -> Candidate:
        if not self._special:
            language, proficiency = group.parts(self.lane)
            ease = 1000 - self.load
            return Candidate(
                entry.agent,
                mean((language, proficiency, 0, ease, 0, 0), self._weights),
                language,
                proficiency,
                0,
                ease,
                entry.flexibility,
                entry.since_ms,
                entry.idle_order,
            )
        place = (entry.since_ms, entry.idle_order, entry.agent)
        return candidate(group, self.lane, place, self.load, {}, self._weights, self._special)


class Shortlist:
    """All free agents of a tenant."""

    def __init__(self, groups: dict[int, Group], group_of: dict[str, Group], masks: Masks) -> None:
        self._groups = groups
        self._group_of = group_of
        self._masks = masks
        self._standings: dict[str, dict[int, _Standing]] = {}
        """By channel and load."""
        self._classes: dict[int, dict[tuple[int, int], int]] = {}
        """By lane index, then by the score's language and proficiency parts: groups (bits)."""

    def add(
        self, agent: str, group: Group, channels: tuple[str, ...], load: int, idle: tuple[int, int]
    ) -> None:
        """The agent is free for these channels at this load."""
        entry = _Entry(group.flexibility, idle[0], idle[1], agent, group.index)
        for channel in channels:
            standings = self._standings.setdefault(channel, {})
            standing = standings.get(load)
            if standing is None:
                standing = standings[load] = _Standing()
            standing.add(entry)

    def remove(
        self, agent: str, group: Group, channels: tuple[str, ...], load: int, idle: tuple[int, int]
    ) -> None:
        """Takes out what ``add`` put in with the same words."""
        entry = _Entry(group.flexibility, idle[0], idle[1], agent, group.index)
        for channel in channels:
            standings = self._standings[channel]
            standing = standings[load]
            standing.remove(entry)
            if not standing.size:
                del standings[load]

    def add_group(self, group: Group, lanes: Iterator[Lane]) -> None:
        """A new group can serve these lanes."""
        for lane in lanes:
            classes = self._classes.get(lane.index)
            if classes is not None:
                parts = group.parts(lane)
                classes[parts] = classes.get(parts, 0) | 1 << group.index

    def drop_group(self, group: Group) -> None:
        """A group is gone, and another one may get its index."""
        for index in bits(group.lanes):
            classes = self._classes.get(index)
            if classes is not None:
                for parts in classes:
                    classes[parts] &= ~(1 << group.index)

    def drop_lane(self, lane: Lane) -> None:
        """A lane is gone, and another one may get its index."""
        self._classes.pop(lane.index, None)

    def best(
        self,
        lane: Lane,
        known: list[Candidate],
        weights: Shares,
        band: int,
        special: Special = NOTHING_SPECIAL,
    ) -> list[Candidate]:
        """The chosen one of all free agents who can serve the lane, then those who came next.

        Args:
            lane: Where the conversation waits.
            known: The agents of whom something is known, as candidates.
            weights: The share of each part.
            band: Scores this near to the best count as equal.
            special: Where it names an agent, that agent is among the known.
        """
        classes = self._classes_of(lane)
        standings = self._standings.get(lane.channel)
        alone = self._alone(lane, known) if special else _NOBODY_ALONE
        everyone = special.get("") if special else None
        rows: list[tuple[int, int, int]] = []
        least = max([one.score for one in known]) if known else 0
        for load, standing in standings.items() if standings is not None else ():
            for parts, able in classes.items():
                groups = able & standing.groups
                if groups and not (alone and (load, parts) in alone):
                    score = _score(parts, load, weights, everyone)
                    least = max(least, score)
                    rows.append((load, score, groups))
        least -= band
        found = [one for one in known if one.score >= least]
        names = {one.agent for one in known} if known else _NOBODY
        for load in sorted({load for load, score, _ in rows if score >= least}):
            scores = [score for at, score, _ in rows if at == load]
            fit = [groups for at, score, groups in rows if at == load and score >= least]
            all_good = len(fit) == len(scores) and not alone
            assert standings is not None, "somebody is free nowhere"
            walk = _Walk(lane, load, least, weights, special, names, self._masks, all_good=all_good)
            found += self._first_of(standings[load], fit, walk)
            if len(found) > RUNNERS_UP:
                break
        if known:
            found.sort(key=Candidate.rank)
        return found[: RUNNERS_UP + 1]

    def _alone(self, lane: Lane, known: list[Candidate]) -> frozenset[tuple[int, tuple[int, int]]]:
        """The (load, class) in which there is nobody but the known.

        Of those the score of the class says nothing: what is special may have lowered theirs.
        """
        counts: dict[tuple[int, tuple[int, int]], int] = {}
        for one in known:
            key = (1000 - one.load, self._group_of[one.agent].parts(lane))
            counts[key] = counts.get(key, 0) + 1
        standings, classes = self._standings.get(lane.channel, {}), self._classes[lane.index]
        return frozenset(
            (load, parts)
            for (load, parts), count in counts.items()
            if not standings[load].holds_more(classes[parts], count)
        )

    def _first_of(self, standing: _Standing, fit: list[int], walk: "_Walk") -> list[Candidate]:
        """The first agents of these groups (bits) at one load, but for those named."""
        left: i64 = WALK_ROOTS << (standing.size.bit_length() + 1) // 2
        found: list[Candidate] = []
        served, names = walk.served, walk.names
        end: i64 = len(served) * 8
        for chunk in standing.chunks:
            for entry in chunk:
                left -= 1
                if left < 0:
                    return self._first_of_each(fit, walk)
                at: i64 = entry.group
                if at >= end:
                    continue
                byte: i64 = served[at >> 3]
                if not byte >> (at & 7) & 1:
                    continue
                group = self._groups[entry.group]
                if walk.is_good(group) and not (names and entry.agent in names):
                    found.append(walk.candidate(group, entry))
                    if len(found) > RUNNERS_UP:
                        return found
        return found

    def _first_of_each(self, fit: list[int], walk: "_Walk") -> list[Candidate]:
        """The same where few groups fit: the first of each, sorted."""
        heads: list[tuple[int, int, int, str, int]] = []
        for groups in fit:
            for index in bits(groups):
                heads += self._heads(self._groups[index], walk)
        heads.sort()
        return [
            walk.candidate(self._groups[index], _Entry(flexibility, since_ms, order, agent, index))
            for flexibility, since_ms, order, agent, index in heads[: RUNNERS_UP + 1]
        ]

    def _heads(self, group: Group, walk: "_Walk") -> Iterator[tuple[int, int, int, str, int]]:
        for (channels, at), bucket in group.buckets.items():
            if at == walk.load and walk.lane.channel in channels:
                for since_ms, order, agent in bucket[: RUNNERS_UP + 1 + len(walk.names)]:
                    if agent not in walk.names:
                        yield group.flexibility, since_ms, order, agent, group.index

    def _classes_of(self, lane: Lane) -> dict[tuple[int, int], int]:
        known = self._classes.get(lane.index)
        if known is None:
            known = self._classes[lane.index] = {}
            serving = 0 if lane.agent else self._masks.serving(lane)
            for index in bits(serving):
                parts = self._groups[index].parts(lane)
                known[parts] = known.get(parts, 0) | 1 << index
        return known


def _score(
    parts: tuple[int, int], load: int, weights: Shares, everyone: dict[str, int] | None
) -> int:
    """The score of an agent of whom nothing particular is known."""
    all_parts = (parts[0], parts[1], 0, 1000 - load, 0, 0)
    if everyone:
        all_parts = replaced(all_parts, {"": everyone}, "")
    return mean(all_parts, weights)
