"""Snapshots as files: whole or not there, and the newest that can be read is found."""

import errno
import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from router.errors import JournalCorrupt, JournalUnavailable
from router.journal.segments import Place, segment_path
from router.journal.snapshot_files import (
    FileSnapshots,
    newest,
    prune,
    read_snapshot,
    read_table,
    snapshot_names,
    snapshot_path,
    sweep,
    write_snapshot,
)
from router.journal.snapshot_store import SnapshotStore
from tests.helpers.faults import Crash, MemoryDisk, fail_at, fail_on
from tests.journal.snapshot_contract import SnapshotContract, parts
from tests.journal.worlds import FOLDER


def place(sequence: int) -> Place:
    return Place(sequence, 1, 100, 200, 7, 1_000, {"acme": sequence, "globex": 2 * sequence})


def write(disk: MemoryDisk, sequence: int, *, size: int = 50, core_version: int = 1) -> None:
    write_snapshot(disk, FOLDER, place(sequence), core_version, parts(sequence, size))


@settings(deadline=None)  # megabytes, on a machine that does other things
@given(size=st.integers(0, 3_000_000))
def test_what_was_written_is_read(size: int) -> None:
    disk = MemoryDisk()
    write(disk, 9, size=size)
    snapshot = read_snapshot(disk, snapshot_path(FOLDER, 9))
    assert (snapshot.place, snapshot.core_version) == (place(9), 1)
    assert read_table(disk, Path(snapshot.name)) == place(9)
    assert b"".join(snapshot.chunks("acme")) == b"head" + b"\x09" * size + b"end"
    assert b"".join(snapshot.chunks("globex")) == b"other headother body"
    state = snapshot.states["acme"]
    assert (state.position, state.events_crc, state.skipped) == (9, 11, (3, 5))
    expected = hashlib.blake2b(b"\x09" * size + b"end", digest_size=16).hexdigest()
    assert state.digest == expected, "the head is no part of the digest"
    assert disk.open_count == 0


def test_every_flipped_bit_and_every_cut_is_found_and_the_one_before_serves() -> None:
    disk = MemoryDisk()
    write(disk, 1)
    write(disk, 2)
    path = snapshot_path(FOLDER, 2)
    whole = disk.get(path)
    damaged = [whole[:end] for end in range(len(whole))]
    damaged += [
        whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :]
        for at in range(len(whole))
        for bit in range(8)
    ]
    for data in damaged:
        disk.put(path, data)
        with pytest.raises(JournalCorrupt, match="damaged") as caught:
            read_snapshot(disk, path)
        assert caught.value.segment == str(path)
    with capture_logs() as said:
        found = newest(disk, FOLDER, 1)
    assert found is not None
    assert found.place.sequence == 1
    assert [line["event"] for line in said] == ["snapshot.not_used"]


@pytest.mark.parametrize("is_short", [False, True])
def test_a_disk_that_fails_at_any_operation_leaves_the_snapshot_before(is_short: bool) -> None:
    for error in (errno.ENOSPC, errno.EIO):
        for call in range(1, 12):
            disk = MemoryDisk(is_short=is_short)
            write(disk, 1)
            disk.plan = fail_at(disk.call_count + call, error)
            try:
                write(disk, 2)
                is_there = True
            except OSError:
                is_there = False
            disk.plan = None
            found = newest(disk, FOLDER, 1)
            assert found is not None
            assert found.place.sequence == 2 if is_there else found.place.sequence in (1, 2)
            assert disk.open_count == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_crash_at_any_operation_leaves_a_whole_snapshot(seed: int) -> None:
    for call in range(1, 12):
        disk = MemoryDisk()
        write(disk, 1)
        disk.plan = fail_at(disk.call_count + call, Crash())
        try:
            write(disk, 2, size=2_000)
            least = 2
        except Crash:
            least = 1
        disk.crash(random.Random(100 * call + seed))
        names = snapshot_names(disk, FOLDER)
        for name in names:
            read_snapshot(disk, FOLDER / name)
        found = newest(disk, FOLDER, 1)
        assert found is not None
        assert found.place.sequence >= least
        sweep(disk, FOLDER)
        assert sorted(path.name for path in disk.files) == sorted(names)


def test_a_file_that_cannot_be_read_is_passed_over() -> None:
    disk = MemoryDisk()
    write(disk, 1)
    disk.plan = fail_on("pread", error=errno.EIO)
    with capture_logs() as said:
        assert newest(disk, FOLDER, 1) is None
    assert "Input/output" in said[0]["error"]


def test_a_damaged_one_counts_for_nothing_and_goes_in_its_turn() -> None:
    for damaged, kept, left in (
        (4, [3, 2], [4, 3, 2]),
        (3, [4, 2], [4, 3, 2]),
        (2, [4, 3], [4, 3]),
        (1, [4, 3], [4, 3]),
    ):
        disk = MemoryDisk()
        for sequence in (1, 2, 3, 4):
            write(disk, sequence)
        disk.put(snapshot_path(FOLDER, damaged), b"rubbish")
        with capture_logs() as said:
            assert [place.sequence for place in prune(disk, FOLDER)] == kept
        assert [each["event"] for each in said] == ["snapshot.damaged"]
        assert snapshot_names(disk, FOLDER) == [snapshot_path(FOLDER, one).name for one in left]


def test_nothing_is_removed_where_only_one_can_be_read() -> None:
    disk = MemoryDisk()
    for sequence in (1, 2, 3):
        write(disk, sequence)
    for damaged in (1, 3):
        disk.put(snapshot_path(FOLDER, damaged), b"rubbish")
    assert [place.sequence for place in prune(disk, FOLDER)] == [2]
    assert len(snapshot_names(disk, FOLDER)) == 3


class TestFileSnapshots(SnapshotContract[Place]):
    def open(self, folder: Path) -> SnapshotStore[Place]:
        return FileSnapshots(folder / "new")

    def place(self, sequence: int) -> Place:
        return place(sequence)

    def flip(self, store: SnapshotStore[Place], sequence: int, share: float) -> None:
        path = snapshot_path(Path(store.where), sequence)
        data = bytearray(path.read_bytes())
        data[int(share * len(data))] ^= 4
        path.write_bytes(data)

    def test_the_beginning_is_there_until_the_first_segment_goes(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.prepare()
        assert store.has_beginning()
        first = segment_path(Path(store.where), 1)
        first.write_bytes(b"a segment")
        assert store.has_beginning()
        first.rename(segment_path(Path(store.where), 7))
        assert not store.has_beginning()

    def test_a_full_disk_is_for_later_and_a_broken_one_is_not(self) -> None:
        for error, expected in ((errno.ENOSPC, JournalUnavailable), (errno.EIO, OSError)):
            disk = MemoryDisk()
            disk.plan = fail_on("pwrite", error=error)
            with pytest.raises(expected):
                FileSnapshots(FOLDER, disk).write(place(1), 1, parts(1))
