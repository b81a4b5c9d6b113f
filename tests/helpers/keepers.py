"""A keeper of snapshots that runs with its second process, beside the journal that a test writes.

Owns: what is written, what the keeper told, its start and end.
Does not know: where journal and snapshots lie.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar, cast

import msgspec
import trio

from router.commands import Tick, Underway
from router.journal.base import Journal
from router.journal.snapshot_store import P, SnapshotStore
from router.server.snapshotting import Snapshotting, Terms, Trimmed
from tests.server.test_replica import HARMLESS

__all__ = ["House", "J", "kept", "until"]

J = TypeVar("J", bound=Journal)


class House(Generic[J, P]):
    """A journal, its keeper, and what the keeper told.

    Args:
        source: What the second process is told to follow.
        snapshots: Where they lie.
        journal: Is written, and closed in the end.
        parts: More for the keeper.
    """

    def __init__(
        self, source: str, snapshots: SnapshotStore[P], journal: J, **parts: object
    ) -> None:
        self.journal = journal
        self.counts: Counter[str] = Counter()
        self.alarms = 0
        self.written = 0
        terms = Terms(commands=1, span_ms=1_000)
        self.keeper: Snapshotting[P] = Snapshotting(
            source,
            snapshots,
            cast("Trimmed[P]", journal),
            parts.pop("terms", terms),  # type: ignore[arg-type]
            alarm=self._alarm,
            count=self._count,
            **parts,  # type: ignore[arg-type]
        )

    def _alarm(self) -> None:
        self.alarms += 1

    def _count(self, name: str) -> None:
        self.counts[name] += 1

    async def add(self, count: int = 2) -> None:
        """Write the next commands, all of which every core takes."""
        for _ in range(count):
            self.written += 1
            known = HARMLESS[self.written - 1] if self.written <= len(HARMLESS) else Tick()
            payload = msgspec.msgpack.encode(Underway("n1", self.written, known))
            await self.journal.append([("acme", payload)], 0)


H = TypeVar("H", bound=House[Any, Any])


async def until(found: Callable[[], object], what: str) -> None:
    """Wait for another process; a deadline instead of a guess."""
    with trio.move_on_after(30):
        while not found():  # noqa: ASYNC110 - another process has no events
            await trio.sleep(0.01)
        return
    raise AssertionError(f"never: {what}")


@asynccontextmanager
async def kept(house: H) -> AsyncIterator[H]:
    """Have the keeper run; then it ends, and the journal is closed."""
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.keeper.run)
            yield house
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await house.journal.aclose()
