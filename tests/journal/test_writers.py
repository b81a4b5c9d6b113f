"""Threads and no threads: groups, ends, and the same bytes whatever carries them."""

import errno
import random
import threading
from pathlib import Path

import pytest
import trio

from router.errors import JournalUnavailable, StorageError
from router.journal import writers as module
from router.journal.file import FileJournal
from router.journal.segments import Entry
from router.journal.writers import InlineWriter, Request, ThreadWriter
from tests.helpers.faults import Crash, MemoryDisk, fail_at, fail_on
from tests.journal.contract import Wall, take

FOLDER = Path("/journal")


async def open_inline(disk: MemoryDisk, *, segment_bytes: int = 512) -> FileJournal:
    return await FileJournal.open(
        FOLDER,
        wall_ms=Wall(),
        core_version=1,
        segment_bytes=segment_bytes,
        ops=disk,
        make_writer=InlineWriter,
    )


def request(command_count: int = 1, byte_count: int = 1) -> Request:
    return Request([("acme", b"")] * command_count, byte_count, 0, lambda _: None)


async def test_a_group_is_bounded_and_an_append_never_split(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GROUP_COMMANDS_MAX", 5)
    monkeypatch.setattr(module, "GROUP_BYTES_MAX", 100)
    backlog = module._Backlog()
    sizes = [(2, 1), (2, 1), (2, 1), (9, 1), (1, 60), (1, 60), (1, 300)]
    for commands, byte_count in sizes:
        backlog.put(request(commands, byte_count))
    backlog.close()
    groups = []
    while group := backlog.take():
        groups.append([(len(each.commands), each.byte_count) for each in group])
    assert groups == [sizes[:2], sizes[2:3], sizes[3:4], sizes[4:5], sizes[5:6], sizes[6:]]


def test_a_writer_whose_loop_has_ended_ends_too() -> None:
    held = threading.Event()
    reached = threading.Event()

    def commit(_: list[Request]) -> Entry | Exception:
        reached.set()
        assert held.wait(timeout=30)
        return StorageError("nobody hears this")

    async def crash() -> ThreadWriter:
        writer = ThreadWriter()
        writer.start(commit, lambda *_: None)
        writer.put(request())
        assert await trio.to_thread.run_sync(reached.wait, 30)
        return writer

    writer = trio.run(crash)
    held.set()
    writer.thread.join(timeout=30)
    assert not writer.thread.is_alive()


async def test_without_threads_no_thread_ever_runs_and_everything_is_closed() -> None:
    disk = MemoryDisk()
    before = threading.active_count()
    journal = await open_inline(disk)
    for number in range(40):
        await journal.append([("acme", b"%d" % number)], 0)
    assert len([path for path in disk.files if path.suffix == ".segment"]) > 3
    assert len(await take(journal, 40)) == 40
    assert threading.active_count() == before
    await journal.aclose()
    assert disk.open_count == 0
    with pytest.raises(JournalUnavailable):
        await journal.append([("acme", b"late")], 0)


@pytest.mark.parametrize("count", range(1, 30, 3))
async def test_without_threads_an_append_is_durable_when_it_returns(count: int) -> None:
    disk = MemoryDisk()
    journal = await open_inline(disk)
    for number in range(count):
        await journal.append([("acme", b"%d" % number)], 0)
    disk.crash(random.Random(count))
    journal = await open_inline(disk)
    assert dict(journal.end) == {"acme": count}
    await journal.aclose()


async def test_the_same_seed_gives_the_same_operations_in_the_same_order() -> None:
    traces = []
    for _ in range(2):
        trace: list[str] = []

        def note(_: int, operation: str, seen: list[str] = trace) -> None:
            seen.append(operation)

        disk = MemoryDisk(note)
        journal = await open_inline(disk)
        for number in range(30):
            await journal.append([("acme", b"%d" % number)], 0)
        assert len(await take(journal, 30)) == 30
        await journal.aclose()
        traces.append(trace)
    assert traces[0] == traces[1]


@pytest.mark.parametrize("call", range(10, 60, 7))
async def test_without_threads_a_crash_at_any_operation_loses_nothing_answered(call: int) -> None:
    disk = MemoryDisk()
    journal = await open_inline(disk)
    disk.plan = fail_at(disk.call_count + call, Crash())
    answered = await append_until_broken(journal)
    disk.crash(random.Random(call))
    journal = await open_inline(disk)
    assert journal.end.get("acme", 0) - answered in (0, 1)
    await journal.aclose()


async def append_until_broken(journal: FileJournal) -> int:
    """Append until the journal is broken for good; return how many were answered."""
    answered = 0
    while answered < 1000:
        try:
            await journal.append([("acme", b"%d" % answered)], 0)
        except StorageError:
            break
        answered += 1
    return answered


async def test_without_threads_a_full_disk_refuses_and_heals() -> None:
    disk = MemoryDisk()
    journal = await open_inline(disk)
    disk.plan = fail_on("pwrite", error=errno.ENOSPC)
    with pytest.raises(JournalUnavailable):
        await journal.append([("acme", b"refused")], 0)
    disk.plan = None
    await journal.append([("acme", b"kept")], 0)
    assert [record.payload for record in await take(journal, 1)] == [b"kept"]
    await journal.aclose()


async def test_what_waits_can_be_refused_while_a_group_is_under_way() -> None:
    writer = ThreadWriter()
    refused = JournalUnavailable("not now")
    reached, held = threading.Event(), threading.Event()
    told: list[tuple[int, object]] = []

    def commit(group: list[Request]) -> Entry | Exception:
        if len(told) == 0 and not held.is_set():
            reached.set()
            assert held.wait(timeout=30)
            writer.refuse(refused)
        return StorageError(f"group of {len(group)}")

    writer.start(commit, lambda group, outcome: told.append((len(group), outcome)))
    writer.put(request())
    await trio.to_thread.run_sync(reached.wait)
    for _ in range(3):
        writer.put(request())
    held.set()
    await writer.aclose()
    assert told[0] == (3, refused), "in one go, and before what was under way"
    assert [count for count, _ in told] == [3, 1]
    writer.refuse(refused)


async def test_a_thread_rests_in_time_whether_or_not_there_are_appends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.02)
    rested = trio.Event()
    token = trio.lowlevel.current_trio_token()
    rest_count = 0
    told: list[tuple[int, object]] = []
    broken = StorageError("it is over")

    def rest() -> StorageError | None:
        nonlocal rest_count
        rest_count += 1
        if rest_count == 6:
            token.run_sync_soon(rested.set)
            return broken
        return None

    writer = ThreadWriter(rest)
    writer.start(lambda _: StorageError("no"), lambda group, got: told.append((len(group), got)))
    with trio.fail_after(30):
        while rest_count < 3:
            writer.put(request())
            await trio.sleep(0.001)
        await rested.wait()
    await writer.aclose()
    assert (0, broken) in told, "it is told without an append"


async def test_a_rest_that_breaks_is_told_and_the_thread_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.02)
    told: list[object] = []
    broken = trio.Event()
    done = trio.Event()

    def rest() -> StorageError | None:
        raise ZeroDivisionError

    def publish(group: list[Request], got: object) -> None:
        told.append(got)
        (done if group else broken).set()

    writer = ThreadWriter(rest)
    writer.start(lambda _: StorageError("no"), publish)
    with trio.fail_after(30):
        await broken.wait()
        writer.put(request())
        await done.wait()
    await writer.aclose()
    assert "ZeroDivisionError" in str(told[0])
