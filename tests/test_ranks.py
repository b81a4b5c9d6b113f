"""Ranks against a plain sorted list."""

import random
from bisect import bisect_left, insort

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ranks import CHUNK_MAX, Ranks

Place = tuple[int, int, str]

keys = st.integers(min_value=-50, max_value=50)


@given(st.lists(st.tuples(st.booleans(), keys), max_size=200))
def test_ranks_count_as_a_sorted_list_does(steps: list[tuple[bool, int]]) -> None:
    ranks, model = Ranks(), list[Place]()
    for number, (joins, key) in enumerate(steps):
        if joins or not model:
            place = (key, number, f"c{number}")
            ranks.add(place)
            insort(model, place)
        else:
            place = model.pop(key % len(model))
            ranks.remove(place)
        probe = (key, 0, "")
        assert ranks.count_before(probe) == bisect_left(model, probe)
        assert ranks.has_after(probe) is any(place > probe for place in model)
        assert len(ranks) == len(model)


@pytest.mark.parametrize("seed", range(3))
def test_many_places_of_one_key_stand_by_their_number(seed: int) -> None:
    """As after an outage, when everybody asks in the same millisecond."""
    chance = random.Random(seed)
    ranks, model = Ranks(), list[Place]()
    for _ in range(3_000):
        if chance.random() < 0.7 or not model:
            place = (chance.randrange(3), chance.randrange(1_000_000), "c")
            ranks.add(place)
            insort(model, place)
        else:
            ranks.remove(model.pop(chance.randrange(len(model))))
    for place in model[::37]:
        assert ranks.count_before(place) == bisect_left(model, place)


@pytest.mark.parametrize("seed", range(3))
def test_ranks_stay_right_over_many_chunks(seed: int) -> None:
    numbers = list(range(CHUNK_MAX * 4))
    random.Random(seed).shuffle(numbers)
    ranks = Ranks()
    for number in numbers:
        ranks.add((number, number, ""))
    assert [ranks.count_before((number, number, "")) for number in range(0, 2048, 97)] == [
        *range(0, 2048, 97)
    ]
    for number in numbers[:CHUNK_MAX]:
        ranks.remove((number, number, ""))
    left = sorted(numbers[CHUNK_MAX:])
    assert [ranks.count_before((number, number, "")) for number in left[::101]] == [
        *range(0, len(left), 101)
    ]
