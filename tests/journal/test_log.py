"""The writing end on a disk that fails at every single operation in turn."""

import contextlib
import errno
import random

import pytest

from router.errors import (
    JournalLocked,
    JournalUnavailable,
    JournalVersion,
    RouterError,
    StorageError,
)
from router.journal.base import Command
from router.journal.frames import read_header
from router.journal.log import SegmentLog
from tests.helpers.faults import Crash, MemoryDisk, fail_at, fail_on
from tests.journal.worlds import (
    FOLDER,
    batch,
    fill,
    open_log,
    payloads,
    read_log,
    reopened,
    segments,
)

BATCHES = 18


class Life:
    """What one process did to a journal, and what it was told."""

    def __init__(self, disk: MemoryDisk) -> None:
        self.durable: list[list[Command]] = []
        self.unknown: list[list[Command]] = []
        self.refused: list[list[Command]] = []
        self._disk = disk

    def run(self) -> None:
        """Open the journal and append, until all is done or the journal or the machine ends."""
        try:
            log = open_log(self._disk)
        except (JournalUnavailable, StorageError, Crash):
            return
        for number in range(1, BATCHES + 1):
            if not self._append(log, batch(number), number):
                break
        with contextlib.suppress(Crash, OSError):
            log.close()

    def _append(self, log: SegmentLog, commands: list[Command], now_ms: int) -> bool:
        try:
            log.append(commands, now_ms)
        except JournalUnavailable:
            self.refused.append(commands)
        except (StorageError, Crash):
            self.unknown.append(commands)
            return False
        else:
            self.durable.append(commands)
        return True


def call_count() -> int:
    disk = MemoryDisk()
    Life(disk).run()
    assert len(segments(disk)) > 3
    return disk.call_count + 10


@pytest.mark.parametrize("is_short", [False, True])
def test_a_disk_full_at_any_operation_loses_nothing_and_heals(is_short: bool) -> None:
    refusals = 0
    for call in range(1, call_count() * (2 if is_short else 1)):
        disk = MemoryDisk(fail_at(call, errno.ENOSPC), is_short=is_short)
        life = Life(disk)
        life.run()
        disk.plan = None
        refusals += len(life.refused)
        kept = payloads(reopened(disk))
        assert kept in (life.durable, life.durable + life.unknown)
    assert refusals > 0


def test_a_failed_operation_ends_the_journal_and_keeps_what_was_durable() -> None:
    failures = 0
    for call in range(1, call_count()):
        disk = MemoryDisk(fail_at(call, errno.EIO))
        life = Life(disk)
        life.run()
        disk.crash(random.Random(call))
        failures += len(life.unknown)
        assert life.refused == []
        assert payloads(reopened(disk)) in (life.durable, life.durable + life.unknown)
    assert failures > BATCHES


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_at_any_operation_keeps_all_that_was_durable(seed: int) -> None:
    for call in range(1, call_count()):
        disk = MemoryDisk(fail_at(call, Crash()), is_short=bool(seed % 2))
        life = Life(disk)
        life.run()
        disk.crash(random.Random(1000 * call + seed))
        assert payloads(reopened(disk)) in (life.durable, life.durable + life.unknown)


def test_a_second_crash_while_a_torn_end_is_cut_changes_nothing() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 5)
    path = segments(disk)[-1]
    torn = disk.get(path)[: entries[-1].end - 3]
    for call in range(1, 30):
        broken = disk.copy()
        broken.put(path, torn + b"\xff" * 40)
        broken.plan = fail_at(call, Crash())
        Life(broken).run()
        broken.crash(random.Random(call))
        assert payloads(reopened(broken))[:4] == payloads(entries[:4])


def append_until_refused(log: SegmentLog) -> list[list[Command]]:
    durable: list[list[Command]] = []
    while len(durable) < 100:
        try:
            log.append(batch(len(durable)), 0)
        except JournalUnavailable:
            break
        durable.append(batch(len(durable)))
    return durable


def test_a_full_disk_refuses_only_once_the_segment_is_full_and_heals() -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    disk.plan = fail_on("reserve", error=errno.ENOSPC)
    durable = append_until_refused(log)
    assert 3 < len(durable) < 100
    for _ in range(3):
        with pytest.raises(JournalUnavailable, match="full"):
            log.append(batch(0), 0)
    disk.plan = None
    log.append(batch(0), 0)
    log.close()
    assert payloads(reopened(disk)) == [*durable, batch(0)]


class StuffedDisk(MemoryDisk):
    """A disk that, while it is full, takes half of a frame but no zeros to wipe it with."""

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        if self.plan is not None and not bytes(data).strip(b"\0"):
            raise OSError(errno.ENOSPC, "full")
        return super().pwrite(descriptor, data, offset)


def test_what_a_full_disk_left_of_a_batch_is_wiped_before_anything_else() -> None:
    disk = StuffedDisk()
    log = open_log(disk)
    first = log.append(batch(1), 1)
    disk.plan = fail_on("pwrite", error=errno.ENOSPC)
    for _ in range(2):
        with pytest.raises(JournalUnavailable):
            log.append(batch(2, padding=60), 2)
    path = segments(disk)[-1]
    assert disk.get(path)[first.end :].strip(b"\0") != b""
    disk.plan = None
    second = log.append([("acme", b"")], 3)
    assert disk.get(path)[second.end :].strip(b"\0") == b""
    assert payloads(read_log(log)) == [batch(1), [("acme", b"")]]
    log.close()


