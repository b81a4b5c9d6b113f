"""Files made from the source; that each is as the source says is in tests/test_house.py."""

import shutil
from pathlib import Path

from router.documents.made import MADE, make

ROOT = Path(__file__).parents[2]


def test_what_is_stale_or_gone_is_written_and_nothing_else(tmp_path: Path) -> None:
    for name in MADE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "docs/reference/cli.md").write_text("# Old\n", encoding="utf-8")
    (tmp_path / "docs/reference/openapi.json").unlink()
    assert make(tmp_path) == ["docs/reference/cli.md", "docs/reference/openapi.json"]
    assert make(tmp_path) == []
