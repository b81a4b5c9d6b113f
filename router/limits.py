"""How much one connection may ask for: rates by role, and patience with nonsense.

Owns: the figures per role, the pace of one kind of request, the count of recent errors.
Does not know: clocks, sessions, what a request means, or what follows when a limit is passed.

Invariants (tests/test_limits.py): in any span of ``n`` seconds at most ``burst + rate * n`` are
let through; whoever waits as long as ``retry_ms`` says is let through.

A pace is one number: the time at which its last token will be back (the generic cell rate
algorithm), so a connection costs a few integers and nothing has to be refilled.
"""

from collections import deque
from typing import NamedTuple

__all__ = ["ALLOWANCES", "REFUSED_MAX", "Allowance", "ErrorCount", "Pace"]

REFUSED_MAX = 1200
"""So many refusals for haste, less what the rate pays back, end the connection."""

ERRORS_MAX = 20
ERRORS_WITHIN_MS = 60_000


class Allowance(NamedTuple):
    """Commands a second, commands at once, and topics that may be listened to."""

    rate: int
    burst: int
    subs: int
    talk_rate: int
    talk_burst: int
    """The same for messages, marks of reading and typing, which have a pace of their own."""


ALLOWANCES = {
    "customer": Allowance(2, 10, 4, talk_rate=5, talk_burst=20),
    "agent": Allowance(10, 40, 128, talk_rate=10, talk_burst=40),
    "supervisor": Allowance(10, 40, 128, talk_rate=10, talk_burst=40),
    "service": Allowance(200, 400, 512, talk_rate=200, talk_burst=400),
}


class Pace:
    """Lets through ``burst`` at once and ``rate`` a second."""

    __slots__ = ("_apart_ms", "_full_at_ms", "_slack_ms")

    def __init__(self, rate: int, burst: int) -> None:
        self._apart_ms = 1000 // rate
        self._slack_ms = (burst - 1) * self._apart_ms
        self._full_at_ms = 0

    def wait_ms(self, now_ms: int) -> int:
        """Takes one, and returns 0; or takes none, and returns how long to wait for it."""
        full_at_ms = max(self._full_at_ms, now_ms)
        early_ms = full_at_ms - now_ms - self._slack_ms
        if early_ms > 0:
            return early_ms
        self._full_at_ms = full_at_ms + self._apart_ms
        return 0


class ErrorCount:
    """Counts the errors of the last minute; most connections never make one."""

    __slots__ = ("_at_ms",)

    def __init__(self) -> None:
        self._at_ms: deque[int] | None = None

    def add(self, now_ms: int) -> bool:
        """Notes one more; whether they are too many now."""
        if self._at_ms is None:
            self._at_ms = deque(maxlen=ERRORS_MAX)
        self._at_ms.append(now_ms)
        return len(self._at_ms) == ERRORS_MAX and now_ms - self._at_ms[0] < ERRORS_WITHIN_MS
