"""Who can serve which lane, as bits: the conditions that lanes and groups of agents share.

Owns: the conditions of all lanes, and for each the groups that meet it and the lanes that need it.
Does not know: agents, who is free, or any order.

Invariants: a lane is served by exactly the groups whose profile meets its requirement
(``router.skills.meets`` is the model, tests/test_masks.py); a condition lives as long as a lane
needs it.

A requirement falls apart into conditions (one skill at one level, the languages, the brand), and
thousands of lanes share a few hundred of them. So a new lane asks for the groups of its two or
three conditions and takes what they have in common; a new group is tried against each condition
once, not against each lane. Both are a few operations on big integers.
"""

from collections.abc import Iterator
from typing import Literal

from router.queue import Lane
from router.skills import Profile, Requirement, SkillLevels, meets

__all__ = ["Masks", "bits"]

Condition = (
    tuple[Literal["skill"], str, int]
    | tuple[Literal["brand"], str]
    | tuple[Literal["languages"], SkillLevels]
)


def bits(mask: int) -> Iterator[int]:
    """The indexes of the set bits, smallest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class _Shared:
    """One condition: the groups (bits) that meet it and the lanes (bits) that need it."""

    __slots__ = ("groups", "lanes", "requirement")

    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement
        self.groups = 0
        self.lanes = 0


class Masks:
    """The conditions of a tenant."""

    def __init__(self) -> None:
        self._conditions: dict[Condition, _Shared] = {}
        self._profiles: dict[int, Profile] = {}
        self._levels: dict[str, dict[int, int]] = {}
        """By skill, the groups that have it, with their level."""
        self._groups = 0
        self._lanes = 0

    def add_lane(self, lane: Lane) -> int:
        """Takes in a lane; returns the groups (bits) that can serve it."""
        bit = 1 << lane.index
        self._lanes |= bit
        for condition, requirement in _conditions(lane.key[2]):
            shared = self._conditions.get(condition)
            if shared is None:
                shared = self._conditions[condition] = _Shared(requirement)
                shared.groups = self._meeting(condition, requirement)
            shared.lanes |= bit
        return self.serving(lane)

    def _meeting(self, condition: Condition, requirement: Requirement) -> int:
        if condition[0] == "skill":
            _, skill, least = condition
            having = self._levels.get(skill, {})
            return sum(1 << index for index, level in having.items() if level >= least)
        return sum(
            1 << index for index, profile in self._profiles.items() if meets(profile, requirement)
        )

    def drop_lane(self, lane: Lane) -> None:
        """Forgets a lane, and the conditions that it alone needed."""
        bit = 1 << lane.index
        self._lanes &= ~bit
        for condition, _ in _conditions(lane.key[2]):
            shared = self._conditions[condition]
            shared.lanes &= ~bit
            if not shared.lanes:
                del self._conditions[condition]

    def serving(self, lane: Lane) -> int:
        """The groups (bits) that can serve a lane."""
        groups = self._groups
        for condition, _ in _conditions(lane.key[2]):
            groups &= self._conditions[condition].groups
        return groups

    def add_group(self, index: int, profile: Profile) -> int:
        """Takes in a group; returns the lanes (bits) that it can serve."""
        bit = 1 << index
        self._profiles[index] = profile
        self._groups |= bit
        have = dict(profile.skills)
        for skill, level in profile.skills:
            self._levels.setdefault(skill, {})[index] = level
        unmet = 0
        for condition, shared in self._conditions.items():
            if condition[0] == "skill":
                is_met = have.get(condition[1], 0) >= condition[2]
            else:
                is_met = meets(profile, shared.requirement)
            if is_met:
                shared.groups |= bit
            else:
                unmet |= shared.lanes
        return self._lanes & ~unmet

    def drop_group(self, index: int) -> None:
        """Forgets a group."""
        keep = ~(1 << index)
        for skill, _ in self._profiles.pop(index).skills:
            del self._levels[skill][index]
            if not self._levels[skill]:
                del self._levels[skill]
        self._groups &= keep
        for shared in self._conditions.values():
            shared.groups &= keep


def _conditions(requirement: Requirement) -> Iterator[tuple[Condition, Requirement]]:
    """The parts of a requirement, each with a requirement that asks for this part alone."""
    for skill, level in requirement.needs:
        yield ("skill", skill, level), Requirement(needs=((skill, level),))
    if requirement.languages:
        wishes = requirement.languages
        yield ("languages", wishes), Requirement(languages=wishes)
    if requirement.brand:
        yield ("brand", requirement.brand), Requirement(brand=requirement.brand)
