"""Brings what was submitted into the journal, in groups.

Owns: what waits for the journal, and how it becomes groups.
Does not know: who submitted what and why, how it comes out of the journal again.

Invariants (tests/server/test_appending.py): commands go in in the order in which they were put; one
group is on its way at a time, so whatever comes meanwhile goes into the next; between ``hold`` and
``release`` none begins, so that what one turn brings goes together; a journal that takes nothing is
asked again twenty times a second at most.
"""

from collections.abc import Callable
from typing import NamedTuple

import structlog
import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Journal

__all__ = ["BACKLOG_MAX", "GROUP_MAX", "Appending", "Pending"]

BACKLOG_MAX = 20_000
"""Commands that may wait for the journal."""
GROUP_MAX = 1_000
GROUP_BYTES = 1024 * 1024
"""A group ends with the command that passes one of these."""
AGAIN_S = 0.05
"""A full disk is asked again so late."""

_LOG = structlog.get_logger("fairline.engine")


class Pending(NamedTuple):
    """A command that waits for the journal."""

    tenant: str
    number: int
    payload: bytes
    floor_ms: int


class Appending:
    """The way in; ``run`` it once, and nothing goes in before.

    Args:
        journal: Where the order is made.
        now_ms: The journal's time, as nearly as this node knows it.
        took: Told how many commands went into the journal together.
        refused: Told what did not go in; returns what is to be tried again.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        now_ms: Callable[[], int],
        took: Callable[[int], None],
        refused: Callable[[list[Pending]], list[Pending]],
    ) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self._took = took
        self._refused = refused
        self._pending: list[Pending] = []
        self._under_way: list[Pending] | None = None
        self._lot = trio.lowlevel.ParkingLot()
        self._is_held = False
        self._is_open = False
        self._is_beginning = False
        self._broken: StorageError | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be put."""
        return len(self._pending) >= BACKLOG_MAX

    def put(self, command: Pending) -> None:
        """Adds a command; it goes in soon."""
        self._pending.append(command)
        if not self._is_held:
            self._lot.unpark()

    def hold(self) -> None:
        """Whoever calls this will bring several, and then ``release`` them."""
        self._is_held = True

    def release(self) -> None:
        """What was brought goes on its way in this very turn, a switch of tasks less."""
        self._is_held = False
        self._begin()

    async def run(self) -> None:
        """Lets commands in, for ever.

        Raises:
            StorageError: The journal is broken for good.
        """
        self._is_open = True
        while True:
            self._begin()
            if self._broken is not None:
                raise self._broken
            if not self._is_open:
                await trio.sleep(AGAIN_S)
                self._is_open = True
            else:
                await self._lot.park()

    def _begin(self) -> None:
        """Begins one group after the other, as long as each is in the journal at once."""
        if self._is_beginning:
            return
        self._is_beginning = True
        try:
            while self._pending and self._is_open and self._under_way is None:
                self._under_way = group = self._next_group()
                commands = [(entry.tenant, entry.payload) for entry in group]
                floor_ms = max(entry.floor_ms for entry in group)
                try:
                    self._journal.begin(commands, max(floor_ms, self._now_ms()), self._done)
                except StorageError as error:
                    self._done(error)
        finally:
            self._is_beginning = False

    def _done(self, error: StorageError | None) -> None:
        group, self._under_way = self._under_way, None
        assert group is not None, "a journal tells once what became of a group"
        if error is None:
            self._took(len(group))
            self._begin()
            return
        self._is_open = False
        if isinstance(error, JournalUnavailable):
            _LOG.warning("journal.unavailable", count=len(group), error=str(error))
            # All of them: what is tried again stands in front, and may be more than a group takes.
            waiting, self._pending = [*group, *self._pending], []
            self._pending[:0] = self._refused(waiting)
        else:
            self._broken = error
        self._lot.unpark()

    def _next_group(self) -> list[Pending]:
        size = count = 0
        for entry in self._pending[:GROUP_MAX]:
            size += len(entry.payload)
            count += 1
            if size > GROUP_BYTES:
                break
        group, self._pending = self._pending[:count], self._pending[count:]
        return group
