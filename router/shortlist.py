"""The free agents in the order in which they would be chosen, for when very many are free.

Owns: by channel and load, the free agents sorted by flexibility and idle time; by lane, the groups
of agents sorted by how well they fit. Does not know: people, or why an agent is free.

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
from typing import Final

from router.blocks import Blocks
from router.candidates import Candidate, Row
from router.choices import Choice, choice_among
from router.fits import Fits
from router.groups import (
    NOTHING_SPECIAL,
    Group,
    Shares,
    Special,
    candidate,
    mean,
    plain_score,
    replaced,
)
from router.marks import i64
from router.masks import Masks, bits
from router.queue import Lane
from router.standing import Entry, Standing

__all__ = ["Shortlist"]

RUNNERS_UP: Final = 3
"""So many of those who came next are told in ``explain`` beside the chosen one."""

_NOBODY: Final[frozenset[str]] = frozenset()
_NOBODY_ALONE: Final[frozenset[tuple[int, tuple[int, int]]]] = frozenset()

WALK_ROOTS: Final = 4
"""The order is walked for about so many times the root of its length, and then no further."""


class _Walk:
    """Whom one choice looks for at one load."""

    __slots__ = ("_all_good", "_least", "_special", "_weights", "fits", "lane", "load", "names")

    def __init__(
        self,
        lane: Lane,
        load: int,
        least: int,
        weights: Shares,
        special: Special,
        names: set[str] | frozenset[str],
        fits: Fits,
        *,
        all_good: bool,
    ) -> None:
        self.lane = lane
        self.load: i64 = load
        self.names = names
        """Who is looked at already."""
        self.fits = fits
        self._least = least
        self._all_good = all_good
        self._weights = weights
        self._special = special

    def wants(self, entry: Entry, groups: dict[int, Group]) -> bool:
        """Whether the agent is not looked at already and the group's score is near the best."""
        if self.names and entry.agent in self.names:
            return False
        return self._all_good or self._is_near(groups[entry.group].parts(self.lane))

    def _is_near(self, parts: tuple[int, int]) -> bool:
        everyone = self._special.get("") if self._special else None
        return _score(parts, self.load, self._weights, everyone) >= self._least

    def near(self) -> Iterator[Blocks]:
        """The groups that are good, whoever is free, by class."""
        for parts, one in self.fits.by_parts.items():
            if self._is_near(parts):
                yield one.groups

    def candidate(self, group: Group, entry: Entry) -> Candidate:
        place = (entry.since_ms, entry.idle_order, entry.agent)
        return candidate(group, self.lane, place, self.load, {}, self._weights, self._special)


