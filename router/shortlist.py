"""The free agents in the order in which they would be chosen, for when very many are free.

Owns: by channel and load, the free agents sorted by flexibility and idle time; by lane, the groups
of agents sorted into classes of equal score. Does not know: people, or why an agent is free.

Invariant: ``best`` chooses whom a look at every candidate would choose (tests/test_shortlist.py
holds it against ``Pool.choose`` without a shortlist).

Among agents of equal load the choice is the first, in the order of flexibility and idle time, of
whom the lane can be served and whose score is good enough. Which groups that are is a mask, for
the score of a group at a load is one of very few. So either few groups are left and each is asked
for its first, or many are, and the order is walked until one of them comes up: with ``k`` of ``n``
agents fit, that is ``k`` steps or about ``n / k``, whichever is less, never more than about the
root of ``n``.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from router.candidates import Candidate
from router.groups import NOTHING_SPECIAL, Group, Special, candidate, mean, replaced
from router.masks import bits
from router.policy import Weights
from router.queue import Lane

__all__ = ["Shortlist"]

RUNNERS_UP = 3
"""So many of those who came next are told in ``explain`` beside the chosen one."""

Entry = tuple[int, int, int, str, int]
"""(flexibility, idle since, order among those, agent, index of the group)."""


class _Standing:
    """The free agents of one channel and load."""

    __slots__ = ("counts", "groups", "order")

    def __init__(self) -> None:
        self.order: list[Entry] = []
        self.counts: dict[int, int] = {}
        self.groups = 0

    def add(self, entry: Entry) -> None:
        group = entry[4]
        insort(self.order, entry)
        self.counts[group] = self.counts.get(group, 0) + 1
        self.groups |= 1 << group

    def remove(self, entry: Entry) -> None:
        group = entry[4]
        del self.order[bisect_left(self.order, entry)]
        self.counts[group] -= 1
        if not self.counts[group]:
            del self.counts[group]
            self.groups ^= 1 << group

    def holds_more(self, groups: int, count: int) -> bool:
        """Whether more than ``count`` free agents are of these groups (bits)."""
        for index in bits(groups & self.groups):
            count -= self.counts[index]
            if count < 0:
                return True
        return False


class Shortlist:
    """All free agents of a tenant."""

    def __init__(self, groups: Mapping[int, Group], group_of: Mapping[str, Group]) -> None:
        self._groups = groups
        self._group_of = group_of
        self._groups_end = 0
        """No group has, or had, this index or a greater one."""
        self._standings: dict[str, dict[int, _Standing]] = {}
        """By channel and load."""
        self._classes: dict[int, dict[tuple[int, int], int]] = {}
        """By lane index, then by the score's language and proficiency parts: groups (bits)."""

    def add(
        self, agent: str, group: Group, channels: tuple[str, ...], load: int, idle: tuple[int, int]
    ) -> None:
        """The agent is free for these channels at this load."""
        entry = (group.flexibility, idle[0], idle[1], agent, group.index)
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
        entry = (group.flexibility, idle[0], idle[1], agent, group.index)
        for channel in channels:
            standings = self._standings[channel]
            standing = standings[load]
            standing.remove(entry)
            if not standing.order:
                del standings[load]

    def add_group(self, group: Group, lanes: Iterator[Lane]) -> None:
        """A new group can serve these lanes."""
        self._groups_end = max(self._groups_end, group.index + 1)
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
        serving: int,
        known: list[Candidate],
        weights: Weights,
        band: int,
        special: Special = NOTHING_SPECIAL,
    ) -> list[Candidate]:
        """The chosen one of all free agents who can serve the lane, then those who came next.

        Args:
            lane: Where the conversation waits.
            serving: The groups (bits) that can serve it, free or not.
            known: The agents of whom something is known, as candidates.
            weights: The share of each part.
            band: Scores this near to the best count as equal.
            special: Where it names an agent, that agent is among the known.
        """
        classes = self._classes_of(lane, serving)
        standings = self._standings.get(lane.key[1], {})
        alone = self._alone(lane, known) if special else frozenset()
        everyone = special.get("")
        scores = {
            load: [
                (_score(parts, load, weights, everyone), groups & standing.groups)
                for parts, groups in classes.items()
                if groups & standing.groups and (load, parts) not in alone
            ]
            for load, standing in standings.items()
        }
        tops = [score for rows in scores.values() for score, _ in rows]
        least = max((*tops, *(one.score for one in known)), default=0) - band
        found = [one for one in known if one.score >= least]
        names = {one.agent for one in known}
        for load in sorted(scores):
            fit = 0
            for score, groups in scores[load]:
                fit |= groups if score >= least else 0
            if fit:
                found += self._first_of(lane, load, fit, weights, names, special)
            if len(found) > RUNNERS_UP:
                break
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
        standings, classes = self._standings.get(lane.key[1], {}), self._classes[lane.index]
        return frozenset(
            (load, parts)
            for (load, parts), count in counts.items()
            if not standings[load].holds_more(classes[parts], count)
        )

    def _first_of(
        self, lane: Lane, load: int, fit: int, weights: Weights, names: set[str], special: Special
    ) -> list[Candidate]:
        """The first agents of these groups at one load, but for those named."""
        standing = self._standings[lane.key[1]][load]
        entries: list[Entry] = []
        if fit.bit_count() ** 2 < len(standing.order):
            for index in bits(fit):
                entries += self._heads(self._groups[index], lane.key[1], load)
            entries.sort()
        else:
            # As bytes, for asking one bit of a long number copies the number.
            mask = fit.to_bytes(self._groups_end // 8 + 1, "little")
            for entry in standing.order:
                at = entry[4]
                if mask[at >> 3] >> (at & 7) & 1:
                    entries.append(entry)
                    if len(entries) > RUNNERS_UP + len(names):
                        break
        chosen = [entry for entry in entries if entry[3] not in names][: RUNNERS_UP + 1]
        return [
            candidate(
                self._group_of[agent], lane, (since_ms, order, agent), load, {}, weights, special
            )
            for _, since_ms, order, agent, _ in chosen
        ]

    def _heads(self, group: Group, channel: str, load: int) -> Iterator[Entry]:
        for (channels, at), bucket in group.buckets.items():
            if at == load and channel in channels:
                for since_ms, order, agent in bucket[: RUNNERS_UP + 1]:
                    yield group.flexibility, since_ms, order, agent, group.index

    def _classes_of(self, lane: Lane, serving: int) -> dict[tuple[int, int], int]:
        known = self._classes.get(lane.index)
        if known is None:
            known = self._classes[lane.index] = {}
            for index in bits(serving):
                parts = self._groups[index].parts(lane)
                known[parts] = known.get(parts, 0) | 1 << index
        return known


def _score(
    parts: tuple[int, int], load: int, weights: Weights, everyone: Mapping[str, int] | None
) -> int:
    """The score of an agent of whom nothing particular is known."""
    all_parts = (*parts, 0, 1000 - load, 0, 0)
    if everyone:
        all_parts = replaced(all_parts, {"": everyone}, "")
    return mean(all_parts, weights)
