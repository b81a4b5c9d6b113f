"""Everything that is wrong is listed, each with its file."""

from pathlib import Path

import pytest

from router.errors import JournalCorrupt
from router.journal.checking import check_journal
from router.journal.following import Following
from router.journal.segments import segment_path
from router.journal.snapshot_files import write_snapshot
from router.journal.snapshot_store import Part
from tests.helpers.faults import MemoryDisk
from tests.journal.worlds import FOLDER, fill, segments


@pytest.fixture
def disk() -> MemoryDisk:
    disk = MemoryDisk()
    fill(disk, 20)
    following = Following(disk, FOLDER, core_version=1)
    for _ in range(3):
        following.read()
        place = following.place
        assert place is not None
        part = Part("acme", place.positions["acme"], 0, (), [b"head", b"body"])
        write_snapshot(disk, FOLDER, place, 1, [part])
    following.close()
    return disk


def flip(disk: MemoryDisk, path: Path, at: int) -> None:
    data = bytearray(disk.get(path))
    data[at] ^= 1
    disk.put(path, bytes(data))


def test_a_whole_journal_is_counted_and_nothing_is_wrong(disk: MemoryDisk) -> None:
    checked = check_journal(disk, FOLDER, 1)
    assert checked.problems == []
    assert checked.sequence == 20
    assert checked.positions["acme"] == 20
    assert len(checked.snapshots) == 3
    assert len(checked.segments) == len(segments(disk))
    assert disk.open_count == 0


def test_one_damaged_file_does_not_hide_another(disk: MemoryDisk) -> None:
    first, second, *_ = segments(disk)
    newest = max(path for path in disk.files if path.suffix == ".snapshot")
    for path in (first, newest):
        flip(disk, path, 170 if path is first else 20)
    checked = check_journal(disk, FOLDER, 1)
    assert [type(error) for error in checked.problems] == [JournalCorrupt] * len(checked.problems)
    told = "\n".join(map(str, checked.problems))
    assert str(first) in told
    assert str(newest) in told
    assert str(second) not in told
    assert len(checked.snapshots) < 3


def test_a_hole_and_a_lost_beginning_are_told(disk: MemoryDisk) -> None:
    first, second, third, *_ = segments(disk)
    hole = disk.copy()
    del hole.files[second]
    told = "\n".join(map(str, check_journal(hole, FOLDER, 1).problems))
    assert f"{third}, byte 0: The segment does not follow" in told
    begun = disk.copy()
    del begun.files[first]
    told = "\n".join(map(str, check_journal(begun, FOLDER, 1).problems))
    assert "The journal behind the snapshot is missing" in told
    assert str(segment_path(FOLDER, 1).name) not in told
