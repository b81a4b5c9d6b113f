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

from router.marks import i64
from router.queue import Lane
from router.skills import Profile, Requirement, SkillLevels, meets

__all__ = ["Masks", "bits", "is_set"]

LONG_MASK = 512
"""From so many bits on a mask is walked as text (measured: 4 times as quick at 10,000 bits)."""

MET_MAX = 4096
"""So many requirements are remembered as met by somebody or by nobody."""

Condition = (
    tuple[Literal["skill"], str, int]
    | tuple[Literal["brand"], str]
    | tuple[Literal["languages"], SkillLevels]
)


def bits(mask: int) -> Iterator[int]:
    """The indexes of the set bits, smallest first.

    Taking the lowest bit away copies the whole number, so long ones are searched as text.
    """
    if mask.bit_length() > LONG_MASK:
        digits = f"{mask:b}"[::-1]
        at = digits.find("1")
        while at >= 0:
            yield at
            at = digits.find("1", at + 1)
        return
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def is_set(mask: bytes, index: i64) -> bool:
    """Whether the bit of this index is set in a mask of bytes, the lowest first."""
    at = index >> 3
    return at < len(mask) and mask[at] >> (index & 7) & 1 == 1


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
        self._serving: dict[int, int] = {}
        """By lane index what ``serving`` found; forgotten when a group comes or goes."""
        self._serving_bytes: dict[int, bytes] = {}
        """The same as bytes, where it was asked for."""
        self._met: dict[Requirement, bool] = {}

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
            return _mask([index for index, level in having.items() if level >= least])
        profiles = self._profiles.items()
        return _mask([index for index, profile in profiles if meets(profile, requirement)])

    def drop_lane(self, lane: Lane) -> None:
        """Forgets a lane, and the conditions that it alone needed."""
        bit = 1 << lane.index
        self._lanes &= ~bit
        self._serving.pop(lane.index, None)
        self._serving_bytes.pop(lane.index, None)
        for condition, _ in _conditions(lane.key[2]):
            shared = self._conditions[condition]
            shared.lanes &= ~bit
            if not shared.lanes:
                del self._conditions[condition]

    def serving(self, lane: Lane) -> int:
        """The groups (bits) that can serve a lane."""
        known = self._serving.get(lane.index)
        if known is None:
            known = self._groups
            for condition, _ in _conditions(lane.key[2]):
                known &= self._conditions[condition].groups
            self._serving[lane.index] = known
        return known

    def serving_bytes(self, lane: Lane) -> bytes:
        """The same bits as bytes, the lowest first: one bit of them is asked without a copy."""
        known = self._serving_bytes.get(lane.index)
        if known is None:
            groups = self.serving(lane)
            known = groups.to_bytes(groups.bit_length() // 8 + 1, "little")
            self._serving_bytes[lane.index] = known
        return known

    def can_meet(self, requirement: Requirement) -> bool:
        """Whether any group meets a requirement; remembered until a group comes or goes."""
        known = self._met.get(requirement)
        if known is None:
            if len(self._met) >= MET_MAX:
                self._met.clear()
            known = any(meets(profile, requirement) for profile in self._profiles.values())
            self._met[requirement] = known
        return known

    def add_group(self, index: int, profile: Profile) -> int:
        """Takes in a group; returns the lanes (bits) that it can serve."""
        bit = 1 << index
        self._serving.clear()
        self._serving_bytes.clear()
        self._met.clear()
        self._profiles[index] = profile
        self._groups |= bit
        have = dict(profile.skills)
        for skill, level in profile.skills:
            having = self._levels.get(skill)
            if having is None:
                having = self._levels[skill] = {}
            having[index] = level
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
        self._serving.clear()
        self._serving_bytes.clear()
        self._met.clear()
        for skill, _ in self._profiles.pop(index).skills:
            del self._levels[skill][index]
            if not self._levels[skill]:
                del self._levels[skill]
        self._groups &= keep
        for shared in self._conditions.values():
            shared.groups &= keep


def _mask(indexes: list[int]) -> int:
    """The number with these bits set; adding them up would copy it once a bit."""
    found = bytearray(max(indexes, default=0) // 8 + 1)
    for index in indexes:
        found[index >> 3] |= 1 << (index & 7)
    return int.from_bytes(found, "little")


def _conditions(requirement: Requirement) -> Iterator[tuple[Condition, Requirement]]:
    """The parts of a requirement, each with a requirement that asks for this part alone."""
    for skill, level in requirement.needs:
        yield ("skill", skill, level), Requirement(needs=((skill, level),))
    if requirement.languages:
        wishes = requirement.languages
        yield ("languages", wishes), Requirement(languages=wishes)
    if requirement.brand:
        yield ("brand", requirement.brand), Requirement(brand=requirement.brand)
