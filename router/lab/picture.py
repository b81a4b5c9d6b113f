"""One picture of a run as SVG: how long people waited, how long the line was, who worked how much.

Owns: the drawing. Does not know: where the figures come from.

Invariant: the text is well-formed XML and the same for the same run.
"""

from collections.abc import Sequence
from typing import Protocol

from router.lab.book import Visit
from router.lab.figures import occupancies
from router.lab.svg import sheet, words_at
from router.lab.watch import Watch

__all__ = ["draw"]

WIDTH, HEIGHT, MARGIN = 960, 1020, 60
PANEL = 240
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#475569", "#db2777", "#0891b2")
POINTS = 200

Curve = list[tuple[float, float]]


class Drawable(Protocol):
    """What is drawn of a run."""

    visits: list[Visit]
    watch: Watch
    groups: dict[str, str]
    line: list[tuple[float, int]]


def draw(title: str, unit: str, run: Drawable, unit_ms: int) -> str:
    """The picture of one run."""
    parts = [
        *sheet(WIDTH, HEIGHT, title),
        words_at(MARGIN, 30, title, size=20),
        *_panel(0, f"Still waiting after so many {unit}, in per cent", _waits(run, unit_ms)),
        *_panel(1, f"Conversations in line over time ({unit})", {"": _line(run)}),
        *_bars(2, "Conversations at a time, by agent", run),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _waits(run: Drawable, unit_ms: int) -> dict[str, Curve]:
    """By kind, the share of the answered who waited longer than each time."""
    curves: dict[str, Curve] = {}
    kinds = sorted({visit.kind for visit in run.visits})
    for kind in kinds:
        waits = sorted(
            visit.waited_ms / unit_ms
            for visit in run.visits
            if visit.kind == kind and visit.answered_ms >= 0
        )
        if waits:
            step = max(1, len(waits) // POINTS)
            count = len(waits)
            curve = [(waits[at], 100 * (1 - at / count)) for at in range(0, count, step)]
            curves[kind] = [*curve, (waits[-1], 0.0)]
    return curves


def _line(run: Drawable) -> Curve:
    return [(at, float(length)) for at, length in run.line]


def _panel(index: int, title: str, curves: dict[str, Curve]) -> list[str]:
    top, bottom = _frame(index)
    wide = max((x for curve in curves.values() for x, _ in curve), default=1.0) or 1.0
    high = max((y for curve in curves.values() for _, y in curve), default=1.0) or 1.0
    parts = _axes(index, title, wide, high)
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{_across(x / wide):.1f},{bottom - (bottom - top) * y / high:.1f}" for x, y in curve
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" />')
        if name:
            parts += _legend(top, number, name, colour)
    return parts


def _bars(index: int, title: str, run: Drawable) -> list[str]:
    """One bar an agent, the groups side by side, each sorted."""
    top, bottom = _frame(index)
    groups = list(dict.fromkeys(run.groups.values()))
    shares = occupancies(run.watch, run.groups)
    ordered = sorted(shares, key=lambda agent: (groups.index(run.groups[agent]), shares[agent]))
    high = max(shares.values(), default=1.0) or 1.0
    parts = _axes(index, title, None, high)
    width = (WIDTH - 2 * MARGIN) / max(1, len(ordered))
    for number, agent in enumerate(ordered):
        colour = COLOURS[groups.index(run.groups[agent]) % len(COLOURS)]
        height = (bottom - top) * shares[agent] / high
        parts.append(
            f'<rect x="{MARGIN + number * width:.1f}" y="{bottom - height:.1f}" '
            f'width="{width * 0.9:.1f}" height="{height:.1f}" fill="{colour}"/>'
        )
        if number == 0 or run.groups[agent] != run.groups[ordered[number - 1]]:
            parts.append(words_at(MARGIN + number * width, bottom + 18, run.groups[agent]))
    return parts


def _frame(index: int) -> tuple[float, float]:
    top = 80.0 + index * (PANEL + 70)
    return top, top + PANEL


def _across(share: float) -> float:
    return MARGIN + (WIDTH - 2 * MARGIN) * share


def _axes(index: int, title: str, wide: float | None, high: float) -> list[str]:
    top, bottom = _frame(index)
    frame = f'x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{bottom - top}"'
    parts = [words_at(MARGIN, top - 8, title), f'<rect {frame} fill="none" stroke="#cbd5e1"/>']
    for share in (0.0, 0.5, 1.0):
        height = bottom - (bottom - top) * share
        parts.append(words_at(MARGIN - 6, height + 4, _short(high * share), anchor="end"))
        if wide is not None:
            parts.append(
                words_at(_across(share), bottom + 18, _short(wide * share), anchor="middle")
            )
    return parts


def _legend(top: float, number: int, name: str, colour: str) -> Sequence[str]:
    height = top + 18 + 18 * number
    box = f'x="{WIDTH - MARGIN - 20}" y="{height - 10:.1f}" width="10" height="10"'
    return (
        f'<rect {box} fill="{colour}"/>',
        words_at(WIDTH - MARGIN - 26, height, name, anchor="end"),
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
