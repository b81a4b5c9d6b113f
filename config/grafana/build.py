"""Writes the dashboards beside this file: `python config/grafana/build.py`.

Owns: how a board and its panels look, and their variables. Does not know: what is on them
(``boards.toml``), where Grafana runs.

Each panel says in its description what it counts. The data source, job, tenant and queue are
variables, so that the boards fit any installation; their uids never change, so links stay good.
"""

import tomllib
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, DataSourceRef

HERE = Path(__file__).parent
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
MATCHERS = {
    "@queue": '{job=~"$job", tenant=~"$tenant", queue=~"$queue"}',
    "@tenant": '{job=~"$job", tenant=~"$tenant"}',
    "@node": '{job=~"$job", instance=~"$instance"}',
}

Panel = dict[str, Any]
"""``title``, ``unit``, ``says``, and ``query`` of a number or ``lines`` by their legends."""


def _board(name: str, title: str) -> dashboard.Dashboard:
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
    for name_, series in (
        ("job", "fairline_position"),
        ("instance", 'fairline_position{job=~"$job"}'),
        ("tenant", 'fairline_position{job=~"$job"}'),
        ("queue", 'fairline_queue_waiting{job=~"$job", tenant=~"$tenant"}'),
    ):
        board = board.with_variable(
            dashboard.QueryVariable(name_)
            .datasource(SOURCE)
            .query(f"label_values({series}, {name_})")
            .include_all(True)
            .multi(True)
        )
    return board


def _panel(told: Panel) -> stat.Panel | timeseries.Panel:
    return _number(told) if "query" in told else _lines(told)


def _number(told: Panel) -> stat.Panel:
    return (
        stat.Panel()
        .title(told["title"])
        .description(told["says"])
        .unit(told["unit"])
        .datasource(SOURCE)
        .span(4)
        .height(5)
        .with_target(prometheus.Dataquery().expr(_filled(told["query"])).instant())
    )


def _lines(told: Panel) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(told["title"])
        .description(told["says"])
        .unit(told["unit"])
        .datasource(SOURCE)
        .span(12)
        .height(8)
        .min(0)
        .legend(common.VizLegendOptions().show_legend(True))
    )
    for legend, expression in told["lines"].items():
        query = prometheus.Dataquery().expr(_filled(expression)).legend_format(legend)
        panel = panel.with_target(query)
    return panel


def _filled(expression: str) -> str:
    for short, matchers in MATCHERS.items():
        expression = expression.replace(f", {short}}}", f", {matchers[1:]}").replace(
            short, matchers
        )
    return expression


def rendered() -> dict[str, str]:
    """Every board as JSON, by the name of its file."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    boards = tomllib.loads((HERE / "boards.toml").read_text("utf-8"))
    found = {}
    for name, told in boards.items():
        board = _board(name, told["title"])
        for panel in told["panels"]:
            board = board.with_panel(_panel(panel))
        found[f"{name}.json"] = encoder.encode(board.build()) + "\n"
    return found


if __name__ == "__main__":
    for file, text in rendered().items():
        (HERE / file).write_text(text, encoding="utf-8")
