"""Blocks against plain sets."""

from hypothesis import given
from hypothesis import strategies as st

from router.blocks import WIDTH, Blocks

SIZE = 1 << WIDTH

numbers = st.one_of(st.integers(0, 3 * SIZE), st.sampled_from([0, SIZE - 1, SIZE, 2 * SIZE - 1]))
steps = st.lists(st.tuples(st.sampled_from(["add", "drop"]), numbers), max_size=30)


def _made(taken: list[tuple[str, int]]) -> tuple[Blocks, set[int]]:
    made, model = Blocks(), set[int]()
    for what, number in taken:
        if (what == "add") is not made.has(number):
            made.flip(number)
        if what == "add":
            model.add(number)
        else:
            model.discard(number)
    return made, model


@given(steps, numbers)
def test_what_is_in_is_what_was_put_in(taken: list[tuple[str, int]], number: int) -> None:
    made, model = _made(taken)
    assert list(made) == sorted(model)
    assert made.has(number) is (number in model)


@given(steps, steps)
def test_what_two_have_in_common(some: list[tuple[str, int]], more: list[tuple[str, int]]) -> None:
    (one, its), (other, others) = _made(some), _made(more)
    assert list(one.common(other)) == sorted(its & others)
    assert one.meets(other) is bool(its & others)
