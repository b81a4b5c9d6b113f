"""How often one cause may speak in the log, and what of it was held back.

Owns: what a cause is, its window, the counts of lines. Does not know: the form of a line.

Invariants (tests/server/test_log_limits.py): a cause writes at most ``LINES_PER_WINDOW`` lines a
window, whatever the others do; every line that was held back is counted once, in ``suppressed`` of
the cause's next line or of a line of its own; memory is bounded.

A cause is an event of the source with whom it is about: a tenant's webhook that fails must not
silence another's. What an operator asked for line by line (settings, policies, events) is never
held back.
"""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, NamedTuple

import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

__all__ = ["ABOUT", "LINES_PER_WINDOW", "UNLIMITED", "WINDOW_MS", "Limit", "LogFigures", "Silence"]

LINES_PER_WINDOW = 10
WINDOW_MS = 60_000
CAUSES_MAX = 10_000
ABOUT = ("tenant", "hook", "library")
"""Fields that tell causes of one event apart; their values are names of settings or libraries."""
UNLIMITED = ("connection.", "conversation.", "log.", "offer.", "policy.", "settings.")
"""Beginnings of the names of lines that are no symptom of anything, and worth nothing with gaps."""
LEVELS = ("info", "warning", "error", "critical")

Line = MutableMapping[str, Any]
Cause = tuple[str, ...]


class Silence(NamedTuple):
    """What was held back of one cause: the event, what it is about, how many lines."""

    event: str
    about: dict[str, str]
    held_back: int


class _Window:
    """How many lines of a cause came since its window opened."""

    __slots__ = ("count", "opened_at_ms")

    def __init__(self, opened_at_ms: int) -> None:
        self.opened_at_ms = opened_at_ms
        self.count = 0

    @property
    def held_back(self) -> int:
        return max(self.count - LINES_PER_WINDOW, 0)


class Limit:
    """A processor of ``structlog``: lets each cause speak ten times a minute.

    Args:
        steady_ms: A clock that never goes back.
    """

    def __init__(self, steady_ms: Callable[[], int]) -> None:
        self._steady_ms = steady_ms
        self._windows: dict[Cause, _Window] = {}
        self.lines = dict.fromkeys(LEVELS, 0)
        """Lines that were written, by level."""
        self.suppressed = 0
        """Lines that were held back."""

    def __call__(self, _: object, __: str, line: Line) -> Line:
        """Passes the line on, or drops it."""
        if not str(line["event"]).startswith(UNLIMITED):
            self._judge(line)
        level = str(line.get("level", ""))
        self.lines[level] = self.lines.get(level, 0) + 1
        return line

    def _judge(self, line: Line) -> None:
        now_ms = self._steady_ms()
        cause = (str(line["event"]), *(str(line.get(name, "")) for name in ABOUT))
        window = self._windows.get(cause)
        if window is None or now_ms - window.opened_at_ms >= WINDOW_MS:
            if window is not None and window.held_back:
                line["suppressed"] = window.held_back
            if window is None and len(self._windows) >= CAUSES_MAX:
                cause = (str(line["event"]), *("" for _ in ABOUT))  # too many to tell apart
                window = self._windows.get(cause)
            if window is None or now_ms - window.opened_at_ms >= WINDOW_MS:
                window = self._windows[cause] = _Window(now_ms)
        window.count += 1
        if window.count > LINES_PER_WINDOW:
            self.suppressed += 1
            raise structlog.DropEvent

    def silences(self, *, is_end: bool = False) -> Iterator[Silence]:
        """What was held back in windows that are over, or in all at the end; each is told once."""
        now_ms = self._steady_ms()
        for cause, window in list(self._windows.items()):
            if is_end or now_ms - window.opened_at_ms >= WINDOW_MS:
                del self._windows[cause]
                if window.held_back:
                    event, *about = cause
                    told = {name: value for name, value in zip(ABOUT, about, strict=True) if value}
                    yield Silence(event, told, window.held_back)


class LogFigures(Collector):
    """How much is logged.

    Args:
        limit: The one in force; None where nothing was configured.
    """

    def __init__(self, limit: Callable[[], Limit | None]) -> None:
        self._limit = limit

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        limit = self._limit()
        lines = CounterMetricFamily(
            "fairline_log_lines", "Lines of the log, by level.", labels=["level"]
        )
        for level in LEVELS:
            lines.add_metric([level], 0 if limit is None else limit.lines[level])
        yield lines
        yield CounterMetricFamily(
            "fairline_log_suppressed",
            "Lines that were held back, for one cause wrote too many.",
            value=0 if limit is None else limit.suppressed,
        )
