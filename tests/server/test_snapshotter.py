"""The second process' loop, in this process, with its waiting in the test's hands."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from router.commands import Command, SkipCommand, Tick, Underway
from router.core import CORE_VERSION, Router
from router.journal.file_ops import DiskOps, FileOps
from router.journal.log import SegmentLog
from router.journal.snapshot_files import newest, read_snapshot, snapshot_names
from router.journal.snapshot_store import P
from router.server import replica as replica_module
from router.server.replica import Replica
from router.server.snapshotter import (
    Diverged,
    Followed,
    Pace,
    Problem,
    Said,
    Shown,
    Snapshotter,
    Written,
    followed_folder,
)
from tests.helpers.machines import BrittleRouter
from tests.server.test_replica import HARMLESS, records
from tests.server.test_tenants import COMMANDS

ROOT = Path(__file__).parents[2]
EAGER = Pace(1, 1_000)


class Journal:
    """A journal that a test writes while it is followed."""

    def __init__(self, folder: Path) -> None:
        self.log = SegmentLog.open(folder, core_version=CORE_VERSION, ops=DiskOps())
        self.count = 0

    def add(self, *commands: Command) -> None:
        for command in commands:
            self.count += 1
            payload = msgspec.msgpack.encode(Underway("n1", self.count, command))
            self.log.append([("acme", payload)], 1_000 + self.count)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path)
    yield made
    made.log.close()


def follow(
    folder: Path,
    steps: list[Callable[[], None]],
    pace: Pace = EAGER,
    ops: FileOps | None = None,
) -> list[Said]:
    """Runs a snapshotter on a folder, as ``drive`` does."""
    return drive(followed_folder(folder, ops), steps, pace)


def drive(followed: Followed[P], steps: list[Callable[[], None]], pace: Pace = EAGER) -> list[Said]:
    """Runs a snapshotter; each time it has read everything, the next step is taken."""
    said: list[Said] = []
    now_ms = 0
    left = [*steps]

    def is_over(wait_s: float) -> bool:
        nonlocal now_ms
        now_ms += 100
        if wait_s == 0:
            return False
        if not left:
            return True
        left.pop(0)()
        return False

    Snapshotter(
        followed,
        pace,
        say=said.append,
        is_over=is_over,
        steady_ms=lambda: now_ms,
    ).run()
    return said


def written(said: list[Said]) -> list[int]:
    return [each.sequence for each in said if isinstance(each, Written)]


def test_snapshots_are_written_after_so_many_commands_and_hold_what_was_durable(
    tmp_path: Path, journal: Journal
) -> None:
    steps = [lambda: journal.add(*HARMLESS), lambda: journal.add(Tick()), journal.add]
    said = follow(tmp_path, steps, Pace(5, 10**9))
    assert written(said) == [5]
    snapshot = newest(DiskOps(), tmp_path, CORE_VERSION)
    assert snapshot is not None
    replica = Replica()
    for record in records(HARMLESS):
        replica.apply(record)
    assert snapshot.states["acme"].digest == replica.routers["acme"].digest()
    assert snapshot.states["acme"].position == 5
    assert snapshot.positions == {"acme": 5}


def test_time_makes_a_snapshot_due_only_where_there_was_something(
    tmp_path: Path, journal: Journal
) -> None:
    def idle() -> None:
        pass

    journal.add(*HARMLESS)
    said = follow(tmp_path, [idle] * 40, Pace(10**6, 1_500))
    assert written(said) == [4]
    said = follow(tmp_path, [idle] * 40, Pace(10**6, 1_500))
    assert written(said) == []


def test_a_follower_goes_on_from_the_newest_snapshot_that_is_whole(
    tmp_path: Path, journal: Journal
) -> None:
    journal.add(*HARMLESS)
    follow(tmp_path, [])
    journal.add(Tick(), Tick())
    follow(tmp_path, [])
    first, second = sorted(snapshot_names(DiskOps(), tmp_path))
    (tmp_path / second).write_bytes(b"rubbish")
    assert read_snapshot(DiskOps(), tmp_path / first).positions == {"acme": 4}
    journal.add(Tick())
    said = follow(tmp_path, [])
    assert written(said)[-1] == 7
    again = newest(DiskOps(), tmp_path, CORE_VERSION)
    assert again is not None
    replica = Replica()
    for record in records((*HARMLESS, Tick(), Tick())):
        replica.apply(record)
    assert again.states["acme"].digest == replica.routers["acme"].digest()
    assert again.states["acme"].events_crc == replica.events_crcs["acme"]


def test_a_snapshot_that_does_not_give_back_its_state_is_set_aside(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.add(*HARMLESS, Tick())
    follow(tmp_path, [])
    digest = "0" * 32
    monkeypatch.setattr(Router, "digest", lambda _: digest)
    said = follow(tmp_path, [])
    assert [type(each) for each in said] == [Diverged, Written]
    assert sorted(path.suffix for path in tmp_path.glob("snapshot-*")) == [
        ".diverged",
        ".snapshot",
    ]


def test_poison_is_left_out_as_the_live_node_does(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "Router", BrittleRouter)
    journal.add(*COMMANDS, SkipCommand(position=4), Tick())
    said = follow(tmp_path, [])
    assert written(said) == [6]
    snapshot = newest(DiskOps(), tmp_path, CORE_VERSION)
    assert snapshot is not None
    assert snapshot.states["acme"].skipped == (4,)


def test_a_skip_of_what_a_snapshot_holds_begins_before_it(tmp_path: Path, journal: Journal) -> None:
    journal.add(*HARMLESS[:2])
    follow(tmp_path, [])
    journal.add(*HARMLESS[2:], Tick())
    follow(tmp_path, [])
    journal.add(SkipCommand(position=3), Tick())
    assert written(follow(tmp_path, [])) == [7]
    snapshot = newest(DiskOps(), tmp_path, CORE_VERSION)
    assert snapshot is not None
    without = Replica(None, [("acme", 3)])
    for record in records(HARMLESS):
        without.apply(record)
    assert snapshot.states["acme"].skipped == (3,)
    assert snapshot.states["acme"].digest == without.routers["acme"].digest()


def test_running_hashes_are_told(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "SHOWN_EVERY", 2)
    journal.add(*HARMLESS)
    shown = [each for each in follow(tmp_path, []) if isinstance(each, Shown)]
    assert [(each.tenant, each.position) for each in shown] == [("acme", 2), ("acme", 4)]


class FullDisk(DiskOps):
    def __init__(self, error: int) -> None:
        self.error = error

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        return super().pwrite(descriptor, data, offset)


def test_a_full_disk_is_told_and_tried_again_and_a_broken_one_ends_it(
    tmp_path: Path, journal: Journal
) -> None:
    journal.add(*HARMLESS)
    disk = FullDisk(errno.ENOSPC)

    def heal() -> None:
        disk.error = 0

    def idle() -> None:
        pass

    said = follow(tmp_path, [heal, *[idle] * 110], ops=disk)
    assert [type(each) for each in said] == [Problem, Written]
    assert "No space left" in said[0].text  # type: ignore[union-attr]
    assert not [*tmp_path.glob("*.partial")]
    journal.add(Tick())
    with pytest.raises(OSError, match="Input/output"):
        follow(tmp_path, [], ops=FullDisk(errno.EIO))


@pytest.mark.process
def test_the_process_ends_when_whoever_started_it_is_gone(tmp_path: Path, journal: Journal) -> None:
    journal.add(*HARMLESS, Tick())
    command = [sys.executable, "-m", "router.server.snapshotter", str(tmp_path), "1", "1000"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = msgspec.json.decode(process.stdout.readline(), type=Said)
        assert isinstance(line, Written)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) > os.getpriority(os.PRIO_PROCESS, 0)
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.process
def test_a_journal_that_cannot_be_followed_is_told_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "router.server.snapshotter", str(tmp_path), "1", "1000"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.PIPE, capture_output=True)
    assert done.returncode == 1
    said = msgspec.json.decode(done.stdout, type=Said)
    assert isinstance(said, Problem)
    assert "no segment at all" in said.text
    assert done.stderr == b""
