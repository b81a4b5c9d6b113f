"""The small words that policy, rules, commands and messages share: limits, needs and wishes.

Owns: the ranges of levels, durations and counts, and what is asked for in a skill or a language.
Does not know: who asks, or what meets it.

Durations are integers in milliseconds; levels are 0 to 100.
"""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["Count", "DurationMs", "Id", "LanguageWish", "Level", "SkillNeed", "Text"]

Level = Annotated[int, Meta(ge=0, le=100)]
DurationMs = Annotated[int, Meta(ge=0, le=31_536_000_000)]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=200)]


class SkillNeed(Struct, frozen=True, forbid_unknown_fields=True):
    """A skill that is asked for, with the least proficiency that will do."""

    skill: Id
    level: Level = 1


class LanguageWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A language that would do, with its least level; the order of wishes counts in the score."""

    tag: Annotated[str, Meta(min_length=2, max_length=35)]
    level: Level = 1
