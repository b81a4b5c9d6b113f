import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as some

from router.waitlaw import DEVIATES, mean_and_variance, quantile

RATES = some.floats(1e-6, 1.0)


def _naive(ahead: int, rate: float, leaving: float) -> tuple[float, float]:
    steps = [1 / (rate + j * leaving) for j in range(ahead + 1)]
    return sum(steps), sum(step * step for step in steps)


@given(some.integers(0, 5_000), RATES, some.floats(0, 1e-3))
def test_the_sums_are_those_of_the_definition(ahead: int, rate: float, leaving: float) -> None:
    mean, variance = mean_and_variance(ahead, rate, leaving)
    expected = _naive(ahead, rate, leaving)
    assert mean == pytest.approx(expected[0], rel=1e-4)
    assert variance == pytest.approx(expected[1], rel=1e-3)


@pytest.mark.parametrize("ahead", [63, 64, 65, 500, 20_000])
def test_a_usual_crew_before_a_long_line_is_close_to_exact(ahead: int) -> None:
    """A hundred agents, three minutes each, patience of six: what the line looks like in work."""
    expected = _naive(ahead, 100 / 180_000, 1 / 345_000)
    assert mean_and_variance(ahead, 100 / 180_000, 1 / 345_000) == pytest.approx(expected, rel=1e-5)


def test_without_leaving_it_is_the_number_before_over_the_rate() -> None:
    assert mean_and_variance(9, 0.5, 0.0) == (20.0, 40.0)


def test_one_step_is_exponential() -> None:
    """The gamma law's approximation is worst with one stage: P(X <= q) is what was asked for."""
    for share in DEVIATES:
        end = quantile(100.0, 10_000.0, share)
        assert 1 - exp(-end / 100) == pytest.approx(share / 1000, abs=0.01)


@pytest.mark.parametrize("ahead", [0, 3, 20, 150])
def test_the_quantiles_are_those_of_drawn_waits(ahead: int) -> None:
    rate, leaving = 0.1, 0.004
    chance = random.Random(ahead)
    drawn = sorted(
        sum(chance.expovariate(rate + j * leaving) for j in range(ahead + 1)) for _ in range(4_000)
    )
    mean, variance = mean_and_variance(ahead, rate, leaving)
    for share in DEVIATES:
        exact = drawn[len(drawn) * share // 1000]
        assert quantile(mean, variance, share) == pytest.approx(exact, rel=0.06)


def test_no_wait_has_no_spread() -> None:
    assert quantile(0.0, 0.0, 900) == 0.0
    assert quantile(50.0, 0.0, 900) == 50.0
