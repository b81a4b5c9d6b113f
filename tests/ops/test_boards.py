"""The dashboards: what they say of the numbers, asked of promtool; and how they are laid out."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.promtool import tool

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
    command = [tool("promtool"), "test", "rules", str(file)]
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
