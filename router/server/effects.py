"""What follows of events behind the journal, for several who want to hear of them.

Owns: that one who fails does not keep the others from hearing. Does not know: what any of them
does.

Invariant (tests/server/test_effects.py): each hears of each command once, in order, whatever the
others do.
"""

from collections.abc import Sequence

from router.events import Event
from router.journal.base import Record
from router.server.hearers import Effects

__all__ = ["Together"]


class Together:
    """Several ``Effects`` as one."""

    def __init__(self, effects: Sequence[Effects]) -> None:
        self._effects = effects

    def take(self, record: Record, events: Sequence[Event]) -> None:
        """See ``hearers.Effects``; the first error is raised once all have heard."""
        failed: Exception | None = None
        for effect in self._effects:
            try:
                effect.take(record, events)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed

    async def keep_up(self) -> None:
        """See ``hearers.Effects``."""
        for effect in self._effects:
            await effect.keep_up()
