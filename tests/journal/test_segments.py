"""What a start makes of a folder: goes on, cuts a torn end, or refuses. And reading it again."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from router.errors import JournalCorrupt, JournalVersion
from router.journal import segments as module
from router.journal.frames import FORMAT_VERSION, HEADER_BYTES, pack_header, read_header
from router.journal.segments import BLANK_NAME, Entry, recover
from tests.helpers.faults import MemoryDisk
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

COUNT = 12


@pytest.fixture(scope="module")
def written() -> tuple[MemoryDisk, list[Entry]]:
    disk = MemoryDisk()
    entries = fill(disk, COUNT)
    assert len(segments(disk)) == 3
    return disk, entries


def starts(entries: list[Entry], path: Path) -> tuple[list[Entry], int]:
    """Return the entries of a segment, and where the last of them begins."""
    own = [e for e in entries if path.stem == f"journal-{e.segment_sequence:020d}"]
    return own, own[-2].end


def test_a_start_finds_everything_as_it_was(written: tuple[MemoryDisk, list[Entry]]) -> None:
    disk, entries = written
    assert reopened(disk.copy()) == entries
    assert payloads(entries) == [batch(number) for number in range(1, COUNT + 1)]


def test_an_empty_folder_is_a_new_journal() -> None:
    assert recover(MemoryDisk(), FOLDER, 1) is None


def test_a_segment_that_was_being_prepared_is_removed() -> None:
    disk = MemoryDisk()
    disk.put(FOLDER / BLANK_NAME, b"half of a header")
    assert recover(disk, FOLDER, 1) is None
    assert disk.files == {}


def test_every_flipped_bit_before_the_last_frame_refuses_with_file_and_offset(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written
    for path in segments(disk)[:-1]:
        check_flips(disk, path, 0, len(disk.get(path)))
    last = segments(disk)[-1]
    check_flips(disk, last, 0, starts(entries, last)[1])


def check_flips(disk: MemoryDisk, path: Path, start: int, end: int) -> None:
    whole = disk.get(path)
    broken = disk.copy()
    for place, bit in itertools.product(range(start, end), range(8)):
        data = bytearray(whole)
        data[place] ^= 1 << bit
        broken.put(path, bytes(data))
        with pytest.raises(JournalCorrupt) as caught:
            recover(broken, FOLDER, 1)
        assert caught.value.segment == str(path)
        assert caught.value.offset is not None
        assert caught.value.offset <= place
        assert broken.get(path) == data, "a start that refuses changes nothing"


def test_a_flipped_bit_in_the_last_frame_loses_that_batch_at_most(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written
    last = segments(disk)[-1]
    whole = disk.get(last)
    for place in range(starts(entries, last)[1], len(whole)):
        broken = disk.copy()
        broken.put(last, whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        assert reopened(broken) == (entries if place >= entries[-1].end else entries[:-1])


def test_a_torn_end_is_cut_with_a_word_in_the_log(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written
    last = segments(disk)[-1]
    whole = disk.get(last)
    with capture_logs() as quiet:
        reopened(disk.copy())
    assert quiet == []
    torn = disk.copy()
    torn.put(last, whole[: entries[-1].end - 1] + b"\x00" + whole[entries[-1].end :])
    with capture_logs() as said:
        assert reopened(torn) == entries[:-1]
    assert [(line["event"], line["segment"], line["offset_bytes"]) for line in said] == [
        ("journal.torn_end_cut", str(last), entries[-2].end)
    ]


@given(st.data())
def test_a_cut_end_loses_only_what_was_cut(
    written: tuple[MemoryDisk, list[Entry]], data: st.DataObject
) -> None:
    disk, entries = written
    last = segments(disk)[-1]
    whole = disk.get(last)
    own, _ = starts(entries, last)
    first = own[0].end - 8
    cut = data.draw(st.integers(first, len(whole)))
    rest = data.draw(st.sampled_from([b"", bytes(len(whole) - cut), b"\xa5" * (len(whole) - cut)]))
    broken = disk.copy()
    broken.put(last, whole[:cut] + rest)
    kept = [entry for entry in entries if entry not in own or entry.end <= cut]
    log = open_log(broken)
    assert read_log(log) == kept
    added = log.append(batch(77), 77)
    log.close()
    assert reopened(broken) == [*kept, added]


def test_cutting_any_1_to_4096_bytes_off_a_journal_loses_only_its_tail() -> None:
    disk = MemoryDisk()
    log = open_log(disk, segment_bytes=32_768)
    entries = [log.append(batch(number, padding=number * 40), 0) for number in range(22)]
    log.close()
    path = segments(disk)[0]
    end = entries[-1].end
    assert end > 4096 + 200
    whole = disk.get(path)[:end]
    for cut in range(1, 4097):
        disk.put(path, whole[:-cut])
        found = recover(disk, FOLDER, 1)
        assert found is not None
        assert found.sequence == sum(entry.end <= end - cut for entry in entries)


def test_a_missing_segment_refuses_and_names_the_next(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk = written[0].copy()
    first, middle, last = segments(disk)
    disk.unlink(middle)
    with pytest.raises(JournalCorrupt, match="does not follow") as caught:
        recover(disk, FOLDER, 1)
    assert caught.value.segment == str(last)
    assert "Restore" in caught.value.mend
    assert first in disk.files


def test_a_segment_of_another_journal_refuses(written: tuple[MemoryDisk, list[Entry]]) -> None:
    disk, foreign = written[0].copy(), MemoryDisk()
    fill(foreign, COUNT)
    path = segments(disk)[1]
    disk.put(path, foreign.get(path))
    with pytest.raises(JournalCorrupt, match="another journal"):
        recover(disk, FOLDER, 1)


def test_a_frame_twice_in_a_row_refuses(written: tuple[MemoryDisk, list[Entry]]) -> None:
    disk, entries = written[0].copy(), written[1]
    last = segments(disk)[-1]
    whole, start = disk.get(last), starts(entries, last)[1]
    end = entries[-1].end
    disk.put(last, whole[:end] + whole[start:end] + whole[2 * end - start :])
    with pytest.raises(JournalCorrupt, match="Here is entry 12 where 13 belongs"):
        recover(disk, FOLDER, 1)


def test_a_journal_of_a_newer_core_or_format_refuses(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    for change, text in (
        ({"core_version": 2}, "core version 2"),
        ({"format_version": FORMAT_VERSION + 1}, "format 2"),
    ):
        disk = written[0].copy()
        path = segments(disk)[-1]
        whole = disk.get(path)
        header = read_header(whole)
        assert header is not None
        changed = header._replace(**change)  # type: ignore[arg-type]
        disk.put(path, pack_header(changed) + whole[HEADER_BYTES:])
        with pytest.raises(JournalVersion, match=text):
            recover(disk, FOLDER, 1)


def test_a_cursor_skips_segments_that_the_reader_has(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written[0].copy(), written[1]
    log = open_log(disk)
    for entry in entries:
        after = {r.tenant: r.position for e in entries[: entry.sequence] for r in e.records}
        cursor = log.cursor(after)
        assert cursor.sequence == max(
            segment.header.first_sequence
            for segment in log.segments
            if segment.header.first_sequence <= entry.sequence + 1
        )
        if cursor.sequence <= log.sequence:
            first = entries[cursor.sequence - 1]
            assert cursor.read(log.sequence)[0] == first
    log.close()


def test_a_cursor_reads_no_further_than_it_is_told(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written[0].copy(), written[1]
    log = open_log(disk)
    cursor = log.cursor({})
    assert cursor.read(2) == entries[:2]
    assert cursor.read(3) == entries[2:3]
    log.close()


def test_a_cursor_goes_on_behind_batches_it_got_otherwise(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written[0].copy(), written[1]
    log = open_log(disk)
    for passed in range(COUNT):
        cursor = log.cursor({})
        for entry in entries[:passed]:
            cursor.pass_by(entry)
        assert cursor.read(passed + 1) == [entries[passed]]
    log.close()


def test_a_cursor_reads_frames_longer_than_its_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_BYTES", 40)
    disk = MemoryDisk()
    assert reopened(disk) == []
    entries = fill(disk, COUNT)
    assert reopened(disk) == entries


def test_a_cursor_names_the_place_where_a_durable_batch_is_damaged(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk, entries = written[0].copy(), written[1]
    log = open_log(disk)
    path = segments(disk)[0]
    disk.files[path].data[entries[0].end + 20] ^= 1
    cursor = log.cursor({})
    assert cursor.read(log.sequence) == entries[:1]
    with pytest.raises(JournalCorrupt, match="damaged now") as caught:
        cursor.read(log.sequence)
    assert (caught.value.segment, caught.value.offset) == (str(path), entries[0].end)
    log.close()


def test_a_reader_that_needs_what_is_gone_is_refused(
    written: tuple[MemoryDisk, list[Entry]],
) -> None:
    disk = written[0].copy()
    disk.unlink(segments(disk)[0])
    log = open_log(disk)
    with pytest.raises(JournalCorrupt, match="snapshot"):
        log.cursor({})
    second = log.segments[0]
    found = log.cursor(second.positions).read(log.sequence)
    assert found[0] == written[1][second.header.first_sequence - 1]
    log.close()
