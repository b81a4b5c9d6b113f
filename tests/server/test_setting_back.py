"""What a node forgets that knows of more than Redis does."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router.archive.reading import file_of
from router.archive.sqlite import SqliteArchive
from router.errors import ArchiveCorrupt, StorageError
from router.journal.redis_layout import Life
from router.server.hook_store import FILE_NAME, HookKey, HookStore
from router.server.setting_back import (
    LIVES_FILE,
    STOOD_FILE,
    agreed,
    ahead_of,
    archived,
    check_stood_by,
    check_store,
    goes_with,
    note_lives,
    note_standby,
    note_store,
    noted_lives,
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


class Past:
    """A store that loses its end now and then, and folders of nodes that know every command."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.commands: list[int] = []
        self.lives: list[Life] = []
        self.folders: list[tuple[list[int], list[Life]]] = [([], []) for _ in range(3)]

    def lose(self) -> None:
        """What is lost is the end: commands, and the lives that began behind what is left."""
        place = self.chance.randint(0, len(self.commands))
        self.commands = self.commands[:place]
        self.lives = [one for one in self.lives if one.positions["acme"] <= place]
        if self._is_idle(place) and self.chance.random() < 0.5:
            self.lives.pop()

    def _is_idle(self, end: int) -> bool:
        """Whether the last life has left nothing."""
        return bool(self.lives) and self.lives[-1].positions["acme"] == end

    def serve(self, number: int, life: str) -> None:
        """A node starts, and takes what it has not got; then there are new commands."""
        archived, noted = self.folders[number]
        end = len(self.commands)
        if self._is_idle(end):
            self.lives.pop()
        self.lives = [*self.lives, Life(life, {"acme": end})]
        ends = agreed(noted, self.lives, {"acme": end})
        assert (ends is None) == (not {one.name for one in noted} & {x.name for x in self.lives})
        if ends is not None:
            have = archived[: ends["acme"]]
            assert have == self.commands[: len(have)]
            assert archived == have or archived[len(have)] not in self.commands, "no more goes"
        self.commands += [self.chance.getrandbits(60) for _ in range(self.chance.randint(0, 5))]
        known = self.chance.randint(min(end, len(self.commands)), len(self.commands))
        self.folders[number] = (self.commands[:known], list(self.lives))


@pytest.mark.parametrize("seed", range(40))
def test_up_to_where_both_agree_the_folder_has_nothing_that_redis_lost(seed: int) -> None:
    past = Past(seed)
    for turn in range(60):
        if past.chance.random() < 0.4:
            past.lose()
        past.serve(past.chance.randrange(3), f"life {turn}")


def test_a_folder_that_is_up_to_date_agrees_to_the_end_and_one_without_lives_says_nothing() -> None:
    one, two = Life("a", {}), Life("b", {"acme": 8})
    assert agreed([one], [one], {"acme": 10, "new": 2}) == {"acme": 10, "new": 2}
    assert agreed([one], [one, two], {"acme": 12, "new": 2}) == {"acme": 8, "new": 0}
    assert agreed([one, two], [one], {"acme": 12}) == {"acme": 8}
    assert agreed([], [one], {"acme": 12}) is None
    assert agreed([two], [one], {"acme": 12}) is None


def test_lives_come_back_as_they_were_noted(tmp_path: Path) -> None:
    assert noted_lives(tmp_path) == []
    lives = [Life("a", {}), Life("b", {"acme": 8})]
    note_lives(tmp_path, lives)
    assert noted_lives(tmp_path) == lives
    (tmp_path / LIVES_FILE).write_text("[1", encoding="ascii")
    with capture_logs() as said:
        assert noted_lives(tmp_path) == []
    assert [line["event"] for line in said] == ["archive.lives_unreadable"]


def test_a_node_that_never_served_goes_on_with_the_store_that_it_stood_by(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    check_stood_by(folder, "a1", "redis://here")
    note_standby(folder, "", "redis://here")
    assert not folder.exists()
    for _ in range(2):
        note_standby(folder, "a1", "redis://here")
    check_stood_by(folder, "a1", "redis://here")
    for again in (check_stood_by, note_standby):
        with pytest.raises(StorageError, match=r"another journal than the one in redis://here"):
            again(folder, "b2", "redis://here")
    note_store(folder, "a1")
    assert not (folder / STOOD_FILE).exists()
    note_standby(folder, "b2", "redis://here")
    assert not (folder / STOOD_FILE).exists(), "who served knows by what it has"


def test_an_archive_of_another_store_is_found_though_nobody_has_it_open(tmp_path: Path) -> None:
    def check(store: str, *tenants: str) -> None:
        check_store(tmp_path, store, tenants, "redis://here")

    note_store(tmp_path, "a1")
    check("", "acme")
    folder = tmp_path / "archive"
    with closing(SqliteArchive(folder, ["acme", "globex"])) as archive:
        archive.write("acme", [], 5)
    check("a1", "acme")
    check("b2", "globex", "new")
    for store in ("b2", ""):
        with pytest.raises(ArchiveCorrupt, match="redis://here"):
            check(store, "globex", "acme")
    file_of(folder, "acme").write_bytes(b"no archive")
    assert archived(tmp_path, "acme") == 0
    check("b2", "acme")
    check_store(tmp_path, "a1", ["acme"], "redis://here", {"acme": 5}.__getitem__)
    with pytest.raises(ArchiveCorrupt, match="redis://here"):
        check_store(tmp_path, "b2", ["acme"], "redis://here", {"acme": 5}.__getitem__)


def test_a_standby_whose_folder_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="ascii")
    with pytest.raises(StorageError, match="data cannot be written"):
        note_standby(tmp_path / "data", "a1", "redis://here")


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


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_file_that_was_made_and_never_written_has_nothing_to_forget(
    tmp_path: Path, mode: str
) -> None:
    """Whoever made it was killed: a node that did not start for it would never."""
    file = tmp_path / FILE_NAME
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    file.touch()
    set_hooks_back(file, {"acme": 7})
    HookStore(file).close()


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("no database at all, but long enough to be taken for one", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be set back"):
        set_hooks_back(file, {})
