"""What the nodes and their Redis took over the run, as charts: processor, lag, memory, journal.

Owns: which curves there are and what each is called. Does not know: how a curve is drawn
(``charts``), how the samples came about (``sampling``).

Invariants (tests/loadtest/test_node_charts.py): each node has a curve of its own, up to the
``NODES_MAX`` that took most; what was not measured has none.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadtest.charts import Axis, lines
from loadtest.comparing import has_server_figures

__all__ = ["NODES_MAX", "node_charts"]

NODES_MAX = 4
NAME_MAX = 15
Curves = dict[str, list[tuple[float, float]]]
Marks = Sequence[tuple[float, str]]


def node_charts(figures: Mapping[str, Any], marks: Marks) -> dict[str, str]:
    """By name; ``nodes`` only where there are several, ``redis`` only where there is one."""
    samples = figures["samples"]
    own = samples if has_server_figures(dict(figures)) else []
    cores, late = Axis("cores"), Axis("ms", math.log10)
    memory = _by_node(own, "resident_mib") | _redis(own, "used_mib")
    drawn = {
        "cpu": _drawn("Processor cores taken, over time", _shares(samples, own), cores, marks),
        "lag": _drawn(
            "Lag of each node's loop over time, p99 of each second (bounds of its buckets)",
            _by_node(own, "lag_p99_ms"),
            late,
            marks,
        ),
        "memory": _drawn("Memory of each node over time", memory, Axis("MiB"), marks),
        "appends": _drawn(
            "Time of each node's appends to the journal, p99 of each second (bounds of buckets)",
            _by_node(own, "append_p99_ms"),
            late,
            marks,
        ),
    }
    if len(_names(own)) > 1:
        title = "Processor cores taken by each node, over time"
        drawn["nodes"] = _drawn(title, _by_node(own, "cpu"), cores, marks)
    commands = _redis(own, "commands_per_s")
    if commands:
        title = "Commands that Redis carried out, over time"
        drawn["redis"] = _drawn(title, commands, Axis("a second"), marks)
    return drawn


def _drawn(title: str, curves: Curves, upward: Axis, marks: Marks) -> str:
    return lines(title, curves, Axis("s"), upward, marks=marks)


def _shares(samples: Iterable[Mapping[str, Any]], own: Iterable[Mapping[str, Any]]) -> Curves:
    """Whose share of the machine was how large."""
    server: Curves = {"server": [(row["at"], row["cpu"]) for row in own]}
    generator: Curves = {"generator": [(row["at"], row["generators_cpu"]) for row in samples]}
    others: Curves = {"others": [(row["at"], row["others_cpu"]) for row in samples]}
    curves = server | _redis(own, "cpu") | generator | others
    return {name: curve for name, curve in curves.items() if curve}


def _shown(names: Sequence[str]) -> dict[str, str]:
    """By name what fits into a legend: of long ones their ends, where these differ."""
    short = {name: name if len(name) <= NAME_MAX else f"…{name[1 - NAME_MAX :]}" for name in names}
    return short if len(set(short.values())) == len(names) else {name: name for name in names}


def _names(own: Iterable[Mapping[str, Any]]) -> list[str]:
    """The nodes that took most, in their own order."""
    took: dict[str, float] = {}
    for row in own:
        for node in row["nodes"]:
            took[node["node"]] = took.get(node["node"], 0.0) + node["cpu"]
    most = sorted(took, key=lambda name: -took[name])[:NODES_MAX]
    return [name for name in took if name in most]


def _by_node(own: Sequence[Mapping[str, Any]], figure: str) -> Curves:
    """A curve for each node; what was not measured (-1) is left out."""
    names = _names(own)
    curves: Curves = {name: [] for name in names}
    for row in own:
        for node in row["nodes"]:
            if node["node"] in curves and node[figure] >= 0:
                floor = 0.1 if figure.endswith("_ms") else 0.0
                curves[node["node"]].append((row["at"], max(floor, node[figure])))
    shown = _shown(names)
    return {shown[name]: curve for name, curve in curves.items() if curve}


def _redis(own: Iterable[Mapping[str, Any]], figure: str) -> Curves:
    curve = [(row["at"], row["redis"][figure]) for row in own if row["redis"] is not None]
    return {"Redis": curve} if curve else {}
