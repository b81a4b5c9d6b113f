"""What a journal has to say that is no error: a torn end that was cut, a snapshot that is no use.

Owns: who hears it. Does not know: what is said, and what a log looks like.

Invariants (tests/journal/test_remarks.py): it goes into the log, but where somebody else asked for
it; nothing is loaded for a log before there is something to say.

Loading structlog takes as long as loading the core, and the process that writes snapshots has no
log of its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

__all__ = ["Hearer", "heard_by", "remark"]

Hearer = Callable[[str, dict[str, object]], None]
"""Is told the name of an event, and its fields."""

_hearers: list[Hearer] = []


def remark(
    log: str, event: str, *, level: Literal["warning", "error"] = "warning", **fields: object
) -> None:
    """Says it to the newest hearer, else to the log of that name."""
    if _hearers:
        _hearers[-1](event, fields)
        return
    import structlog

    getattr(structlog.get_logger(log), level)(event, **fields)


@contextmanager
def heard_by(hearer: Hearer) -> Iterator[None]:
    """Meanwhile the hearer is told, and the log is not."""
    _hearers.append(hearer)
    try:
        yield
    finally:
        _hearers.remove(hearer)
