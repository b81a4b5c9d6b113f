"""Snapshots of all tenants at one place of a journal, as files beside its segments.

Owns: their names, their bytes, writing one so that it is whole or not there, finding the newest
that can be read.
Does not know: the core, what a state is (`snapshot_store`).
Invariants: a file under a snapshot's name was synced whole; a single flipped bit anywhere makes it
unreadable, and whoever looks for the newest goes on to the one before it, with a word in the log.

    "FLSNAP01" | the states, one behind the other | what they are (msgpack)
    | its length u32 | crc32 of everything before u32 | "FLSNEND1"

What the states are comes last, so that a large one is written as it is made.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from router.errors import JournalCorrupt, JournalUnavailable
from router.journal.file_ops import DiskOps, FileOps, is_full, read_all, write_all
from router.journal.remarks import remark
from router.journal.segments import Place, segment_names, segment_path
from router.journal.snapshot_store import (
    CHUNK_BYTES,
    KEPT,
    Part,
    Snapshot,
    State,
    is_too_new,
    needed,
    write_parts,
)

__all__ = [
    "FileSnapshots",
    "newest",
    "prune",
    "read_snapshot",
    "read_table",
    "snapshot_names",
    "snapshot_path",
    "sweep",
    "write_snapshot",
]

_LOG = "fairline.snapshots"
_PREFIX = "snapshot-"
_SUFFIX = ".snapshot"
_PARTIAL = ".partial"
_BEGIN = b"FLSNAP01"
_END = b"FLSNEND1"
_TRAILER = struct.Struct("<II8s")
_MEND = "Remove this file: an older snapshot, or the journal from its start, serves in its place."


class _Table(msgspec.Struct, frozen=True, array_like=True):
    core_version: int
    place: Place
    states: tuple[State, ...]


def snapshot_path(folder: Path, sequence: int) -> Path:
    """Return the name of the snapshot behind this batch; names sort."""
    return folder / f"{_PREFIX}{sequence:020d}{_SUFFIX}"


def snapshot_names(ops: FileOps, folder: Path) -> list[str]:
    """Return the names of the folder's snapshots, the newest first."""
    names = [name for name in ops.names(folder) if name.startswith(_PREFIX)]
    return sorted((name for name in names if name.endswith(_SUFFIX)), reverse=True)


class _Output:
    """Writes a file in pieces and keeps the checksum of all of it."""

    def __init__(self, ops: FileOps, descriptor: int) -> None:
        self._ops = ops
        self._descriptor = descriptor
        self._piece = bytearray()
        self._written = 0
        self.crc = 0

    @property
    def length(self) -> int:
        return self._written + len(self._piece)

    def add(self, data: bytes) -> None:
        self.crc = zlib.crc32(data, self.crc)
        self._piece += data
        if len(self._piece) >= CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        write_all(self._ops, self._descriptor, bytes(self._piece), self._written)
        self._written += len(self._piece)
        self._piece.clear()


def write_snapshot(
    ops: FileOps, folder: Path, place: Place, core_version: int, parts: Iterable[Part]
) -> tuple[Path, Sequence[State]]:
    """Write a snapshot, whole and durable, and return its file and what is in it.

    Raises:
        OSError: there is none; what was begun is removed.
    """
    path = snapshot_path(folder, place.sequence)
    partial = path.with_name(f"{path.name}.{os.getpid()}{_PARTIAL}")
    ops.unlink(partial)
    descriptor = ops.create(partial)
    try:
        try:
            states = _write(_Output(ops, descriptor), place, core_version, parts)
            ops.fdatasync(descriptor)
        finally:
            ops.close(descriptor)
        ops.rename(partial, path)
    except OSError:
        ops.unlink(partial)
        raise
    _sync_folder(ops, folder)
    return path, states


def _write(
    output: _Output, place: Place, core_version: int, parts: Iterable[Part]
) -> Sequence[State]:
    output.add(_BEGIN)
    states = write_parts(output, parts)
    table = msgspec.msgpack.encode(_Table(core_version, place, states))
    output.add(table)
    output.add(len(table).to_bytes(4, "little"))
    output.add(output.crc.to_bytes(4, "little") + _END)
    output.flush()
    return states


def _sync_folder(ops: FileOps, folder: Path) -> None:
    descriptor = ops.open_folder(folder)
    try:
        ops.sync_folder(descriptor)
    finally:
        ops.close(descriptor)


def read_snapshot(ops: FileOps, path: Path) -> Snapshot[Place]:
    """Read a snapshot and check every byte of it.

    Raises:
        JournalCorrupt: it is damaged.
        OSError: it cannot be read.
    """
    descriptor = ops.open(path, to_write=False)
    try:
        data = read_all(ops, descriptor, ops.size(descriptor), 0)
    finally:
        ops.close(descriptor)
    table, end, crc = _table(path, data, len(data))
    if data[: len(_BEGIN)] != _BEGIN or zlib.crc32(memoryview(data)[:end]) != crc:
        raise _damaged(path, 0, "Its checksum does not fit.")
    states = {state.tenant: state for state in table.states}
    body = memoryview(data)[len(_BEGIN) :]
    return Snapshot(str(path), table.core_version, table.place, states, body)


