"""The command ``fairline top``."""

from pathlib import Path

import pytest

from tests.helpers.commands import Ended


def test_it_says_what_to_name_and_fails_where_nobody_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Ended(capsys, "top")
    assert (nothing.code, "--config FILE, or --url" in nothing.err) == (1, True)
    fast = Ended(capsys, "top", "--url", "http://127.0.0.1:9", "--every", "0.1")
    assert (fast.code, "--every: a second at least" in fast.err) == (1, True)
    assert Ended(capsys, "init", str(tmp_path)).code == 0
    config = str(tmp_path / "fairline.toml")
    (tmp_path / "more.toml").write_text('[server]\nops_bind = "0.0.0.0:9"\n', encoding="utf-8")
    more = ("--config", config, "--config", str(tmp_path / "more.toml"))
    down = Ended(capsys, "top", *more, "--once", "--every", "1")
    assert down.code == 1
    assert "127.0.0.1:9" in down.out
    assert "DOWN" in down.out
