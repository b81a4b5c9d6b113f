"""The report of a run as one HTML file: needs no network and no script, prints, light and dark.

Owns: what is drawn and in which order. Does not know: how figures came about (``figures``), or
what the page looks like (``report.html.jinja``).

Invariants (tests/loadtest/test_page.py): every figure of the run is in the page, also as data to
be read again by ``--compare``; nothing in it is loaded from anywhere.
"""

import base64
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from loadtest.charts import Axis, bars, lines, nines
from loadtest.comparing import Difference
from loadtest.histograms import hlog
from loadtest.node_charts import node_charts
from loadtest.report import percentile

__all__ = ["page"]

PERCENTILES = ((0, "0"), (90, "90"), (99, "99"), (99.9, "99.9"), (99.99, "99.99"))
FAULTS = {"drop": "sockets cut", "outage": "agents gone", "kill": "server killed"}
LINES_MAX = 4
Figures = dict[str, Any]


def page(figures: Figures, differences: Sequence[Difference] = (), *, earlier: str = "") -> str:
    """The whole file."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    data = json.dumps(figures)
    begins, ends = figures["measured"]
    # Inside a script element only its own end and comments matter.
    embedded = data.replace("<", "\\u003c")
    return environment.get_template("report.html.jinja").render(
        figures=figures,
        charts=_charts(figures),
        differences=differences,
        earlier=earlier,
        embedded=Markup(embedded),  # noqa: S704 - "<" is escaped above
        download=_encoded(data),
        histograms=_encoded(hlog(_tagged(figures), seconds=ends - begins)),
        has_failed=not all(each["passed"] for each in figures["targets"]),
    )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _tagged(figures: Figures) -> dict[str, str]:
    """The histograms by what was measured, corrected for coordinated omission and not."""
    return {
        f"{kind}-{word}": text
        for kind, texts in figures["latencies"].items()
        for word, text in zip(("corrected", "uncorrected"), texts, strict=True)
    }


def _charts(figures: Figures) -> dict[str, Markup]:
    """By name, ready to stand in the page."""
    drawn = {
        "traffic": _traffic(figures),
        "latency": _latency(figures),
        "curve": _curve(figures),
        "waits": _waits(figures),
        "lines": _lines(figures),
        "occupancy": _occupancy(figures),
        **node_charts(figures, _marks(figures)),
    }
    if figures["knee"]:
        drawn["knee"] = _knee(figures)
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 - charts escape


def _marks(figures: Figures) -> list[tuple[float, str]]:
    return [(fault["at"], FAULTS[fault["kind"]]) for fault in figures["faults"]]


def _traffic(figures: Figures) -> str:
    rows = figures["windows"]
    curves = {
        name: [(row["at"] + 0.5, row[name]) for row in rows] for name in ("arrivals", "answers")
    }
    title = "Arrivals and answers a second over time"
    return lines(title, curves, Axis("s"), Axis("a second"), marks=_marks(figures))


def _latency(figures: Figures) -> str:
    curves = {
        f"p{point}": [
            (row["at"] + 0.5, percentile(row["offer_ms"], point) or 0.0)
            for row in figures["windows"]
            if row["offer_ms"]
        ]
        for point in (50, 99)
    }
    title = "Time to the offer over time"
    return lines(title, curves, Axis("s"), Axis("ms", math.log10), marks=_marks(figures))


def _curve(figures: Figures) -> str:
    curves = {name: [(x, y) for x, y in points] for name, points in figures["curve"].items()}
    across = Axis("percentile", nines, PERCENTILES)
    title = "Time to the offer by percentile, corrected for coordinated omission and not"
    return lines(title, curves, across, Axis("ms", math.log10))


def _lines(figures: Figures) -> str:
    """By queue, how long those who were served had waited; the busiest where there are many."""
    busiest = sorted(figures["lines"], key=lambda row: -row["served"])[:LINES_MAX]
    curves = {
        row["line"]: [(point, wait) for point, wait in row["curve"]]
        for row in figures["lines"]
        if row in busiest and row.get("curve")
    }
    across = Axis("percentile", nines, PERCENTILES)
    return lines("Wait for an agent by percentile, by queue", curves, across, Axis("s"))


def _waits(figures: Figures) -> str:
    pairs = [(told, waited) for told, waited in figures["estimates"]]
    title = "The wait that was told against the wait that it was"
    if not pairs:
        return lines(title, {}, Axis("told, s"), Axis("waited, s"))
    top = max(max(pair) for pair in pairs)
    across, upward = Axis("told, s"), Axis("waited, s")
    return lines(title, {"": [*pairs, (top, top)]}, across, upward, is_scatter=True)


def _occupancy(figures: Figures) -> str:
    title = "Agents by their share of time at work"
    return bars(title, figures["occupancy"]["bins"], Axis("share of time"), Axis("agents"), 1.0)


def _knee(figures: Figures) -> str:
    rows = figures["knee"]["windows"]
    curve = [(row["per_s"], max(0.1, row["p99_ms"])) for row in rows if row["p99_ms"] is not None]
    title = "Time to the offer, p99, by conversations a second"
    return lines(title, {"": curve}, Axis("conversations a second"), Axis("ms", math.log10))
