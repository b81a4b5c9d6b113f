"""How well what agents can do fits what conversations ask for.

Owns: whether a profile meets a requirement, and the two parts of the score that follow from them
alone. Does not know: who is free, queues, or time.

Invariants: everything is decided in integers; a requirement with less in it is met by at least
the same profiles (tests/test_skills.py).

Languages are BCP 47 tags without regard to case: two tags match when one is the beginning of the
other at a hyphen, so ``fr`` and ``fr-CA`` match and ``fr-FR`` and ``fr-CA`` do not.
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import cast

from router.profiles import Profile, Requirement, SkillLevels

__all__ = [
    "Profile",
    "Requirement",
    "SkillLevels",
    "language_score",
    "level_of",
    "levels",
    "meets",
    "merge_needs",
    "proficiency_score",
    "shared",
    "shortfall",
    "tags_match",
]


def levels(by_id: dict[str, int]) -> SkillLevels:
    """Puts a mapping of levels into the sorted form of profiles and requirements."""
    names = sorted(by_id) if len(by_id) > 1 else by_id
    pairs = [_pair(name, by_id[name]) for name in names]
    return cast("SkillLevels", tuple(pairs))


def level_of(name: str, level: int) -> SkillLevels:
    """The same of one name; level 0 asks for nothing."""
    return cast("SkillLevels", _one(name, level))


@lru_cache(maxsize=16_384)
def _one(name: str, level: int) -> object:
    """One and the same for all who ask for it."""
    return (_pair(name, level),) if level > 0 else ()


def shared(profile: Profile) -> Profile:
    """The same profile, made of the pairs that all others are made of."""
    pairs = [_pair(name, level) for name, level in profile.skills]
    return Profile(cast("SkillLevels", tuple(pairs)), profile.languages, profile.brands)


@lru_cache(maxsize=16_384)
def _pair(name: str, level: int) -> object:
    """One pair for all who have it: a third of the memory of an agent with many skills.

    An object, for compiled code would make another pair of one whose shape it knows.
    """
    return name, level


def merge_needs(*parts: Iterable[tuple[str, int]]) -> SkillLevels:
    """Joins needs: the higher level of a skill counts, and level 0 asks for nothing."""
    merged: dict[str, int] = {}
    for part in parts:
        for skill, level in part:
            if level > merged.get(skill, 0):
                merged[skill] = level
    return levels(merged) if merged else ()


@lru_cache(maxsize=4096)
def tags_match(one: str, other: str) -> bool:
    """Whether two language tags are the same or one is the general form of the other."""
    shorter, longer = sorted((one.lower(), other.lower()), key=len)
    return shorter == longer or longer.startswith(f"{shorter}-")


def meets(profile: Profile, requirement: Requirement) -> bool:
    """Whether an agent of this profile may serve what the requirement asks for."""
    return shortfall(profile, requirement) is None


def shortfall(profile: Profile, requirement: Requirement) -> str | None:
    """The first thing that is missing, in the words of ``explain``, or None where nothing is.

    Returns:
        ``skill:<id>``, ``language:<tag>`` (of the first wish) or ``brand:<id>``.
    """
    for skill, level in requirement.needs:
        if _proficiency(profile, skill) < level:
            return f"skill:{skill}"
    if requirement.languages and _best_language(profile, requirement.languages) is None:
        return f"language:{requirement.languages[0][0]}"
    if requirement.brand and profile.brands and requirement.brand not in profile.brands:
        return f"brand:{requirement.brand}"
    return None


def _proficiency(profile: Profile, skill: str) -> int:
    """How good the agent is at a skill; 0 where it is not theirs."""
    at = bisect_left(profile.skills, (skill, 0))
    if at < len(profile.skills) and profile.skills[at][0] == skill:
        return profile.skills[at][1]
    return 0


def _best_language(profile: Profile, wishes: SkillLevels) -> tuple[int, int] | None:
    """The first wish that the profile meets: its place among the wishes and the agent's level."""
    for place, (wished, least) in enumerate(wishes):
        spoken = [level for tag, level in profile.languages if tags_match(tag, wished)]
        if spoken and max(spoken) >= least:
            return place, max(spoken)
    return None


def language_score(profile: Profile, requirement: Requirement) -> int:
    """How well the agent speaks what is wished for, 0 to 1000; the first wishes count more.

    A level of 100 in the first wish is 1000; in the second of two wishes it is 500.
    """
    wishes = requirement.languages
    if not wishes:
        return 1000
    best = _best_language(profile, wishes)
    if best is None:
        return 0
    place, level = best
    return level * 10 * (len(wishes) - place) // len(wishes)


def proficiency_score(profile: Profile, requirement: Requirement) -> int:
    """How far the agent is above what is needed, 0 to 1000, with diminishing return.

    The mean over the needs of 600 + 400 s (200 - s) / 10000, where s is the part of the way from
    the needed level to 100, in per cent: 600 at the need, 900 half-way, 1000 at the top.
    """
    if not requirement.needs:
        return 1000
    total = 0
    for skill, needed in requirement.needs:
        level = _proficiency(profile, skill)
        surplus = 100 if needed >= 100 else max(0, 100 * (level - needed) // (100 - needed))
        total += 600 + 400 * surplus * (200 - surplus) // 10_000
    return total // len(requirement.needs)
