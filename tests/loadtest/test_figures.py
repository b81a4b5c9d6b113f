from typing import Any

import pytest

from loadtest.figures import figures_of, jain
from loadtest.notes import Sheet, Visit, new_histogram
from loadtest.sampling import Sample
from tests.helpers.loads import offer, outcome, scenario, stint, visit

NONE = new_histogram().encode().decode("ascii")
GONE = {"assigned": 0.0, "agent": "", "reason": "cancelled"}


def _sheet(visits: list[Visit], **fields: Any) -> Sheet:  # noqa: ANN401 - of any field
    numbers = [one.number for one in visits if one.assigned]
    facts: dict[str, Any] = {
        "visits": visits,
        "offers": [offer(number, id=f"o{number}") for number in numbers],
        "stints": [stint(number) for number in numbers],
        "handshakes": NONE,
        **fields,
    }
    return Sheet(0, **facts)


def test_jain_is_one_where_all_have_the_same() -> None:
    assert jain([2, 2, 2]) == 1
    assert jain([1, 0, 0, 0]) == 0.25
    assert jain([]) is None


def test_only_those_who_came_between_warm_up_and_end_count() -> None:
    chosen = scenario(load={"warm_up": 2.0, "seconds": 3.0})
    figures = figures_of(outcome(chosen, _sheet([visit(number) for number in range(10)])))
    assert figures["measures"]["conversations"] == 3  # 2, 3 and 4 s after the begin
    assert figures["measures"]["served_share"] == 1
    assert [row["arrivals"] for row in figures["windows"]][:10] == [1] * 10


def test_an_offer_is_timed_from_when_both_were_there() -> None:
    chosen = scenario(load={"seconds": 20.0})
    sheet = _sheet([visit(1), visit(2, sent=12.015)])
    sheet.offers[0].not_before = 11.012  # the agent came free after the request
    figures = figures_of(outcome(chosen, sheet))
    took = [ms for row in figures["windows"] for ms in row["offer_ms"]]
    assert took == pytest.approx([8, 20], abs=0.01)
    assert figures["measures"]["offer_max_ms"] == pytest.approx(20, rel=0.01)
    # What was sent 15 ms late looks as if it had taken 5.
    assert figures["curve"]["uncorrected"][-1][1] == pytest.approx(8, rel=0.01)


def test_an_offer_to_who_was_freed_by_others_is_not_timed() -> None:
    chosen = scenario(load={"seconds": 20.0})
    sheet = _sheet([visit(1), visit(2)])
    sheet.offers[0].is_untimed = True
    figures = figures_of(outcome(chosen, sheet))
    assert [ms for row in figures["windows"] for ms in row["offer_ms"]] == pytest.approx([20])
    assert figures["measures"]["served_share"] == 1


def test_who_left_counts_against_the_service_level_but_not_as_served() -> None:
    chosen = scenario(load={"seconds": 20.0})
    late = visit(3, assigned=13 + 25.0, ended=39.0)
    sheet = _sheet([visit(1), visit(2, cancelled=12.5, **GONE), late])
    measures = figures_of(outcome(chosen, sheet))["measures"]
    assert measures["served_share"] == pytest.approx(2 / 3, abs=1e-3)
    assert measures["service_level"] == pytest.approx(1 / 3, abs=1e-3)
    assert measures["abandoned"] == 1


def test_estimates_are_held_against_the_truth() -> None:
    told = {"estimate_p50_ms": 400, "estimate_p90_ms": 450}
    sheet = _sheet([visit(1, **told), visit(2, **{**told, "estimate_p90_ms": 600})])
    figures = figures_of(outcome(scenario(load={"seconds": 20.0}), sheet))
    (row,) = figures["lines"]
    assert (row["told"], row["off_by_s"], row["within_p90"]) == (2, 0.1, 0.5)
    assert figures["estimates"] == [[0.4, 0.5], [0.4, 0.5]]


def test_work_is_shared_over_the_measured_time() -> None:
    chosen = scenario(load={"seconds": 10.0}, desks=[{"id": "all", "count": 2}])
    stints = [
        stint(1, agent="all-0", at=5.0, until=15.0),
        stint(2, agent="all-1", at=15.0, until=0.0),
    ]
    figures = figures_of(outcome(chosen, _sheet([], stints=stints)))
    assert figures["occupancy"]["mean"] == 0.5  # 10 to 15 and 15 to 20
    assert figures["occupancy"]["jain"] == 1


def test_the_knee_is_the_highest_rate_before_two_slow_windows() -> None:
    points = [[0, 1], [40, 40]]
    chosen = scenario(
        load={"seconds": 40.0, "knee_window": 10.0}, arrivals={"rate": 0.0, "points": points}
    )
    visits, number = [], 0
    for window, count in enumerate((2, 4, 6, 8)):
        for each in range(count):
            due = 10.0 + 10 * window + each
            took = 0.2 if window >= 2 else 0.001
            visits.append((visit(number, due=due, sent=due, assigned=due + 1), due + took))
            number += 1
    sheet = _sheet([one for one, _ in visits])
    for made, (_, at) in zip(sheet.offers, visits, strict=True):
        made.at = at
    run = outcome(chosen, sheet)
    run.over_at = 100.0
    knee = figures_of(run)["knee"]
    assert (knee["per_s"], knee["is_reached"]) == (0.4, True)
    assert figures_of(outcome(scenario(), _sheet([])))["knee"] is None


def test_a_generator_that_is_late_says_so() -> None:
    calm = figures_of(outcome(scenario(), _sheet([], lateness_ms=[1.0] * 100)))["generator"]
    late = figures_of(outcome(scenario(), _sheet([], lateness_ms=[1.0] * 90 + [99.0] * 10)))
    assert not calm["is_bottleneck"]
    assert late["generator"]["is_bottleneck"]


def test_cpu_is_divided_by_the_conversations_of_the_same_time() -> None:
    chosen = scenario(load={"seconds": 10.0})
    samples = [Sample(float(at), 0.5, 1.0, 1.0, 0.1, 0.0) for at in range(11)]
    visits = [visit(number, assigned=10.5 + number) for number in range(10)]
    figures = figures_of(outcome(chosen, _sheet(visits), samples))
    assert figures["measures"]["cpu_ms_per_conversation"] == pytest.approx(500)


def test_loud_ones_are_held_against_quiet_ones_of_their_moment() -> None:
    chosen = scenario(load={"seconds": 20.0}, customers={"loud": {"count": 1}})
    visits = [
        visit(1),
        visit(2),
        visit(12, assigned=24.0),
        visit(99, is_loud=True, due=11.5, assigned=12.5),
    ]
    measures = figures_of(outcome(chosen, _sheet(visits)))["measures"]
    assert measures["loud_wait_ratio"] == pytest.approx(2)
