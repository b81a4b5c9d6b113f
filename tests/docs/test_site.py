"""The documentation as a site, and its tables beside what the server runs on."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from router.errors import CloseCode, Refusal, close_action
from router.server.calls import STATUS

ROOT = Path(__file__).parents[2]
ERRORS = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of the tables whose first cell is a number."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].isdecimal():
            yield cells


@pytest.mark.process
def test_the_site_builds_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 30
    listed = re.findall(r"\]\((.+?\.html)\)", (tmp_path / "llms.txt").read_text(encoding="utf-8"))
    built = {page.relative_to(tmp_path).as_posix() for page in pages} - {"404.html"}
    assert sorted(listed) == sorted(built)
    sources = r'<(?:script|link|img)[^>]*?(?:src|href)="(?!data:)(https?:)?//'
    for page in pages:
        fetched = re.search(sources, page.read_text(encoding="utf-8"))
        assert fetched is None, f"{page.name} asks another host: {fetched}"


def test_every_refusal_stands_in_its_table() -> None:
    told = {int(cells[0]): cells[1:4] for cells in rows(ERRORS) if int(cells[0]) < 1000}
    assert told == {
        refusal.value: [refusal.word, refusal.retry.value, str(STATUS.get(refusal, 409))]
        for refusal in Refusal
    }


def test_every_close_code_stands_in_its_table() -> None:
    told = {int(cells[0]): cells[1:3] for cells in rows(ERRORS) if int(cells[0]) >= 1000}
    assert told == {code.value: [code.word, close_action(code)] for code in CloseCode}


def test_every_runbook_stands_in_the_list() -> None:
    folder = ROOT / "docs/runbooks"
    listed = re.findall(r"\((.+?\.md)\)", (folder / "index.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(
        page.name for page in folder.glob("*.md") if page.name != "index.md"
    )


def test_the_picture_of_the_architecture_names_rooms_that_are_there() -> None:
    root = ElementTree.parse(ROOT / "docs/pictures/architecture.svg").getroot()
    bold = [
        one.text or ""
        for one in root.iter("{http://www.w3.org/2000/svg}text")
        if one.get("font-weight")
    ]
    people = "desktop, widget"
    assert people in bold
    named = {word for text in bold if text != people for word in text.split(", ")}
    rooms = {path.stem for path in (ROOT / "router").rglob("*") if "web" not in path.parts}
    assert len(named) >= 9
    assert named <= rooms
