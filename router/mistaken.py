"""Everything that is wrong with a policy that came as plain values, in one go.

Owns: putting what is wrong with single values beside what is wrong between them. Does not know:
what either is (``suggestions``, ``policy.problems``, ``spelling``), where the values came from.

Invariants (tests/test_mistaken.py): what does not go together in the part that can be read is told
beside what is wrong with single values, and nothing is told twice; no more is looked for than is
told.
"""

from collections.abc import Iterator
from itertools import islice

import msgspec

from router.policy import Policy, problems
from router.spelling import misspelt
from router.suggestions import TOLD_MAX, Mistake, in_one_line, mistakes, sound

__all__ = ["policy_mistakes", "within"]


def policy_mistakes(tree: object, path: str) -> str:
    """What is wrong with a policy that cannot be read, under its path; empty where it can be.

    The loop waits meanwhile, and each problem is held against each mistake: so where there are more
    mistakes than are told, none is looked for behind them.
    """
    shape = list(islice(mistakes(tree, Policy, path), TOLD_MAX + 1))
    if len(shape) > TOLD_MAX:
        return in_one_line(shape)
    return in_one_line([*shape, *_between(tree, path, shape)]) if shape else ""


def _between(tree: object, path: str, shape: list[Mistake]) -> Iterator[Mistake]:
    """What does not go together in the part that can be read, but for what is said already."""
    policy = msgspec.convert(sound(tree, Policy), Policy)
    for key, sentence in (*problems(policy), *misspelt(policy)):
        where = f"{path}.{key}"
        if not any(within(where, wrong) or within(wrong, where) for wrong, _ in shape):
            yield where, sentence


def within(path: str, outer: str) -> bool:
    """Whether a path is another one, or leads into what stands there."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))
