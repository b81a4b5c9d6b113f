from hypothesis import given
from hypothesis import strategies as st

from router.server.clock import Clock

MS = 1_000_000


class Hands:
    """Two clocks of a machine, set by the test."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000_000 * MS
        self.steady = 5_000 * MS

    def pass_ms(self, span_ms: int, jump_ms: int = 0) -> None:
        self.steady += span_ms * MS
        self.wall += (span_ms + jump_ms) * MS

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)


def test_it_shows_the_machine_s_time_while_that_goes_forward() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.pass_ms(1_500)
    assert clock.wall_ms() == 1_700_000_001_500
    hands.pass_ms(0, jump_ms=3_600_000)
    assert clock.wall_ms() == 1_700_003_601_500


def test_time_goes_on_at_its_pace_when_the_machine_is_set_back() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.pass_ms(10_000, jump_ms=-3_600_000)
    assert clock.wall_ms() == 1_700_000_010_000
    hands.pass_ms(5)
    assert clock.wall_ms() == 1_700_000_010_005


def test_spans_know_nothing_of_the_date() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.steady_ms()
    hands.pass_ms(250, jump_ms=-86_400_000)
    assert clock.steady_ms() - before == 250


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-(10**9), 10**9))))
def test_it_never_goes_back_and_never_stands_still(steps: list[tuple[int, int]]) -> None:
    hands = Hands()
    clock = hands.clock()
    for span_ms, jump_ms in steps:
        before = clock.wall_ms()
        hands.pass_ms(span_ms, jump_ms)
        assert clock.wall_ms() >= before + span_ms


def test_the_real_clock_runs() -> None:
    clock = Clock()
    first = (clock.wall_ms(), clock.steady_ms())
    assert first[0] > 1_700_000_000_000
    assert (clock.wall_ms(), clock.steady_ms()) >= first
