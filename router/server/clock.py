"""The only module that reads a clock.

Owns: the wall clock in ms since 1970 UTC, the steady clock for measuring spans.
Does not know: what the time is for.

Invariants: ``wall_ms`` never goes back and never stands still while time passes, also when the
machine's clock is set back: the steady clock carries it on from the latest time that was given.
After such a jump it stays ahead of the machine's clock until the next start; deadlines keep
their length, which matters more to a line of waiting people than the date.
"""

import time
from collections.abc import Callable

__all__ = ["Clock"]

_NS_PER_MS = 1_000_000


class Clock:
    """A wall clock that never goes back; tests hand in their own two sources, in ns."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._ahead_ns = wall_ns() - steady_ns()

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC, never less than any earlier answer."""
        # The wall is read first: an interruption between the two readings then makes the
        # difference smaller, and a smaller one changes nothing.
        wall = self._wall_ns()
        steady = self._steady_ns()
        self._ahead_ns = max(self._ahead_ns, wall - steady)
        return (steady + self._ahead_ns) // _NS_PER_MS

    def steady_ms(self) -> int:
        """Milliseconds since some instant, for spans of time; unmoved by the machine's date."""
        return self._steady_ns() // _NS_PER_MS
