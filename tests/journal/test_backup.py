"""A copy of a journal under somebody's hands."""

import errno
from pathlib import Path

import pytest

from router.errors import JournalCorrupt, StorageError
from router.journal.backup import copy_journal
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.journal.readonly import PinnedOps
from tests.journal.worlds import batch, payloads, read_log


def filled(folder: Path, count: int) -> SegmentLog:
    log = SegmentLog.open(folder, core_version=1, ops=DiskOps(), segment_bytes=512)
    for number in range(1, count + 1):
        log.append(batch(number), number)
    return log


def test_a_copy_has_all_that_was_durable_and_goes_on_by_itself(tmp_path: Path) -> None:
    log = filled(tmp_path / "one", 30)
    pinned = PinnedOps(tmp_path / "one")
    log.append(batch(31), 31)
    log.trim(20, None)
    pinned.refresh()
    copied = copy_journal(pinned, tmp_path / "one", tmp_path / "two", core_version=1, ops=DiskOps())
    pinned.release()
    assert (copied.sequence, copied.positions["acme"]) == (31, 31)
    log.append(batch(99), 99)
    log.close()
    again = SegmentLog.open(tmp_path / "two", core_version=1, ops=DiskOps(), segment_bytes=512)
    assert payloads(read_log(again)) == [batch(number) for number in range(1, 32)]
    again.append(batch(32), 32)
    again.close()
    again = SegmentLog.open(tmp_path / "two", core_version=1, ops=DiskOps())
    assert again.sequence == 32
    again.close()


def test_what_is_damaged_or_no_journal_is_not_copied(tmp_path: Path) -> None:
    filled(tmp_path / "one", 30).close()
    first = min((tmp_path / "one").glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[170] ^= 1
    first.write_bytes(data)
    pinned = PinnedOps(tmp_path / "one")
    with pytest.raises(JournalCorrupt):
        copy_journal(pinned, tmp_path / "one", tmp_path / "two", core_version=1, ops=DiskOps())
    pinned.release()
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match="no journal here"):
        copy_journal(
            PinnedOps(tmp_path / "empty"),
            tmp_path / "empty",
            tmp_path / "two",
            core_version=1,
            ops=DiskOps(),
        )


def test_a_full_target_is_the_callers_to_hear_of(tmp_path: Path) -> None:
    class FullDisk(DiskOps):
        def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    filled(tmp_path / "one", 5).close()
    pinned = PinnedOps(tmp_path / "one")
    with pytest.raises(OSError, match="No space left"):
        copy_journal(pinned, tmp_path / "one", tmp_path / "two", core_version=1, ops=FullDisk())
    pinned.release()
