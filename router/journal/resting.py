"""Readers that have had everything, and wait for more.

Owns: who waits, and that each is asked first whether it deals with a new batch at once.
Does not know: what a batch is, where it comes from, how a reader counts.

Invariants (tests/journal/test_resting.py): a reader that did not deal with a batch is woken, and
then no other sleeps either; a batch that all dealt with wakes nobody, which spares each a switch of
tasks and a turn of the loop.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import trio

__all__ = ["Resting"]

B = TypeVar("B")


class Resting(Generic[B]):
    """All readers of a journal that wait."""

    def __init__(self) -> None:
        self._deals: list[Callable[[B], bool]] = []
        self._changed = trio.Event()

    async def wait(self, deal: Callable[[B], bool]) -> None:
        """Wait until there is something, or the end, that the reader must look at itself.

        Args:
            deal: Asked about each batch; whether the reader need not be woken for it.
        """
        self._deals.append(deal)
        try:
            await self._changed.wait()
        finally:
            self._deals.remove(deal)

    def offer(self, batch: B) -> None:
        """Let all know of a batch that became durable."""
        were_dealt = [deal(batch) for deal in tuple(self._deals)]
        if not all(were_dealt):
            self.wake()

    def wake(self) -> None:
        """Wake all once; each looks for itself what is new."""
        self._changed.set()
        self._changed = trio.Event()
