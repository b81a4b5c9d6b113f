"""What a first start on somebody's data would meet, looked at without changing a byte."""

import sqlite3
from pathlib import Path

import msgspec

from router.archive.schema import STEPS
from router.archive.sqlite import SqliteArchive
from router.commands import Command, SetPolicy, SkipCommand, Underway
from router.core import CORE_VERSION, Router
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.journal.snapshot_store import Part
from router.server.upgrading import outlook
from tests.helpers.cores import actor
from tests.helpers.kept_journals import COMMANDS, KEPT, TENANT, unpack
from tests.helpers.nodes import POLICY, folder_settings, node_settings

OTHER = msgspec.structs.replace(POLICY, grace_ms=5_000)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, *commands: Command, core_version: int = CORE_VERSION) -> None:
    log = SegmentLog.open(
        folder / "journal", core_version=core_version, ops=DiskOps(), segment_bytes=65_536
    )
    for number, command in enumerate(commands, start=1):
        log.append([("acme", msgspec.msgpack.encode(Underway("n1", number, command)))], number)
    log.close()


def test_a_journal_of_an_earlier_release_would_start_and_stays_as_it_is(tmp_path: Path) -> None:
    unpack(max(KEPT.glob("*.tar.xz")), tmp_path)
    before = bytes_of(tmp_path)
    settings = folder_settings(tmp_path)
    tenants = {TENANT: settings.tenants["acme"]}
    found = outlook(msgspec.structs.replace(settings, tenants=tenants))
    assert found.problems == []
    assert found.commands >= COMMANDS
    assert 0 < found.replayed < found.commands
    assert found.snapshot.endswith(".snapshot")
    assert found.notes == [
        f"{TENANT}: the file's policy is put in force, over what is now (fairline policy diff)"
    ]
    assert list(found.lines())[-1] == "It would start; nothing was changed."
    assert bytes_of(tmp_path) == before


def test_a_journal_of_another_core_and_a_damaged_one_would_not_start(tmp_path: Path) -> None:
    write(tmp_path / "newer", SetPolicy(policy=POLICY), core_version=CORE_VERSION + 1)
    found = outlook(folder_settings(tmp_path / "newer"))
    (problem,) = found.problems
    assert str(CORE_VERSION + 1) in problem
    assert list(found.lines())[-1] == "It would not start."
    write(tmp_path / "torn", *[SetPolicy(policy=POLICY)] * 3)
    (segment,) = (tmp_path / "torn" / "journal").glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[200] ^= 255
    segment.write_bytes(content)
    assert outlook(folder_settings(tmp_path / "torn")).problems


def test_a_snapshot_of_a_newer_release_would_not_start(tmp_path: Path) -> None:
    write(tmp_path, *[SetPolicy(policy=POLICY)] * 3)
    router = Router("acme")
    router.apply(SetPolicy(policy=POLICY), 1)
    *chunks, end = router.snapshot()
    newer = [*chunks, msgspec.msgpack.encode(("weather", b"")), end]
    store = FileSnapshots(tmp_path / "journal")
    store.write(Place(1, 1, 0, 0, 0, 0, {"acme": 1}), CORE_VERSION, [Part("acme", 1, 0, (), newer)])
    (problem,) = outlook(folder_settings(tmp_path)).problems
    assert "does not know what 'weather' is" in problem


def test_it_says_what_becomes_of_the_policies(tmp_path: Path) -> None:
    filed = SetPolicy(policy=POLICY, from_file=True)
    write(tmp_path, filed, SetPolicy(policy=OTHER, by=actor("service:shop")))
    found = outlook(folder_settings(tmp_path))
    assert found.notes == [
        "acme: the policy that was set by hand stays in force",
        "browsers: new; the file's policy is put in force",
    ]


def test_what_is_to_be_left_out_is_left_out(tmp_path: Path) -> None:
    filed = SetPolicy(policy=POLICY, from_file=True)
    write(tmp_path, filed, SetPolicy(policy=OTHER, from_file=True), SkipCommand(position=2))
    found = outlook(folder_settings(tmp_path))
    assert (found.problems, found.replayed) == ([], 3)
    assert [note for note in found.notes if note.startswith("acme")] == []


def test_an_older_archive_is_brought_up_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    SqliteArchive(tmp_path / "archive", ["acme", "browsers"]).close()
    for version in (len(STEPS), len(STEPS) + 1):
        connection = sqlite3.connect(tmp_path / "archive" / "acme.sqlite")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
        connection.close()
        problems = outlook(folder_settings(tmp_path)).problems
        assert bool(problems) is (version > len(STEPS))


def test_where_nothing_is_there_a_start_begins_it(tmp_path: Path) -> None:
    (note,) = outlook(folder_settings(tmp_path)).notes
    assert "a start begins one" in note
    assert not list(tmp_path.iterdir())
    (note,) = outlook(node_settings()).notes
    assert "nothing to upgrade" in note
