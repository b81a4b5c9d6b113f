"""One suite for the real disk and for the one in memory on which the fault tests stand."""

import errno
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from router.journal.file_ops import DiskOps, FileOps, is_full, read_all, write_all
from router.journal.log import SegmentLog
from tests.helpers.faults import Crash, MemoryDisk, fail_at, fail_on

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["disk", "memory"])
def ops(request: pytest.FixtureRequest) -> FileOps:
    return DiskOps() if request.param == "disk" else MemoryDisk()


def test_what_is_written_is_read_again(ops: FileOps, tmp_path: Path) -> None:
    descriptor = ops.create(tmp_path / "file")
    write_all(ops, descriptor, b"hello", 0)
    write_all(ops, descriptor, b"world", 8)
    ops.fdatasync(descriptor)
    assert ops.size(descriptor) == 13
    assert read_all(ops, descriptor, 100, 0) == b"hello\0\0\0world"
    assert read_all(ops, descriptor, 2, 9) == b"or"
    ops.close(descriptor)
    descriptor = ops.open(tmp_path / "file", to_write=False)
    assert ops.pread(descriptor, 5, 8) == b"world"
    ops.close(descriptor)


def test_reserved_space_is_zero_and_keeps_what_was_there(ops: FileOps, tmp_path: Path) -> None:
    descriptor = ops.create(tmp_path / "file")
    write_all(ops, descriptor, b"kept", 0)
    ops.reserve(descriptor, 10)
    assert read_all(ops, descriptor, 100, 0) == b"kept" + bytes(6)
    ops.close(descriptor)


def test_names_follow_create_rename_and_unlink(ops: FileOps, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    ops.make_folder(folder)
    ops.make_folder(folder)
    ops.close(ops.create(folder / "one"))
    ops.close(ops.create(folder / "two"))
    with pytest.raises(FileExistsError):
        ops.create(folder / "one")
    ops.rename(folder / "two", folder / "one")
    assert ops.names(folder) == ["one"]
    ops.unlink(folder / "one")
    ops.unlink(folder / "one")
    assert ops.names(folder) == []
    with pytest.raises(FileNotFoundError):
        ops.open(folder / "one", to_write=True)


def test_a_folder_is_locked_once_until_it_is_closed(ops: FileOps, tmp_path: Path) -> None:
    first, second = ops.open_folder(tmp_path), ops.open_folder(tmp_path)
    assert ops.lock(first)
    assert not ops.lock(second)
    ops.sync_folder(first)
    ops.close(first)
    assert ops.lock(second)
    ops.close(second)


def test_only_the_owner_may_read_a_journal(tmp_path: Path) -> None:
    ops = DiskOps()
    ops.make_folder(tmp_path / "journal")
    ops.close(ops.create(tmp_path / "journal" / "file"))
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "journal" / "file").stat().st_mode) == 0o600


def test_short_writes_are_carried_on(tmp_path: Path) -> None:
    disk = MemoryDisk(is_short=True)
    descriptor = disk.create(tmp_path / "file")
    write_all(disk, descriptor, b"0123456789", 3)
    assert disk.get(tmp_path / "file") == b"\0\0\x000123456789"
    assert disk.call_count > 2


class NothingGoesIn(MemoryDisk):
    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        return 0


def test_a_disk_that_takes_nothing_is_full(tmp_path: Path) -> None:
    disk = NothingGoesIn()
    descriptor = disk.create(tmp_path / "file")
    with pytest.raises(OSError, match="no more bytes") as caught:
        write_all(disk, descriptor, b"x", 0)
    assert is_full(caught.value)


def test_only_a_lack_of_space_counts_as_full() -> None:
    assert is_full(OSError(errno.ENOSPC, ""))
    assert is_full(OSError(errno.EDQUOT, ""))
    assert not is_full(OSError(errno.EIO, ""))
    assert not is_full(OSError(errno.EFBIG, ""))


def test_the_memory_disk_fails_as_planned(tmp_path: Path) -> None:
    disk = MemoryDisk(fail_at(2, errno.EIO))
    descriptor = disk.create(tmp_path / "file")
    with pytest.raises(OSError, match="Input/output"):
        disk.pwrite(descriptor, b"abcd", 0)
    assert disk.get(tmp_path / "file") == b"ab", "a failed write may have gone in by half"
    disk.plan = fail_on("fdatasync", error=errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        disk.fdatasync(descriptor)
    assert disk.pwrite(descriptor, b"abcd", 0) == 4


def test_the_memory_disk_forgets_in_a_crash_only_what_was_not_synced(tmp_path: Path) -> None:
    outcomes = set()
    for seed in range(40):
        disk = MemoryDisk()
        folder = disk.open_folder(tmp_path)
        descriptor = disk.create(tmp_path / "kept")
        disk.pwrite(descriptor, b"a" * 128, 0)
        disk.fdatasync(descriptor)
        disk.sync_folder(folder)
        disk.pwrite(descriptor, b"b" * 128, 0)
        disk.create(tmp_path / "perhaps")
        disk.plan = lambda *_: Crash()
        with pytest.raises(Crash):
            disk.fdatasync(descriptor)
        disk.crash(random.Random(seed))
        data = disk.get(tmp_path / "kept")
        outcomes.add((data[:64], data[64:], tmp_path / "perhaps" in disk.files))
    sectors = (b"a" * 64, b"b" * 64)
    assert outcomes == {(x, y, z) for x in sectors for y in sectors for z in (False, True)}


class InterruptedDisk(MemoryDisk):
    """Every other call is interrupted by a signal before it did anything."""

    def __init__(self) -> None:
        super().__init__(is_short=True)
        self.turn = 0

    def _interrupt(self) -> None:
        self.turn += 1
        if self.turn % 2:
            raise InterruptedError(errno.EINTR, "interrupted")

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        self._interrupt()
        return super().pread(descriptor, (length + 1) // 2, offset)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        self._interrupt()
        return super().pwrite(descriptor, data, offset)


def test_short_and_interrupted_calls_are_gone_on_with() -> None:
    disk = InterruptedDisk()
    descriptor = disk.create(Path("/one"))
    data = bytes(range(256)) * 5
    write_all(disk, descriptor, data, 3)
    assert read_all(disk, descriptor, 2_000, 3) == data
    disk.close(descriptor)


@pytest.mark.process
def test_a_journal_under_a_storm_of_signals_is_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORM, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    count, signals = map(int, done.stdout.split())
    assert signals > 20
    log = SegmentLog.open(tmp_path, core_version=1, ops=DiskOps(), segment_bytes=65_536)
    assert dict(log.positions) == {"acme": count}
    log.close()


STORM = """
import signal, sys, time
from pathlib import Path
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
signals = 0
def caught(*_):
    global signals
    signals += 1
signal.signal(signal.SIGALRM, caught)
log = SegmentLog.open(Path(sys.argv[1]), core_version=1, ops=DiskOps(), segment_bytes=65536)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
count = 0
while signals < 200 or count < 200:
    log.append([("acme", bytes(3000))], 0)
    count += 1
signal.setitimer(signal.ITIMER_REAL, 0)
log.close()
print(count, signals)
"""


def test_the_system_says_which_process_has_a_folder(tmp_path: Path) -> None:
    ops = DiskOps()
    descriptor = ops.open_folder(tmp_path)
    assert ops.holder(descriptor) is None
    assert ops.lock(descriptor)
    assert ops.holder(descriptor) == os.getpid()
    ops.close(descriptor)
