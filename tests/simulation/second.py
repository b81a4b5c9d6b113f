"""The second process of a simulated machine: the real snapshotter, interrupted wherever it may be.

Owns: when it goes on and for how long, how it dies, who hears what it says.
Does not know: what a snapshot holds, what the server makes of it.
Invariants: it goes on only while everything else stands still, so a seed stays one story; a killed
one does nothing more to the disk.

The snapshotter is plain code that waits for its disk, so it has a thread. The thread and the
simulation hand each other the word: between any two operations on the disk the rest of the machine
may go on, as it does beside a real process.
"""

import errno
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

from router.server.snapshotter import Pace, Said, Snapshotter, followed_folder
from tests.helpers.faults import Crash
from tests.simulation.disk import FaultyDisk

__all__ = ["Killed", "SecondProcess"]

_READS = frozenset({"names", "open", "pread"})


class Killed(Crash):
    """This process alone is gone: no operation comes back."""


class SecondProcess:
    """One life of the snapshotter."""

    def __init__(
        self,
        disk: FaultyDisk,
        folder: Path,
        pace: Pace,
        chance: random.Random,
        steady_ms: Callable[[], int],
    ) -> None:
        self.said: list[Said] = []
        """What nobody has taken yet."""
        self.error: Exception | None = None
        """Why it ended, where it did not end of itself."""
        self.is_ended = False
        self.descriptors: set[int] = set()
        """What it opened."""
        self.die_in = ""
        """It is killed in its next operation of this name."""
        self.fail_in = ""
        """Its next operation of this name fails with EIO."""
        self._disk = disk
        self._folder = folder
        self._pace = pace
        self._chance = chance
        self._steady_ms = steady_ms
        self._now_ms = steady_ms()
        self._is_killed = self._has_no_parent = False
        self._pause_s = 0.0
        self._word = threading.Semaphore(0)
        self._word_back = threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def turn(self) -> float:
        """Let it go on to its next pause; return how long that is."""
        self._now_ms = self._steady_ms()
        self._disk.guest = self
        self._word.release()
        self._word_back.acquire()
        self._disk.guest = None
        return self._pause_s

    def end_stdin(self) -> None:
        """Whoever started it is gone, or wants it to end."""
        self._has_no_parent = True

    def kill(self) -> None:
        """End it where it is."""
        self._is_killed = True
        if not self.is_ended:
            self.turn()

    def strike(self, operation: str) -> None:
        """Called before each of its operations on the disk.

        Raises:
            Killed: it is.
            OSError: the operation shall fail.
        """
        is_read = operation in _READS
        if not self._is_killed and self._chance.random() < (0.1 if is_read else 0.5):
            self._pause(self._chance.choice((0.0, 0.002, 0.05, 0.05 if is_read else 0.5)))
        if operation == self.die_in:
            self.die_in = ""
            self._is_killed = True
            self._disk.count("second process killed")
        if self._is_killed:
            raise Killed
        if operation == self.fail_in:
            self.fail_in = ""
            self._disk.count(f"EIO in the second process, in {operation}")
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _run(self) -> None:
        self._word.acquire()
        try:
            self._follow()
        except Exception as error:
            self.error = error
        self.is_ended = True
        self._word_back.release()

    def _follow(self) -> None:
        if self._is_killed:
            raise Killed
        Snapshotter(
            followed_folder(self._folder, self._disk),
            self._pace,
            say=self.said.append,
            is_over=self._is_over,
            steady_ms=lambda: self._now_ms,
        ).run()

    def _is_over(self, wait_s: float) -> bool:
        if not self._has_no_parent:
            self._pause(wait_s)
        return self._has_no_parent

    def _pause(self, seconds: float) -> None:
        self._pause_s = seconds
        self._word_back.release()
        self._word.acquire()
        if self._is_killed:
            raise Killed
