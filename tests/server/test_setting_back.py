"""What a node forgets that knows of more than Redis does."""

from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router.archive.sqlite import SqliteArchive
from router.errors import StorageError
from router.server.hook_store import FILE_NAME, HookKey, HookStore
from router.server.setting_back import (
    ahead_of,
    goes_with,
    note_store,
    set_archive_back,
    set_hooks_back,
)
from tests.server.test_hook_store import CRM, delivery

GLOBEX = HookKey("globex", "crm")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / FILE_NAME
    with closing(HookStore(file)) as store:
        store.add([delivery(3), delivery(7), delivery(9)], {CRM: 9, GLOBEX: 4})
    return file


def test_archives_that_are_ahead_are_set_back_and_others_are_left(tmp_path: Path) -> None:
    tenants = dict.fromkeys(("acme", "globex", "new"))
    ends = {"acme": 5, "globex": 9}
    with closing(SqliteArchive(tmp_path, tenants)) as archive:
        archive.write("acme", [], 7)
        archive.write("globex", [], 7)
        ahead = ahead_of(archive, tenants, ends)
        assert ahead == ["acme"]
    with capture_logs() as said:
        set_archive_back(tmp_path, ahead, ends)
    assert [(one["event"], one["tenant"], one["to_position"]) for one in said] == [
        ("archive.set_back", "acme", 5)
    ]
    with closing(SqliteArchive(tmp_path, tenants)) as archive:
        assert [archive.position(name) for name in tenants] == [5, 7, 0]


def test_hooks_have_heard_no_more_than_there_is_and_later_events_have_ids_of_their_own(
    file: Path,
) -> None:
    with closing(HookStore(file)) as store:
        before = store.id_of("acme", 8, 0)
    with capture_logs() as said:
        set_hooks_back(file, {"acme": 7, "globex": 4})
    assert [one["event"] for one in said] == ["webhooks.set_back"]
    with closing(HookStore(file)) as store:
        assert (store.place(CRM), store.place(GLOBEX)) == (7, 4)
        assert [one.position for one in store.due(CRM, 10_000, 10)] == [3, 7]
        assert store.id_of("acme", 8, 0) != before


def test_a_folder_goes_with_the_store_that_was_noted_last(tmp_path: Path) -> None:
    assert not goes_with(tmp_path, "")
    assert not goes_with(tmp_path, "a1")
    note_store(tmp_path, "a1")
    assert goes_with(tmp_path, "a1")
    note_store(tmp_path, "b2")
    assert not goes_with(tmp_path, "a1")
    assert not goes_with(tmp_path, "")


def test_where_nothing_is_ahead_nothing_changes(file: Path, tmp_path: Path) -> None:
    with closing(HookStore(file)) as store:
        before = store.id_of("acme", 8, 0)
    with capture_logs() as said:
        set_hooks_back(file, {"acme": 9, "globex": 5})
        set_hooks_back(tmp_path / "none", {})
    assert said == []
    assert not (tmp_path / "none").exists()
    with closing(HookStore(file)) as store:
        assert (store.place(CRM), store.id_of("acme", 8, 0)) == (9, before)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("no database at all, but long enough to be taken for one", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be set back"):
        set_hooks_back(file, {})
