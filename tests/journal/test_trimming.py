"""What is put away, and what never is."""

import errno
from pathlib import Path

import pytest

from router.journal.file import FileJournal
from router.journal.file_ops import DiskOps
from router.journal.segments import Place
from router.journal.trimming import Holds, copy_file, first_needed, put_away
from tests.helpers.faults import MemoryDisk, fail_at, fail_on
from tests.journal.contract import Wall, take
from tests.journal.worlds import FOLDER, fill, open_log, segments

COUNT = 60


async def filled(folder: Path) -> FileJournal:
    journal = await FileJournal.open(folder, wall_ms=Wall(), core_version=1, segment_bytes=512)
    for number in range(COUNT):
        await journal.append([("acme", b"%d" % number), ("globex", bytes(40))], 0)
    return journal


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.segment"))


async def test_what_lies_behind_everybody_goes_and_the_rest_is_a_journal(tmp_path: Path) -> None:
    journal = await filled(tmp_path)
    before = names(tmp_path)
    done = {"acme": 30, "globex": 30}
    trimmed = await journal.trim(done)
    assert [path.name for path in trimmed] == before[: len(trimmed)]
    assert names(tmp_path) == before[len(trimmed) :]
    assert 0 < len(trimmed) < len(before) - 1
    assert await journal.trim(done) == []
    assert (await take(journal, 60, done))[0].position == 31
    await journal.aclose()
    journal = await FileJournal.open(tmp_path, wall_ms=Wall(), core_version=1)
    assert dict(journal.end) == {"acme": COUNT, "globex": COUNT}
    assert len(await take(journal, 60, done)) == 60
    await journal.aclose()


@pytest.mark.parametrize("held", [0, 10, 29])
async def test_nothing_goes_that_a_hold_needs(tmp_path: Path, held: int) -> None:
    journal = await filled(tmp_path)
    done = {"acme": 40, "globex": 40}
    journal.holds.add("archive", lambda: {"acme": 40, "globex": held})
    await journal.trim(done)
    assert len(await take(journal, 80 - held, {"acme": 40, "globex": held})) == 80 - held
    journal.holds.release("archive")
    assert len(await journal.trim(done)) > 0
    await journal.aclose()


async def test_a_tenant_that_a_hold_does_not_name_is_held_from_the_beginning(
    tmp_path: Path,
) -> None:
    journal = await filled(tmp_path)
    journal.holds.add("archive", lambda: {"acme": COUNT})
    assert await journal.trim({"acme": COUNT, "globex": COUNT}) == []
    await journal.aclose()


async def test_nothing_goes_under_a_reader_and_the_last_segment_always_stays(
    tmp_path: Path,
) -> None:
    journal = await filled(tmp_path)
    everything = {"acme": COUNT, "globex": COUNT}
    reader = journal.read({})
    first = list(await anext(reader))
    await journal.trim(everything)
    while len(first) < 2 * COUNT:
        first += await anext(reader)
    await reader.aclose()
    assert [record.position for record in first if record.tenant == "acme"] == [*range(1, 61)]
    await journal.trim(everything)
    assert len(names(tmp_path)) == 1
    await journal.append([("acme", b"goes on")], 0)
    assert [r.payload for r in await take(journal, 1, everything)] == [b"goes on"]
    await journal.aclose()


async def test_the_segment_of_a_snapshots_place_stays(tmp_path: Path) -> None:
    journal = await filled(tmp_path)
    third = journal._log.segments[2].header.first_sequence
    everything = {"acme": COUNT, "globex": COUNT}
    await journal.trim(everything, place=Place(9, third, 0, 0, 0, 0, everything))
    assert names(tmp_path)[0] == f"journal-{third:020d}.segment"
    await journal.aclose()


async def test_an_archive_gets_what_goes_and_gives_it_back(tmp_path: Path) -> None:
    journal = await filled(tmp_path / "journal")
    trimmed = await journal.trim({"acme": COUNT, "globex": COUNT}, tmp_path / "old" / "journal")
    await journal.aclose()
    moved = sorted((tmp_path / "old" / "journal").iterdir())
    assert [path.name for path in moved] == [path.name for path in trimmed]
    for path in moved:
        path.rename(tmp_path / "journal" / path.name)
    journal = await FileJournal.open(tmp_path / "journal", wall_ms=Wall(), core_version=1)
    assert len(await take(journal, 2 * COUNT)) == 2 * COUNT
    await journal.aclose()


@pytest.mark.parametrize("operation", ["unlink", "rename"])
def test_what_could_not_be_put_away_stays_without_a_hole(operation: str) -> None:
    disk = MemoryDisk()
    fill(disk, 30)
    log = open_log(disk)
    count = len(segments(disk))
    disk.plan = fail_on(operation, error=errno.EIO)
    archive = Path("/old") if operation == "rename" else None
    with pytest.raises(OSError, match="Input/output"):
        log.trim(20, archive)
    disk.plan = None
    log.close()
    assert len(segments(disk)) == count
    assert open_log(disk).sequence == 30


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_what_could_not_be_put_away_goes_next_time_and_before_what_is_newer(fails_at: int) -> None:
    disk = MemoryDisk()
    fill(disk, 30)
    log = open_log(disk)
    before = segments(disk)
    disk.plan = fail_at(disk.call_count + fails_at, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        log.trim(log.segments[4].header.first_sequence, None)
    disk.plan = None
    assert segments(disk) == before[fails_at - 1 :]
    assert log.trim(log.segments[-1].header.first_sequence, None) == before[fails_at - 1 : -1]
    assert segments(disk) == before[-1:]
    log.close()
    assert open_log(disk).sequence == 30


def test_another_disk_gets_a_copy(tmp_path: Path) -> None:
    class OtherDisk(DiskOps):
        def rename(self, source: Path, target: Path) -> None:
            if source.parent != target.parent:
                raise OSError(errno.EXDEV, "another disk")
            super().rename(source, target)

    source = tmp_path / "a" / "journal-1.segment"
    source.parent.mkdir()
    source.write_bytes(bytes(range(256)) * 10_000)
    assert list(put_away(OtherDisk(), [source], tmp_path / "b")) == [source]
    assert not source.exists()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["journal-1.segment"]
    assert (tmp_path / "b" / source.name).read_bytes() == bytes(range(256)) * 10_000


def test_a_copy_that_fails_is_not_there_under_its_name() -> None:
    disk = MemoryDisk()
    disk.put(FOLDER / "one", bytes(5_000_000))
    for operation in ("create", "pread", "pwrite", "fdatasync", "rename"):
        disk.plan = fail_on(operation, error=errno.EIO)
        with pytest.raises(OSError, match="Input/output"):
            copy_file(disk, FOLDER / "one", FOLDER / "two")
        assert FOLDER / "two" not in disk.files
        assert disk.open_count == 0
    disk.plan = None
    copy_file(disk, FOLDER / "one", FOLDER / "two", 4_000_000)
    assert disk.get(FOLDER / "two") == bytes(4_000_000)


def test_the_first_needed_segment_is_that_of_whoever_is_least_done() -> None:
    disk = MemoryDisk()
    fill(disk, 30)
    log = open_log(disk)
    ends = [dict(segment.positions) for segment in log.segments]
    for index, segment in enumerate(log.segments):
        assert first_needed(log.segments, [ends[index]]) == segment.header.first_sequence
        assert first_needed(log.segments, [ends[-1], ends[index]]) == segment.header.first_sequence
    assert first_needed(log.segments, [{}]) == 1
    log.close()
    holds = Holds()
    holds.add("one", lambda: {"acme": 1})
    assert holds.done() == [{"acme": 1}]
