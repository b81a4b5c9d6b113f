"""Laws of chance: their moments, their order, and that a seed repeats them."""

from itertools import pairwise
from statistics import fmean, pstdev, pvariance

import pytest

from router.lab.draws import (
    Arrivals,
    Bursts,
    Constant,
    DayFactor,
    Empirical,
    Exponential,
    Law,
    LogNormal,
    Poisson,
    Rates,
    Recorded,
    Regular,
    Wave,
    arrival_times,
    chooser,
    drawer,
    law_mean,
    stream,
)


def times(arrivals: Arrivals, end: float, seed: int = 1) -> list[float]:
    return list(arrival_times(arrivals, stream(seed, "test"), end))


@pytest.mark.parametrize(
    ("law", "mean", "deviation"),
    [
        (Exponential(3), 3, 3),
        (LogNormal(4, 1.5), 4, 6),
        (Constant(2), 2, 0),
        (Empirical((1, 2, 6)), 3, 2.1602),
    ],
)
def test_lengths_have_the_mean_and_spread_of_their_law(
    law: Law, mean: float, deviation: float
) -> None:
    draw = drawer(law, stream(7, "lengths"))
    drawn = [draw() for _ in range(40_000)]
    assert law_mean(law) == mean
    assert fmean(drawn) == pytest.approx(mean, rel=0.03)
    assert pstdev(drawn) == pytest.approx(deviation, rel=0.12)


def test_a_seed_and_a_name_repeat_their_draws_and_others_do_not() -> None:
    first = [stream(1, "a").random() for _ in range(2)]
    assert first[0] == first[1]
    assert stream(1, "a").random() != stream(1, "b").random()
    assert stream(1, "a").random() != stream(2, "a").random()
    assert stream(1, "a").random() == 0.6881244510893788


@pytest.mark.parametrize(
    ("arrivals", "count"),
    [
        (Poisson(20), 40_000),
        (Wave(20, 15, 24), 40_000),
        (Rates((0, 30, 30), 5), 40_000),
        (Bursts(20, 4), 40_000),
        (Regular(0.1, 2), 39_998),
    ],
)
def test_as_many_arrive_as_the_rate_says(arrivals: Arrivals, count: int) -> None:
    drawn = times(arrivals, 2000)
    assert drawn == sorted(drawn)
    assert drawn[-1] < 2000
    assert len(drawn) == pytest.approx(count, rel=0.025)


def test_a_wave_brings_more_at_its_height() -> None:
    drawn = times(Wave(20, 15, 24), 24 * 300)
    high = sum(3 <= at % 24 < 9 for at in drawn)
    low = sum(15 <= at % 24 < 21 for at in drawn)
    assert high / low == pytest.approx((20 + 15 * 0.9003) / (20 - 15 * 0.9003), rel=0.05)


def test_slots_without_a_rate_stay_empty() -> None:
    assert all(at % 15 >= 5 for at in times(Rates((0, 30, 30), 5), 500))
    assert times(Rates((0, 0), 5), 500) == []


def test_bursts_have_the_spread_that_was_asked_for() -> None:
    drawn = times(Bursts(1, 4), 60_000)
    gaps = [later - earlier for earlier, later in pairwise(drawn)]
    assert pvariance(gaps) / fmean(gaps) ** 2 == pytest.approx(4, rel=0.1)
    assert fmean(gaps) == pytest.approx(1, rel=0.03)


def test_busy_days_make_counts_vary_more_than_chance_alone() -> None:
    drawn = times(Poisson(20, DayFactor(0.3, 10)), 10 * 1000)
    counts = [0] * 1000
    for at in drawn:
        counts[int(at / 10)] += 1
    assert fmean(counts) == pytest.approx(200, rel=0.03)
    assert pvariance(counts) / fmean(counts) == pytest.approx(1 + 200 * 0.09, rel=0.15)


def test_recorded_times_come_back_in_order_up_to_the_end() -> None:
    assert times(Recorded((5, 1, 9)), 9) == [1, 5]


def test_regular_arrivals_come_together_where_asked() -> None:
    assert times(Regular(2, 3), 5) == [2, 2, 2, 4, 4, 4]


def test_a_choice_follows_its_weights() -> None:
    choose = chooser((1, 0, 3), stream(3, "choice"))
    drawn = [choose() for _ in range(8000)]
    assert drawn.count(1) == 0
    assert drawn.count(2) / 8000 == pytest.approx(0.75, abs=0.02)
