"""The file of one tenant: made, taken on from an older version, refused."""

import sqlite3
from pathlib import Path

import pytest

from router.archive.reading import file_of
from router.archive.schema import STEPS, check, prepare
from router.errors import ArchiveCorrupt, ArchiveUnavailable, ArchiveVersion

MORE = (*STEPS, ("ALTER TABLE ratings ADD COLUMN words INTEGER",))


def opened(folder: Path) -> tuple[sqlite3.Connection, Path]:
    file = file_of(folder, "acme")
    return sqlite3.connect(file, isolation_level=None), file


def columns(connection: sqlite3.Connection) -> list[str]:
    return [row[1] for row in connection.execute("PRAGMA table_info(ratings)")]


def test_a_new_file_has_every_table(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    prepare(connection, file, "acme")
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"conversations", "messages", "notes", "assignments", "ratings", "audit"} <= names
    assert check(connection, file, "acme") == len(STEPS)
    connection.close()


def test_an_older_file_is_taken_on_with_what_is_in_it(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    prepare(connection, file, "acme")
    row = ("c1", 1, "carl", "alice", 5, "", 7)
    connection.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    prepare(connection, file, "acme", MORE)
    assert "words" in columns(connection)
    assert connection.execute("SELECT * FROM ratings").fetchall() == [(*row, None)]
    assert check(connection, file, "acme", MORE) == len(MORE)
    connection.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    prepare(connection, file, "acme")
    with pytest.raises(ArchiveUnavailable, match="cannot be written"):
        prepare(connection, file, "acme", (*MORE, ("CREATE TABLE nonsense",)))
    assert "words" not in columns(connection)
    assert check(connection, file, "acme") == len(STEPS)
    connection.close()


def test_a_newer_file_is_refused_and_named(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    prepare(connection, file, "acme", MORE)
    with pytest.raises(
        ArchiveVersion,
        match=rf"acme.sqlite: .* version {len(MORE)}, and this Fairline knows {len(STEPS)}",
    ):
        prepare(connection, file, "acme")
    connection.close()


def test_another_tenants_file_is_refused(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    prepare(connection, file, "other")
    with pytest.raises(ArchiveCorrupt, match="not of the tenant 'acme'"):
        prepare(connection, file, "acme")
    connection.close()


def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    connection.execute("CREATE TABLE recipes (name)")
    before = file.read_bytes()
    with pytest.raises(ArchiveCorrupt, match="no archive of Fairline"):
        prepare(connection, file, "acme")
    connection.close()
    assert file.read_bytes() == before


def test_a_damaged_file_is_refused_with_the_mend(tmp_path: Path) -> None:
    file = file_of(tmp_path, "acme")
    file.write_bytes(b"\x00garbage" * 1_000)
    connection, _ = opened(tmp_path)
    with pytest.raises(ArchiveCorrupt, match="Move it away"):
        prepare(connection, file, "acme")
    connection.close()


def test_a_file_that_somebody_else_holds_is_unavailable_not_broken(tmp_path: Path) -> None:
    connection, file = opened(tmp_path)
    prepare(connection, file, "acme")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    other = sqlite3.connect(file, isolation_level=None, timeout=0)
    with pytest.raises(ArchiveUnavailable):
        prepare(other, file, "acme", MORE)
    other.close()
    connection.close()
