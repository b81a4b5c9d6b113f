import errno
import os
import threading
from contextlib import aclosing
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from router.errors import JournalCorrupt, JournalLocked, JournalUnavailable, StorageError
from router.journal import live as module
from router.journal import writers
from router.journal.base import Command, Journal, Record
from router.journal.file import FileJournal
from tests.helpers.faults import MemoryDisk, fail_on
from tests.journal.contract import JournalContract, Wall, take

FOLDER = Path("/journal")


class TestFileJournal(JournalContract):
    async def open(self, folder: Path, wall: Wall) -> Journal:
        return await FileJournal.open(
            folder / "journal", wall_ms=wall, core_version=1, segment_bytes=2**20
        )


class TestFileJournalOfSmallSegments(JournalContract):
    async def open(self, folder: Path, wall: Wall) -> Journal:
        return await FileJournal.open(
            folder / "journal", wall_ms=wall, core_version=1, segment_bytes=4096
        )


class TestFileJournalWithoutThreads(JournalContract):
    async def open(self, folder: Path, wall: Wall) -> Journal:
        return await FileJournal.open(
            folder / "journal",
            wall_ms=wall,
            core_version=1,
            segment_bytes=4096,
            make_writer=writers.InlineWriter,
        )


class GatedDisk(MemoryDisk):
    """A disk whose syncs wait for the test, once it has shut the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()
        self.sync_count = 0

    def fdatasync(self, descriptor: int) -> None:
        file = self._file(descriptor)
        if any(path.suffix == ".segment" and self.files[path] is file for path in self.files):
            self.sync_count += 1
            self.reached.set()
            assert self.gate.wait(timeout=30)
        super().fdatasync(descriptor)

    def shut(self) -> None:
        """Hold every sync of a segment from now on."""
        self.gate.clear()
        self.reached.clear()

    async def held(self) -> None:
        """Wait until a sync is held."""
        assert await trio.to_thread.run_sync(self.reached.wait, 30)


async def open_on(disk: MemoryDisk, *, segment_bytes: int = 65_536) -> FileJournal:
    return await FileJournal.open(
        FOLDER, wall_ms=Wall(), core_version=1, segment_bytes=segment_bytes, ops=disk
    )


async def watch(journal: Journal, found: list[list[bytes]]) -> None:
    async with aclosing(journal.read({})) as batches:
        async for batch in batches:
            found.append([record.payload for record in batch])  # noqa: PERF401 - a test looks on


async def test_readers_and_callers_hear_of_a_batch_only_when_it_is_durable() -> None:
    disk = GatedDisk()
    journal = await open_on(disk)
    found: list[list[bytes]] = []
    answered: list[bytes] = []

    async def call(payload: bytes) -> None:
        await journal.append([("acme", payload)], 0)
        answered.append(payload)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, journal, found)
        disk.shut()
        nursery.start_soon(call, b"0")
        await disk.held()
        for number in range(1, 10):
            nursery.start_soon(call, b"%d" % number)
        await wait_all_tasks_blocked()
        assert (found, answered) == ([], [])
        disk.gate.set()
        with trio.fail_after(30):
            await journal.append([("acme", b"last")], 0)
        await wait_all_tasks_blocked()
        await journal.aclose()
    payloads = [payload for batch in found for payload in batch]
    assert payloads[0] == b"0"
    assert sorted(payloads) == sorted([*answered, b"last"])
    assert len(payloads) == 11


async def test_what_arrives_during_a_sync_becomes_one_batch_and_one_sync() -> None:
    disk = GatedDisk()
    journal = await open_on(disk)
    await journal.append([("acme", b"before")], 0)
    found: list[list[bytes]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, journal, found)
        before = disk.sync_count
        async with trio.open_nursery() as callers:
            disk.shut()
            callers.start_soon(journal.append, [("acme", b"first")], 0)
            await disk.held()
            for number in range(100):
                callers.start_soon(journal.append, [("acme", b"%d" % number)] * 2, 0)
            await wait_all_tasks_blocked()
            disk.gate.set()
        assert disk.sync_count == before + 2
        await wait_all_tasks_blocked()
        await journal.aclose()
    assert [len(batch) for batch in found] == [1, 1, 200]


async def test_a_backlog_too_long_is_refused_and_drains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "BACKLOG_COMMANDS_MAX", 3)
    disk = GatedDisk()
    journal = await open_on(disk)
    async with trio.open_nursery() as nursery:
        disk.shut()
        nursery.start_soon(journal.append, [("acme", b"held")], 0)
        await disk.held()
        for _ in range(3):
            nursery.start_soon(journal.append, [("acme", b"waits")], 0)
        await wait_all_tasks_blocked()
        with pytest.raises(JournalUnavailable, match="Too many"):
            await journal.append([("acme", b"refused")], 0)
        disk.gate.set()
    await journal.append([("acme", b"last")], 0)
    payloads = [record.payload for record in await take(journal, 5)]
    assert payloads == [b"held", b"waits", b"waits", b"waits", b"last"]
    await journal.aclose()


@pytest.mark.parametrize(
    "commands",
    [
        [("acme", b"c")] * (module.APPEND_COMMANDS_MAX + 1),
        [("acme", bytes(module.APPEND_BYTES_MAX))],
        [("\ud800", b"a tenant that no encoding can spell")],
    ],
    ids=["commands", "bytes", "tenant"],
)
async def test_what_no_batch_can_hold_is_the_callers_mistake(commands: list[Command]) -> None:
    journal = await open_on(MemoryDisk())
    with pytest.raises(ValueError, match=r"A batch holds|surrogates"):
        await journal.append(commands, 0)
    await journal.append([("acme", b"goes on")], 0)
    await journal.aclose()


async def test_a_full_disk_refuses_heals_and_loses_nothing() -> None:
    disk = MemoryDisk()
    journal = await open_on(disk, segment_bytes=4096)
    disk.plan = fail_on("reserve", error=errno.ENOSPC)
    answered = await append_until_refused(journal)
    assert 10 < len(answered) < 1000
    with pytest.raises(JournalUnavailable, match="disk is full"):
        await journal.append([("acme", b"refused")], 0)
    assert [r.payload for r in await take(journal, len(answered))] == answered
    disk.plan = None
    await journal.append([("acme", b"healed")], 0)
    assert [r.payload for r in await take(journal, len(answered) + 1)] == [*answered, b"healed"]
    await journal.aclose()


async def append_until_refused(journal: FileJournal) -> list[bytes]:
    answered: list[bytes] = []
    while len(answered) < 1000:
        payload = b"%d" % len(answered)
        try:
            await journal.append([("acme", payload)], 0)
        except JournalUnavailable:
            break
        answered.append(payload)
    return answered


async def test_all_callers_of_a_refused_batch_are_refused() -> None:
    disk = MemoryDisk()
    journal = await open_on(disk)
    disk.plan = fail_on("pwrite", error=errno.ENOSPC)
    refused: list[str] = []

    async def call() -> None:
        try:
            await journal.append([("acme", b"c")], 0)
        except JournalUnavailable as error:
            refused.append(str(error))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(call)
    assert len(refused) == 20
    disk.plan = None
    await journal.append([("acme", b"kept")], 0)
    assert await take(journal, 1) == [Record("acme", 1, 1_000_000, b"kept")]
    await journal.aclose()


async def test_a_failed_sync_ends_the_journal_for_callers_and_readers() -> None:
    disk = MemoryDisk()
    journal = await open_on(disk)
    await journal.append([("acme", b"durable")], 0)
    found: list[Record] = []

    async def read() -> None:
        async with aclosing(journal.read({})) as batches:
            async for batch in batches:
                found.extend(batch)

    with pytest.RaisesGroup(StorageError, StorageError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            disk.plan = fail_on("fdatasync", error=errno.EIO)
            nursery.start_soon(shielded_append, journal)
    disk.plan = None
    assert [record.payload for record in found] == [b"durable"]
    with pytest.raises(StorageError, match="known after a restart") as caught:
        await journal.append([("acme", b"late")], 0)
    assert not isinstance(caught.value, JournalUnavailable)
    with pytest.raises(StorageError, match="known after a restart"):
        await take(journal, 1)
    await journal.aclose()


async def shielded_append(journal: FileJournal) -> None:
    with trio.CancelScope(shield=True):
        await journal.append([("acme", b"unknown")], 0)


async def test_opening_refuses_damage_and_a_folder_in_use(tmp_path: Path) -> None:
    async def open_it() -> FileJournal:
        return await FileJournal.open(tmp_path, wall_ms=Wall(), core_version=1, segment_bytes=4096)

    journal = await open_it()
    with pytest.raises(JournalLocked, match=f"process {os.getpid()} uses this journal already"):
        await open_it()
    for number in range(3):
        await journal.append([("acme", b"command %d" % number)], 0)
    await journal.aclose()
    path, place = damage(tmp_path, b"command 1")
    with pytest.raises(JournalCorrupt) as caught:
        await open_it()
    assert caught.value.segment == str(path)
    assert caught.value.offset is not None
    assert 0 < caught.value.offset < place
    assert str(caught.value).startswith(f"{path}, byte {caught.value.offset}: ")


def damage(folder: Path, text: bytes) -> tuple[Path, int]:
    """Flip one bit where the text stands."""
    (path,) = folder.glob("*.segment")
    data = bytearray(path.read_bytes())
    place = data.index(text)
    data[place] ^= 1
    path.write_bytes(data)
    return path, place


async def test_a_reader_that_keeps_up_never_touches_the_disk(tmp_path: Path) -> None:
    disk = MemoryDisk()
    journal = await open_on(disk)
    found: list[list[bytes]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, journal, found)
        await wait_all_tasks_blocked()
        disk.plan = fail_on("open", "pread", error=errno.EIO)
        for number in range(50):
            await journal.append([("acme", b"%d" % number)], 0)
        await wait_all_tasks_blocked()
        await journal.aclose()
    assert found == [[b"%d" % number] for number in range(50)]


async def test_a_loop_that_is_never_idle_does_not_starve_the_writer() -> None:
    journal = await open_on(MemoryDisk())
    is_over = False

    async def burn() -> None:
        while not is_over:
            sum(range(5000))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(burn)
        with trio.fail_after(30):
            for number in range(50):
                await journal.append([("acme", b"%d" % number)], 0)
        is_over = True
    assert len(await take(journal, 50)) == 50
    await journal.aclose()


async def test_closing_finishes_what_was_asked_for() -> None:
    disk = GatedDisk()
    journal = await open_on(disk)
    disk.shut()
    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(journal.append, [("acme", b"%d" % number)], 0)
        await disk.held()
        nursery.start_soon(journal.aclose)
        nursery.start_soon(journal.aclose)
        await wait_all_tasks_blocked()
        disk.gate.set()
    assert disk.open_count == 0
    journal = await open_on(disk)
    assert dict(journal.end) == {"acme": 10}
    await journal.aclose()