class Shortlist:
    """All free agents of a tenant."""

    def __init__(self, groups: dict[int, Group], group_of: dict[str, Group], masks: Masks) -> None:
        self._groups = groups
        self._group_of = group_of
        self._masks = masks
        self._standings: dict[str, list[Standing]] = {}
        """By channel, the least loaded first."""
        self._fits: dict[int, Fits] = {}
        """By lane index."""

    def add(self, entry: Entry, group: Group) -> None:
        """The agent is free, and not yet put among those of the group who are."""
        for channel in entry.channels:
            is_first = not group.is_free or not group.count_at(channel, entry.load)
            self._standing(channel, entry.load).add(entry, is_first=is_first)

    def remove(self, entry: Entry, group: Group) -> None:
        """The agent is free no longer, and not among those of the group who are."""
        for channel in entry.channels:
            standing = self._standing(channel, entry.load)
            was_last = not group.is_free or not group.count_at(channel, entry.load)
            standing.remove(entry, was_last=was_last)
            if not standing.size:
                self._standings[channel].remove(standing)

    def _standing(self, channel: str, load: i64) -> Standing:
        """Where those stand who are free for this channel at this load."""
        standings = self._standings.get(channel)
        if standings is None:
            standings = self._standings[channel] = []
        at: i64 = 0
        for known in standings:
            if known.load == load:
                return known
            if known.load > load:
                break
            at += 1
        standing = Standing(load)
        standings.insert(at, standing)
        return standing

    def add_group(self, group: Group, lanes: Iterator[Lane]) -> None:
        """A new group can serve these lanes."""
        for lane in lanes:
            fits = self._fits.get(lane.index)
            if fits is not None:
                fits.add(group.parts(lane), group)

    def drop_group(self, group: Group) -> None:
        """A group is gone, and another one may get its index."""
        for index in bits(group.lanes):
            fits = self._fits.get(index)
            if fits is not None:
                fits.drop(group)

    def drop_lane(self, lane: Lane) -> None:
        """A lane is gone, and another one may get its index."""
        self._fits.pop(lane.index, None)

    def fits_of(self, lane: Lane) -> Fits:
        """How well whom fits the lane."""
        known = self._fits.get(lane.index)
        if known is None:
            known = self._fits[lane.index] = Fits()
            for index in bits(0 if lane.agent else self._masks.serving(lane)):
                known.add(self._groups[index].parts(lane), self._groups[index])
        if not known.served:
            known.served = self._masks.serving_bytes(lane)
        return known

    def pick(self, lane: Lane, fits: Fits, weights: Shares, band: int) -> Choice | None:
        """The best of all free agents who can serve the lane, where nothing is known of any.

        It is what ``best`` finds with nobody known and nothing special.
        """
        standings = self._standings.get(lane.channel)
        if not standings:
            return None
        found: list[Entry] = []
        least = self._look(standings, fits, weights) - band
        for standing in standings:
            if standing.top >= max(least, 0):
                load = standing.load
                good = fits.are_all_above(least, 1000 - load, weights)
                walk = _Walk(lane, load, least, weights, {}, _NOBODY, fits, all_good=good)
                some = self._first_of(standing, walk)
                found = found + some if found else some
                if len(found) > RUNNERS_UP:
                    break
        if not found:
            return None
        if len(found) > RUNNERS_UP + 1:
            found = found[: RUNNERS_UP + 1]
        return self._choice(lane, fits, found, weights)

    def _look(self, standings: list[Standing], fits: Fits, weights: Shares) -> i64:
        """Finds the best score of each standing; returns the best of them."""
        best: i64 = 0
        if len(standings) == 1 and len(fits.listed) == 1:  # all score alike, if any is there
            standings[0].top = 0
            return 0
        for standing in standings:
            top = fits.best_of(standing, weights)
            standing.top = top
            best = max(best, top)
        return best

    def _choice(self, lane: Lane, fits: Fits, found: list[Entry], weights: Shares) -> Choice:
        rows: list[Row] = []
        only, is_only = fits.listed[0], len(fits.listed) == 1
        language, proficiency = only.language, only.proficiency
        score: i64 = 0
        load: i64 = -1
        speaks = False
        for entry in found:
            if not is_only:
                parts = self._groups[entry.group].parts(lane)
                language, proficiency = parts[0], parts[1]
            if not is_only or entry.load != load:
                load = entry.load
                score = plain_score(language, proficiency, 1000 - load, weights)
            if not rows:
                speaks = language > 0
            rows.append(entry.row(score, language, proficiency))
        return choice_among(lane, found, rows, speaks=speaks)

    def best(
        self,
        lane: Lane,
        fits: Fits,
        known: list[Candidate],
        weights: Shares,
        band: int,
        special: Special = NOTHING_SPECIAL,
    ) -> list[Candidate]:
        """The chosen one of all free agents who can serve the lane, then those who came next.

        Args:
            lane: Where the conversation waits.
            fits: How well whom fits it.
            known: The agents of whom something is known, as candidates.
            weights: The share of each part.
            band: Scores this near to the best count as equal.
            special: Where it names an agent, that agent is among the known.
        """
        standings = self._standings.get(lane.channel, [])
        alone = self._alone(lane, known) if special else _NOBODY_ALONE
        everyone = special.get("") if special else None
        rows: list[tuple[int, int]] = []
        least = max([one.score for one in known]) if known else 0
        for standing in standings:
            load = standing.load
            for parts, one in fits.by_parts.items():
                if not (alone and (load, parts) in alone) and one.groups.meets(standing.groups):
                    score = _score(parts, load, weights, everyone)
                    least = max(least, score)
                    rows.append((load, score))
        least -= band
        found = [one for one in known if one.score >= least]
        names = {one.agent for one in known} if known else _NOBODY
        for standing in standings:
            load = standing.load
            scores = [score for at, score in rows if at == load]
            if not any(score >= least for score in scores):
                continue
            all_good = not alone and all(score >= least for score in scores)
            walk = _Walk(lane, load, least, weights, special, names, fits, all_good=all_good)
            found += [
                walk.candidate(self._groups[entry.group], entry)
                for entry in self._first_of(standing, walk)
            ]
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
        fits = self._fits[lane.index]
        return frozenset(
            (load, parts)
            for (load, parts), count in counts.items()
            if not self._holds_more(lane.channel, load, fits.by_parts[parts].groups, count)
        )

    def _holds_more(self, channel: str, load: int, groups: Blocks, count: int) -> bool:
        """Whether more than ``count`` agents of these groups are free at this load."""
        for index in groups.common(self._standing(channel, load).groups):
            count -= self._groups[index].count_at(channel, load)
            if count < 0:
                return True
        return False

    def _first_of(self, standing: Standing, walk: "_Walk") -> list[Entry]:
        """The first agents whom the walk looks for at one load, but for those named."""
        left: i64 = WALK_ROOTS << (standing.size.bit_length() + 1) // 2
        found: list[Entry] = []
        served = walk.fits.served
        end: i64 = len(served) * 8
        for chunk in standing.chunks:
            for entry in chunk:
                left -= 1
                if left < 0:
                    return self._first_of_each(standing, walk)
                at = entry.group
                if at >= end:
                    continue
                byte: i64 = served[at >> 3]
                if byte >> (at & 7) & 1 and walk.wants(entry, self._groups):
                    found.append(entry)
                    if len(found) > RUNNERS_UP:
                        return found
        return found

    def _first_of_each(self, standing: Standing, walk: "_Walk") -> list[Entry]:
        """The same where few groups fit: the first of each, sorted."""
        heads: list[Entry] = []
        for groups in walk.near():
            for index in groups.common(standing.groups):
                heads += self._heads(self._groups[index], walk)
        heads.sort(key=Entry.place)
        return heads[: RUNNERS_UP + 1]

    def _heads(self, group: Group, walk: "_Walk") -> Iterator[Entry]:
        for bucket in group.buckets.values():
            if bucket[0].load == walk.load and walk.lane.channel in bucket[0].channels:
                for entry in bucket[: RUNNERS_UP + 1 + len(walk.names)]:
                    if entry.agent not in walk.names:
                        yield entry


def _score(
    parts: tuple[int, int], load: int, weights: Shares, everyone: dict[str, int] | None
) -> int:
    """The score of an agent of whom nothing particular is known."""
    all_parts = (parts[0], parts[1], 0, 1000 - load, 0, 0)
    if everyone:
        all_parts = replaced(all_parts, {"": everyone}, "")
    return mean(all_parts, weights)
