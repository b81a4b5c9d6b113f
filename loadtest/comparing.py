"""Compares a run with an earlier one: the difference of a measure, with a confidence interval.

Owns: the bootstrap, and where the figures of an earlier report are read from.
Does not know: how figures came about.

Invariants (tests/loadtest/test_comparing.py): the same two runs give the same intervals; a run
against itself differs by nothing and its interval holds 0.

Values of one second depend on each other (one stall delays many), so seconds are drawn with
replacement, not values: the block bootstrap. Each draw pools the values of its seconds and takes
the measure of both; the 2.5th and 97.5th percentile of the differences bound 95 of 100.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loadtest.report import percentile

__all__ = [
    "Difference",
    "EarlierUnreadableError",
    "compare",
    "has_server_figures",
    "read_figures",
    "unlike",
]

DRAWS = 1_000
MUST_AGREE = ("people", "arrivals", "tenants", "journal", "nodes", "processor")
"""Of the set-up: where two runs differ here, a difference says nothing about the server."""
Figures = dict[str, Any]
Window = dict[str, Any]


class EarlierUnreadableError(Exception):
    """Raised for a file that holds no figures of a run."""


class Difference(NamedTuple):
    """Of one measure: before, now, and between what the change lies."""

    measure: str
    unit: str
    before: float
    now: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def sentence(self) -> str:
        """For a terminal."""
        change = self.now - self.before
        word = "" if self.is_certain else ", may be chance"
        return (
            f"{self.measure}: {self.before:.4g} → {self.now:.4g}{self.unit} "
            f"({change:+.3g}; 95 %: {self.low:+.3g} to {self.high:+.3g}{word})"
        )


def read_figures(file: Path) -> Figures:
    """The figures in a report (.html) or of ``--json``.

    Raises:
        EarlierUnreadableError: there are none.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EarlierUnreadableError(f"{file}: {error}") from None
    if file.suffix != ".json":
        found = re.search(
            r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL
        )
        if found is None:
            raise EarlierUnreadableError(f"{file}: no report of a load test")
        text = found[1]
    try:
        figures: Figures = json.loads(text)
    except ValueError as error:
        raise EarlierUnreadableError(f"{file}: {error}") from None
    if not isinstance(figures, dict) or "windows" not in figures:
        raise EarlierUnreadableError(f"{file}: no figures of a load test")
    return figures


def _offer_ms(point: float) -> Callable[[Sequence[Window]], float | None]:
    def measure(windows: Sequence[Window]) -> float | None:
        return percentile([ms for window in windows for ms in window["offer_ms"]], point)

    return measure


def _answers(windows: Sequence[Window]) -> float | None:
    return sum(window["answers"] for window in windows) / len(windows) if windows else None


def _mean(name: str) -> Callable[[Sequence[Window]], float | None]:
    def measure(windows: Sequence[Window]) -> float | None:
        values = [window[name] for window in windows]
        return sum(values) / len(values) if values else None

    return measure


_MEASURES: tuple[tuple[str, str, str, Callable[[Sequence[Window]], float | None]], ...] = (
    ("offer p50", " ms", "windows", _offer_ms(50)),
    ("offer p99", " ms", "windows", _offer_ms(99)),
    ("answers a second", "/s", "windows", _answers),
    ("server CPU", " cores", "samples", _mean("cpu")),
    ("server memory", " MiB", "samples", _mean("resident_mib")),
)


def compare(before: Figures, now: Figures, *, draws: int = DRAWS) -> list[Difference]:
    """The differences that both runs can tell."""
    found = []
    for name, unit, rows, measure in _MEASURES:
        if rows == "samples" and not (has_server_figures(before) and has_server_figures(now)):
            continue
        pair = (_measured(before, rows), _measured(now, rows))
        values = [measure(each) for each in pair]
        if values[0] is None or values[1] is None:
            continue
        low, high = _interval(measure, *pair, draws=draws)
        found.append(Difference(name, unit, values[0], values[1], low, high))
    return found


def unlike(before: Figures, now: Figures) -> list[str]:
    """Why the differences may say nothing about the server: a sentence for each reason."""
    pairs = [("scenario", before.get("scenario"), now.get("scenario"))]
    setups = before.get("setup", {}), now.get("setup", {})
    pairs += [(name, *(setup.get(name) for setup in setups)) for name in MUST_AGREE]
    found = [
        f"The earlier run differs in its {name} ({was}; now {is_now}): the differences are not the "
        "server's alone."
        for name, was, is_now in pairs
        if was is not None and is_now is not None and was != is_now
    ]
    if before.get("generator", {}).get("is_bottleneck"):
        found.append(
            "In the earlier run the generator could not keep time: its latencies are not the "
            "server's."
        )
    return found


def has_server_figures(figures: Figures) -> bool:
    """Whether the run saw what its server took; figures of earlier versions always did."""
    return bool(figures.get("has_server_figures", True))


def _measured(figures: Figures, rows: str) -> list[Window]:
    """The seconds between the warm-up and the last arrival that was planned."""
    begins, ends = figures["measured"]
    return [row for row in figures[rows] if begins <= row["at"] < ends]


def _interval(
    measure: Callable[[Sequence[Window]], float | None],
    before: Sequence[Window],
    now: Sequence[Window],
    *,
    draws: int,
) -> tuple[float, float]:
    chance = random.Random(1)
    changes = []
    for _ in range(draws):
        old = measure(chance.choices(before, k=len(before)))
        new = measure(chance.choices(now, k=len(now)))
        if old is not None and new is not None:
            changes.append(new - old)
    return percentile(changes, 2.5) or 0.0, percentile(changes, 97.5) or 0.0
