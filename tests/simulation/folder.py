"""What must hold of a journal's folder whenever a life has ended, however it ended.

Owns: those checks. Does not know: how the folder came to be so.
Invariants: the folder is looked at on a copy, so nothing is mended here that a start must mend.
"""

import random

from router.core import CORE_VERSION
from router.errors import JournalCorrupt, StorageError
from router.journal.cursor import Cursor
from router.journal.segments import Place, recover, segment_names, segment_path
from router.journal.snapshot_files import read_snapshot, snapshot_names
from router.journal.snapshot_store import KEPT, Snapshot
from tests.helpers.faults import MemoryDisk
from tests.simulation.disk import ARCHIVE, FOLDER, FaultyDisk
from tests.simulation.watch import Violation, Watch

__all__ = ["check_folder", "rot_one"]


_ROTTEN_PLACES = (20, -3)
"""In the first state, and in the mark of the end."""


def rot_one(disk: FaultyDisk, chance: random.Random) -> bool:
    """Flip a bit of one of the newest snapshots, where every other is whole; tell whether.

    That one is damaged is what the second is kept for; nothing is promised where both are.
    """
    names = snapshot_names(disk.copy(), FOLDER)[:KEPT]  # a look that no fault strikes
    if not names or disk.has_rotten():
        return False
    disk.rot(FOLDER / chance.choice(names), chance.choice(_ROTTEN_PLACES))
    return True


def check_folder(disk: FaultyDisk, watch: Watch) -> None:
    """See that segments have no hole, snapshots are whole, and each has what it needs.

    Raises:
        Violation: not so.
    """
    copy = disk.copy()
    snapshots = _whole_snapshots(disk, copy)
    try:
        for snapshot in snapshots[:KEPT]:
            recover(copy, FOLDER, CORE_VERSION, snapshot.place)
        is_trimmed = segment_names(copy, FOLDER)[:1] not in ([], [segment_path(FOLDER, 1).name])
        _check_journal(copy, watch)
    except StorageError as error:
        raise Violation(f"a life left damage behind: {error}") from error
    if is_trimmed and not snapshots:
        raise Violation("the beginning of the journal is gone, and there is no whole snapshot")


def _whole_snapshots(disk: FaultyDisk, copy: MemoryDisk) -> list[Snapshot[Place]]:
    """The newest first."""
    found = []
    for name in snapshot_names(copy, FOLDER):
        try:
            found.append(read_snapshot(copy, FOLDER / name))
        except JournalCorrupt as error:
            if not disk.is_rotten(FOLDER / name):
                raise Violation(f"{name} was never written whole: {error}") from error
    return found


def _check_journal(copy: MemoryDisk, watch: Watch) -> None:
    """Check all that is there, what was put into the archive too."""
    archived = [path for path in copy.files if path.parent == ARCHIVE]
    for path in archived:
        copy.put(FOLDER / path.name, copy.get(path))
    found = recover(copy, FOLDER, CORE_VERSION)
    if found is None:
        return
    first = found.segments[0]
    if archived and first.path != segment_path(FOLDER, 1):
        raise Violation("what was trimmed is not in the archive")
    cursor = Cursor(copy, lambda: found.segments, after=first.positions, core_version=CORE_VERSION)
    watch.forget_found()
    while cursor.sequence <= found.sequence:
        for entry in cursor.read(found.sequence):
            for record in entry.records:
                watch.found(record)
