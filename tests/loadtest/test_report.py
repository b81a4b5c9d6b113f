"""Figures, table and verdict of runs written by hand."""

import json

import pytest

from loadtest.day import DayPlan
from loadtest.ledger import Ledger
from loadtest.replay import Outcome
from loadtest.report import Report, percentile, report_on
from tests.helpers import seen


def report(book: Ledger, *, late_s: float = 0.001, cpu_s: float = 1.0) -> Report:
    """The report on these conversations at speed 60, as if they were the day's plan."""
    book.lateness_s = [late_s] * len(book.conversations)
    plan = DayPlan("2001-05-06", tuple(one.plan for one in book.conversations), ())
    return report_on(plan, Outcome(book, elapsed_s=10.0, cpu_s=cpu_s, is_cut_off=False), 60.0)


def good_run() -> Ledger:
    """Two served after 1 and 2 s, one left after 3 s."""
    book = seen.ledger()
    seen.serve(book, seen.ask(book, 1, 10.0), 11.0)
    seen.serve(book, seen.ask(book, 2, 10.0), 12.0, agent="A02")
    seen.leave(book, seen.ask(book, 3, 10.0), 13.0)
    return book


@pytest.mark.parametrize(
    ("values", "per_cent", "expected"),
    [
        ([], 50, None),
        ([7.0], 99, 7.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 51, 3.0),
        ([float(i) for i in range(1, 101)], 90, 90.0),
        ([float(i) for i in range(1, 101)], 99, 99.0),
    ],
)
def test_percentiles_are_nearest_rank(
    values: list[float], per_cent: float, expected: float | None
) -> None:
    assert percentile(values, per_cent) == expected


def test_waits_are_scaled_back_to_the_recorded_day() -> None:
    run = report(good_run()).figures["run"]

    assert (run["requested"], run["served"], run["abandoned"], run["still_there"]) == (3, 2, 1, 0)
    assert run["wait_served_s"] == {"p50": 60.0, "p90": 120.0, "p99": 120.0, "mean": 90.0}
    assert run["wait_abandoned_s"]["p50"] == 180.0


def test_the_real_days_figures_stand_beside() -> None:
    real = report(good_run()).figures["real"]

    assert (real["requested"], real["served"], real["abandoned"]) == (3, 3, 0)
    assert real["wait_served_s"]["mean"] == 0.0
    assert real["wait_abandoned_s"]["mean"] is None


def test_the_response_time_counts_only_requests_that_found_a_free_agent() -> None:
    book = seen.ledger()
    seen.serve(book, seen.ask(book, 1, 10.0), 17.0)
    book.agent_free("A02", 18.0)
    seen.serve(book, seen.ask(book, 2, 20.0), 20.004, agent="A02")

    run = report(book).figures["run"]

    assert run["found_free"] == 1
    assert run["request_to_offer_ms"]["p99"] == pytest.approx(4.0, abs=0.01)


def test_a_clean_run_passes() -> None:
    made = report(good_run())

    assert not made.has_failed
    assert made.table().endswith("errors: 0\nviolations: 0\npassed")


def test_a_fault_fails_the_run_and_is_told_with_its_example() -> None:
    book = good_run()
    book.faults.count("closed.4104", "A01: closed with 4104")
    made = report(book)

    assert made.has_failed
    assert "  closed.4104: 1\n    A01: closed with 4104" in made.table()
    assert made.table().endswith("FAILED")


def test_a_violation_fails_the_run_and_is_counted_by_kind() -> None:
    book = good_run()
    for number in range(10, 15):
        seen.ask(book, number, 20.0)
    made = report(book)

    lost = made.figures["violations"]["conversation.lost"]
    assert (lost["count"], len(lost["examples"])) == (5, 3)
    assert made.has_failed


@pytest.mark.parametrize(("late_s", "cpu_s"), [(0.2, 1.0), (0.001, 9.5)])
def test_a_generator_that_cannot_keep_up_says_so(late_s: float, cpu_s: float) -> None:
    made = report(good_run(), late_s=late_s, cpu_s=cpu_s)

    assert made.figures["generator"]["is_bottleneck"]
    assert "THE GENERATOR IS THE BOTTLENECK" in made.table()
    assert not report(good_run()).figures["generator"]["is_bottleneck"]


def test_overtakings_within_the_head_start_are_counted_but_allowed() -> None:
    book = seen.ledger()
    regular, urgent = seen.ask(book, 1, 10.0), seen.ask(book, 2, 11.0, priority=2)
    seen.serve(book, urgent, 12.0)
    seen.serve(book, regular, 13.0)
    made = report(book)

    assert made.figures["run"]["overtaken_by_head_start"] == 1
    assert not made.has_failed


def test_the_figures_are_plain_values() -> None:
    figures = report(good_run()).figures

    assert json.loads(json.dumps(figures)) == figures
