"""A date or a time as people write it, as an instant.

Owns: which spellings count. Does not know: who asks, or what to say of a wrong one.

Invariant (tests/server/test_instants.py): what is spelt without a zone is of UTC.
"""

from datetime import UTC, datetime, timedelta

__all__ = ["instant_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_of(text: str) -> int:
    """The instant, in ms since 1970, of a date or time by ISO 8601.

    Raises:
        ValueError: It is none.
    """
    when = datetime.fromisoformat(text)
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(milliseconds=1)
