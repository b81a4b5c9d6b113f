"""What a node keeps commands in, and what it has before it replays."""

from contextlib import aclosing, closing
from pathlib import Path

import msgspec
import pytest

from router.archive.sqlite import SqliteArchive
from router.commands import Tick, Underway
from router.errors import ArchiveCorrupt, StorageError
from router.journal.base import Command
from router.journal.file import FileJournal
from router.journal.memory import MemoryJournal
from router.journal.segments import segment_path
from router.journal.snapshot_files import FileSnapshots
from router.server.clock import Clock
from router.server.hidden import HIDDEN
from router.server.hook_store import HookKey
from router.server.metrics import Metrics
from router.server.restoring import NOTHING, Snapshots
from router.server.sections import Webhook
from router.server.snapshotter import Pace, Snapshotter, followed_folder
from router.server.storing import Kept, _start, journal_folder, opened, snapshotting
from tests.helpers.nodes import folder_settings, node_settings
from tests.server.test_replica import HARMLESS

COMMANDS: list[Command] = [
    ("acme", msgspec.msgpack.encode(Underway("n1", number, command)))
    for number, command in enumerate((*HARMLESS, Tick()))
]


async def test_each_journal_has_what_it_needs_beside_it(tmp_path: Path) -> None:
    metrics = Metrics()
    async with opened(node_settings(), Clock()) as kept:
        assert isinstance(kept.journal, MemoryJournal)
        assert snapshotting(node_settings().server, kept, metrics) is None
    settings = folder_settings(tmp_path, journal_keep="all", snapshot_ms=5_000)
    async with opened(settings, Clock()) as kept:
        assert isinstance(kept.journal, FileJournal)
        assert kept.start == NOTHING
        keeper = snapshotting(settings.server, kept, metrics)
        assert keeper is not None
        assert keeper._terms.span_ms == 5_000
        assert not keeper._terms.is_trimming
        assert snapshotting(settings.server, None, metrics) is None


async def test_a_start_has_the_newest_snapshot_and_the_journal_behind_it(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    async with opened(settings, Clock()) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        write_snapshot(journal_folder(settings.server))
        await kept.journal.append([COMMANDS[-1]], 0)
        archived(kept, 5)
    async with opened(settings, Clock()) as kept:
        assert kept.start.positions == {"acme": 5}
        assert kept.journal.end == {"acme": 7}
        assert kept.start.cores["acme"].router.position == 5
        async with aclosing(kept.journal.read(kept.start.positions)) as batches:
            batch = await anext(batches)
        assert batch[0].position == 6
        assert isinstance(kept, Kept)


def archived(kept: Kept, position: int) -> None:
    assert kept.archive is not None
    kept.archive.write("acme", [], position)


async def test_a_start_takes_no_snapshot_that_the_archive_has_not_reached(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    async with opened(settings, Clock()) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        write_snapshot(journal_folder(settings.server))
        archived(kept, 3)
    async with opened(settings, Clock()) as kept:
        assert kept.start == NOTHING
        async with aclosing(kept.journal.read(kept.start.positions)) as batches:
            assert (await anext(batches))[0].position == 1


async def test_the_journal_keeps_what_the_archive_still_needs(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    async with opened(settings, Clock()) as kept:
        assert isinstance(kept.journal, FileJournal)
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        archived(kept, 3)
        done, _ = kept.journal.holds.done()  # the archive's, and that of the webhooks
        assert (done["acme"], done["browsers"]) == (3, 0)
    async with opened(settings, Clock()) as kept:
        assert isinstance(kept.journal, FileJournal)
        assert kept.journal.holds.done()[0]["acme"] == 3


async def test_the_first_life_of_a_journal_is_held_by_nobody_but_the_archive(
    tmp_path: Path,
) -> None:
    async with opened(folder_settings(tmp_path), Clock()) as kept:
        assert isinstance(kept.journal, FileJournal)
        for command in [*COMMANDS, (HIDDEN, COMMANDS[-1][1])]:
            await kept.journal.append([command], 0)
        archived(kept, 6)
        for done in kept.journal.holds.done():
            assert min(done["acme"], 6) == 6
            assert done[HIDDEN] > 0


async def test_an_archive_that_was_lost_begins_where_the_journal_does(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    folder = journal_folder(settings.server)
    async with opened(settings, Clock()) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        write_snapshot(folder)
    first = segment_path(folder, 1)
    first.rename(segment_path(folder, 7))  # as if it had been trimmed
    snapshots = Snapshots(FileSnapshots(folder))
    with closing(SqliteArchive(tmp_path / "new", ["acme", "browsers"])) as archive:
        start = _start(snapshots, ("acme", "browsers"), archive)
        assert start.positions == {"acme": 5}
        assert (archive.position("acme"), archive.position("browsers")) == (5, 0)


async def test_an_archive_of_another_journal_is_refused_and_the_journal_let_go(
    tmp_path: Path,
) -> None:
    settings = folder_settings(tmp_path)
    async with opened(settings, Clock()) as kept:
        archived(kept, 9)
    for _ in range(2):
        with pytest.raises(ArchiveCorrupt, match="do not belong together"):
            async with opened(settings, Clock()):
                raise AssertionError("nothing was opened")


async def test_the_hidden_tenant_goes_on_behind_a_snapshot_and_holds_nothing(
    tmp_path: Path,
) -> None:
    settings = folder_settings(tmp_path)
    hidden = [(HIDDEN, payload) for _, payload in COMMANDS]
    async with opened(settings, Clock()) as kept:
        for command in hidden:
            await kept.journal.append([command], 0)
        write_snapshot(journal_folder(settings.server))
        assert isinstance(kept.journal, FileJournal)
        done, _ = kept.journal.holds.done()  # the archive's, and that of the webhooks
        assert done.get(HIDDEN, len(hidden)) >= len(hidden)
    async with opened(settings, Clock()) as kept:
        position = kept.start.cores[HIDDEN].router.position
        assert kept.start.positions == {HIDDEN: position}
        assert position >= 5


async def test_a_start_takes_no_snapshot_that_a_webhook_has_not_reached(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    hook = Webhook(id="crm", url="http://127.0.0.1:9/", secret="a secret of the tests, long")
    acme = msgspec.structs.replace(settings.tenants["acme"], webhooks=(hook,))
    settings = msgspec.structs.replace(settings, tenants={**settings.tenants, "acme": acme})
    async with opened(settings, Clock()) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        write_snapshot(journal_folder(settings.server))
        archived(kept, 5)
        assert kept.hooks is not None
        kept.hooks.add((), {HookKey("acme", "crm"): 3})
    async with opened(settings, Clock()) as kept:
        assert kept.start == NOTHING
        assert isinstance(kept.journal, FileJournal)
        assert [done["acme"] for done in kept.journal.holds.done()] == [5, 3]
        assert kept.hooks is not None
        kept.hooks.add((), {HookKey("acme", "crm"): 5})
    async with opened(settings, Clock()) as kept:
        assert kept.start.positions == {"acme": 5}


def write_snapshot(folder: Path) -> None:
    ends = iter([*[False] * 80, True])
    Snapshotter(
        followed_folder(folder),
        Pace(1, 1_000),
        say=lambda _: None,
        is_over=lambda _: next(ends),
        steady_ms=lambda: 0,
    ).run()


async def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file", encoding="utf-8")
    with pytest.raises(StorageError, match="snapshots cannot be read"):
        async with opened(folder_settings(tmp_path), Clock()):
            raise AssertionError("nothing was opened")
