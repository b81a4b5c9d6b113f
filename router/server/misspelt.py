"""Skills that are spelt in two ways: asked for in one, had by the directory's agents in the other.

Owns: which spellings are taken for the same. Does not know: files, lines, how it is told.

Invariant (tests/server/test_misspelt.py): a skill that somebody in the directory has is never
named, nor one that is like none of theirs: those may come with tokens.
"""

import difflib
import re
from collections.abc import Iterable, Iterator

from router.policy import Policy
from router.wishes import SkillNeed

__all__ = ["misspelt"]

LIKENESS_MIN = 0.85
"""Of ``difflib``'s ratio: *suport* and *support* are alike (0.92), *billing* and *selling* not."""
_DIGITS = re.compile(r"\d+")


def misspelt(policy: Policy) -> Iterator[tuple[str, str]]:
    """The path below the policy of each such need, and a sentence with the other spelling."""
    had = {skill for agent in policy.agents for skill in agent.skills}
    for path, needs in _asked(policy):
        for index, need in enumerate(needs):
            near = "" if need.skill in had else _near(need.skill, had)
            if near:
                sentence = f'no agent of the directory has "{need.skill}"; did you mean "{near}"?'
                yield f"{path}[{index}].skill", sentence


def _asked(policy: Policy) -> Iterator[tuple[str, Iterable[SkillNeed]]]:
    for number, queue in enumerate(policy.queues):
        yield f"queues[{number}].needs", queue.needs
        for place, step in enumerate(queue.steps):
            yield f"queues[{number}].steps[{place}].needs", step.needs or ()
    for number, rule in enumerate(policy.rules):
        yield f"rules[{number}].then.needs", rule.then.needs
        yield f"rules[{number}].then.prefer.needs", rule.then.prefer.needs


def _near(skill: str, had: Iterable[str]) -> str:
    # tier-1 and tier-2 are meant to differ.
    others = [word for word in sorted(had) if _DIGITS.sub("", word) != _DIGITS.sub("", skill)]
    return next(iter(difflib.get_close_matches(skill, others, n=1, cutoff=LIKENESS_MIN)), "")
