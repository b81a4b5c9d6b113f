"""Files made from the source; that each is as the source says is in tests/test_house.py."""

import json
import shutil
from pathlib import Path

import pytest

from router.documents.made import MADE, Untold, make

ROOT = Path(__file__).parents[2]


def test_what_is_stale_or_gone_is_written_and_nothing_else(tmp_path: Path) -> None:
    for name in MADE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "docs/reference/cli.md").write_text("# Old\n", encoding="utf-8")
    (tmp_path / "docs/reference/openapi.json").unlink()
    assert make(tmp_path) == ["docs/reference/cli.md", "docs/reference/openapi.json"]
    assert make(tmp_path) == []


def test_a_document_that_breaks_something_waits_for_the_changelog(tmp_path: Path) -> None:
    for name in MADE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "changelog.d").mkdir()
    file = tmp_path / "docs/reference/openapi.json"
    before = json.loads(file.read_text(encoding="utf-8"))
    before["components"]["schemas"]["Asked"]["properties"]["spoon"] = {"type": "string"}
    file.write_text(json.dumps(before), encoding="utf-8")
    with pytest.raises(Untold, match="Asked: spoon is gone") as told:
        make(tmp_path)
    assert "changelog.d/" in str(told.value)
    assert "spoon" in file.read_text(encoding="utf-8")
    other = tmp_path / "changelog.d/cups.breaking.md"
    other.write_text("`Cup` has no handle.\n", encoding="utf-8")
    with pytest.raises(Untold):
        make(tmp_path)
    other.write_text("`Asked` has no `spoon`: bring your own.\n", encoding="utf-8")
    assert make(tmp_path) == ["docs/reference/openapi.json"]
    assert "spoon" not in file.read_text(encoding="utf-8")
