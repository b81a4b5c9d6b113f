"""Events of commands that happen now, each to whoever cares for its kind.

Owns: that a replay and what a doctor plays reach nobody. Does not know: what is made of an event.

Invariants (tests/server/test_live_events.py): each event of the live part is taken once, in order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router.events import Event
from router.journal.base import Record
from router.server.hidden import HIDDEN

__all__ = ["LiveEvents", "Take"]

Take = Callable[[Record, Any], None]


class LiveEvents:
    """One of the engine's ``Effects``.

    Args:
        is_live: Whether what comes is no replay.
        takes: By class of event, who takes it.
    """

    def __init__(self, is_live: Callable[[], bool], takes: Mapping[type[Event], Take]) -> None:
        self._is_live = is_live
        self._takes = takes

    def take(self, record: Record, found: Sequence[Event]) -> None:
        """See ``hearers.Effects``."""
        if record.tenant == HIDDEN or not self._is_live():
            return
        for event in found:
            take = self._takes.get(type(event))
            if take is not None:
                take(record, event)

    async def keep_up(self) -> None:
        """See ``hearers.Effects``; nothing here has to be waited for."""
