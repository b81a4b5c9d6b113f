"""The keeper of the second process: it starts, dies, lies and is started again."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router.core import CORE_VERSION
from router.journal.file import FileJournal
from router.journal.file_ops import DiskOps
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots, read_snapshot, snapshot_names
from router.journal.snapshot_store import KEPT
from router.server import snapshotting as module
from router.server.clock import Clock
from router.server.snapshotting import Terms
from tests.helpers import keepers
from tests.helpers.keepers import kept, until

pytestmark = pytest.mark.process


class House(keepers.House[FileJournal, Place]):
    """One on a folder."""

    def __init__(self, folder: Path, journal: FileJournal, **parts: object) -> None:
        super().__init__(str(folder), FileSnapshots(folder), journal, **parts)
        self.folder = folder

    async def add_and_wait(self, count: int) -> None:
        before = self.counts["snapshots"]
        await self.add(count)
        await until(lambda: self.counts["snapshots"] > before, "another snapshot")

    def names(self) -> list[str]:
        return snapshot_names(DiskOps(), self.folder)

    def segments(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.segment"))


@asynccontextmanager
async def house(folder: Path, *, segment_bytes: int = 512, **parts: object) -> AsyncIterator[House]:
    journal = await FileJournal.open(
        folder, wall_ms=Clock().wall_ms, core_version=CORE_VERSION, segment_bytes=segment_bytes
    )
    async with kept(House(folder, journal, **parts)) as made:
        yield made


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


async def test_snapshots_come_and_old_ones_and_what_is_behind_them_go(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.add(12)
        for _ in range(4):
            await made.add_and_wait(4)
        process_id = made.keeper.process_id
        assert process_id is not None
        await until(lambda: len(made.names()) == KEPT, "old snapshots are gone")
        first = made.segments()[0]
        assert first > "journal-00000000000000000001"
        for name in made.names():
            assert read_snapshot(DiskOps(), tmp_path / name).place.segment_sequence >= int(
                first.removeprefix("journal-").removesuffix(".segment")
            )
    assert not is_running(process_id)


async def test_a_hold_keeps_what_its_owner_has_not_done(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        made.journal.holds.add("archive", dict)
        for _ in range(4):
            await made.add_and_wait(6)
        assert made.segments()[0] == ("journal-00000000000000000001.segment")


async def test_all_is_kept_where_the_operator_wants_it(tmp_path: Path) -> None:
    terms = Terms(commands=1, span_ms=1_000, is_trimming=False)
    async with house(tmp_path, terms=terms) as made:
        for _ in range(4):
            await made.add_and_wait(6)
        assert (tmp_path / "journal-00000000000000000001.segment").exists()


async def test_a_process_that_is_killed_is_started_again_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (0.01,))
    async with house(tmp_path) as made:
        await made.add(5)
        await until(lambda: made.counts["snapshots"], "a snapshot")
        for number in range(1, 3):
            process_id = made.keeper.process_id
            assert process_id is not None
            os.kill(process_id, signal.SIGKILL)
            await made.add_and_wait(5)
            assert made.counts["snapshotter_ends"] == number
            assert made.keeper.process_id != process_id
        assert made.alarms == 0


async def test_what_cannot_be_started_is_tried_again_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (0.01, 0.02))
    with capture_logs() as said:
        async with house(tmp_path, command=[str(tmp_path / "no such program")]) as made:
            await until(lambda: made.counts["snapshotter_ends"] > 4, "it is tried again")
            await made.add(3)
    assert {line["event"] for line in said} == {"snapshotter.not_started"}


def speaker(line: str) -> list[str]:
    """A process that says one line and waits for its end."""
    return [sys.executable, "-c", f"import sys; print({line!r}, flush=True); sys.stdin.read()"]


async def test_a_divergence_alarms_and_nothing_is_removed_any_more(tmp_path: Path) -> None:
    line = '{"say":"shown","tenant":"acme","position":10000,"crc":7}'
    with capture_logs() as said:
        async with house(tmp_path, command=speaker(line)) as made:
            made.keeper.show("acme", 10_000, 8)
            await until(lambda: made.alarms, "an alarm")
            assert made.keeper.has_diverged
            await made.add(12)
            await made.keeper._tidy()
            assert (tmp_path / "journal-00000000000000000001.segment").exists()
    assert "replay.diverged" in {line["event"] for line in said}


async def test_agreement_alarms_nobody(tmp_path: Path) -> None:
    line = '{"say":"shown","tenant":"acme","position":10000,"crc":7}'
    async with house(tmp_path, command=speaker(line)) as made:
        made.keeper.show("acme", 10_000, 7)
        await until(lambda: made.keeper.comparison.matched_count, "a comparison")
        assert made.alarms == 0


async def test_a_snapshot_that_does_not_give_back_its_state_alarms(tmp_path: Path) -> None:
    line = '{"say":"diverged","tenant":"acme","file":"snapshot-1.snapshot"}'
    async with house(tmp_path, command=speaker(line)) as made:
        await until(lambda: made.alarms, "an alarm")
