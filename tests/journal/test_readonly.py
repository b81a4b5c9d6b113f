"""A reader who only looks."""

from pathlib import Path

import pytest

from router.errors import JournalCorrupt, JournalVersion, StorageError
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.journal.readonly import PinnedOps, read_folder
from tests.journal.worlds import batch


def fill(folder: Path, count: int) -> SegmentLog:
    log = SegmentLog.open(folder, core_version=1, ops=DiskOps(), segment_bytes=512)
    for number in range(1, count + 1):
        log.append(batch(number), number * 1000)
    return log


def state(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_everything_is_read_while_another_process_holds_the_journal(tmp_path: Path) -> None:
    log = fill(tmp_path, 40)
    records = list(read_folder(tmp_path, core_version=1))
    log.close()
    assert len(records) == 80
    acme = [record for record in records if record.tenant == "acme"]
    assert [record.position for record in acme] == list(range(1, 41))
    assert acme[-1].payload == b"40"
    assert acme[-1].now_ms == 40_000
    assert len(list(tmp_path.glob("*.segment"))) > 3


def test_a_torn_end_is_left_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path, 3).close()
    last = max(tmp_path.glob("*.segment"))
    data = bytearray(last.read_bytes())
    end = len(bytes(data).rstrip(b"\0"))
    data[end + 4 : end + 9] = b"torn!"
    last.write_bytes(data)
    (tmp_path / "next.blank").write_bytes(b"being made")
    before = state(tmp_path)
    assert len(list(read_folder(tmp_path, core_version=1))) == 6
    assert state(tmp_path) == before


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    fill(tmp_path, 40).close()
    first = min(tmp_path.glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[-200] ^= 0xFF
    first.write_bytes(data)
    with pytest.raises(JournalCorrupt):
        list(read_folder(tmp_path, core_version=1))


def test_a_newer_journal_and_a_missing_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        list(read_folder(tmp_path / "none", core_version=1))
    with pytest.raises(StorageError, match="no journal here"):
        list(read_folder(tmp_path, core_version=1))
    fill(tmp_path, 1).close()
    with pytest.raises(JournalVersion):
        list(read_folder(tmp_path, core_version=0))


def test_pinned_files_stay_as_they_are_whatever_is_put_away(tmp_path: Path) -> None:
    log = fill(tmp_path, 40)
    pinned = PinnedOps(tmp_path)
    names = pinned.names(tmp_path)
    log.trim(30, None)
    log.append(batch(41), 41_000)
    assert pinned.names(tmp_path) == names
    descriptor = pinned.open(tmp_path / names[0], to_write=True)
    assert pinned.pread(descriptor, 8, 4) == b"FAIRLINE"
    assert not (tmp_path / names[0]).exists()
    pinned.close(descriptor)
    pinned.refresh()
    assert pinned.names(tmp_path)[: len(names)] == names
    pinned.release()
    with pytest.raises(FileNotFoundError):
        pinned.open(tmp_path / names[0], to_write=False)
    log.close()
