"""What ``fairline serve`` and ``demo`` take; that they serve is in ``test_running`` and others."""

import pytest

from router.server.cli import main


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


def test_a_missing_file_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(capsys, "serve", "--config", "nowhere.toml")
    assert said.startswith("fairline: nowhere.toml: cannot be read")


def test_a_port_beyond_the_last_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "65535" in _refused(capsys, "demo", "--port", "70000")
