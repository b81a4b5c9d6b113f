"""Copies a journal while its server writes it.

Owns: which files a copy needs, in which order, how much of the last one, the proof that a start
takes the copy.
Does not know: the core, settings, what else lies in a data folder.
Invariants: the copy has every command that was answered before it began; the running journal is
neither written to nor held up; a copy that failed does not look like one that did not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from router.errors import JournalCorrupt, StorageError
from router.journal.file_ops import FileOps
from router.journal.readonly import LookingOps, PinnedOps
from router.journal.segments import Place, recover, segment_names
from router.journal.snapshot_files import newest, read_snapshot, snapshot_names
from router.journal.snapshot_store import Snapshot
from router.journal.trimming import copy_file

__all__ = ["Copied", "copy_journal"]


class Copied(NamedTuple):
    """What a copy holds."""

    sequence: int
    positions: Mapping[str, int]
    segment_count: int
    snapshot_count: int
    byte_count: int


def copy_journal(
    pinned: PinnedOps, source: Path, target: Path, *, core_version: int, ops: FileOps
) -> Copied:
    """Copy what is pinned into a folder that must be empty or missing.

    Raises:
        JournalCorrupt: what should be copied is damaged.
        StorageError: there is no journal.
        OSError: something could not be read or written.
    """
    snapshot = newest(pinned, source, core_version)
    found = recover(pinned, source, core_version, None if snapshot is None else snapshot.place)
    if found is None:
        raise StorageError(f"{source}: there is no journal here.")
    ops.make_folder(target)
    names = segment_names(pinned, source)
    for name in names[:-1]:
        copy_file(ops, source / name, target / name, reading_ops=pinned)
    copy_file(ops, source / names[-1], target / names[-1], found.offset, reading_ops=pinned)
    snapshots = _copy_snapshots(pinned, source, target, ops)
    return _proved(target, snapshot, core_version, snapshots)


def _copy_snapshots(pinned: PinnedOps, source: Path, target: Path, ops: FileOps) -> int:
    count = 0
    for name in snapshot_names(pinned, source):
        try:
            read_snapshot(pinned, source / name)
        except JournalCorrupt:
            continue
        copy_file(ops, source / name, target / name, reading_ops=pinned)
        count += 1
    return count


def _proved(
    target: Path, snapshot: Snapshot[Place] | None, core_version: int, snapshots: int
) -> Copied:
    """Check the copy as a start would."""
    ops = LookingOps()
    again = recover(ops, target, core_version, None if snapshot is None else snapshot.place)
    assert again is not None, "a copy of at least one segment"
    sizes = [(target / name).stat().st_size for name in ops.names(target)]
    return Copied(again.sequence, again.positions, len(again.segments), snapshots, sum(sizes))
