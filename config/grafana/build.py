"""Writes the dashboards beside this file: `python config/grafana/build.py`.

Owns: how a board and its panels look, their variables, and the board of alerts, which follows from
``config/prometheus/alerts.yml``. Does not know: what is on the others (``boards.toml``), where
Grafana runs.

Each panel says in its description what it counts, with the formula. The data source, job, tenant
and queue are variables, so that the boards fit any installation; their uids never change, so links
stay good. A start of a node and a reload of its settings are marked on every board.
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode, GraphThresholdsStyleMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)

HERE = Path(__file__).parent
ALERTS = HERE.parent / "prometheus" / "alerts.yml"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
MATCHERS = {
    "@queue": '{job=~"$job", tenant=~"$tenant", queue=~"$queue"}',
    "@tenant": '{job=~"$job", tenant=~"$tenant"}',
    "@node": '{job=~"$job", instance=~"$instance"}',
}
VARIABLES = {
    "job": "fairline_position",
    "instance": 'fairline_position{job=~"$job"}',
    "tenant": 'fairline_position{job=~"$job"}',
    "queue": 'fairline_queue_waiting{job=~"$job", tenant=~"$tenant"}',
}
MARKS = {
    "Starts": (
        "blue",
        "fairline_build_info@node * on (job, instance) group_left process_start_time_seconds@node",
        "{{instance}} starts with {{version}}",
    ),
    "Settings": (
        "purple",
        "fairline_config_reload_timestamp_seconds@node",
        "{{instance}} has settings in force since now",
    ),
}
"""What is marked on every board: the value is the instant in seconds."""

Panel = dict[str, Any]
"""``title``, ``unit``, ``says``, and ``query`` of a number or ``lines`` by their legends; ``bad``
and ``warn`` from where on it is red or orange (with ``low``: below), ``alert`` whose page it
links; ``row`` begins one."""


class Alert(NamedTuple):
    """One rule of ``alerts.yml``."""

    name: str
    expression: str
    severity: str
    lasts: str
    says: str
    page: str


def _board(name: str, title: str, variables: tuple[str, ...]) -> dashboard.Dashboard:
    board = (
        dashboard.Dashboard(title)
        .uid(f"fairline-{name}")
        .tags(["fairline"])
        .refresh("30s")
        .time("now-3h", "now")
        .link(
            dashboard.DashboardLink("Fairline")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["fairline"])
            .as_dropdown(True)
            .keep_time(True)
            .include_vars(True)
        )
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus"))
    )
    for variable in variables:
        board = board.with_variable(
            dashboard.QueryVariable(variable)
            .datasource(SOURCE)
            .query(f"label_values({VARIABLES[variable]}, {variable})")
            .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
            .include_all(True)
            .all_value(".*")
            .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
            .multi(True)
        )
    return board


def _panel(told: Panel, alerts: dict[str, Alert]) -> stat.Panel | timeseries.Panel:
    panel = _number(told) if "query" in told else _lines(told)
    if "alert" in told:
        runbook = dashboard.DashboardLink(f"Runbook of {told['alert']}")
        url = alerts[told["alert"]].page
        panel = panel.links([runbook.type(DashboardLinkType.LINK).url(url).target_blank(True)])
    return panel


def _number(told: Panel) -> stat.Panel:
    return (
        stat.Panel()
        .title(told["title"])
        .description(_described(told["says"], [told["query"]]))
        .unit(told["unit"])
        .datasource(SOURCE)
        .span(4)
        .height(5)
        .color_mode(BigValueColorMode.VALUE)
        .thresholds(_steps(told))
        .with_target(prometheus.Dataquery().ref_id("A").expr(_filled(told["query"])).instant())
    )


def _lines(told: Panel) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(told["title"])
        .description(_described(told["says"], told["lines"].values()))
        .unit(told["unit"])
        .datasource(SOURCE)
        .span(12)
        .height(8)
        .min(0)
        .legend(common.VizLegendOptions().show_legend(True))
    )
    if "bad" in told:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(_steps(told)).thresholds_style(style)
    for number, (legend, expression) in enumerate(told["lines"].items()):
        query = prometheus.Dataquery().ref_id(chr(ord("A") + number))
        panel = panel.with_target(query.expr(_filled(expression)).legend_format(legend))
    return panel


def _steps(told: Panel) -> dashboard.ThresholdsConfig:
    """Green, and red from ``bad`` on; the other way round where little is bad."""
    limits = {word: told[word] for word in ("warn", "bad") if word in told}
    colours = {"warn": "orange", "bad": "red"}
    steps: list[tuple[float | None, str]] = [(None, "green")]
    if told.get("low"):
        words = sorted(limits, key=lambda word: limits[word])
        above = [*(colours[word] for word in words[1:]), "green"]
        steps = [(None, colours[words[0]])]
        steps += [(limits[word], colour) for word, colour in zip(words, above, strict=True)]
    else:
        steps += sorted((limit, colours[word]) for word, limit in limits.items())
    config = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    return config.steps([Threshold(value=value, color=colour) for value, colour in steps])


def _described(says: str, expressions: Iterable[str]) -> str:
    """What a panel says of itself, and how it comes about."""
    shown = [re.sub(r"@\w+|, @\w+(?=})", "", one) for one in expressions]
    return "\n\n".join([says, *(f"`{one}`" for one in shown)])


def _filled(expression: str) -> str:
    for short, matchers in MATCHERS.items():
        expression = expression.replace(f", {short}}}", f", {matchers[1:]}").replace(
            short, matchers
        )
    return expression


# -- the board of alerts -----------------------------------------------------------------------

SELECTOR = re.compile(r"\b((?:fairline|process)[_:][\w:]+|up)\b(?![\w:(])(\{)?")
OR = re.compile(r"(or)\b(?:\s+(?:on|ignoring)\s*\([^)]*\))?")
AND = re.compile(r"(and|unless)\b(?:\s+(?:on|ignoring)\s*\([^)]*\))?")
RELATION = re.compile(r"(==|!=|>=|<=|>|<)\s")
UNITS = (
    ("_burn", "short"),
    ("_timestamp", "s"),
    ("_seconds", "s"),
    ("over_estimate", "short"),
    ("ratio", "percentunit"),
    ("_bytes /", "percentunit"),
    ("_fds", "percentunit"),
    ("jain", "percentunit"),
    ("connections_max", "percentunit"),
)


def read_alerts() -> dict[str, Alert]:
    """All rules of ``alerts.yml`` by their names, but for the one that always fires."""
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    found = {}
    for rule in (rule for group in groups for rule in group["rules"]):
        notes = rule["annotations"]
        alert = Alert(
            rule["alert"],
            " ".join(rule["expr"].split()),
            rule["labels"]["severity"],
            str(rule.get("for", "0m")),
            notes["description"],
            notes["runbook_url"],
        )
        if "fairline" in alert.expression:
            found[alert.name] = alert
    return found


def _split(expression: str, at: re.Pattern[str]) -> list[tuple[str, str]]:
    """What stands between words outside of all brackets, each part with the word before it."""
    parts, depth, start, word, position = [], 0, 0, "", 0
    while position < len(expression):
        letter = expression[position]
        depth += (letter in "({[") - (letter in ")}]")
        found = at.match(expression, position) if not depth else None
        if found is not None and (position == 0 or expression[position - 1] == " "):
            parts.append((word, expression[start:position].strip()))
            word, start = found[1], found.end()
            position = found.end()
            continue
        position += 1
    return [*parts, (word, expression[start:].strip())]


def _bare(expression: str) -> str:
    """Without brackets around the whole."""
    inside = expression[1:-1].strip()
    depths = list(accumulate((letter == "(") - (letter == ")") for letter in expression))
    is_wrapped = expression.startswith("(") and 0 not in depths[:-1] and depths[-1] == 0
    return _bare(inside) if is_wrapped else expression


def _alternatives(expression: str) -> Iterator[str]:
    """What makes an alert fire: of each alternative the first condition."""
    for _, part in _split(_bare(expression), OR):
        first = _bare(_split(_bare(part), AND)[0][1])
        if first == part:
            yield first
        else:
            yield from _alternatives(first)


def _number_of(text: str) -> float | None:
    """The value of ``14 * 86400``; None where it is no number."""
    parts = [part.strip() for part in text.split("*")]
    if all(re.fullmatch(r"[0-9.]+", part) for part in parts):
        return math.prod(map(float, parts))
    return None


def _of_job(expression: str) -> str:
    """The same, of the chosen jobs alone."""
    return SELECTOR.sub(
        lambda found: f'{found[1]}{{job=~"$job"' + (", " if found[2] else "}"), expression
    )


def alert_panels(alerts: dict[str, Alert]) -> Iterator[Panel]:
    """A panel for each alert: what it looks at, its limit as a line, a link to its page."""
    for alert in alerts.values():
        told = [_split(one, RELATION) for one in _alternatives(alert.expression)]
        told = [one for one in told if len(one) == 2]  # ``absent(...)`` has no limit to show
        for number, ((_, looked_at), (relation, limit)) in enumerate(told, start=1):
            value = _number_of(limit)
            panel: Panel = {
                "title": alert.name if number == 1 else f"{alert.name} ({number})",
                "unit": next((unit for part, unit in UNITS if part in looked_at), "short"),
                "says": f"{alert.says} ({alert.severity}, after {alert.lasts})\n\n"
                f"`{alert.expression}`",
                "alert": alert.name,
                "lines": {"__auto": _of_job(looked_at)},
            }
            if value is None:
                panel["lines"]["limit {{queue}}{{instance}}"] = _of_job(limit)
            elif relation in ("<", "<=", "=="):
                panel |= {"bad": value or 0.5, "low": True}
            else:
                panel |= {"bad": value or 0.001}
            yield panel


# -- all of them -------------------------------------------------------------------------------


def _marks() -> list[dict[str, object]]:
    """As Grafana's Prometheus source takes them; the builders know only some of these fields."""
    return [
        {
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "enable": True,
            "expr": f"({_filled(expression)}) * 1000",
            "iconColor": colour,
            "name": name,
            "titleFormat": title,
            "useValueForTime": True,
        }
        for name, (colour, expression, title) in MARKS.items()
    ]


def _encoded(board: dashboard.Dashboard) -> str:
    told = json.loads(JSONEncoder(sort_keys=True, indent=2).encode(board.build()))
    told["annotations"] = {"list": _marks()}
    for number, panel in enumerate(told["panels"], start=1):
        panel["id"] = number
    return json.dumps(told, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def rendered() -> dict[str, str]:
    """Every board as JSON, by the name of its file."""
    alerts = read_alerts()
    boards = tomllib.loads((HERE / "boards.toml").read_text("utf-8"))
    boards["alerts"] = {"title": "Fairline: alerts", "panels": list(alert_panels(alerts))}
    found = {}
    for name, told in boards.items():
        variables = ("job", "instance") if name == "alerts" else tuple(VARIABLES)
        board = _board(name, told["title"], variables)
        for panel in told["panels"]:
            if "row" in panel:
                board = board.with_row(dashboard.Row(panel["row"]))
            board = board.with_panel(_panel(panel, alerts))
        found[f"{name}.json"] = _encoded(board)
    return found


if __name__ == "__main__":
    for file, text in rendered().items():
        (HERE / file).write_text(text, encoding="utf-8")
