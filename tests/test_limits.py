"""Rates and patience of one connection."""

from hypothesis import given
from hypothesis import strategies as st

from router.limits import ALLOWANCES, ErrorCount, Pace
from router.rights import RELATIONS


def test_every_role_has_an_allowance() -> None:
    assert set(ALLOWANCES) == {role for roles in RELATIONS.values() for role in roles}


def test_a_burst_passes_and_the_next_is_told_when() -> None:
    pace = Pace(rate=10, burst=40)
    assert [pace.wait_ms(1_000) for _ in range(40)] == [0] * 40
    assert pace.wait_ms(1_000) == 100
    assert pace.wait_ms(1_100) == 0
    assert pace.wait_ms(1_100) == 100


@given(
    st.sampled_from([(2, 10), (10, 40), (200, 400), (5, 20)]),
    st.lists(st.integers(0, 2_000), max_size=200),
)
def test_never_more_than_burst_and_rate_pass(limits: tuple[int, int], gaps: list[int]) -> None:
    rate, burst = limits
    pace, now_ms, passed = Pace(rate, burst), 5_000, [0] * 0
    for gap in gaps:
        now_ms += gap
        wait_ms = pace.wait_ms(now_ms)
        if wait_ms == 0:
            passed.append(now_ms)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            span_ms = passed[last] - passed[first]
            assert last - first + 1 <= burst + rate * span_ms / 1_000


@given(st.integers(1, 60), st.integers(0, 500))
def test_who_waits_as_told_passes(extra: int, start_ms: int) -> None:
    pace, now_ms = Pace(rate=10, burst=40), start_ms
    for _ in range(40 + extra):
        wait_ms = pace.wait_ms(now_ms)
        if wait_ms:
            now_ms += wait_ms
            assert pace.wait_ms(now_ms) == 0


def test_twenty_errors_within_a_minute_are_too_many() -> None:
    errors = ErrorCount()
    assert [errors.add(number * 3_000) for number in range(20)] == [False] * 19 + [True]


def test_twenty_errors_in_more_than_a_minute_are_not() -> None:
    errors = ErrorCount()
    assert not any(errors.add(number * 3_200) for number in range(200))
