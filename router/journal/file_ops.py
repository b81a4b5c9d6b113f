"""Every operation of the file journal on the disk, in one replaceable object.

Owns: the system calls.
Does not know: what is written, or what a failure means.
Invariants: nothing else in the file journal touches a file, so a test that replaces this object
can fail, tear or forget any operation, at any call.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Protocol

__all__ = ["DiskOps", "FileOps", "is_full", "read_all", "write_all"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LOCKS = Path("/proc/locks")
_OWNER_ONLY = 0o600
_OWNER_ONLY_FOLDER = 0o700


class FileOps(Protocol):
    """What the file journal asks of a disk; all may raise `OSError`."""

    def make_folder(self, path: Path) -> None:
        """Make the folder and its parents where they are missing."""

    def open_folder(self, path: Path) -> int:
        """Return a descriptor of the folder, to lock and to sync."""

    def lock(self, descriptor: int) -> bool:
        """Take the folder for this process alone; tell whether it was free."""

    def holder(self, descriptor: int) -> int | None:
        """Return the id of the process that has the folder, if the system tells."""

    def sync_folder(self, descriptor: int) -> None:
        """Make the names in the folder durable."""

    def names(self, path: Path) -> list[str]:
        """Return the names in the folder, in no order."""

    def create(self, path: Path) -> int:
        """Create a file that must not exist, to read and write."""

    def open(self, path: Path, *, to_write: bool) -> int:
        """Open a file that must exist."""

    def size(self, descriptor: int) -> int:
        """Return the file's length in bytes."""

    def reserve(self, descriptor: int, length: int) -> None:
        """Claim the space of the file's first bytes, or fail fast when the disk has not got it."""

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        """Read at most so many bytes."""

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """Write, and return how many bytes went in, perhaps not all."""

    def fdatasync(self, descriptor: int) -> None:
        """Make the file's bytes durable."""

    def rename(self, source: Path, target: Path) -> None:
        """Give the file another name in the same folder."""

    def unlink(self, path: Path) -> None:
        """Remove the file if it is there."""

    def close(self, descriptor: int) -> None:
        """Let go of a file or folder."""


class DiskOps:
    """The `FileOps` of a real disk."""

    def make_folder(self, path: Path) -> None:
        """See `FileOps`."""
        path.mkdir(mode=_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)

    def open_folder(self, path: Path) -> int:
        """See `FileOps`."""
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def lock(self, descriptor: int) -> bool:
        """See `FileOps`; the lock ends with the process, however it ends."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def holder(self, descriptor: int) -> int | None:
        """See `FileOps`; Linux lists `1: FLOCK ADVISORY WRITE pid device:inode start end`."""
        facts = os.fstat(descriptor)
        try:
            lines = _LOCKS.read_text(encoding="ascii").splitlines()
        except OSError:
            return None
        for fields in map(str.split, lines):
            if fields[1] == "FLOCK" and fields[5].endswith(f":{facts.st_ino}"):
                return int(fields[4]) or None
        return None

    def sync_folder(self, descriptor: int) -> None:
        """See `FileOps`."""
        os.fsync(descriptor)

    def names(self, path: Path) -> list[str]:
        """See `FileOps`."""
        return [entry.name for entry in path.iterdir()]

    def create(self, path: Path) -> int:
        """See `FileOps`; commands are people's words, so only the owner may read them."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)

    def open(self, path: Path, *, to_write: bool) -> int:
        """See `FileOps`."""
        return os.open(path, (os.O_RDWR if to_write else os.O_RDONLY) | os.O_CLOEXEC)

    def size(self, descriptor: int) -> int:
        """See `FileOps`."""
        return os.fstat(descriptor).st_size

    def reserve(self, descriptor: int, length: int) -> None:
        """See `FileOps`."""
        os.posix_fallocate(descriptor, 0, length)

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        """See `FileOps`."""
        return os.pread(descriptor, length, offset)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """See `FileOps`."""
        return os.pwrite(descriptor, data, offset)

    def fdatasync(self, descriptor: int) -> None:
        """See `FileOps`."""
        os.fdatasync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """See `FileOps`."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """See `FileOps`."""
        path.unlink(missing_ok=True)

    def close(self, descriptor: int) -> None:
        """See `FileOps`."""
        os.close(descriptor)


def is_full(error: OSError) -> bool:
    """Tell whether the error says that there is no room, which heals, and nothing worse."""
    return error.errno in _FULL


def write_all(ops: FileOps, descriptor: int, data: bytes, offset: int) -> None:
    """Write all of it, going on after short writes until one says why it was short."""
    view = memoryview(data)
    while view:
        try:
            written = ops.pwrite(descriptor, view, offset)
        except InterruptedError:
            continue
        if written == 0:
            raise OSError(errno.ENOSPC, "The disk took no more bytes.")
        view = view[written:]
        offset += written


def read_all(ops: FileOps, descriptor: int, length: int, offset: int) -> bytes:
    """Read so many bytes, or fewer where the file ends."""
    parts = []
    while length > 0:
        try:
            part = ops.pread(descriptor, length, offset)
        except InterruptedError:
            continue
        if not part:
            break
        parts.append(part)
        length -= len(part)
        offset += len(part)
    return b"".join(parts)
