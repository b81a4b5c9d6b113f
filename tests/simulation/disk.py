"""A disk that fails by a seed: full for a while, torn at a crash, forgetful after a bad sync.

Owns: when an operation fails and how, what is left after a crash, the count of faults by kind.
Does not know: what is written to it, journals.
Invariant: without a planned fault it behaves as a real disk (`tests.helpers.faults`).
"""

import errno
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from tests.helpers.faults import Crash, MemoryDisk

__all__ = ["ARCHIVE", "FOLDER", "FaultyDisk", "Guest"]

FOLDER = Path("/data/journal")
ARCHIVE = Path("/data/archive")

_FULL = frozenset({"reserve", "pwrite", "create"})


class Guest(Protocol):
    """A second process on the machine, whose turn it is."""

    descriptors: set[int]

    def strike(self, operation: str) -> None:
        """Called before each of its operations; may raise what that raises."""


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
        """One of the next operations of this name fails with EIO."""
        self.crash_at: str = ""
        """In one of the next operations of this name the machine is switched off."""
        self.let_through = 0
        """So many operations of such a name go well before, so that one in a row is struck."""
        self.has_failed = False
        """An operation of the server failed in this life."""
        self.guest: Guest | None = None
        self.let_others_go_on: Callable[[], None] = _do_nothing
        """Called now and then before an operation of the server."""
        self._suffix = ""
        self._rotten: dict[Path, object] = {}

    def _strike(self, operation: str) -> None:
        operation, self._suffix = f"{operation}{self._suffix}", ""
        if self.guest is not None:
            self.guest.strike(operation)
        elif not self.is_off and self._chance.random() < (0.3 if operation == "fdatasync" else 0.1):
            self.let_others_go_on()
        super()._strike(operation)

    def rename(self, source: Path, target: Path) -> None:
        """As an operation of its own for each kind of file: `rename.segment`."""
        self._suffix = source.suffix
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        """As an operation of its own for each kind of file: `unlink.segment`."""
        self._suffix = path.suffix
        super().unlink(path)

    def _add(self, what: object) -> int:
        descriptor = super()._add(what)  # type: ignore[arg-type]
        if self.guest is not None:
            self.guest.descriptors.add(descriptor)
        return descriptor

    def _strike_down(self, _: int, operation: str) -> Exception | None:
        if self.is_off:
            return Crash()
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in <= 0:
                self.is_off = True
                return Crash()
        is_meant = operation in (self.crash_at, self.fail_next)
        if is_meant and self.let_through:
            self.let_through -= 1
            is_meant = False
        if is_meant and operation == self.crash_at and self._chance.random() < 0.5:
            self.is_off = True
            return Crash()
        if self.is_full and operation in _FULL:
            self.has_failed |= self.guest is None
            self._faults["disk full"] += 1
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if is_meant and operation == self.fail_next and self._chance.random() < 0.5:
            self.fail_next = ""
            self.has_failed |= self.guest is None
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

    def lose_process(self, others: Iterable[Guest] = ()) -> None:
        """The process is gone; what it wrote stands in the kernel's memory, synced or not.

        What other processes have open stays open.
        """
        if any(file.pending for file in self.files.values()):
            self._faults["unsynced writes kept by a kill"] += 1
        descriptors = set().union(*(guest.descriptors for guest in others))
        still_open = {one: what for one, what in self._open.items() if one in descriptors}
        self.kill()
        self._open.update(still_open)
        self._begin_anew()

    def count(self, kind: str) -> None:
        """Count something that happened."""
        self._faults[kind] += 1

    def has_partial(self) -> bool:
        """Whether a snapshot is half written."""
        return any(path.name.endswith(".partial") for path in self.files)

    def rot(self, path: Path, offset: int) -> None:
        """Flip a bit of a file for good."""
        file = self.files[path]
        for data in (file.data, file.durable):
            if data:
                data[offset] ^= 1
        self._rotten[path] = file

    def is_rotten(self, path: Path) -> bool:
        """Whether a bit of this very file was flipped."""
        return path in self._rotten and self._rotten[path] is self.files.get(path)

    def has_rotten(self) -> bool:
        """Whether a file that is there has a flipped bit."""
        return any(self.is_rotten(path) for path in self.files)

    def _begin_anew(self) -> None:
        self.plan = self._strike_down
        self.is_off = self.is_full = False
        self.crash_in = None
        self.fail_next = self.crash_at = ""
        self.let_through = 0
        self.has_failed = False


def _do_nothing() -> None:
    pass
