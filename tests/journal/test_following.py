"""A follower of a journal that somebody else writes: all of it, one batch behind, in order."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import JournalCorrupt, JournalVersion, StorageError
from router.journal.following import Following
from router.journal.log import SegmentLog
from router.journal.segments import Entry
from tests.helpers.faults import MemoryDisk
from tests.journal.worlds import FOLDER, batch, fill, open_log, segments


def follow(disk: MemoryDisk, **begin: object) -> Following:
    return Following(disk, FOLDER, core_version=1, **begin)  # type: ignore[arg-type]


def drain(following: Following) -> list[Entry]:
    entries: list[Entry] = []
    while more := following.read():
        entries += more
    return entries


@given(sizes=st.lists(st.integers(0, 700), max_size=40), seed=st.integers(0, 99))
def test_whatever_is_written_is_followed_one_batch_behind(sizes: list[int], seed: int) -> None:
    chance = random.Random(seed)
    disk = MemoryDisk()
    log = open_log(disk)
    following = follow(disk)
    written: list[Entry] = []
    found: list[Entry] = []
    for number, padding in enumerate(sizes):
        written.append(log.append(batch(number, padding), number))
        if chance.random() < 0.6:
            found += drain(following)
            behind = len(written) - len(found)
            assert behind <= 1
            assert found == written[: len(found)]
    found += drain(following)
    assert found == written[: max(0, len(written) - 1)]
    following.close()
    log.close()
    assert disk.open_count == 0


@pytest.mark.parametrize("at", range(1, 18))
def test_a_place_is_where_a_later_follower_and_a_start_go_on(at: int) -> None:
    disk = MemoryDisk()
    entries = fill(disk, 20)
    first = follow(disk)
    found: list[Entry] = []
    while len(found) < at:
        found += first.read()
    place = first.place
    assert place is not None
    assert place.sequence == len(found)
    assert dict(place.positions) == positions(found)
    second = follow(disk, place=place)
    assert [*found, *drain(second)] == entries[:-1]
    log = SegmentLog.open(FOLDER, core_version=1, ops=disk, segment_bytes=512, place=place)
    assert dict(log.positions) == positions(entries)
    cursor = log.cursor(place.positions)
    assert cursor.sequence == place.sequence + 1
    log.append(batch(21), 21)
    rest = []
    while cursor.sequence <= log.sequence:
        rest += cursor.read(log.sequence)
    assert [*found, *rest][:-1] == entries
    log.close()


def positions(entries: list[Entry]) -> dict[str, int]:
    return {record.tenant: record.position for entry in entries for record in entry.records}


def test_a_place_that_the_journal_has_lost_stops_the_start_with_file_and_mend() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 12)
    following = follow(disk)
    drain(following)
    place = following.place
    path = segments(disk)[-1]
    assert place is not None
    data = bytearray(disk.get(path))
    data[place.start : entries[-1].end] = bytes(entries[-1].end - place.start)
    disk.put(path, bytes(data))
    with pytest.raises(JournalCorrupt, match="answered are missing") as caught:
        SegmentLog.open(FOLDER, core_version=1, ops=disk, segment_bytes=512, place=place)
    assert (caught.value.segment, caught.value.offset) == (str(path), place.start)
    del disk.files[path]
    with pytest.raises(JournalCorrupt, match="answered are missing"):
        SegmentLog.open(FOLDER, core_version=1, ops=disk, segment_bytes=512, place=place)


def test_damage_is_told_and_a_write_under_way_is_not_damage() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 12, segment_bytes=4096)
    path = segments(disk)[-1]
    whole = disk.get(path)
    under_way = disk.copy()
    under_way.put(path, whole[: entries[-1].end - 3] + bytes(30))
    assert len(drain(follow(under_way))) == 10
    for place in (entries[-2].end - 1, entries[-3].end + 6):
        broken = disk.copy()
        broken.put(path, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(JournalCorrupt) as caught:
            drain(follow(broken))
        assert caught.value.segment == str(path)


def test_a_missing_segment_and_damage_before_the_last_one_are_told() -> None:
    disk = MemoryDisk()
    entries = fill(disk, 20)
    first, second, *_ = segments(disk)
    gap = disk.copy()
    del gap.files[second]
    with pytest.raises(JournalCorrupt, match="damaged or missing"):
        drain(follow(gap))
    end = max(entry.end for entry in entries if entry.segment_sequence == 1)
    data = bytearray(disk.get(first))
    data[end - 2] ^= 4
    disk.put(first, bytes(data))
    with pytest.raises(JournalCorrupt, match="damaged or missing") as caught:
        drain(follow(disk))
    assert caught.value.segment == str(first)


def test_a_batch_longer_than_a_piece_is_followed(tmp_path: Path) -> None:
    disk = MemoryDisk()
    log = open_log(disk, segment_bytes=8 * 2**20)
    following = follow(disk)
    for number, padding in enumerate((10, 700_000, 300_000, 5, 900_000, 7)):
        log.append(batch(number, padding), number)
    assert [entry.sequence for entry in drain(following)] == [1, 2, 3, 4, 5]
    log.close()


def test_a_folder_without_a_journal_and_one_of_another_core_are_refused() -> None:
    with pytest.raises(StorageError, match="no segment at all"):
        follow(MemoryDisk())
    disk = MemoryDisk()
    fill(disk, 3)
    with pytest.raises(JournalVersion):
        Following(disk, FOLDER, core_version=2)
