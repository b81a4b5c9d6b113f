"""The journal's writer in virtual time: groups gather while the disk is busy.

Owns: how long the disk takes, the groups. Does not know: what is written.
Invariants: as `router.journal.writers` says; once the machine is off nobody hears anything more.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import trio

from router.errors import JournalUnavailable
from router.journal.writers import Commit, Publish, Request
from tests.simulation.disk import FaultyDisk

__all__ = ["SlowWriter"]

T = TypeVar("T")
GROUP_MAX = 8


class SlowWriter:
    """A `Writer` whose commits take time.

    `died` is called when the machine goes off in one, `slow` when one begins that takes long.
    """

    has_threads = False

    def __init__(
        self,
        nursery: trio.Nursery,
        disk: FaultyDisk,
        chance: random.Random,
        died: Callable[[], None],
        slow: Callable[[float], None],
    ) -> None:
        self.busy_s = 0.0
        """How long the next commit takes beside the usual."""
        self._nursery = nursery
        self._disk = disk
        self._chance = chance
        self._died = died
        self._slow = slow
        self._backlog: deque[Request] = deque()
        self._wake = trio.Event()
        self._is_closed = False
        self._ended = trio.Event()

    def start(self, commit: Commit, publish: Publish) -> None:
        """See `Writer`."""
        self._nursery.start_soon(self._write, commit, publish)

    def put(self, request: Request) -> None:
        """See `Writer`."""
        if self._is_closed:
            raise JournalUnavailable("The journal is closed.")
        self._backlog.append(request)
        self._wake.set()

    async def call(self, work: Callable[[], T]) -> T:
        """See `Writer`."""
        await trio.sleep(self._chance.choice((0.0, 0.002)))
        return work()

    async def aclose(self) -> None:
        """See `Writer`."""
        self._is_closed = True
        self._wake.set()
        await self._ended.wait()

    async def _write(self, commit: Commit, publish: Publish) -> None:
        while self._backlog or not self._is_closed:
            if not self._backlog:
                self._wake = trio.Event()
                await self._wake.wait()
                continue
            busy_s, self.busy_s = self.busy_s, 0.0
            if busy_s:
                self._slow(busy_s)
            await trio.sleep(busy_s + self._chance.choice((0.0, 0.001, 0.005, 0.03)))
            count = min(len(self._backlog), GROUP_MAX)
            group = [self._backlog.popleft() for _ in range(count)]
            outcome = commit(group)
            if self._disk.is_off:
                self._died()
                await trio.sleep_forever()
            await trio.sleep(self._chance.choice((0.0, 0.001)))
            publish(group, outcome)
        self._ended.set()
