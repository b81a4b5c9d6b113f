from typing import Any

import pytest

from loadtest.knee import knee_of


def _windows(*p99s: float | None) -> list[dict[str, Any]]:
    return [
        {"per_s": 10.0 * (n + 1), "p99_ms": ms, "others": 0.1, "late_ms": 30.0, "cpu_max": 0.5}
        for n, ms in enumerate(p99s)
    ]


@pytest.mark.parametrize(
    ("p99s", "per_s", "is_reached"),
    [
        ((5, 9, 30, 80, 900), 30, True),
        ((5, 90, 9, 30, 80, 900), 40, True),  # one slow window is chance
        ((5, 9, 30), 30, False),
        ((5, 9, 80), 20, True),
        ((5, 9, None, None), 20, True),
        ((80, 90, 5), None, True),
        ((), None, False),
    ],
)
def test_the_knee_is_the_highest_rate_before_two_slow_windows(
    p99s: tuple[float | None, ...], per_s: float | None, is_reached: bool
) -> None:
    found = knee_of(_windows(*p99s), 50.0)
    assert (found["per_s"], found["is_reached"]) == (per_s, is_reached)
    assert found["windows"] == _windows(*p99s)
    assert found["void"] == 0


@pytest.mark.parametrize(
    ("shared", "per_s", "is_reached", "void"),
    [
        ((), 10, True, 0),
        ((1, 2), 50, True, 2),
        ((1,), 50, True, 1),  # the other one is chance then
        ((1, 2, 3, 5, 6), 50, False, 4),  # the good one counts all the same
        ((0, 1, 2, 3, 4, 5, 6), 50, False, 4),
    ],
)
def test_slow_windows_that_others_caused_say_nothing(
    shared: tuple[int, ...], per_s: float, is_reached: bool, void: int
) -> None:
    windows = _windows(5, 90, 80, 20, 30, 900, 900)
    for index in shared:
        windows[index]["others"] = 1.2
    found = knee_of(windows, 50.0)
    assert (found["per_s"], found["is_reached"], found["void"]) == (per_s, is_reached, void)
    for key, value in (("late_ms", 3.0), ("cpu_max", 0.95)):  # then it is the server's fault
        assert knee_of([{**row, key: value} for row in windows], 50.0)["per_s"] == 10
