import random

import pytest

from router.regression import FADES, UNSURE_MAX, Regression, Score


def _pairs(count: int, seed: int = 1) -> list[tuple[tuple[float, ...], float]]:
    chance = random.Random(seed)
    pairs: list[tuple[tuple[float, ...], float]] = []
    for _ in range(count):
        features = (1.0, chance.uniform(0, 3), chance.gauss(0, 1))
        pairs.append((features, 2.0 - 1.5 * features[1] + 0.5 * features[2] + chance.gauss(0, 0.1)))
    return pairs


def _least_squares(pairs: list[tuple[tuple[float, ...], float]], ridge: float) -> list[float]:
    """Solves the normal equations by elimination."""
    size = len(pairs[0][0])
    rows = [
        [sum(x[i] * x[j] for x, _ in pairs) + ridge * (i == j) for j in range(size)]
        + [sum(x[i] * y for x, y in pairs)]
        for i in range(size)
    ]
    for at in range(size):
        for other in range(size):
            if other != at:
                share = rows[other][at] / rows[at][at]
                rows[other] = [a - share * b for a, b in zip(rows[other], rows[at], strict=True)]
    return [rows[at][size] / rows[at][at] for at in range(size)]


def test_without_forgetting_it_is_least_squares_over_all_pairs() -> None:
    pairs = _pairs(200)
    line = Regression([0.0, 0.0, 0.0], forgetting=1.0)
    for features, became in pairs:
        line.learn(features, became)
    assert line.weights == pytest.approx(_least_squares(pairs, ridge=1 / 100), rel=1e-6)


def test_before_anything_is_learnt_the_first_weights_count() -> None:
    assert Regression([0.0, 1.0, 0.0]).predict((1.0, 7.0, 3.0)) == 7.0


def test_it_follows_a_world_that_changes() -> None:
    line = Regression([0.0, 0.0, 0.0])
    for features, became in _pairs(3_000):
        line.learn(features, became)
    for features, became in _pairs(5_000, seed=2):
        line.learn(features, became + 10 * features[1])
    assert line.weights == pytest.approx([2.0, 8.5, 0.5], abs=0.1)


def test_a_score_is_the_mean_of_the_squares_and_what_is_long_ago_fades() -> None:
    score = Score()
    assert score.mean() == 0.0
    for error in (3.0, -1.0):
        score.add(error)
    assert score.mean() == pytest.approx((9.0 * FADES + 1.0) / (FADES + 1.0))
    for _ in range(5_000):
        score.add(2.0)
    assert score.mean() == pytest.approx(4.0)


def test_its_uncertainty_stays_bounded_where_nothing_varies() -> None:
    """Forgetting alone would inflate what the constant features never show."""
    line = Regression([0.0, 1.0, 0.0])
    largest = 0.0
    for _ in range(30_000):
        line.learn((1.0, 0.0, 0.0), 5.0)
        largest = max(largest, *(row[at] for at, row in enumerate(line._spread)))
    assert largest <= UNSURE_MAX
    assert line.weights[1:] == [1.0, 0.0]
    assert line.predict((1.0, 0.0, 0.0)) == pytest.approx(5.0)
