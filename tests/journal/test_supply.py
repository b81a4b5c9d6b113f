"""The next segment, made ahead."""

import errno
import threading

import pytest

from router.journal.supply import Supply
from tests.helpers.faults import MemoryDisk, fail_on
from tests.journal.worlds import FOLDER


@pytest.mark.parametrize("has_threads", [False, True])
def test_what_is_taken_is_zeros_and_durable_and_one_at_a_time(has_threads: bool) -> None:
    disk = MemoryDisk()
    supply = Supply(disk, FOLDER, 3_000_000, has_threads=has_threads)
    supply.start()
    supply.start()
    blank = supply.take()
    assert disk.get(blank.path) == bytes(3_000_000)
    assert not disk.files[blank.path].pending
    disk.close(blank.descriptor)
    disk.unlink(blank.path)
    supply.close()
    assert (disk.files, disk.open_count) == ({}, 0)


def test_without_threads_none_is_started() -> None:
    before = threading.active_count()
    supply = Supply(MemoryDisk(), FOLDER, 512, has_threads=False)
    supply.start()
    assert threading.active_count() == before
    supply.close()


@pytest.mark.parametrize("has_threads", [False, True])
def test_a_full_disk_is_asked_again_when_a_segment_is_taken(has_threads: bool) -> None:
    disk = MemoryDisk(fail_on("reserve", error=errno.ENOSPC))
    supply = Supply(disk, FOLDER, 512, has_threads=has_threads)
    supply.start()
    with pytest.raises(OSError, match="No space left"):
        supply.take()
    assert disk.files == {}
    disk.plan = None
    assert disk.get(supply.take().path) == bytes(512)
