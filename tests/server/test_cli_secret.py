"""Fresh secrets in files of their own."""

import resource
import stat
from pathlib import Path

import pytest

from tests.helpers.commands import Ended


def test_each_file_gets_a_secret_of_its_own_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "new" / "main", tmp_path / "identity"]
    made = Ended(capsys, "secret", *map(str, files))
    assert (made.code, made.out) == (0, f"Wrote {files[0]}.\nWrote {files[1]}.\n")
    first = [file.read_text("utf-8") for file in files]
    assert len(set(first)) == 2
    assert min(len(text.strip().encode()) for text in first) >= 32
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    again = Ended(capsys, "secret", *map(str, files), str(tmp_path / "third"))
    assert (again.code, again.out.count("is there already")) == (0, 2)
    assert [file.read_text("utf-8") for file in files] == first


def test_what_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    for wrong, said in (
        (tmp_path, "in the way"),
        (below, "in the way"),
        (below / "x", "cannot be"),
    ):
        ended = Ended(capsys, "secret", str(wrong))
        assert (ended.code, said in ended.err) == (1, True), ended.err


def test_where_the_disk_takes_nothing_there_is_no_empty_file_and_the_next_run_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "main"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        full = Ended(capsys, "secret", str(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (full.code, "cannot be written" in full.err) == (1, True), full.err
    assert list(tmp_path.iterdir()) == []
    assert Ended(capsys, "secret", str(file)).out == f"Wrote {file}.\n"
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside it"


def test_a_link_to_nothing_is_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nothing")
    ended = Ended(capsys, "secret", str(link))
    assert (ended.code, f"{link} is in the way" in ended.err) == (1, True), ended.err
    assert list(tmp_path.iterdir()) == [link]
