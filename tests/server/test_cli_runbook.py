"""``fairline runbook``: what to do, without a server."""

from pathlib import Path

import pytest

from router.server.cli import main

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["runbook", *words])
    return capsys.readouterr().out


def test_it_prints_the_page_that_is_named_and_the_list_without_a_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (FOLDER / "node-down.md").read_text("utf-8")
    for name in ("node-down", "node-down.html", "node-down.md", "FairlineDown"):
        assert said(capsys, name) == page
    assert "node-down.md" in said(capsys)


def test_a_name_that_is_none_gets_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["runbook", "node-dwon"])
    assert ended.value.code == 1
    assert 'did you mean "node-down"' in capsys.readouterr().err
