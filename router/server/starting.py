"""How far a start is.

Owns: how much of the journal has to be replayed and how much is, the log's lines about it.
Does not know: who replays, who asks.

Invariant (tests/server/test_starting.py): what is done never passes what there is to do, and once
the start is over nothing is left.
"""

from collections.abc import Mapping
from typing import NamedTuple

import structlog
import trio

from router.server.tenants import Tenants

__all__ = ["REPORT_S", "Progress", "Starting"]

REPORT_S = 5.0
"""So often the log says how far a long replay is."""

_LOG = structlog.get_logger("fairline.app")


class Progress(NamedTuple):
    """Commands that were replayed, of those that have to be."""

    done: int
    total: int


class Starting:
    """The one start of a node.

    Args:
        tenants: The cores, as a snapshot left them.
        end: The journal's last position of each tenant.
    """

    def __init__(self, tenants: Tenants, end: Mapping[str, int]) -> None:
        self.is_over = False
        self._routers = tenants.routers
        self._from = {name: tenants.start.get(name, 0) for name in self._routers}
        self._left = {name: max(end.get(name, 0) - begin, 0) for name, begin in self._from.items()}
        self._total = sum(self._left.values())

    def progress(self) -> Progress:
        """How far the replay is."""
        if self.is_over:
            return Progress(self._total, self._total)
        done = (
            min(max(self._routers[name].position - begin, 0), self._left[name])
            for name, begin in self._from.items()
        )
        return Progress(sum(done), self._total)

    def reason(self) -> str:
        """What the start waits for; empty once it is over."""
        if self.is_over:
            return ""
        done, total = self.progress()
        if done < total:
            return f"replaying, {done} of {total} commands"
        return "all is replayed, waiting for the journal to take the first commands"

    def end(self) -> None:
        """Everything is replayed and in order: people may come."""
        self.is_over = True

    async def report(self) -> None:
        """Says in the log how far the replay is, every ``REPORT_S``, for ever."""
        while True:
            await trio.sleep(REPORT_S)
            done, total = self.progress()
            _LOG.info("journal.replaying", done_count=done, total_count=total)
