"""The dashboards: what they say of the numbers, asked of promtool; and how they are laid out."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers.programs import PROMETHEUS, program

GRAFANA = Path(__file__).parents[2] / "config" / "grafana"


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GRAFANA / f"{name}.json").read_text("utf-8"))
    return found


def the(panel_title: str, of: str) -> dict[str, Any]:
    """The panel of this title."""
    (found,) = [one for one in board(of)["panels"] if one["title"] == panel_title]
    return dict(found)


def filled(expression: str) -> str:
    """A query with all variables at All, over an hour."""
    expression = re.sub(r"\$(job|instance|tenant|queue)\b", ".*", expression)
    return expression.replace("$__range", "1h").replace("$__rate_interval", "5m")


BOARDS = ("overview", "queues", "node", "alerts")
ROOT = GRAFANA.parents[1]
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((ROOT / "config/prometheus/alerts.yml").read_text("utf-8"))[
        "groups"
    ]
    for rule in group["rules"]
}
NOT_SHOWN = {
    "fairline_service_level_ratio": "the boards count it over the queues that are chosen",
    "fairline_overtakes_looked_at_total": "a sample's size",
    "fairline_journal_commands_total": "fairline_commands_total, less what was refused",
    "fairline_send_queue_frames": "its bytes are shown",
}


def panels(name: str) -> list[dict[str, Any]]:
    """The panels of a board, the heads of its rows apart."""
    return [one for one in board(name)["panels"] if one["type"] != "row"]


@pytest.mark.parametrize("name", BOARDS)
def test_what_grafana_tells_apart_by_name_has_one(name: str) -> None:
    ids = [one["id"] for one in board(name)["panels"]]
    assert len(set(ids)) == len(ids)
    assert 0 not in ids
    for panel in panels(name):
        refs = [target["refId"] for target in panel["targets"]]
        assert refs == list("ABCDEFGH"[: len(refs)]), panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_opens_with_all_that_there_is_now(name: str) -> None:
    told = board(name)["templating"]["list"]
    assert [one["name"] for one in told][:2] == ["datasource", "job"]
    for variable in told[1:]:
        assert variable["refresh"] == 1, "asked when the board is opened"
        assert variable["includeAll"] is True
        assert variable["allValue"] == ".*"
        assert variable["current"]["value"] == ["$__all"]


@pytest.mark.parametrize("name", BOARDS)
def test_a_panel_says_how_its_number_comes_about(name: str) -> None:
    for panel in panels(name):
        said = panel["description"]
        assert len(said.split("`")[0]) > 5, panel["title"]
        for target in panel["targets"]:
            metrics = re.findall(r"(?:fairline|process)[_:][\w:]+", target["expr"])
            assert all(metric in said for metric in metrics), panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_starts_and_reloads_are_marked(name: str) -> None:
    marks = {one["name"]: one["expr"] for one in board(name)["annotations"]["list"]}
    assert "fairline_build_info" in marks["Starts"]
    assert "process_start_time_seconds" in marks["Starts"]
    assert "fairline_config_reload_timestamp_seconds" in marks["Settings"]


def test_every_alert_has_a_panel_with_its_limit_and_a_link_to_its_page() -> None:
    shown = {panel["title"]: panel for panel in panels("alerts")}
    for name, rule in ALERTS.items():
        if name == "FairlineWatchdog":
            continue
        panel = shown[name]
        assert [link["url"] for link in panel["links"]] == [rule["annotations"]["runbook_url"]]
        defaults = panel["fieldConfig"]["defaults"]
        if len(panel["targets"]) == 1:
            values = [step["value"] for step in defaults["thresholds"]["steps"][1:]]
            assert len(values) == 1, name
            assert defaults["custom"]["thresholdsStyle"]["mode"] == "dashed"
        else:
            assert [target["refId"] for target in panel["targets"]] == ["A", "B"]
            assert panel["targets"][1]["legendFormat"].startswith("limit")


@pytest.mark.parametrize(
    ("title", "below", "limit", "above"),
    [
        ("FairlineLoopSlow", "green", 0.25, "red"),
        ("FairlineDiskFills", "red", 0.1, "green"),
        ("FairlineCertificateEnds", "red", 14 * 86_400, "green"),
        ("FairlineCommandsStall (2)", "green", 5, "red"),
        ("FairlineEstimateOff", "green", 2, "red"),
        ("FairlineEstimateOff (2)", "red", 0.7, "green"),
    ],
)
def test_a_limit_is_red_on_the_side_that_fires(
    title: str, below: str, limit: float, above: str
) -> None:
    steps = the(title, "alerts")["fieldConfig"]["defaults"]["thresholds"]["steps"]
    told = [(step.get("value"), step["color"]) for step in steps]
    assert told == [(None, below), (limit, above)]


def test_the_overview_shows_how_full_the_house_is_in_the_alerts_colours() -> None:
    shown = board("overview")["panels"]
    (at,) = [n for n, one in enumerate(shown) if one["title"].startswith("Saturation")]
    row = shown[at + 1 :]
    assert len(row) >= 8
    for panel in row:
        colours = {
            step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        }
        assert {"green", "red"} <= colours, panel["title"]
    limits = {
        "Loop lag, p99": "FairlineLoopSlow",
        "Connections": "FairlineConnectionsNearLimit",
        "File handles": "FairlineFilesNearLimit",
        "Journal append, p99": "FairlineJournalSlow",
        "Oldest command": "FairlineCommandsStall",
    }
    for title, alert in limits.items():
        steps = the(title, "overview")["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert f"> {steps[-1]['value']:g}" in ALERTS[alert]["expr"], title


def test_every_figure_that_is_documented_is_on_a_board() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(fairline_\w+)`", page, re.MULTILINE))
    rules = (ROOT / "config" / "prometheus" / "rules.yml").read_text("utf-8")
    asked = " ".join(
        target["expr"] for name in BOARDS for panel in panels(name) for target in panel["targets"]
    )
    named = set(re.findall(r"fairline_\w+", asked + rules))
    bare = named | {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    assert sorted(documented - bare) == sorted(NOT_SHOWN)


def evaluated(folder: Path, expression: str, series: dict[str, str], answer: float) -> str:
    """What promtool says against a query's answer after an hour; nothing where it agrees."""
    told = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": k, "values": v} for k, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": expression,
                        "eval_time": "60m",
                        "exp_samples": [{"labels": "{}", "value": answer}],
                    }
                ],
            }
        ],
    }
    file = folder / "query.yml"
    file.write_text(json.dumps(told), encoding="utf-8")  # JSON is YAML
    command = [program("promtool", PROMETHEUS), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


NAMES = 'job="fairline", instance="a", tenant="t"'
BIG, SMALL = f'{NAMES}, queue="big"', f'{NAMES}, queue="small"'
TWO_QUEUES = {
    f'fairline_answered_total{{{BIG}, in_target="yes"}}': "0+90x60",
    f'fairline_answered_total{{{BIG}, in_target="no"}}': "0+0x60",
    f'fairline_abandons_total{{{BIG}, short="no"}}': "0+10x60",
    f'fairline_abandons_total{{{BIG}, short="yes"}}': "0+700x60",
    f'fairline_answered_total{{{SMALL}, in_target="yes"}}': "0+0x60",
    f'fairline_answered_total{{{SMALL}, in_target="no"}}': "0+15x60",
    f'fairline_abandons_total{{{SMALL}, short="no"}}': "0+5x60",
}
"""Of 100 customers a minute 90 % are in target, and of 20 nobody is."""


@pytest.mark.process
@pytest.mark.parametrize(
    ("title", "answer"), [("Service level, 30 min", 0.75), ("Abandoned, 30 min", 0.125)]
)
def test_a_ratio_over_queues_is_one_of_sums(title: str, answer: float, tmp_path: Path) -> None:
    (target,) = the(title, "overview")["targets"]
    assert not evaluated(tmp_path, filled(target["expr"]), TWO_QUEUES, answer)


@pytest.mark.process
def test_a_broken_invariant_is_still_shown_after_a_restart(tmp_path: Path) -> None:
    (target,) = the("Broken invariants", "overview")["targets"]
    series = {
        'fairline_invariant_violations_total{job="fairline", instance="a", kind="lost"}': (
            "0x20 3x10 0x26 1 1"
        )
    }
    assert not evaluated(tmp_path, filled(target["expr"]), series, 4)
