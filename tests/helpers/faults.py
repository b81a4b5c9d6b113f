"""A disk in memory that fails, tears and forgets as a test plans it.

Owns: `MemoryDisk`, the `FileOps` of every test in which the disk misbehaves.
Does not know: what is written to it.
Invariants: without a plan it behaves as a real disk (`tests/journal/test_file_ops.py` runs one
suite on both). After a crash there is of the bytes what was synced, and of the rest any sectors; of
the names what was synced, and of the changes since any number from the first on.
"""

import errno
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["Crash", "MemoryDisk", "Plan", "fail_at", "fail_on"]

SECTOR_BYTES = 64
"""Smaller than a real one, so that small tests see torn writes of many shapes."""


class Crash(Exception):
    """The machine is off: no operation comes back."""


Plan = Callable[[int, str], Exception | None]
"""Given how many operations there were, this one included, and its name: what it raises."""


def fail_at(call: int, error: Exception | int) -> Plan:
    """Fail one operation, counted from 1."""
    return lambda count, _: _error(error) if count == call else None


def fail_on(*operations: str, error: Exception | int) -> Plan:
    """Fail every operation of these names."""
    return lambda _, operation: _error(error) if operation in operations else None


def _error(error: Exception | int) -> Exception:
    return OSError(error, os.strerror(error)) if isinstance(error, int) else error


class _File:
    """A file: what programs see, and which writes are not durable yet."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.durable = bytearray()
        self.pending: list[tuple[int, bytes]] = []

    def write(self, data: bytes, offset: int) -> None:
        _put(self.data, data, offset)
        self.pending.append((offset, data))

    def sync(self) -> None:
        for offset, data in self.pending:
            _put(self.durable, data, offset)
        self.pending.clear()

    def crash(self, chance: random.Random) -> None:
        for offset, data in self.pending:
            for start in range(0, len(data), SECTOR_BYTES):
                if chance.random() < 0.5:
                    _put(self.durable, data[start : start + SECTOR_BYTES], offset + start)
        self.pending.clear()
        self.data = bytearray(self.durable)


def _put(target: bytearray, data: bytes, offset: int) -> None:
    if len(target) < offset:
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data


class MemoryDisk:
    """A disk in memory; `plan` says which operation fails, `is_short` halves every write."""

    def __init__(self, plan: Plan | None = None, *, is_short: bool = False) -> None:
        self.plan = plan
        self.is_short = is_short
        self.call_count = 0
        self.files: dict[Path, _File] = {}
        self._durable_names: dict[Path, _File] = {}
        self._changes: list[tuple[Path, _File | None]] = []
        self._open: dict[int, _File | Path] = {}
        self._locks: dict[int, Path] = {}
        self._next = 1000
        self._crashed = False
        self._mutex = threading.Lock()

    def crash(self, chance: random.Random) -> None:
        """Switch the machine off and on again; what was not synced may be lost."""
        with self._mutex:
            for path, file in self._changes[: chance.randint(0, len(self._changes))]:
                _rename(self._durable_names, path, file)
            self._changes.clear()
            self.files = dict(self._durable_names)
            for file in self.files.values():
                file.crash(random.Random(chance.random()))
            self._open.clear()
            self._locks.clear()
            self._crashed = False
            self.plan = None

    def kill(self) -> None:
        """End the process: the kernel keeps what it wrote, synced or not."""
        self._open.clear()
        self._locks.clear()
        self._crashed = False
        self.plan = None

    def copy(self) -> "MemoryDisk":
        """Return another disk with the same files, all durable."""
        disk = MemoryDisk()
        for path, file in self.files.items():
            disk.put(path, bytes(file.data))
        return disk

    def put(self, path: Path, data: bytes) -> None:
        """Make a durable file with these bytes."""
        file = _File()
        file.data[:] = file.durable[:] = data
        self.files[path] = self._durable_names[path] = file

    @property
    def open_count(self) -> int:
        """Files and folders that nobody has closed."""
        return len(self._open)

    def get(self, path: Path) -> bytes:
        """Return the bytes that programs see."""
        return bytes(self.files[path].data)

    def make_folder(self, path: Path) -> None:
        self._strike("make_folder")

    def open_folder(self, path: Path) -> int:
        self._strike("open_folder")
        return self._add(path)

    def lock(self, descriptor: int) -> bool:
        self._strike("lock")
        path = self._open[descriptor]
        assert isinstance(path, Path)
        if path in self._locks.values():
            return False
        self._locks[descriptor] = path
        return True

    def holder(self, descriptor: int) -> int | None:
        return None

    def sync_folder(self, descriptor: int) -> None:
        self._strike("sync_folder")
        with self._mutex:
            for path, file in self._changes:
                _rename(self._durable_names, path, file)
            self._changes.clear()

    def names(self, path: Path) -> list[str]:
        self._strike("names")
        return [file.name for file in self.files if file.parent == path]

    def create(self, path: Path) -> int:
        self._strike("create")
        if path in self.files:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        file = _File()
        self._change(path, file)
        return self._add(file)

    def open(self, path: Path, *, to_write: bool) -> int:
        self._strike("open")
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, "missing", str(path))
        return self._add(self.files[path])

    def size(self, descriptor: int) -> int:
        return len(self._file(descriptor).data)

    def reserve(self, descriptor: int, length: int) -> None:
        self._strike("reserve")
        file = self._file(descriptor)
        if length > len(file.data):
            file.write(bytes(length - len(file.data)), len(file.data))

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        self._strike("pread")
        return bytes(self._file(descriptor).data[offset : offset + length])

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        half = bytes(data[: (len(data) + 1) // 2])
        try:
            self._strike("pwrite")
        except (OSError, Crash):
            if descriptor in self._open:
                self._file(descriptor).write(half, offset)
            raise
        written = half if self.is_short else bytes(data)
        self._file(descriptor).write(written, offset)
        return len(written)

    def fdatasync(self, descriptor: int) -> None:
        try:
            self._strike("fdatasync")
        except OSError:
            # The kernel calls the pages clean: programs see the bytes, no later sync writes them.
            self._file(descriptor).pending.clear()
            raise
        self._file(descriptor).sync()

    def rename(self, source: Path, target: Path) -> None:
        self._strike("rename")
        if source not in self.files:
            raise FileNotFoundError(errno.ENOENT, "missing", str(source))
        file = self.files[source]
        self._change(target, file)
        self._change(source, None)

    def unlink(self, path: Path) -> None:
        self._strike("unlink")
        if path in self.files:
            self._change(path, None)

    def close(self, descriptor: int) -> None:
        del self._open[descriptor]
        self._locks.pop(descriptor, None)

    def _strike(self, operation: str) -> None:
        """Count the operation, and fail it if the plan says so."""
        with self._mutex:
            self.call_count += 1
            if self._crashed:
                raise Crash
            error = self.plan(self.call_count, operation) if self.plan is not None else None
            if isinstance(error, Crash):
                self._crashed = True
        if error is not None:
            raise error

    def _change(self, path: Path, file: _File | None) -> None:
        with self._mutex:
            _rename(self.files, path, file)
            self._changes.append((path, file))

    def _add(self, what: _File | Path) -> int:
        with self._mutex:
            self._next += 1
            self._open[self._next] = what
            return self._next

    def _file(self, descriptor: int) -> _File:
        file = self._open[descriptor]
        assert isinstance(file, _File)
        return file


def _rename(names: dict[Path, _File], path: Path, file: _File | None) -> None:
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file
