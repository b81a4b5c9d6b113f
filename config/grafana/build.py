"""Writes the dashboards beside this file: `python config/grafana/build.py`.

Owns: the three boards, their panels and queries. Does not know: where Grafana runs.

Each panel says in its description what it counts. The data source, job, tenant and queue are
variables, so that the boards fit any installation; their uids never change, so links stay good.
"""

from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, DataSourceRef

HERE = Path(__file__).parent
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
QUEUE = '{job=~"$job", tenant=~"$tenant", queue=~"$queue"}'
TENANT = '{job=~"$job", tenant=~"$tenant"}'
NODE = '{job=~"$job", instance=~"$instance"}'

Query = tuple[str, str]
"""An expression and its legend."""


def overview() -> dashboard.Dashboard:
    """How customers fare, and whether the house can follow."""
    return (
        _board("overview", "Fairline: overview")
        .with_panel(
            _number(
                "Service level, 30 min",
                "percentunit",
                "Accepted in target / (accepted + abandoned - short abandoned).",
                f"avg(fairline:service_level:ratio_rate30m{QUEUE})",
            )
        )
        .with_panel(
            _number(
                "Waiting now",
                "short",
                "In line, not offered.",
                f"sum(fairline_queue_waiting{QUEUE})",
            )
        )
        .with_panel(
            _number(
                "Longest wait",
                "s",
                "Of those in line.",
                f"max(fairline_queue_oldest_wait_seconds{QUEUE})",
            )
        )
        .with_panel(
            _number(
                "Available agents",
                "short",
                "Shown as available, with or without room.",
                'sum(fairline_agents{job=~"$job", tenant=~"$tenant", show="available"})',
            )
        )
        .with_panel(
            _number(
                "Abandoned, 30 min",
                "percentunit",
                "Short ones are not counted.",
                f"avg(fairline:abandonment:ratio_rate30m{QUEUE})",
            )
        )
        .with_panel(
            _number(
                "Broken invariants",
                "short",
                "Of all kinds since the start; 0 or a bug.",
                f"sum(fairline_invariant_violations_total{NODE})",
            )
        )
        .with_panel(
            _lines(
                "Service level",
                "percentunit",
                "Accepted in target / (accepted + abandoned - short abandoned), by queue.",
                (f"fairline:service_level:ratio_rate30m{QUEUE}", "{{queue}}"),
            )
        )
        .with_panel(
            _lines(
                "Wait until an agent, p90",
                "s",
                "Of the first waits that were answered.",
                (f"fairline:wait_seconds:p90_rate5m{QUEUE}", "{{queue}}"),
            )
        )
        .with_panel(
            _lines(
                "Arrivals, answered, abandoned",
                "cps",
                "Conversations a second.",
                (f"sum(rate(fairline_arrivals_total{QUEUE}[$__rate_interval]))", "arrivals"),
                (f"sum(rate(fairline_answered_total{QUEUE}[$__rate_interval]))", "answered"),
                (f"sum(rate(fairline_abandons_total{QUEUE}[$__rate_interval]))", "abandoned"),
            )
        )
        .with_panel(
            _lines(
                "Offers by outcome",
                "cps",
                "Offers that ended, a second.",
                (
                    f"sum by (outcome) (rate(fairline_offers_total{QUEUE}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            )
        )
    )


def queues() -> dashboard.Dashboard:
    """Each queue and the agents, with the figures of fairness."""
    return (
        _board("queues", "Fairline: queues and agents")
        .with_panel(
            _lines("Waiting", "short", "In line.", (f"fairline_queue_waiting{QUEUE}", "{{queue}}"))
        )
        .with_panel(
            _lines(
                "Longest wait",
                "s",
                "Of those in line.",
                (f"fairline_queue_oldest_wait_seconds{QUEUE}", "{{queue}}"),
            )
        )
        .with_panel(
            _lines(
                "Served",
                "short",
                "Conversations with agents.",
                (f"fairline_queue_active{QUEUE}", "{{queue}}"),
            )
        )
        .with_panel(
            _lines(
                "Agents",
                "short",
                "By what they are shown as.",
                (f"sum by (show) (fairline_agents{TENANT})", "{{show}}"),
            )
        )
        .with_panel(
            _lines(
                "Evenness",
                "percentunit",
                "Jain's index, 1 is even: waits of customers, load of equally able agents.",
                (f"fairline_fairness_jain{TENANT}", "{{of}}"),
            )
        )
        .with_panel(
            _lines(
                "Occupancy",
                "percentunit",
                "Time with a conversation / time available or with one.",
                (f"fairline_occupancy_ratio{TENANT}", "{{tenant}}"),
            )
        )
        .with_panel(
            _lines(
                "Passed over, by cause",
                "cps",
                "By the offers that were looked at; violation must stay 0.",
                (
                    f"sum by (cause) (rate(fairline_overtakes_total{QUEUE}[$__rate_interval]))",
                    "{{cause}}",
                ),
            )
        )
        .with_panel(
            _lines(
                "Error of estimated waits",
                "s",
                "Mean absolute error of what was told at the start.",
                (f"fairline_estimated_wait_error_seconds{TENANT}", "{{tenant}}"),
            )
        )
        .with_panel(
            _lines(
                "Back in line",
                "cps",
                "Returned from lost agents, or transferred.",
                (
                    f"sum by (cause) (rate(fairline_requeues_total{QUEUE}[$__rate_interval]))",
                    "{{cause}}",
                ),
            )
        )
        .with_panel(
            _lines(
                "Handling time, mean",
                "s",
                "From the acceptance to the end.",
                (
                    f"sum by (queue) (rate(fairline_handle_seconds_sum{QUEUE}[30m]))"
                    f" / sum by (queue) (rate(fairline_handle_seconds_count{QUEUE}[30m]))",
                    "{{queue}}",
                ),
            )
        )
    )


def node() -> dashboard.Dashboard:
    """One process: sockets, loop, journal."""
    return (
        _board("node", "Fairline: node")
        .with_panel(
            _lines(
                "Connections",
                "short",
                "After hello.",
                (f"sum by (role) (fairline_connections{NODE})", "{{role}}"),
            )
        )
        .with_panel(
            _lines(
                "Disconnects by code",
                "cps",
                "42xx: too slow or too fast; 1006: broken.",
                (
                    f"sum by (code) (rate(fairline_disconnects_total{NODE}[$__rate_interval]))",
                    "{{code}}",
                ),
            )
        )
        .with_panel(
            _lines(
                "Commands",
                "cps",
                "Applied, by result.",
                (
                    f"sum by (result) (rate(fairline_commands_total{NODE}[$__rate_interval]))",
                    "{{result}}",
                ),
            )
        )
        .with_panel(
            _lines(
                "Loop lag, p99",
                "s",
                "How late the loop woke a sleeper.",
                (f"fairline:loop_lag_seconds:p99_rate5m{NODE}", "{{instance}}"),
            )
        )
        .with_panel(
            _lines(
                "Journal batches, mean",
                "short",
                "Commands that became durable together.",
                (
                    f"rate(fairline_journal_batch_commands_sum{NODE}[$__rate_interval])"
                    f" / rate(fairline_journal_batch_commands_count{NODE}[$__rate_interval])",
                    "{{instance}}",
                ),
            )
        )
        .with_panel(
            _lines(
                "Position",
                "short",
                "Commands in the journal.",
                (f"fairline_position{TENANT}", "{{tenant}}"),
            )
        )
    )


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


def _number(title: str, unit: str, says: str, expression: str) -> stat.Panel:
    return (
        stat.Panel()
        .title(title)
        .description(says)
        .unit(unit)
        .datasource(SOURCE)
        .span(4)
        .height(5)
        .with_target(prometheus.Dataquery().expr(expression).instant())
    )


def _lines(title: str, unit: str, says: str, *queries: Query) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(title)
        .description(says)
        .unit(unit)
        .datasource(SOURCE)
        .span(12)
        .height(8)
        .min(0)
        .legend(common.VizLegendOptions().show_legend(True))
    )
    for expression, legend in queries:
        panel = panel.with_target(prometheus.Dataquery().expr(expression).legend_format(legend))
    return panel


def rendered() -> dict[str, str]:
    """Every board as JSON, by the name of its file."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {
        f"{name}.json": encoder.encode(make().build()) + "\n"
        for name, make in (("node", node), ("overview", overview), ("queues", queues))
    }


if __name__ == "__main__":
    for file, text in rendered().items():
        (HERE / file).write_text(text, encoding="utf-8")
