"""Runs of scenarios: repeatable, complete, comparable."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from router.lab.simulate import play, run_simulate, simulate
from tests.lab.houses import demand, group, house, policy
from tests.lab.test_scenario import EXAMPLES, GOOD, write

SMALL = house(
    policy("a"), (group("s", "a", 3),), (demand("a", 2.4, patience=2),), length=200, seeds=2
)


def test_a_seed_repeats_a_run_and_another_does_not() -> None:
    assert play(SMALL, 1).figures == play(SMALL, 1).figures
    assert play(SMALL, 1).visits == play(SMALL, 1).visits
    assert play(SMALL, 1).figures != play(SMALL, 2).figures


def test_everybody_who_came_is_served_left_or_refused() -> None:
    visits = play(SMALL, 1).visits
    assert {visit.outcome for visit in visits} == {"served", "left"}
    assert len(visits) == pytest.approx(480, abs=70)


def test_two_policies_meet_the_same_customers() -> None:
    other = structs.replace(
        SMALL.policy, queues=(structs.replace(SMALL.policy.queues[0], waiting_max=0),)
    )
    asked = [(visit.id, visit.at_ms, visit.service_ms) for visit in play(SMALL, 1).visits]
    strict = play(SMALL, 1, other)
    assert [(visit.id, visit.at_ms, visit.service_ms) for visit in strict.visits] == asked
    assert strict.figures["refused"] > 0.2
    assert strict.figures["wait.mean"] == 0


def test_a_loud_customer_comes_again_and_again() -> None:
    loud = house(policy("a"), (group("s", "a"),), (demand("a", 1, people=3),), length=50, seeds=1)
    visits = play(loud, 1).visits
    assert len({visit.customer for visit in visits}) == 3
    assert len({visit.request.topic for visit in visits}) == len(visits)


def test_figures_of_all_seeds_have_errors() -> None:
    found = simulate(SMALL)
    assert 0 < found["wait.mean"].error < found["wait.mean"].mean


def test_a_report_names_every_figure_and_a_picture_is_written(tmp_path: Path) -> None:
    file, picture = write(tmp_path, GOOD), tmp_path / "run.svg"
    report = run_simulate(file, seeds=(5, 6), out=picture)
    assert report.splitlines()[0].startswith("one queue: ")
    assert "seeds 5, 6; times in min" in report
    words = [line.split() for line in report.splitlines()]
    assert words[3][:2] == ["who", "wait.mean"]
    assert words[4][0] == "everybody"
    assert ["agents", "busy", "alike", "of", "people"] in words
    assert ["overtakes.violation", "0.000", "±0.000"] in words
    assert picture.read_text("utf-8").startswith("<svg")


def test_a_report_for_machines_has_null_where_there_is_no_figure(tmp_path: Path) -> None:
    document = json.loads(run_simulate(write(tmp_path, GOOD), seeds=(5,), as_json=True))
    assert document["seeds"] == [5]
    assert document["figures"]["wait.mean"]["error"] is None
    assert 0 < document["figures"]["busy"]["mean"] < 1


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_no_example_shows_a_violation(file: Path) -> None:
    figures = json.loads(run_simulate(file, seeds=(1,), as_json=True))["figures"]
    assert figures["overtakes.violation"]["mean"] == 0
    assert figures["asked"]["mean"] > 100
