"""The pictures of the fair line."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from router.lab import proof_pictures
from router.lab.proof_pictures import FOLDER, draw_all, main, read

ROOT = Path(__file__).parents[2]
MADE = draw_all(read())
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", MADE)
def test_what_is_committed_is_what_is_drawn(name: str) -> None:
    kept = (FOLDER / name).read_text(encoding="utf-8")
    assert kept == MADE[name], "draw it anew: python -m router.lab.proof_pictures --draw"


@pytest.mark.parametrize("name", MADE)
def test_everything_is_within_the_picture_and_needs_nothing_else(name: str) -> None:
    root = ElementTree.fromstring(MADE[name])
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert root.findtext(f"{SVG}title")
    circles = root.findall(f"{SVG}circle")
    assert len(circles) > 3
    for circle in circles:
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height
    for line in root.findall(f"{SVG}polyline"):
        for pair in line.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert 0 < x < width
            assert 0 < y < height
    assert not re.search(r"(href|url\(|<script|<style)", MADE[name])


def test_every_picture_is_shown_on_a_page_with_words_for_who_does_not_see_it() -> None:
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs/concepts").glob("*.md")]
    for name in MADE:
        shown = re.findall(
            rf"!\[([^\]]+)\]\(\.\./pictures/line/{re.escape(name)}\)", "".join(pages)
        )
        assert shown, name
        assert all(len(words) > 30 for words in shown)


def test_kept_figures_are_drawn_without_playing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = (FOLDER / "figures.json").read_bytes()
    (tmp_path / "figures.json").write_bytes(kept)
    monkeypatch.setattr(proof_pictures, "FOLDER", tmp_path)
    monkeypatch.setattr(proof_pictures, "read", lambda: read(tmp_path))
    main(["--draw"])
    assert (tmp_path / "figures.json").read_bytes() == kept
    assert (tmp_path / "loud.svg").read_text(encoding="utf-8") == MADE["loud.svg"]
