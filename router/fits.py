"""How well the groups of agents fit one lane, those of equal fit together.

Owns: by the language and proficiency parts of the score the groups that can serve a lane.
Does not know: agents, the order among them, or what particular agents are worth.

Invariant (tests/test_fits.py): as a look at every group of the lane.
"""

from typing import Final

from router.blocks import Blocks
from router.groups import Group, Shares, plain_score
from router.marks import i64
from router.masks import is_set
from router.standing import Standing

__all__ = ["Fit", "Fits"]

SAMPLE_MAX: Final = 512
"""So many groups of a lane are at hand, for counting how many have somebody free."""


class Fit:
    """The groups that have the same language and proficiency parts for a lane."""

    __slots__ = ("groups", "language", "proficiency")

    def __init__(self, language: int, proficiency: int) -> None:
        self.language: i64 = language
        self.proficiency: i64 = proficiency
        self.groups = Blocks()


class Fits:
    """All groups that can serve a lane, by those parts."""

    __slots__ = ("by_parts", "count", "listed", "sample", "served")

    def __init__(self) -> None:
        self.by_parts: dict[tuple[int, int], Fit] = {}
        self.listed: list[Fit] = []
        self.sample: list[Group] = []
        """Some of the groups, or all where they are few."""
        self.count = 0
        """How many groups there are."""
        self.served = b""
        """The groups as bits, the lowest first; empty where that is yet to be found out."""

    def add(self, parts: tuple[int, int], group: Group) -> None:
        """A group can serve the lane."""
        one = self.by_parts.get(parts)
        if one is None:
            one = self.by_parts[parts] = Fit(*parts)
            self.listed.append(one)
        one.groups.flip(group.index)
        self.count += 1
        self.served = b""
        if len(self.sample) < SAMPLE_MAX:
            self.sample.append(group)

    def drop(self, group: Group) -> None:
        """A group is gone."""
        for one in self.listed:
            if one.groups.has(group.index):
                one.groups.flip(group.index)
        self.count -= 1
        self.served = b""
        if group in self.sample:
            self.sample.remove(group)

    def has_more(self, free: dict[int, Group], count: i64) -> bool:
        """Whether more than ``count`` of the groups have a free agent."""
        left = count
        for group in self.sample:
            if group.is_free:
                left -= 1
                if left < 0:
                    return True
        if len(self.sample) == self.count:
            return False
        left = count
        for group in free.values():
            if is_set(self.served, group.index):
                left -= 1
                if left < 0:
                    return True
        return False

    def best_of(self, standing: Standing, weights: Shares) -> i64:
        """The best score of whoever stands there; -1 where none of them can serve the lane."""
        best: i64 = -1
        ease = 1000 - standing.load
        for one in self.listed:
            score = plain_score(one.language, one.proficiency, ease, weights)
            if score > best and one.groups.meets(standing.groups):
                best = score
        return best

    def are_all_above(self, least: i64, ease: i64, weights: Shares) -> bool:
        """Whether no group, free or gone, ever had a lower score than this."""
        for one in self.listed:
            if plain_score(one.language, one.proficiency, ease, weights) < least:
                return False
        return True
