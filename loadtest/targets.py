"""Holds a run against the targets of its scenario: a sentence and a verdict for each.

Owns: the verdict and its words. Does not know: how a measure came about.

Invariants (tests/loadtest/test_targets.py): a measure that is absent fails its target; a run
without targets passes if nothing was lost, violated or broken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.scenario import MEASURES, Target

__all__ = ["hold", "unit_of"]

ALWAYS = (Target("violations", at_most=0), Target("errors", at_most=0))
"""No scenario has to ask for these."""


def unit_of(measure: str) -> str:
    """The unit, as its name says it."""
    if "_per_s" in measure:
        return "/s"
    if "_ms_per_" in measure:
        return " ms"
    return next((f" {unit}" for unit in ("ms", "s") if measure.endswith(f"_{unit}")), "")


def hold(targets: Sequence[Target], measures: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Sentence, and whether it passed, of each target and of those that always are."""
    named = {target.measure for target in targets}
    every = [*targets, *(each for each in ALWAYS if each.measure not in named)]
    return [_held(target, measures.get(target.measure)) for target in every]


def _held(target: Target, value: float | None) -> dict[str, Any]:
    unit = unit_of(target.measure)
    if target.at_most is not None:
        bound, has_passed = f"≤ {target.at_most:g}", value is not None and value <= target.at_most
    else:
        least = target.at_least or 0.0
        bound, has_passed = f"≥ {least:g}", value is not None and value >= least
    if unit == " ms" or unit == " s":
        bound += unit
    text = "not measured" if value is None else f"{value:g}{unit}"
    verdict = "pass" if has_passed else "FAIL"
    return {
        "measure": target.measure,
        "passed": has_passed,
        "sentence": f"{MEASURES[target.measure]}: {text} {bound}: {verdict}",
    }