def read_table(ops: FileOps, path: Path) -> Place:
    """Read only behind which batch a snapshot stands; its states are not checked.

    Raises:
        JournalCorrupt: it is damaged.
        OSError: it cannot be read.
    """
    descriptor = ops.open(path, to_write=False)
    try:
        size = ops.size(descriptor)
        length = min(size, CHUNK_BYTES)
        data = read_all(ops, descriptor, length, size - length)
        needed = _table_bytes(path, data, size) + _TRAILER.size
        if needed > length:
            data = read_all(ops, descriptor, needed, size - needed)
    finally:
        ops.close(descriptor)
    return _table(path, data, size)[0].place


def _table_bytes(path: Path, data: bytes, size: int) -> int:
    if len(data) < _TRAILER.size:
        raise _damaged(path, 0, "It is cut short.")
    length, _, end = _TRAILER.unpack_from(data, len(data) - _TRAILER.size)
    if end != _END or length + _TRAILER.size + len(_BEGIN) > size:
        raise _damaged(path, size - _TRAILER.size, "Its end is damaged.")
    found: int = length
    return found


def _table(path: Path, data: bytes, size: int) -> tuple[_Table, int, int]:
    """Return what a file holds, how many bytes its checksum covers, and the checksum."""
    length = _table_bytes(path, data, size)
    start = len(data) - _TRAILER.size - length
    crc: int = _TRAILER.unpack_from(data, len(data) - _TRAILER.size)[1]
    try:
        table = msgspec.msgpack.decode(memoryview(data)[start : start + length], type=_Table)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, size - _TRAILER.size - length, "Its table is damaged.") from error
    return table, start + length + 4, crc


def _damaged(path: Path, offset: int, problem: str) -> JournalCorrupt:
    return JournalCorrupt(
        segment=str(path), offset=offset, problem=f"The snapshot is damaged. {problem}", mend=_MEND
    )


def newest(
    ops: FileOps, folder: Path, core_version: int, *, before: Mapping[str, int] | None = None
) -> Snapshot[Place] | None:
    """See `SnapshotStore`.

    Raises:
        OSError: the folder cannot be read.
    """
    for name in snapshot_names(ops, folder):
        try:
            snapshot = read_snapshot(ops, folder / name)
        except (JournalCorrupt, OSError) as error:
            remark(_LOG, "snapshot.not_used", error=str(error))
            continue
        if snapshot.core_version == core_version and not is_too_new(snapshot.positions, before):
            return snapshot
    return None


def sweep(ops: FileOps, folder: Path) -> None:
    """See `SnapshotStore`."""
    for name in ops.names(folder):
        if name.startswith(_PREFIX) and name.endswith(_PARTIAL):
            ops.unlink(folder / name)


def prune(ops: FileOps, folder: Path, done: Sequence[Mapping[str, int]] = ()) -> Sequence[Place]:
    """See `SnapshotStore`.

    Raises:
        OSError: one could not be read or removed.
    """
    names = snapshot_names(ops, folder)
    places = list(_readable(ops, folder, names))
    kept = needed(places, done)
    if len(places) >= KEPT:
        for name in reversed(names):
            if name < places[KEPT - 1][0] and name not in dict(kept):
                ops.unlink(folder / name)
    return [place for _, place in kept]


def _readable(ops: FileOps, folder: Path, names: Iterable[str]) -> Iterator[tuple[str, Place]]:
    for name in names:
        try:
            yield name, read_table(ops, folder / name)
        except JournalCorrupt as error:
            remark(_LOG, "snapshot.damaged", error=str(error))


class FileSnapshots:
    """The `SnapshotStore` of a file journal: its folder."""

    def __init__(self, folder: Path, ops: FileOps | None = None) -> None:
        self._folder = folder
        self._ops = ops if ops is not None else DiskOps()
        self.where = str(folder)

    def prepare(self) -> None:
        """See `SnapshotStore`."""
        self._ops.make_folder(self._folder)

    def newest(
        self, core_version: int, *, before: Mapping[str, int] | None = None
    ) -> Snapshot[Place] | None:
        """See `SnapshotStore`."""
        return newest(self._ops, self._folder, core_version, before=before)

    def write(
        self, place: Place, core_version: int, parts: Iterable[Part]
    ) -> tuple[str, Sequence[State]]:
        """See `SnapshotStore`."""
        try:
            path, states = write_snapshot(self._ops, self._folder, place, core_version, parts)
        except OSError as error:
            if is_full(error):
                raise JournalUnavailable(f"{self._folder}: {error.strerror}.") from error
            raise
        return str(path), states

    def prune(self, done: Sequence[Mapping[str, int]] = ()) -> Sequence[Place]:
        """See `SnapshotStore`."""
        return prune(self._ops, self._folder, done)

    def sweep(self) -> None:
        """See `SnapshotStore`."""
        sweep(self._ops, self._folder)

    def set_aside(self, snapshot: Snapshot[Place]) -> None:
        """See `SnapshotStore`."""
        path = Path(snapshot.name)
        self._ops.rename(path, path.with_suffix(".diverged"))

    def has_beginning(self) -> bool:
        """See `SnapshotStore`."""
        first = next(iter(segment_names(self._ops, self._folder)), None)
        return first in (None, segment_path(self._folder, 1).name)
