"""The pictures of the pages about the fair line, as SVG.

Owns: the drawing, and the theory that is drawn beside what was played. Does not know: how a house
is played (``proofs``).

Invariants (tests/lab/test_proof_pictures.py): the text is well-formed XML and the same for the same
figures; what was played has marks with two standard errors, theory has lines, so colour is not the
only difference.

``python -m router.lab.proof_pictures`` in a working copy plays everything (a few minutes) and
writes ``docs/pictures/line``; with ``--draw`` it draws the figures anew that are kept there.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from router.lab.erlang import ErlangA, ErlangC, strict_waits
from router.lab.proofs import POINTS, Point, played
from router.lab.svg import sheet, words_at

__all__ = ["FOLDER", "Figures", "draw_all", "read"]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures" / "line"
Figures = Mapping[str, Sequence[Point]]

WIDTH, HEIGHT = 760, 420
LEFT, TOP, RIGHT, BOTTOM = 70.0, 60.0, 560.0, 350.0
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626")
STEPS = 60


class _Line(NamedTuple):
    """Theory; the dash tells lines apart in print."""

    words: str
    colour: int
    points: Sequence[tuple[float, float]]
    dash: str = ""


class _Marks(NamedTuple):
    """What was played: where, its mean, its standard error."""

    words: str
    colour: int
    points: Sequence[tuple[float, float, float]]


def read(folder: Path = FOLDER) -> dict[str, list[Point]]:
    """The figures that are kept."""
    return msgspec.json.decode((folder / "figures.json").read_bytes(), type=dict[str, list[Point]])


def draw_all(figures: Figures) -> dict[str, str]:
    """The pictures by the name of their file."""
    return {
        "head-start.svg": _head_start(figures["head-start"]),
        "loud.svg": _loud(figures["loud"]),
        "erlang-a.svg": _erlang_a(figures["erlang-a"]),
    }


def _head_start(points: Sequence[Point]) -> str:
    first, others = strict_waits(10, (8 / 3, 16 / 3), 1.0)
    mean = ErlangC(10, 8.0, 1.0).mean_wait
    return _picture(
        "A head start moves waits between classes, and makes none",
        "head start, in service times",
        "mean wait, in service times",
        [
            _Marks("the others", 1, _of(points, "regular.wait.mean")),
            _Marks("a third with it", 0, _of(points, "gold.wait.mean")),
            _Line("the others, if always last", 1, [(0, others), (5, others)], "6 4"),
            _Line("mean of all, by theory", 2, [(0, mean), (5, mean)]),
            _Line("a third, if always first", 0, [(0, first), (5, first)], "2 4"),
        ],
    )


def _loud(points: Sequence[Point]) -> str:
    quiet = [*_of(points, "wait.mean"), *_of(points, "quiet.wait.mean")]
    rates = [2.6 * step / STEPS for step in range(STEPS + 1)]
    return _picture(
        "One customer asks ever more often: what the others wait",
        "how often the loud customer asks in a service time",
        "mean wait of the others",
        [
            _Marks("one place per customer", 0, quiet),
            _Line(
                "a place for each request",
                3,
                [(rate, ErlangC(20, 17.0 + rate, 1.0).mean_wait) for rate in rates],
                "6 4",
            ),
        ],
    )


def _erlang_a(points: Sequence[Point]) -> str:
    teams = [point.at for point in points]
    exact = {
        team: ErlangA(team, 48.0, 1.0, 0.5) for team in range(int(teams[0]), int(teams[-1]) + 1)
    }
    return _picture(
        "The router beside Erlang A: 48 come in a service time",
        "agents",
        "share of those who come",
        [
            _Marks("wait, as played", 0, _of(points, "wait.share")),
            _Line("wait, by theory", 0, [(at, one.p_wait) for at, one in exact.items()]),
            _Marks("leave, as played", 1, _of(points, "left")),
            _Line("leave, by theory", 1, [(at, one.p_abandon) for at, one in exact.items()], "6 4"),
        ],
    )


def _of(points: Sequence[Point], name: str) -> list[tuple[float, float, float]]:
    return [(one.at, *one.figures[name]) for one in points if name in one.figures]


# -- drawing -----------------------------------------------------------------------------------


def _picture(title: str, across: str, up: str, series: Sequence[_Line | _Marks]) -> str:
    xs = [point[0] for one in series for point in one.points]
    ys = [point[1] for one in series for point in one.points]
    low, wide, high = min(xs), max(xs) - min(xs), max(ys) * 1.08

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (RIGHT - LEFT) * (x - low) / wide,
            BOTTOM - (BOTTOM - TOP) * min(y, high) / high,
        )

    parts = [
        *sheet(WIDTH, HEIGHT, title),
        words_at(LEFT, 30, title, size=18),
        words_at(LEFT, 50, up),
        words_at((LEFT + RIGHT) / 2, BOTTOM + 45, across, anchor="middle"),
        f'<rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}" '
        'fill="none" stroke="#cbd5e1"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = at(low + wide * share, high * share)
        parts.append(words_at(x, BOTTOM + 20, f"{low + wide * share:.3g}", anchor="middle"))
        parts.append(words_at(LEFT - 8, y + 4, f"{high * share:.2g}", anchor="end"))
    for number, one in enumerate(series):
        height = TOP + 16 + 24 * number
        if isinstance(one, _Line):
            parts += _line(one, [at(x, y) for x, y in one.points], height)
        else:
            bars = [
                (at(x, y), at(x, y - 2 * error), at(x, y + 2 * error)) for x, y, error in one.points
            ]
            parts += _marks(one, bars, height)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(one: _Line, points: Sequence[tuple[float, float]], height: float) -> list[str]:
    style = f'fill="none" stroke="{COLOURS[one.colour]}" stroke-dasharray="{one.dash}"'
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    sample = f"{RIGHT + 14:.1f},{height - 4:.1f} {RIGHT + 38:.1f},{height - 4:.1f}"
    return [
        f'<polyline points="{told}" {style}/>',
        f'<polyline points="{sample}" {style}/>',
        words_at(RIGHT + 44, height, one.words),
    ]


def _marks(
    one: _Marks, bars: Sequence[tuple[tuple[float, float], ...]], height: float
) -> list[str]:
    colour = COLOURS[one.colour]
    parts = []
    for (x, y), (_, low), (_, high) in bars:
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{min(low, BOTTOM):.1f}" y2="{high:.1f}" '
            f'stroke="{colour}"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
    parts.append(f'<circle cx="{RIGHT + 26:.1f}" cy="{height - 4:.1f}" r="4" fill="{colour}"/>')
    parts.append(words_at(RIGHT + 44, height, one.words))
    return parts


def main(arguments: Sequence[str]) -> None:
    """Plays, unless told to draw alone, and writes the files."""
    if list(arguments) == ["--draw"]:
        figures: Figures = read()
    else:
        figures = {
            name: [played(name, at) for at in places] for name, (places, _) in POINTS.items()
        }
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    (FOLDER / "figures.json").write_bytes(text + b"\n")
    for name, picture in draw_all(figures).items():
        (FOLDER / name).write_text(picture, encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
