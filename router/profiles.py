"""What agents can do and what conversations ask for, as records.

Owns: profiles (skills, languages, brands) and requirements. Does not know: how the two fit
(``router.skills``).
"""

from msgspec import Struct

__all__ = ["Profile", "Requirement", "SkillLevels"]

SkillLevels = tuple[tuple[str, int], ...]
"""Pairs of an id or tag and a level of 0 to 100."""


class Profile(Struct, frozen=True, gc=False):
    """What an agent can do; equal profiles are one group for the matching.

    ``skills``, ``languages`` and ``brands`` are sorted; no brands means all of them.
    """

    skills: SkillLevels = ()
    languages: SkillLevels = ()
    brands: tuple[str, ...] = ()


class Requirement(Struct, frozen=True, gc=False):
    """What a conversation asks for at its present step.

    ``needs`` are sorted and all of them count; of ``languages``, in order of wish, any one will
    do, and none means any. ``agent`` names the only one who may take it, or is empty.
    """

    needs: SkillLevels = ()
    languages: SkillLevels = ()
    brand: str = ""
    agent: str = ""
