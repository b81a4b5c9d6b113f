"""Lets a journal's threads run while trio's thread is busy.

Owns: the moments at which trio's thread lets go of the interpreter on purpose.
Does not know: journals, disks, sockets.
Invariants: nothing happens while no thread's answer is awaited, or when trio would go idle anyway;
otherwise at most one nap in `EVERY_SECONDS`.

Why this is needed: a thread that comes back from a system call needs the interpreter lock. It asks
for it after a switch interval (5 ms) *without any switch*; but a busy trio loop lets go of the lock
for microseconds whenever it looks for I/O and takes it again before the other thread has woken up,
which starts the interval anew. Measured with a loop that is never idle and takes 1 ms a turn:
commits took up to 2 s (p99), with these naps 10 ms. A shorter switch interval alone does not help
where turns are shorter still; it does help, with the naps, where they are longer. An idle loop
loses nothing.
"""

import time
from collections.abc import Callable

import trio

__all__ = ["EVERY_SECONDS", "HandOver"]

EVERY_SECONDS = 0.001
_NAP_SECONDS = 0.00001


def _nap() -> None:
    """Sleep long enough that a waiting thread wakes up and takes the lock."""
    time.sleep(_NAP_SECONDS)


class HandOver(trio.abc.Instrument):
    """An instrument of trio's loop that naps while answers of other threads are awaited."""

    def __init__(self, nap: Callable[[], None] = _nap) -> None:
        self._nap = nap
        self._awaited_count = 0
        self._next_seconds = 0.0

    def begin(self) -> None:
        """Say that a thread's answer is awaited from now on."""
        self._awaited_count += 1

    def end(self, count: int = 1) -> None:
        """Say that so many answers have come."""
        assert count <= self._awaited_count, "only what was awaited can come"
        self._awaited_count -= count

    def before_io_wait(self, timeout: float) -> None:
        """See `trio.abc.Instrument`; a timeout above zero means that trio is about to wait."""
        if self._awaited_count == 0 or timeout > 0:
            return
        now_seconds = trio.current_time()
        if now_seconds >= self._next_seconds:
            self._nap()
            self._next_seconds = now_seconds + EVERY_SECONDS
