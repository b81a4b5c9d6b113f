"""The staffing table as one picture: by skill, agents and load over the day, and the level.

Owns: the drawing. Does not know: where the figures come from.

Invariants: the text is well-formed XML and the same for the same figures; what was played has
another dash than theory, so that colour is not the only difference.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from router.lab.svg import sheet, words_at

__all__ = ["Row", "draw_staff"]

WIDTH, TOP, ROW = 1040, 84, 250
PANEL = 160
LEFT, RIGHT = 60.0, 580.0
BROAD = 400.0
COLOURS = {"load": "#64748b", "theory": "#2563eb", "simulated": "#d97706", "corrected": "#059669"}
DASHES = {"load": "2 3", "theory": "6 4", "simulated": "1 4", "corrected": ""}
Points = list[tuple[float, float]]


class Row(NamedTuple):
    """What is drawn of a slot; ``by`` is ``simulated``, ``corrected``, or the name of a theory."""

    skill: str
    starts: float
    by: str
    load: float
    agents: int
    level: float
    error: float


def draw_staff(title: str, rows: Sequence[Row], targets: dict[str, float], slot: float) -> str:
    """The picture; ``targets`` names every skill, ``slot`` is the length of one in minutes."""
    height = TOP + ROW * len(targets)
    parts = [
        *sheet(WIDTH, height, title),
        words_at(LEFT, 30, title, size=20),
        *_legend([word for word in COLOURS if word in _words(rows)]),
    ]
    for number, (skill, target) in enumerate(targets.items()):
        mine = [row for row in rows if row.skill == skill]
        parts += _skill(TOP + ROW * number + 24.0, skill, target, mine, slot)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _words(rows: Sequence[Row]) -> set[str]:
    return {"load", *map(_word, rows)}


def _word(row: Row) -> str:
    return row.by if row.by in COLOURS else "theory"


def _skill(top: float, skill: str, target: float, rows: Sequence[Row], slot: float) -> list[str]:
    """Two panels side by side: how many, and how well."""
    begins = rows[0].starts
    ends = rows[-1].starts + slot
    most = max(1.0, *(float(row.agents) for row in rows), *(row.load for row in rows))
    many = _Panel(LEFT, top, begins, ends, 0.0, most)
    well = _Panel(RIGHT, top, begins, ends, 0.0, 1.0)
    parts = [*many.frame(f"{skill}: agents, and the load in erlang", lambda value: f"{value:.3g}")]
    parts += well.frame(f"{skill}: the share answered in time", lambda value: f"{value:.0%}")
    parts.append(well.line([(begins, target), (ends, target)], "#dc2626", "8 3"))
    theory = [row for row in rows if _word(row) == "theory"]
    parts.append(many.line(_steps(theory, slot, lambda row: row.load), *_style("load")))
    for word in ("theory", "simulated", "corrected"):
        mine = [row for row in rows if _word(row) == word]
        if not mine:
            continue
        if word != "simulated":  # it has theory's agents
            parts.append(many.line(_steps(mine, slot, lambda row: row.agents), *_style(word)))
        if word == "corrected":
            parts += [well.error(row.starts + slot / 2, row.level, 2 * row.error) for row in mine]
        parts.append(well.line(_steps(mine, slot, lambda row: row.level), *_style(word)))
    return parts


def _style(word: str) -> tuple[str, str]:
    return COLOURS[word], DASHES[word]


def _steps(rows: Sequence[Row], slot: float, of: Callable[[Row], float]) -> Points:
    """Level within a slot; a slot that has no figure leaves the line where it was."""
    points: Points = []
    for row in rows:
        value = float(of(row))
        if not math.isnan(value):
            points += [(row.starts, value), (row.starts + slot, value)]
    return points


class _Panel:
    """A frame with its scales."""

    def __init__(
        self, left: float, top: float, begins: float, ends: float, low: float, high: float
    ) -> None:
        self._left, self._top = left, top
        self._begins, self._ends = begins, ends
        self._low, self._high = low, high

    def _across(self, minute: float) -> float:
        return self._left + BROAD * (minute - self._begins) / (self._ends - self._begins)

    def _upward(self, value: float) -> float:
        share = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return self._top + PANEL * (1 - share)

    def frame(self, title: str, write: Callable[[float], str]) -> list[str]:
        parts = [
            words_at(self._left, self._top - 8, title),
            f'<rect x="{self._left}" y="{self._top}" width="{BROAD}" height="{PANEL}" '
            'fill="none" stroke="#cbd5e1"/>',
        ]
        for share in (0.0, 0.5, 1.0):
            value = self._low + share * (self._high - self._low)
            parts.append(
                words_at(self._left - 6, self._upward(value) + 4, write(value), anchor="end")
            )
        hours = range(math.ceil(self._begins / 60), math.floor(self._ends / 60) + 1)
        every = max(1, math.ceil(len(hours) / 8))
        parts += [
            words_at(
                self._across(60.0 * hour),
                self._top + PANEL + 18,
                f"{hour % 24}:00",
                anchor="middle",
            )
            for hour in hours
            if hour % every == 0
        ]
        return parts

    def line(self, points: Points, colour: str, dash: str) -> str:
        placed = " ".join(f"{self._across(x):.1f},{self._upward(y):.1f}" for x, y in points)
        style = f' stroke-dasharray="{dash}"' if dash else ""
        return (
            f'<polyline points="{placed}" fill="none" stroke="{colour}" stroke-width="2"{style}/>'
        )

    def error(self, minute: float, level: float, wide: float) -> str:
        if math.isnan(level):
            return ""
        x, low, high = self._across(minute), self._upward(level - wide), self._upward(level + wide)
        return (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" '
            f'stroke="{COLOURS["corrected"]}" stroke-opacity="0.5"/>'
        )


def _legend(words: Sequence[str]) -> list[str]:
    parts = []
    for number, word in enumerate([*words, "target"]):
        x = LEFT + 130 * number
        colour, dash = ("#dc2626", "8 3") if word == "target" else _style(word)
        parts.append(
            f'<line x1="{x}" x2="{x + 30}" y1="50" y2="50" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dash or "none"}"/>'
        )
        parts.append(words_at(x + 36, 54, word))
    return parts
