from typing import Any

import pytest

from loadtest.knee import knee_of


def _windows(*p99s: float | None) -> list[dict[str, Any]]:
    return [{"per_s": 10.0 * (n + 1), "p99_ms": ms} for n, ms in enumerate(p99s)]


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
