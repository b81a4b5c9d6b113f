"""Figures of a few visits that can be counted by hand."""

import math

import pytest

from router.lab.figures import Estimate, estimates, figures_of, jain, quantile, table
from router.lab.watch import Watch
from tests.lab.test_stage import visit


@pytest.mark.parametrize(
    ("values", "index"),
    [((1, 1, 1, 1), 1), ((1, 0, 0, 0), 0.25), ((1, 2, 3, 4), 0.83333), ((0, 0), 1)],
)
def test_jain_gives_the_table(values: tuple[float, ...], index: float) -> None:
    assert jain(values) == pytest.approx(index, abs=5e-6)


def test_a_quantile_is_a_value_that_occurred() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.9, 1.0)] == [1, 2, 4, 4]
    assert math.isnan(quantile([], 0.5))


def test_figures_count_those_who_came_within_the_window() -> None:
    watch = Watch(1000, 10_000)
    watch.signed_in("ann", 0)
    watch.assigned("b", "ann", 4000)
    watch.finished("ann", 8500)
    watch.overtakes["skill"] = 1
    visits = [
        visit("early", 0, answered_ms=500, ended_ms=900, outcome="served", agent="ann"),
        visit("a", 1000, answered_ms=1000, ended_ms=4000, outcome="served", agent="ann"),
        visit("b", 2000, answered_ms=4000, ended_ms=8500, outcome="served", agent="ann"),
        visit("c", 3000, ended_ms=7000, outcome="left"),
        visit("d", 3000, ended_ms=3000, outcome="refused"),
    ]
    figures = figures_of(
        visits, watch, unit_ms=1000, groups={"ann": "team"}, within_ms={"help": 1999}
    )
    assert figures == {
        "asked": 4,
        "wait.mean": 2,
        "wait.share": pytest.approx(2 / 3),
        "answer.mean": 1,
        "answer.p50": 0,
        "answer.p90": 2,
        "answer.p99": 2,
        "left": pytest.approx(1 / 3),
        "refused": 0.25,
        "level": pytest.approx(1 / 3),
        "share.people.team": 1,
        "busy": 0.5,
        "busy.team": 0.5,
        "fair.agents": 1,
        "fair.team": 1,
        "line.max": 0,
        "overtakes.class": 0,
        "overtakes.skill": 0.5,
        "overtakes.violation": 0,
        "fair.customers": 0.5,
    }


def test_a_house_that_nobody_worked_in_has_figures_of_its_customers() -> None:
    waiting = [visit("a", 1000)]
    figures = figures_of(
        waiting, Watch(1000, 10_000), unit_ms=1000, groups={}, within_ms={"help": 1999}
    )
    assert (figures["asked"], figures["fair.agents"]) == (1, 1)
    assert math.isnan(figures["busy"])


def test_several_runs_give_a_mean_with_its_error() -> None:
    found = estimates([{"x": 1.0}, {"x": 2.0}, {"x": 3.0, "y": 4.0}])
    assert found["x"].mean == 2
    assert found["x"].error == pytest.approx(1 / math.sqrt(3))
    assert found["y"].mean == 4
    assert math.isnan(found["y"].error)


def test_an_estimate_is_near_what_chance_and_tolerance_allow() -> None:
    estimate = Estimate(1.1, 0.02)
    assert estimate.is_near(1.05)
    assert not estimate.is_near(1.0)
    assert estimate.is_near(1.0, relative=0.05)


def test_a_table_is_aligned() -> None:
    assert table([("name", "n"), ("a", "10"), ("longer", "5")]) == (
        "name     n\na       10\nlonger   5"
    )
