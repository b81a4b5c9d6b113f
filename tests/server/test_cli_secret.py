"""Fresh secrets in files of their own."""

import stat
from pathlib import Path

import pytest

from tests.server.test_cli import Ended


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
