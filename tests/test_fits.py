"""The fit of groups against a look at each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import fits as module
from router.fits import Fits
from router.groups import Group, plain_score, shares
from router.policy import Weights
from router.skills import Profile
from router.standing import Entry, Standing

WEIGHTS = shares(Weights())

groups = st.lists(
    st.tuples(
        st.sampled_from([(1000, 600), (1000, 900), (400, 1000)]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)
"""(parts, whether it can serve the lane, whether one of it is free, whether it goes again)."""


@pytest.mark.parametrize("sample_max", [0, 3, 512])
@given(made=groups, count=st.integers(0, 6), least=st.integers(0, 1000))
def test_a_look_at_every_group_says_the_same(
    made: list[tuple[tuple[int, int], bool, bool, bool]], count: int, least: int, sample_max: int
) -> None:
    before, module.SAMPLE_MAX = module.SAMPLE_MAX, sample_max  # type: ignore[misc]
    try:
        _look(made, count, least)
    finally:
        module.SAMPLE_MAX = before  # type: ignore[misc]


def _look(made: list[tuple[tuple[int, int], bool, bool, bool]], count: int, least: int) -> None:
    fits, standing, free = Fits(), Standing(200), dict[int, Group]()
    served, scores, everybody = 0, list[int](), list[int]()
    for index, (parts, can_serve, is_free, goes) in enumerate(made):
        group = Group(Profile(((f"own-{index}", 1),)), index, 1)
        if can_serve:
            fits.add(parts, group)
        score = plain_score(*parts, 800, WEIGHTS)
        everybody += [score] * can_serve
        if can_serve and goes:
            fits.drop(group)
            continue
        served |= can_serve << index
        if is_free:
            entry = Entry(f"a{index}", index, 1, ("chat",), 200, (0, index))
            group.put(entry)
            standing.add(entry, is_first=True)
            free[index] = group
            scores += [score] * can_serve
    fits.served = served.to_bytes(2, "little")
    assert fits.has_more(free, count) is (len(scores) > count)
    assert fits.best_of(standing, WEIGHTS) == max(scores, default=-1)
    assert fits.are_all_above(least, 800, WEIGHTS) is all(it >= least for it in everybody)
