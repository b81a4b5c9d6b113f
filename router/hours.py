"""Opening hours as the policy writes them: ``Mon-Fri 08:00-20:00; Sat 09:00-13:00 Europe/Berlin``.

Owns: the syntax, and whether a day and a minute lie within. Does not know: the present time, what a
time zone is, or what is open then.

    hours   ranges zone             one zone, named last
    ranges  range; range; ...
    range   days from-until         08:00-20:00, at most 00:00-24:00
    days    Mon   Mon-Fri   Sat-Mon   Mon,Wed,Fri

Invariants (tests/test_hours.py): ranges end on the day on which they begin; what ``read_hours``
gives is sorted, so equal hours are equal.
"""

import re
from typing import NamedTuple

__all__ = ["DAYS", "Hours", "HoursError", "Span", "read_hours"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RANGES_MAX = 50

_TIMES = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


class HoursError(ValueError):
    """The text is not understood; the message says what is wrong and how to mend it."""


class Span(NamedTuple):
    """Open on a weekday (0 is Monday) from a minute of the day until another, which is closed."""

    day: int
    from_minute: int
    until_minute: int


class Hours(NamedTuple):
    """When something is open, by the clocks of a time zone."""

    spans: tuple[Span, ...]
    zone: str

    def covers(self, day: int, minute: int) -> bool:
        """Whether it is open on this weekday at this minute of the day."""
        return any(
            span.day == day and span.from_minute <= minute < span.until_minute
            for span in self.spans
        )


def read_hours(text: str) -> Hours:
    """Reads hours that are not empty.

    Raises:
        HoursError: with a sentence for whoever wrote them.
    """
    ranges, _, zone = text.strip().rpartition(" ")
    if not _ZONE.fullmatch(zone) or not ranges:
        raise HoursError(
            f"{text!r} does not end in a time zone; "
            'write for example "Mon-Fri 08:00-20:00 Europe/Berlin"'
        )
    parts = ranges.split(";")
    if len(parts) > RANGES_MAX:
        raise HoursError(f"there are more than {RANGES_MAX} ranges")
    spans: dict[Span, None] = {}
    for part in parts:
        spans.update(dict.fromkeys(_spans_of(part.strip())))
    return Hours(tuple(sorted(spans)), zone)


def _spans_of(part: str) -> list[Span]:
    days, _, times = part.partition(" ")
    found = _TIMES.fullmatch(times.strip())
    if found is None:
        raise HoursError(f'{part!r} is not days and times; write for example "Sat 09:00-13:00"')
    from_minute, until_minute = (int(found[hour]) * 60 + int(found[hour + 1]) for hour in (1, 3))
    if until_minute > 24 * 60 or from_minute >= until_minute:
        raise HoursError(
            f"{times.strip()!r} does not end later on the same day; what goes past midnight takes "
            "two ranges, as in Fri 22:00-24:00; Sat 00:00-02:00"
        )
    return [Span(day, from_minute, until_minute) for day in _days_of(days)]


def _days_of(text: str) -> list[int]:
    days: list[int] = []
    for word in text.split(","):
        first, dash, last = word.partition("-")
        begin, end = _day(first), _day(last if dash else first)
        days += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return days


def _day(word: str) -> int:
    if word not in DAYS:
        raise HoursError(f"{word!r} is not a day; days are {', '.join(DAYS)}")
    return DAYS.index(word)
