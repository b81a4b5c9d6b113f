"""Times that were cut off before their end: what they still say.

Owns: the Kaplan-Meier estimate of the share that lasts longer, and the mean of an exponential law.
Does not know: what lasts.

A customer who leaves shows how long their patience was, and hides how long they would have waited;
one who is answered shows the wait and hides the patience. Leaving out either half is wrong (the
patient are answered, so the patience of those who left is too short), and each half cuts the other
off: so both are estimated by the same rule.

Source: E. L. Kaplan and P. Meier (1958); for exponential laws the likelihood is greatest at all
time over all ends.
"""

import math
from collections import Counter
from collections.abc import Iterable

__all__ = ["Spell", "exponential_mean", "lasting"]

Spell = tuple[float, bool]
"""How long it was seen, and whether it ended then; else it was cut off."""


def lasting(spells: Iterable[Spell], beyond: float) -> float:
    """The share that lasts longer than ``beyond``; an end comes before a cut at its time."""
    ends: Counter[float] = Counter()
    seen: Counter[float] = Counter()
    for length, has_ended in spells:
        seen[length] += 1
        ends[length] += has_ended
    share, at_risk = 1.0, seen.total()
    for length in sorted(seen):
        if length > beyond:
            break
        share *= 1 - ends[length] / at_risk
        at_risk -= seen[length]
    return share


def exponential_mean(spells: Iterable[Spell]) -> float | None:
    """The mean length, if ends come at one rate always; None where none ended."""
    lengths, ends = [], 0
    for length, has_ended in spells:
        lengths.append(length)
        ends += has_ended
    return math.fsum(lengths) / ends if ends else None
