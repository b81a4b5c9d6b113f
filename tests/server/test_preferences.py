"""The documents of staff: kept whole, apart, bounded."""

import sqlite3
import stat
from pathlib import Path

import pytest

from router.errors import Refusal, Refused
from router.server.preferences import (
    BYTES_MAX,
    FILE_NAME,
    NAMES_MAX,
    Owner,
    Preferences,
    version_of,
)

SOFIA = Owner("acme", "supervisor:sofia")
OTHERS = (Owner("acme", "agent:sofia"), Owner("beta", "supervisor:sofia"))


def refusal(deed: object, *args: object) -> Refusal:
    with pytest.raises(Refused) as refused:
        deed(*args)  # type: ignore[operator]
    return refused.value.code


def test_what_was_kept_is_there_for_its_owner_alone_and_after_a_restart(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    assert preferences.read(SOFIA, "board") is None
    preferences.keep(SOFIA, "board", b"1")
    preferences.keep(SOFIA, "board", b"2")
    for other in OTHERS:
        assert preferences.read(other, "board") is None
        preferences.forget(other, "board")
    again = Preferences(tmp_path)
    assert again.read(SOFIA, "board") == b"2"
    again.forget(SOFIA, "board")
    again.forget(SOFIA, "board")
    assert again.read(SOFIA, "board") is None
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_a_person_keeps_so_much_and_no_more(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    for number in range(NAMES_MAX):
        preferences.keep(SOFIA, f"name {number}", b"x" * BYTES_MAX)
    assert refusal(preferences.keep, SOFIA, "more", b"") == Refusal.LIMIT_EXCEEDED
    assert refusal(preferences.keep, SOFIA, "name 0", b"x" * (BYTES_MAX + 1)) == (
        Refusal.LIMIT_EXCEEDED
    )
    preferences.keep(SOFIA, "name 0", b"another")
    preferences.keep(OTHERS[0], "more", b"")
    assert preferences.read(SOFIA, "name 0") == b"another"


def test_of_two_changes_to_one_version_the_second_is_refused(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    preferences.keep(SOFIA, "board", b"1", only_over=version_of(None))
    with pytest.raises(Refused, match="changed elsewhere") as refused:
        preferences.keep(SOFIA, "board", b"2", only_over=version_of(None))
    assert refused.value.code == Refusal.CONFLICT
    preferences.keep(SOFIA, "board", b"3", only_over=version_of(b"1"))
    preferences.keep(SOFIA, "board", b"4")
    assert preferences.read(SOFIA, "board") == b"4"


def test_without_a_folder_nothing_is_kept_and_that_is_said() -> None:
    preferences = Preferences(None)
    assert preferences.read(SOFIA, "board") is None
    preferences.forget(SOFIA, "board")
    assert refusal(preferences.keep, SOFIA, "board", b"1") == Refusal.OVERLOADED


@pytest.mark.parametrize("pragma", ["user_version = 7", "application_id = 7"])
def test_a_file_of_another_program_or_version_is_left_alone(tmp_path: Path, pragma: str) -> None:
    file = tmp_path / FILE_NAME
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = file.read_bytes()
    preferences = Preferences(tmp_path)
    assert refusal(preferences.keep, SOFIA, "board", b"1") == Refusal.OVERLOADED
    assert refusal(preferences.read, SOFIA, "board") == Refusal.OVERLOADED
    assert file.read_bytes() == before


def test_a_damaged_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all, but long enough to be looked at" * 20)
    assert refusal(Preferences(tmp_path).keep, SOFIA, "board", b"1") == Refusal.OVERLOADED
