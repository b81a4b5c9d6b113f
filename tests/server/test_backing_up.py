"""A data folder, copied whole or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from router.core import CORE_VERSION
from router.errors import StorageError
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.server.backing_up import back_up
from tests.server.test_inspecting import COMMANDS, filled


def test_everything_in_the_folder_comes_along_and_databases_as_they_should(tmp_path: Path) -> None:
    data = tmp_path / "data"
    log = filled(data / "journal")
    (data / "visitors.key").write_bytes(b"key")
    (data / "archive").mkdir()
    with closing(sqlite3.connect(data / "archive" / "acme.sqlite")) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table one (number)")
        database.execute("insert into one values (7)")
        database.commit()
        copied = back_up(data, tmp_path / "copy")
    log.close()
    assert copied.positions == {"acme": len(COMMANDS)}
    assert (tmp_path / "copy" / "visitors.key").read_bytes() == b"key"
    with closing(sqlite3.connect(tmp_path / "copy" / "archive" / "acme.sqlite")) as database:
        assert database.execute("select number from one").fetchall() == [(7,)]
    again = SegmentLog.open(tmp_path / "copy" / "journal", core_version=CORE_VERSION, ops=DiskOps())
    assert again.sequence == len(COMMANDS)
    again.close()
    assert not (tmp_path / "copy.partial").exists()


def test_a_target_that_cannot_be_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data / "journal").close()
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").write_bytes(b"mine")
    with pytest.raises(StorageError, match="is there already"):
        back_up(data, full)
    with pytest.raises(StorageError, match="lies in the data folder"):
        back_up(data, data / "copy")
    with pytest.raises(StorageError, match="cannot be read"):
        back_up(tmp_path / "none", tmp_path / "copy")
    (tmp_path / "copy.partial").mkdir()
    with pytest.raises(StorageError, match="left from another backup"):
        back_up(data, tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.partial", "data", "full"]


def test_a_damaged_journal_is_not_copied_under_the_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data / "journal").close()
    path = min((data / "journal").glob("*.segment"))
    path.write_bytes(b"rubbish" + path.read_bytes()[7:])
    with pytest.raises(StorageError, match="header is damaged"):
        back_up(data, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