@pytest.mark.parametrize("operation", ["fdatasync", "pwrite"])
def test_after_a_failed_write_or_sync_nothing_is_ever_written_again(operation: str) -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    log.append(batch(1), 1)
    disk.plan = fail_on(operation, error=errno.EIO)
    with pytest.raises(StorageError, match="disk failed"):
        log.append(batch(2), 2)
    disk.plan = None
    calls = disk.call_count
    with pytest.raises(StorageError, match="disk failed") as caught:
        log.append(batch(3), 3)
    assert not isinstance(caught.value, JournalUnavailable)
    assert disk.call_count == calls
    log.close()


def test_a_sync_that_finds_the_disk_full_is_a_failed_sync() -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    disk.plan = fail_on("fdatasync", error=errno.ENOSPC)
    with pytest.raises(StorageError) as caught:
        log.append(batch(1), 1)
    assert not isinstance(caught.value, JournalUnavailable)
    log.close()


def test_a_folder_in_use_is_refused_by_name() -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    with pytest.raises(JournalLocked, match=r"/journal: another process .* End it first"):
        open_log(disk)
    log.close()
    open_log(disk).close()


def test_a_folder_that_cannot_be_used_is_named() -> None:
    for error, expected in ((errno.EACCES, StorageError), (errno.ENOSPC, JournalUnavailable)):
        disk = MemoryDisk(fail_on("make_folder", error=error))
        with pytest.raises(StorageError, match=r"^/journal: ") as caught:
            open_log(disk)
        assert type(caught.value) is expected


def test_a_refused_start_lets_go_of_the_folder() -> None:
    disk = MemoryDisk()
    fill(disk, 8)
    path = segments(disk)[0]
    whole = disk.get(path)
    disk.put(path, bytes(len(whole)))
    with pytest.raises(RouterError):
        open_log(disk)
    disk.put(path, whole)
    assert len(reopened(disk)) == 8


def test_closing_leaves_nothing_but_segments_and_no_open_file() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 8)
    assert set(disk.files) == set(segments(disk))
    assert disk.open_count == 0
    assert reopened(disk) == entries
    assert disk.open_count == 0


def test_segments_are_of_their_size_and_zero_behind_their_frames() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 20)
    end_by_segment = {entry.segment_sequence: entry.end for entry in entries}
    assert len(end_by_segment) == len(segments(disk)) > 3
    for path, end in zip(segments(disk), end_by_segment.values(), strict=True):
        assert len(disk.get(path)) == 512
        assert disk.get(path)[end:] == bytes(512 - end)


def test_a_batch_longer_than_a_segment_makes_its_own_longer() -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    large = [("acme", b"x" * 3000)]
    for commands in (batch(1), large, batch(2), large, large):
        log.append(commands, 0)
    log.close()
    assert payloads(reopened(disk)) == [batch(1), large, batch(2), large, large]


def test_many_tenants_fit_before_a_small_segments_first_batch() -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    batches = [[(f"tenant-{number}", b"c")] for number in range(150)]
    for commands in batches:
        log.append(commands, 0)
    log.close()
    assert payloads(reopened(disk)) == batches


def test_a_stamp_behind_the_one_before_is_lifted_also_after_a_restart() -> None:
    disk = MemoryDisk()
    log = open_log(disk)
    log.append(batch(1), 500)
    log.close()
    log = open_log(disk)
    assert log.append(batch(2), 400).records[0].now_ms == 500
    log.close()


def test_a_newer_core_begins_a_segment_of_its_own_and_replays_no_older() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 3)
    log = open_log(disk, core_version=2)
    after = dict(log.positions)
    new = log.append(batch(4), 4)
    versions = [read_header(disk.get(path)) for path in segments(disk)]
    assert [header.core_version for header in versions if header is not None] == [1, 2]
    assert log.cursor(after).read(log.sequence) == [new]
    with pytest.raises(JournalVersion, match="new folder"):
        log.cursor({}).read(log.sequence)
    log.close()
    with pytest.raises(JournalVersion, match="core version 2"):
        open_log(disk, core_version=1)
    assert entries[-1].sequence == new.sequence - 1


def test_a_newer_core_takes_an_empty_segment_over() -> None:
    disk = MemoryDisk()
    open_log(disk).close()
    log = open_log(disk, core_version=2)
    cursor = log.cursor({})
    entry = log.append(batch(1), 1)
    assert cursor.read(1) == [entry]
    log.close()
    assert len(segments(disk)) == 1
    log = open_log(disk, core_version=2)
    assert read_log(log) == [entry]
    log.close()


def test_a_segment_smaller_than_its_header_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="512"):
        open_log(MemoryDisk(), segment_bytes=100)


def test_the_log_lives_in_the_folder_it_was_given() -> None:
    disk = MemoryDisk()
    fill(disk, 2)
    assert all(path.parent == FOLDER for path in disk.files)


@pytest.mark.parametrize(("failing", "more"), [("fdatasync", 9), ("sync_folder", 1), ("", 9)])
def test_a_start_makes_durable_what_only_the_kernel_knew_before_it_builds_on_it(
    failing: str, more: int
) -> None:
    """A sync failed, or came too late for a kill; the frame is gone on from, and must stay."""
    disk = MemoryDisk()
    log = open_log(disk)
    written = [batch(number) for number in range(1, 5)]
    for number, commands in enumerate(written, start=1):
        log.append(commands, number)
    disk.plan = fail_on(failing or "fdatasync", error=errno.EIO if failing else Crash())
    for number in range(5, 12):
        written.append(batch(number))
        with contextlib.suppress(StorageError, Crash):
            log.append(written[-1], number)
    disk.kill()
    log = open_log(disk)
    for number in range(20, 20 + more):
        written.append(batch(number))
        log.append(written[-1], number)
    disk.crash(random.Random(1))
    found = payloads(reopened(disk))
    unanswered = [commands for commands in written if commands not in found]
    assert found == [commands for commands in written if commands not in unanswered]
    assert len(unanswered) <= 7
    assert all(commands in found for commands in written[-more:])
