"""Times that were cut off: against counting, an example by hand, and known laws."""

import math
import random

import pytest

from router.lab.survival import exponential_mean, lasting


def test_without_cuts_it_is_counting() -> None:
    spells = [(float(length), True) for length in (1, 2, 2, 3, 5, 8)]
    assert [lasting(spells, at) for at in (0, 1, 2, 4, 8)] == pytest.approx(
        [1, 5 / 6, 3 / 6, 2 / 6, 0]
    )
    assert exponential_mean(spells) == pytest.approx(21 / 6)


def test_an_example_by_hand() -> None:
    """At 2 one of four ends and one is cut off right behind it; at 5 one of two ends."""
    spells = [(2.0, True), (2.0, False), (5.0, True), (9.0, False)]
    assert lasting(spells, 1.9) == 1
    assert lasting(spells, 2) == pytest.approx(3 / 4)
    assert lasting(spells, 100) == pytest.approx(3 / 4 * 1 / 2)
    assert exponential_mean(spells) == pytest.approx(18 / 2)


def test_each_half_is_found_behind_the_other() -> None:
    """Patience of mean 3 and waits of mean 1 cut each other off."""
    chance = random.Random(7)
    pairs = [(chance.expovariate(1), chance.expovariate(1 / 3)) for _ in range(20_000)]
    waits = [(min(pair), pair[0] <= pair[1]) for pair in pairs]
    patience = [(length, not ended) for length, ended in waits]
    for at in (0.2, 1.0, 2.0):
        assert lasting(waits, at) == pytest.approx(math.exp(-at), abs=0.012)
        assert lasting(patience, at) == pytest.approx(math.exp(-at / 3), abs=0.012)
    assert exponential_mean(patience) == pytest.approx(3, rel=0.04)
    left = [length for length, has_left in patience if has_left]
    assert sum(left) / len(left) < 1  # what those who left alone would say


def test_where_nothing_ended_nothing_is_known() -> None:
    assert exponential_mean([(4.0, False)]) is None
    assert lasting([(4.0, False)], 10) == 1
    assert lasting([], 1) == 1
