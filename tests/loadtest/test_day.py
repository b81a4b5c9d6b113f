"""The plan of a day: seeded, consistent with the record, and not changed by cutting it."""

import pytest

from loadtest.day import SIGN_IN_MARGIN_S, AgentPlan, plan_day
from tests.helpers.bank_logs import DAY, row, twenty_calls


def test_the_same_seed_gives_the_same_plan_and_another_one_does_not() -> None:
    calls = twenty_calls()

    assert plan_day(calls, DAY, seed=7) == plan_day(calls, DAY, seed=7)
    assert plan_day(calls, DAY, seed=7) != plan_day(calls, DAY, seed=8)


def test_cutting_the_day_changes_nobody_who_remains() -> None:
    whole = plan_day(twenty_calls(), DAY, seed=1)
    part = plan_day(twenty_calls(), DAY, seed=1, since_s=36_110, until_s=36_200)

    assert part.customers == tuple(
        one for one in whole.customers if 36_110 <= one.joins_s <= 36_200
    )


def test_who_hung_up_has_the_recorded_patience_and_who_was_served_at_least_the_wait() -> None:
    for one in plan_day(twenty_calls(), DAY, seed=1).customers:
        if one.call.is_served:
            assert one.patience_s > one.call.wait_s
        else:
            assert one.patience_s == one.call.wait_s


def test_the_rest_of_a_served_customers_patience_has_the_mean_of_the_log() -> None:
    calls = [row(i, wait_s=50) for i in range(1, 4001)]
    calls += [row(5000 + i, wait_s=50, service_s=None) for i in range(1000)]
    served = [one for one in plan_day(calls, DAY, seed=3).customers if one.call.is_served]

    mean_s = sum(one.patience_s - 50 for one in served) / len(served)

    assert mean_s == pytest.approx(250.0, rel=0.05)


def test_services_are_the_recorded_ones_or_drawn_from_the_same_type() -> None:
    for one in plan_day(twenty_calls(), DAY, seed=1).customers:
        if one.call.is_served:
            assert one.service_s == one.call.service_s
        else:
            assert one.service_s in ({60, 30} if one.type == "NE" else {40, 50, 45, 35, 30, 20})


def test_a_type_that_nobody_served_that_day_is_drawn_from_the_other_days() -> None:
    calls = [row(100), row(90, kind="NE", service_s=77, day="2001-05-01")]
    calls.append(row(120, kind="NE", wait_s=3, service_s=None))

    assert plan_day(calls, DAY, seed=1).customers[1].service_s == 77


def test_agents_are_there_from_before_their_first_service_to_the_end_of_their_last() -> None:
    calls = [
        row(1000, agent="A02", service_s=5),
        row(1000, agent="A01", service_s=100),
        row(2000, agent="A01", wait_s=7, service_s=50),
        row(9000, agent="A01", kind="NE", day="2001-05-01"),
        row(9000, agent="A03", day="2001-05-01"),
    ]

    assert plan_day(calls, DAY, seed=1).agents == (
        AgentPlan("A01", 1000 - SIGN_IN_MARGIN_S, 2057.0, ("NE", "PS")),
        AgentPlan("A02", 1000 - SIGN_IN_MARGIN_S, 1005.0, ("PS",)),
    )


def test_a_cut_day_begins_shortly_before_its_first_arrival() -> None:
    plan = plan_day(twenty_calls(), DAY, seed=1, since_s=36_100)

    assert plan.begins_s == plan.customers[0].joins_s - SIGN_IN_MARGIN_S
    assert plan.over_s > max(one.joins_s + one.patience_s for one in plan.customers)


def test_an_empty_day_is_refused() -> None:
    with pytest.raises(ValueError, match="no call of 2001-05-09"):
        plan_day(twenty_calls(), "2001-05-09", seed=1)
    with pytest.raises(ValueError, match="no agent of"):
        plan_day([row(100, wait_s=5, service_s=None)], DAY, seed=1)
