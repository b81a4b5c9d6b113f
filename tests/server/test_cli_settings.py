"""A command reads the settings of its folder; a wrong call is answered by what is right."""

from pathlib import Path

import pytest

from router.server.starter import FILE_NAME, write_starter
from tests.helpers.commands import Ended


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["token", "--role", "agent", "--sub", "alice"],
        ["config", "show"],
        ["upgrade"],
    ],
)
def test_the_settings_of_the_folder_are_read(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    write_starter(folder)
    told = Ended(capsys, *command)
    assert (told.code, told.err) == (0, "")
    named = Ended(capsys, *command, "--config", FILE_NAME)
    if command[0] != "token":  # one a second later is another
        assert told.out == named.out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["check"], "--config, or have one written: fairline init DIR"),
        (["doctor"], "name what to examine: --config FILE"),
        (["top", "--once"], "name a node: --config FILE"),
        (["policy", "pull"], "name whom to ask: --config FILE"),
    ],
)
def test_a_folder_without_settings_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str], words: str
) -> None:
    assert list(folder.iterdir()) == []
    told = Ended(capsys, *command)
    assert (told.code, told.out) == (1, "")
    assert words in told.err


def test_doctor_and_top_examine_the_server_of_the_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_starter(folder)
    path.write_text(path.read_text().replace("127.0.0.1:8080", "127.0.0.1:1"))
    assert "all attempts to connect to 127.0.0.1:1 failed" in Ended(capsys, "doctor").out
    assert "127.0.0.1:1 DOWN" in Ended(capsys, "top", "--once").out


def test_an_address_needs_no_settings_of_the_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / FILE_NAME).write_text("rubbish")
    told = Ended(capsys, "doctor", "--url", "http://127.0.0.1:1")
    assert "start the server" in told.out


@pytest.mark.parametrize(
    ("command", "words", "see"),
    [
        (["check", "fairline.toml"], "by an option: --config fairline.toml", "check"),
        (["simulate", "a.toml", "b.toml"], "'b.toml' is one word too many", "simulate"),
        (["check", "--confg", "x"], "Did you mean --config?", "check"),
        (["serve", "--port", "9000"], "Unknown option: --port.", "serve"),
        (["serv"], 'Did you mean "serve"?', ""),
        (["init"], "FOLDER", "init"),
        (["journal", "skip", "1", "2"], "'2' is one word too many", "journal skip"),
        (["token", "--role", "boss"], '"supervisor"', "token"),
    ],
)
def test_a_wrong_call_is_a_sentence_with_the_command_that_helps(
    capsys: pytest.CaptureFixture[str], command: list[str], words: str, see: str
) -> None:
    told = Ended(capsys, *command)
    assert (told.code, told.out) == (2, "")
    first, second = told.err.splitlines()
    assert first.startswith("fairline: ")
    assert words in first
    assert second == " ".join(f"See: fairline {see} --help".split())
    assert Ended(capsys, *second.split()[2:]).code == 0


def test_where_to_listen_is_in_the_help_of_serve(capsys: pytest.CaptureFixture[str]) -> None:
    assert "FAIRLINE_SERVER__BIND" in Ended(capsys, "serve", "--help").out


def test_what_is_no_toml_is_placed_as_every_other_fault(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / FILE_NAME).write_text('[server]\nbind = "127.0.0.1:1" data = "d"\n')
    told = Ended(capsys, "check")
    assert told.code == 1
    assert f"{FILE_NAME}:2: this is not TOML: " in told.err
    assert "(column 22)" in told.err
    (folder / FILE_NAME).write_text('[server]\nbind = ["')
    assert f"{FILE_NAME}: this is not TOML: " in Ended(capsys, "check").err
