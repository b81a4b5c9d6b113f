"""Reading again: from a segment, from a place, and what is not there any more."""

import errno

import pytest

from router.errors import JournalCorrupt, StorageError
from router.journal.following import Following
from router.journal.segments import Place
from tests.helpers.faults import MemoryDisk, fail_on
from tests.journal.worlds import FOLDER, batch, fill, open_log


def place_behind(disk: MemoryDisk, sequence: int) -> Place:
    following = Following(disk, FOLDER, core_version=1)
    while following.place is None or following.place.sequence < sequence:
        assert following.read()
    following.close()
    return following.place


def test_a_reader_without_the_snapshot_begins_at_a_segment_although_a_place_is_known() -> None:
    disk = MemoryDisk()
    fill(disk, 20)
    place = place_behind(disk, 12)
    log = open_log(disk)
    log._place = place
    assert log.cursor({}).sequence == 1
    assert log.cursor(place.positions).sequence == place.sequence + 1
    ahead = dict.fromkeys(place.positions, 10**9)
    assert log.cursor(ahead).sequence == log.segments[-1].header.first_sequence
    log.close()


def test_a_reader_that_needs_what_was_trimmed_is_told() -> None:
    disk = MemoryDisk()
    fill(disk, 20)
    log = open_log(disk)
    second = log.segments[1]
    log.trim(second.header.first_sequence, None)
    with pytest.raises(JournalCorrupt, match="and they are gone"):
        log.cursor({})
    assert log.cursor(second.positions).sequence == second.header.first_sequence
    log.append(batch(21), 21)
    log.close()


@pytest.mark.parametrize("operation", ["open", "pread"])
def test_a_disk_that_fails_is_told_with_the_file(operation: str) -> None:
    disk = MemoryDisk()
    fill(disk, 20)
    log = open_log(disk)
    cursor = log.cursor({})
    disk.plan = fail_on(operation, error=errno.EIO)
    with pytest.raises(StorageError, match=r"segment: the journal cannot be read: Input/output"):
        cursor.read(log.sequence)
    disk.plan = None
    assert cursor.read(log.sequence)[0].sequence == 1
    log.close()
