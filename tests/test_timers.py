from hypothesis import given
from hypothesis import strategies as st

from router.timers import Timers

KINDS = st.sampled_from(["grace", "offer", "step"])
OWNERS = st.sampled_from([f"o{number}" for number in range(6)])
TIMES = st.integers(0, 40)
ACTIONS = st.one_of(
    st.tuples(st.just("set"), KINDS, OWNERS, TIMES),
    st.tuples(st.just("cancel"), KINDS, OWNERS, st.just(0)),
    st.tuples(st.just("pop"), st.just(""), st.just(""), TIMES),
    st.tuples(st.just("shift"), st.just(""), st.just(""), st.integers(0, 5)),
)


class Naive:
    """The same by looking through everything each time."""

    def __init__(self) -> None:
        self.live: dict[tuple[str, str], tuple[int, int]] = {}
        self.count = 0

    def act(self, action: str, kind: str, owner: str, number: int) -> object:
        if action == "set":
            self.count += 1
            self.live[kind, owner] = (number, self.count)
        elif action == "cancel":
            self.live.pop((kind, owner), None)
        elif action == "shift":
            self.live = {key: (due + number, at) for key, (due, at) in self.live.items()}
        elif self.live:
            first = min(self.live, key=lambda key: self.live[key])
            if self.live[first][0] <= number:
                del self.live[first]
                return first
        return None


def _act(timers: Timers, action: str, kind: str, owner: str, number: int) -> object:
    if action == "set":
        timers.set(kind, owner, number)
    elif action == "cancel":
        timers.cancel(kind, owner)
    elif action == "shift":
        timers.shift(number)
    else:
        return timers.pop_due(number)
    return None


@given(st.lists(ACTIONS, max_size=300))
def test_timers_do_what_the_naive_model_does(actions: list[tuple[str, str, str, int]]) -> None:
    timers, naive = Timers(), Naive()
    for action in actions:
        assert _act(timers, *action) == naive.act(*action)
        due = min(naive.live.values(), default=(None, 0))[0]
        assert (len(timers), timers.next_due_ms()) == (len(naive.live), due)


def test_two_that_are_due_at_once_fire_in_the_order_they_were_set() -> None:
    timers = Timers()
    for owner in ("b", "a", "c"):
        timers.set("grace", owner, 10)
    timers.set("grace", "b", 10)
    assert [timers.pop_due(10) for _ in range(4)] == [
        ("grace", "a"),
        ("grace", "c"),
        ("grace", "b"),
        None,
    ]


def test_nothing_fires_early() -> None:
    timers = Timers()
    timers.set("offer", "o1", 100)
    assert timers.pop_due(99) is None
    assert timers.due_ms("offer", "o1") == 100
    assert timers.pop_due(100) == ("offer", "o1")
    assert timers.due_ms("offer", "o1") is None


def test_memory_stays_within_the_live_timers_however_often_one_moves() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.set("grace", "o1", number)
    assert len(timers) == 1
    kind = timers._kinds["grace"]
    assert len(kind.row) + len(kind.heap) <= 65
    for number in range(10_000, 0, -1):
        timers.set("grace", "o1", number)
    assert len(kind.row) + len(kind.heap) <= 65


@given(st.lists(st.tuples(KINDS, OWNERS, TIMES)))
def test_restored_timers_fire_as_the_saved_ones_would(set_up: list[tuple[str, str, int]]) -> None:
    saved, restored = Timers(), Timers()
    for kind, owner, due_ms in set_up:
        saved.set(kind, owner, due_ms)
    restored.restore(saved.entries())
    assert restored.entries() == saved.entries()
    fired = [saved.pop_due(100) for _ in range(len(saved))]
    assert [restored.pop_due(100) for _ in range(len(restored))] == fired
