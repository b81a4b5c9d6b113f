import pytest
from hypothesis import given
from hypothesis import strategies as some

from router.tallies import Tally, jain

STEPS = some.lists(
    some.tuples(some.sampled_from("ab"), some.integers(0, 5), some.integers(0, 700)), max_size=40
)


@given(STEPS, some.integers(0, 900))
def test_sums_are_those_over_a_list_of_everything(
    steps: list[tuple[str, int, int]], later_ms: int
) -> None:
    tally = Tally(slot_ms=100, slot_count=3)
    everything = []
    now_ms = 0
    for name, amount, pause_ms in steps:
        now_ms += pause_ms
        tally.add(name, amount, now_ms)
        everything.append((name, amount, now_ms))
    now_ms += later_ms
    oldest_ms = (now_ms // 100 - 2) * 100
    for name in "ab":
        all_of_it = sum(amount for other, amount, _ in everything if other == name)
        recent = sum(n for other, n, at_ms in everything if other == name and at_ms >= oldest_ms)
        assert tally.in_all().get(name, 0) == all_of_it
        assert tally.recent(now_ms).get(name, 0) == recent


SPANS = some.lists(some.tuples(some.integers(0, 900), some.integers(0, 500)), max_size=20)


@given(SPANS, some.integers(0, 500))
def test_a_span_counts_in_the_slots_that_it_fell_into(
    spans: list[tuple[int, int]], later_ms: int
) -> None:
    tally = Tally(slot_ms=100, slot_count=4)
    moments: list[int] = []
    now_ms = 0
    for length_ms, pause_ms in spans:
        tally.add_span("x", now_ms, now_ms + length_ms)
        moments += range(now_ms, now_ms + length_ms)
        now_ms += length_ms + pause_ms
    now_ms += later_ms
    oldest_ms = (now_ms // 100 - 3) * 100
    assert tally.in_all().get("x", 0) == len(moments)
    assert tally.recent(now_ms).get("x", 0) == sum(moment >= oldest_ms for moment in moments)


def test_memory_is_bounded_by_the_slots() -> None:
    tally = Tally(slot_ms=10, slot_count=5)
    for now_ms in range(0, 10_000, 7):
        tally.add("x", 1, now_ms)
        tally.add_span("y", max(0, now_ms - 300), now_ms)
        assert len(tally._slots) <= 5


@pytest.mark.parametrize(
    ("shares", "index"),
    [
        ((1, 1), 1.0),
        ((1, 0, 0, 0), 0.25),
        ((1, 2, 3, 4), 0.83333),
        ((5, 5, 0, 0), 0.5),
        ((0, 0), 1.0),
        ((), None),
    ],
)
def test_jain_gives_the_published_figures(shares: tuple[float, ...], index: float | None) -> None:
    assert jain(shares) == (None if index is None else pytest.approx(index, abs=1e-5))


@given(some.lists(some.floats(0.001, 1e6), min_size=1), some.floats(0.01, 100))
def test_jain_lies_between_one_share_and_all_and_does_not_depend_on_the_unit(
    shares: list[float], unit: float
) -> None:
    index = jain(shares)
    assert index is not None
    assert 1 / len(shares) - 1e-9 <= index <= 1 + 1e-9
    assert jain(share * unit for share in shares) == pytest.approx(index, rel=1e-6)
