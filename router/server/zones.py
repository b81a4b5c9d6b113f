"""Opening hours by the clocks of a time zone: open now, and when that changes.

Owns: zone arithmetic. Does not know: what is open, or the present time.

Tables of time zones differ between machines, so nothing of this may come near the core: what
follows from hours goes into the journal as commands (``router.server.openings``).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from router.hours import Hours

__all__ = ["day_of", "has_zone", "is_open", "next_change_ms"]

DAYS_AHEAD = 8


def has_zone(name: str) -> bool:
    """Whether this machine's tables have the zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def is_open(hours: Hours, at_ms: int) -> bool:
    """Whether it is open at this instant."""
    local = _local(hours, at_ms)
    return hours.covers(local.weekday(), local.hour * 60 + local.minute)


def next_change_ms(hours: Hours, at_ms: int) -> int:
    """The next instant at which a span begins or ends; a span comes at least once a week."""
    today = _local(hours, at_ms).replace(hour=0, minute=0, second=0, microsecond=0)
    instants: list[int] = []
    for ahead in range(-1, DAYS_AHEAD + 1):
        midnight = today.replace(fold=0) + timedelta(days=ahead)
        for span in hours.spans:
            if span.day == midnight.weekday():
                instants += (
                    _instant_ms(midnight + timedelta(minutes=minute))
                    for minute in (span.from_minute, span.until_minute)
                )
    return min(instant for instant in instants if instant > at_ms)


def day_of(zone: str, at_ms: int) -> tuple[int, int]:
    """The midnights around an instant by the clocks of a zone."""
    local = datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return _instant_ms(midnight), _instant_ms(midnight + timedelta(days=1))


def _local(hours: Hours, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(hours.zone))


def _instant_ms(local: datetime) -> int:
    return int(local.timestamp()) * 1000
