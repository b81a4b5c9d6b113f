"""Charts as inline SVG: lines over an axis, bars, points; readable in light and dark, on paper.

Owns: axes, ticks, the drawing. Does not know: what is drawn.

Invariants (tests/loadtest/test_charts.py): well-formed XML, the same for the same figures; every
chart has a title that a screen reader says; colour is never the only difference between curves.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Axis", "bars", "lines", "nines"]

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 60, 14, 30, 40
DASHES = ("", "7 4", "2 3", "9 3 2 3")
TICKS = 6
LEGEND = 130
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """One of the two directions.

    Attributes:
        name: What it is, with its unit.
        bends: How a value is placed; straight, or ``math.log10`` for what spans decades.
        ticks: Where to write what; chosen where there are none.
    """

    name: str
    bends: Callable[[float], float] = float
    ticks: tuple[tuple[float, str], ...] = ()


def nines(percentile: float) -> float:
    """Places a percentile so that each further nine has the same room."""
    return -math.log10(1 - min(percentile, 99.999) / 100)


def lines(
    title: str,
    curves: Mapping[str, Curve],
    across: Axis,
    upward: Axis,
    *,
    marks: Sequence[tuple[float, str]] = (),
    is_scatter: bool = False,
) -> str:
    """Curves with a legend; ``marks`` are vertical lines with a word."""
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return _frame(title, [_text(WIDTH / 2, HEIGHT / 2, "nothing to show", "middle")])
    wide = _Span(across, [x for x, _ in points], LEFT, WIDTH - RIGHT)
    high = _Span(upward, [y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [*_grid(wide, high)]
    for at, word in marks:
        x = wide.place(at)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{high.start}"/>')
        parts.append(_text(x + 4, TOP + 12, word))
    for number, (name, curve) in enumerate(curves.items()):
        style = f'class="c{number % 4}" stroke-dasharray="{_dash(number)}"'
        placed = [(wide.place(x), high.place(y)) for x, y in curve]
        if is_scatter:
            parts += [f'<circle class="d0" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in placed]
        else:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            parts.append(f'<polyline {style} points="{path}"/>')
        if len(curves) > 1:
            parts += _legend(number, len(curves), name, style)
    return _frame(title, parts)


def _dash(number: int) -> str:
    """Another one for each curve of the same colour."""
    return DASHES[(number + number // 4) % len(DASHES)]


def bars(title: str, heights: Sequence[float], across: Axis, upward: Axis, top: float) -> str:
    """Bars of equal width from 0 to ``top`` along the axis."""
    wide = _Span(across, [0.0, top], LEFT, WIDTH - RIGHT)
    high = _Span(upward, [0.0, max([*heights, 1.0])], HEIGHT - BOTTOM, TOP)
    parts = [*_grid(wide, high)]
    step = top / max(1, len(heights))
    for number, value in enumerate(heights):
        left, right = wide.place(number * step), wide.place((number + 1) * step)
        y = high.place(value)
        parts.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{y:.1f}" width="{right - left - 2:.1f}" '
            f'height="{high.start - y:.1f}"/>'
        )
    return _frame(title, parts)


class _Span:
    """One axis with its values placed on paper."""

    def __init__(self, axis: Axis, values: Sequence[float], start: float, stop: float) -> None:
        self.axis, self.start, self._stop = axis, start, stop
        is_log = axis.bends is math.log10
        low, top = min(values), max(values)
        if is_log:
            low = 10 ** math.floor(math.log10(max(low, 0.1)))
            top = 10 ** math.ceil(math.log10(max(top, low * 10)))
        else:
            low = min(0.0, low)
        self._low = low
        self._from = axis.bends(low)
        self._to = axis.bends(top if top > low else low + 1)
        self.ticks = axis.ticks or (_decades(low, top) if is_log else _round_ticks(low, top))

    def place(self, value: float) -> float:
        """Where it is on paper."""
        share = (self.axis.bends(max(value, self._low)) - self._from) / (self._to - self._from)
        return self.start + (self._stop - self.start) * min(1.0, share)


def _decades(low: float, top: float) -> tuple[tuple[float, str], ...]:
    count = round(math.log10(top / low))
    return tuple((low * 10**n, f"{low * 10**n:g}") for n in range(count + 1))


def _round_ticks(low: float, top: float) -> tuple[tuple[float, str], ...]:
    raw = max(top - low, 1e-9) / TICKS
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= raw)
    first = math.ceil(low / step)
    count = int((top - first * step) / step + 1e-9)
    return tuple((step * (first + n), f"{step * (first + n):.10g}") for n in range(count + 1))


def _grid(wide: _Span, high: _Span) -> list[str]:
    parts = []
    for value, word in high.ticks:
        y = high.place(value)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(_text(LEFT - 6, y + 4, word, "end"))
    shown = wide.ticks
    for (value, word), after in pairwise([*shown, (math.inf, "")]):
        x = wide.place(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{high.start}"/>')
        if after[0] is math.inf or wide.place(after[0]) - x > 18:
            parts.append(_text(x, high.start + 16, word, "middle"))
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 6, wide.axis.name, "middle"))
    spot = f"translate(12 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)"
    parts.append(f'<text transform="{spot}" text-anchor="middle">{escape(high.axis.name)}</text>')
    return parts


def _legend(number: int, count: int, name: str, style: str) -> list[str]:
    x = WIDTH - RIGHT - LEGEND * (count - number)
    return [
        f'<polyline {style} points="{x},12 {x + 28},12"/>',
        _text(x + 34, 16, name),
    ]


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _frame(title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(title)}>'
    return "\n".join([head, *parts, "</svg>"])
