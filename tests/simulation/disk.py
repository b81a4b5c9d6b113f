"""A disk that fails by a seed: full for a while, torn at a crash, forgetful after a bad sync.

Owns: when an operation fails and how, what is left after a crash, the count of faults by kind.
Does not know: what is written to it, journals.
Invariant: without a planned fault it behaves as a real disk (`tests.helpers.faults`).
"""

import errno
import os
import random
from collections import Counter

from tests.helpers.faults import Crash, MemoryDisk

__all__ = ["FaultyDisk"]

_FULL = frozenset({"reserve", "pwrite", "create"})


class FaultyDisk(MemoryDisk):
    """The disk of one simulated machine."""

    def __init__(self, chance: random.Random, faults: Counter[str]) -> None:
        super().__init__(self._strike_down)
        self._chance = chance
        self._faults = faults
        self.is_off = False
        self.is_full = False
        self.crash_in: int | None = None
        """After so many more operations the machine is switched off in the middle of one."""
        self.fail_next: str = ""
        """The next operation of this name fails with EIO."""

    def _strike_down(self, _: int, operation: str) -> Exception | None:
        if self.is_off:
            return Crash()
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in <= 0:
                self.is_off = True
                return Crash()
        if self.is_full and operation in _FULL:
            self._faults["disk full"] += 1
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if operation == self.fail_next:
            self.fail_next = ""
            self._faults[f"EIO in {operation}"] += 1
            return OSError(errno.EIO, os.strerror(errno.EIO))
        return None

    def lose_power(self) -> None:
        """Everything that was not synced may be gone, in part or whole."""
        pending = [one for file in self.files.values() for one in file.pending]
        if pending:
            self._faults["unsynced writes torn or lost"] += 1
        self.crash(self._chance)
        self._begin_anew()

    def lose_process(self) -> None:
        """The process is gone; what it wrote stands in the kernel's memory, synced or not."""
        if any(file.pending for file in self.files.values()):
            self._faults["unsynced writes kept by a kill"] += 1
        self.kill()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.plan = self._strike_down
        self.is_off = self.is_full = False
        self.crash_in = None
        self.fail_next = ""
