"""Where cores begin."""

from pathlib import Path

import msgpack
import pytest
from structlog.testing import capture_logs

from router import __version__
from router.core import CORE_VERSION
from router.errors import SnapshotVersion
from router.journal.file_ops import DiskOps
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots, snapshot_names
from router.journal.snapshot_store import Part
from router.server.replica import Replica
from router.server.restoring import NOTHING, Snapshots
from tests.server.test_replica import HARMLESS, place, records


def _in(folder: Path) -> Snapshots[Place]:
    return Snapshots(FileSnapshots(folder))


def fill(folder: Path, *counts: int) -> dict[int, str]:
    """Writes a snapshot after each of so many commands; returns the digests."""
    digests = {}
    replica = Replica()
    for number, record in enumerate(records(HARMLESS), start=1):
        replica.apply(record)
        if number in counts:
            replica.write(FileSnapshots(folder), place(replica, number))
            digests[number] = replica.routers["acme"].digest()
    return digests


def test_a_start_without_snapshots_begins_with_nothing(tmp_path: Path) -> None:
    assert _in(tmp_path / "new").start(["acme"]) == NOTHING
    assert _in(tmp_path / "new").core("acme", 5) is None


def test_a_start_begins_with_the_newest_and_knows_tenants_that_are_not_served(
    tmp_path: Path,
) -> None:
    digests = fill(tmp_path, 2, 4)
    start = _in(tmp_path).start(["acme", "fresh"])
    assert start.place is not None
    assert start.place.sequence == 4
    assert [*start.cores] == ["acme"]
    assert start.cores["acme"].router.digest() == digests[4]
    assert start.positions == {"acme": 4}
    assert _in(tmp_path).start(["fresh"]).positions == {"acme": 4}


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone"])
def test_a_damaged_snapshot_is_passed_over(tmp_path: Path, damage: str) -> None:
    digests = fill(tmp_path, 2, 4)
    path = tmp_path / snapshot_names(DiskOps(), tmp_path)[0]
    data = path.read_bytes()
    middle = len(data) // 2
    match damage:
        case "cut":
            path.write_bytes(data[:middle])
        case "flipped":
            path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        case "empty":
            path.write_bytes(b"")
        case _:
            path.unlink()
    start = _in(tmp_path).start(["acme"])
    assert start.cores["acme"].router.digest() == digests[2]
    for each in tmp_path.iterdir():
        each.write_bytes(b"rubbish")
    assert _in(tmp_path).start(["acme"]) == NOTHING


def test_a_broken_core_is_begun_before_what_broke_it(tmp_path: Path) -> None:
    digests = fill(tmp_path, 2, 4)
    snapshots = _in(tmp_path)
    for before, expected in ((9, 4), (5, 4), (4, 2), (3, 2)):
        core = snapshots.core("acme", before)
        assert core is not None
        assert core.router.digest() == digests[expected]
    assert snapshots.core("acme", 2) is None
    assert snapshots.core("globex", 9) is None


def test_whoever_is_behind_gets_a_snapshot_that_is_not_newer(tmp_path: Path) -> None:
    fill(tmp_path, 2, 4)
    snapshots = _in(tmp_path)

    def begins(**done: int) -> int:
        return snapshots.start(["acme"], done).positions.get("acme", 0)

    assert [begins(acme=done) for done in (9, 4, 3, 2, 1)] == [4, 4, 2, 2, 0]
    assert begins() == 4
    (tmp_path / "journal-00000000000000000007.segment").write_bytes(b"the first one that is kept")
    with capture_logs() as said:
        assert begins(acme=1) == 4
    assert [line["event"] for line in said] == ["snapshot.newer_than_effects"]


@pytest.mark.parametrize(
    ("release", "writer"), [("9.9.9", "Fairline 9.9.9"), ("", "Another release")]
)
def test_a_snapshot_of_a_newer_release_is_refused_with_its_name_its_writer_and_the_mend(
    tmp_path: Path, release: str, writer: str
) -> None:
    """An older release that somebody went back to, over the data of the newer one."""
    replica = Replica()
    for record in records(HARMLESS):
        replica.apply(record)
    router = replica.routers["acme"]
    *chunks, end = router.snapshot()
    newer = [*chunks, msgpack.packb(["weather", msgpack.packb("mild")]), end]
    part = Part("acme", router.position, 0, (), newer, release)
    FileSnapshots(tmp_path).write(place(replica), CORE_VERSION, [part])
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(SnapshotVersion) as refused:
        _in(tmp_path).start(["acme"])
    (name,) = before
    assert str(refused.value) == (
        f"{tmp_path / name}, tenant acme: this Fairline ({__version__}, core version"
        f" {CORE_VERSION}) does not know what 'weather' is. {writer} wrote this snapshot: start"
        " that one again, or go back to a backup that was made before the upgrade. Nothing was"
        " changed."
    )
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_snapshot_says_which_release_wrote_it(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    snapshot = FileSnapshots(tmp_path).newest(CORE_VERSION)
    assert snapshot is not None
    assert snapshot.states["acme"].release == __version__
