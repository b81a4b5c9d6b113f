import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from loadtest.__main__ import main
from loadtest.comparing import Difference
from loadtest.notes import Sheet, new_histogram
from loadtest.run_command import _chosen, _given, add_arguments, figures_for, summary
from loadtest.scenario import load, problems
from loadtest.standard import PARTS
from tests.helpers.loads import offer, outcome, scenario, stint, visit

NONE = new_histogram().encode().decode("ascii")


def run_figures(**sheet: Any) -> dict[str, Any]:  # noqa: ANN401 - of any field
    """Figures of a run of four who were served, as a report has them."""
    numbers = range(1, 5)
    facts = {
        "visits": [visit(number) for number in numbers],
        "offers": [offer(number) for number in numbers],
        "stints": [stint(number) for number in numbers],
        "handshakes": NONE,
        **sheet,
    }
    chosen = scenario(about="four <served>", load={"seconds": 20.0})
    return figures_for(outcome(chosen, Sheet(0, **facts)), "python -m loadtest run x.toml")


def test_the_summary_has_targets_set_up_and_what_went_wrong() -> None:
    text = summary(run_figures(errors={"odd.one": 2}, examples={"odd.one": ["ada: odd"]}), [])
    assert "short: four <served>" in text
    assert "processor: " in text
    assert "errors: odd.one: 2, such as ada: odd" in text
    assert text.endswith("errors: 2 ≤ 0: FAIL")


def test_a_generator_that_could_not_keep_time_says_so_in_capitals() -> None:
    late = summary(run_figures(lateness_ms=[500.0]), [])
    assert "THE GENERATOR COULD NOT KEEP TIME" in late
    assert "THE GENERATOR" not in summary(run_figures(lateness_ms=[0.1]), [])


def test_who_was_never_offered_is_missing_from_the_times_and_that_is_said() -> None:
    text = summary(run_figures(offers=[offer(number) for number in (1, 2, 3)]), [])
    assert "1 of 4 conversations have no time to the offer" in text
    assert "no time to the offer" not in summary(run_figures(), [])


def test_differences_are_told() -> None:
    row = Difference("offer p99", " ms", 10.0, 20.0, 5.0, 15.0)
    assert "offer p99: 10 → 20 ms (+10; 95 %: +5 to +15)" in summary(run_figures(), [row])


def test_figures_are_plain_values() -> None:
    figures = run_figures()
    assert json.loads(json.dumps(figures)) == figures
    assert figures["measured"] == [0.0, 20.0]
    assert Path(figures["command"].split()[4]).suffix == ".toml"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seconds", "3", "--squeezed", "3"], "leave out --seconds"),
        (["--customers", "10001"], "--customers: 0 to the scenario's 10000"),
        (["--squeezed", "200"], "at most its 100 s"),
        (["--nodes", "2"], 'load.nodes: nodes that stand by need load.journal = "redis"'),
        (["--nodes", "5", "--journal", "redis"], "--nodes: 1 to 4"),
    ],
)
def test_what_a_scenario_cannot_be_changed_to_is_told(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "loadtest/scenarios/knee.toml", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_what_was_changed_stands_in_the_command_to_run_it_again() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = ["--nodes", "2", "--journal", "redis", "--seconds", "2.5"]
    arguments = parser.parse_args(["loadtest/scenarios/knee.toml", *words])
    load_of = _chosen(load(arguments.scenario), arguments).load
    assert (load_of.nodes, load_of.journal, load_of.seconds) == (2, "redis", 2.5)
    again = ["loadtest/scenarios/knee.toml", *_given(arguments)]
    assert _given(parser.parse_args(again)) == _given(arguments)
    server = ["--url", "ws://h/", "--kid", "k", "--tenant", "a", "--metrics-url", "http://h/m"]
    server += ["--redis-url", "redis://:hush@h/", "--i-own-this-server"]
    given = _given(parser.parse_args(["s.toml", *server]))
    assert "hush" not in " ".join(given)
    assert _given(parser.parse_args(["s.toml", *given])) == given


def test_the_cost_of_a_redis_is_told_where_there_is_one() -> None:
    figures = run_figures()
    assert "of its Redis" not in summary(figures, [])
    figures["measures"]["redis_cpu_ms_per_conversation"] = 1.25
    assert ", of its Redis 1.25 ms; message p99" in summary(figures, [])


def test_the_standard_set_runs_scenarios_as_they_can_be() -> None:
    for part in (part for part in PARTS if part.has_report):
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        arguments = parser.parse_args(part.words[2:])
        chosen = _chosen(load(arguments.scenario), arguments)
        assert list(problems(chosen)) == []
        assert chosen.load.seconds <= 30
