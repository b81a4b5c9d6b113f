"""Reading a file journal that belongs to somebody else: without its lock, changing nothing.

Owns: the disk operations of a reader who only looks. Does not know: what is done with the records.

Invariant: no byte and no name in the folder changes, whatever is found there.

The journal's own start mends a torn end by writing zeros over it; here that write is left out,
for the end of a running server's journal may just be in the making. What it appends meanwhile is
not seen.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from router.errors import StorageError
from router.journal.base import Record
from router.journal.cursor import Cursor
from router.journal.file_ops import DiskOps
from router.journal.segments import recover

__all__ = ["LookingOps", "PinnedOps", "read_folder"]

_KINDS = (".segment", ".snapshot")


class LookingOps(DiskOps):
    """A disk on which everything that would change it succeeds and does nothing."""

    def open(self, path: Path, *, to_write: bool) -> int:
        """See `FileOps`."""
        return super().open(path, to_write=False)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """See `FileOps`."""
        return len(data)

    def fdatasync(self, descriptor: int) -> None:
        """See `FileOps`."""

    def unlink(self, path: Path) -> None:
        """See `FileOps`."""


class PinnedOps(LookingOps):
    """A journal's files as they are now, whatever its server trims or archives from now on.

    An open file stays readable without its name, so nothing need be asked of the server.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptors: dict[str, int] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in the files that came since.

        Raises:
            OSError: the folder cannot be read.
        """
        for name in sorted(super().names(self._folder)):
            if name.endswith(_KINDS) and name not in self._descriptors:
                try:
                    descriptor = super().open(self._folder / name, to_write=False)
                except FileNotFoundError:
                    continue  # put away just now: whatever needs it, needs nothing before it
                self._descriptors[name] = descriptor

    def names(self, path: Path) -> list[str]:
        """See `FileOps`."""
        return list(self._descriptors) if path == self._folder else super().names(path)

    def open(self, path: Path, *, to_write: bool) -> int:
        """See `FileOps`."""
        if path.parent == self._folder and path.name in self._descriptors:
            return os.dup(self._descriptors[path.name])
        return super().open(path, to_write=to_write)

    def release(self) -> None:
        """Let go of the files."""
        for descriptor in self._descriptors.values():
            self.close(descriptor)
        self._descriptors.clear()


def read_folder(folder: Path, *, core_version: int) -> Iterator[Record]:
    """Yields every durable command in the folder, in order.

    Raises:
        JournalCorrupt: something durable is damaged, or its beginning is gone.
        JournalVersion: it was written for another version of the core.
        StorageError: there is no journal, or it cannot be read.
    """
    ops = LookingOps()
    try:
        found = recover(ops, folder, core_version)
    except OSError as error:
        raise StorageError(f"{folder}: the journal cannot be read: {error.strerror}.") from error
    if found is None:
        raise StorageError(f"{folder}: there is no journal here.")
    cursor = Cursor(ops, lambda: found.segments, after={}, core_version=core_version)
    while cursor.sequence <= found.sequence:
        for entry in cursor.read(found.sequence):
            yield from entry.records
