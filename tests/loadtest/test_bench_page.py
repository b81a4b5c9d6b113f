"""The page of a set: complete, linked to its reports, readable with axe's eyes."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from loadtest.bench_page import Row, write_index
from tests.loadtest.test_page import _Links

ROWS = (
    Row("steady", 12.4, "p99 <7 ms>", True, "steady.html", ("offer p99: 5 → 7 ms",)),
    Row("bench core", 20.0, "14,010 decisions/s", True),
    Row("flash", 110.0, "not over within 110 s", False),
)


def test_each_part_has_a_row_and_links_lead_into_the_folder(tmp_path: Path) -> None:
    (tmp_path / "steady.html").write_text("report", "utf-8")
    write_index(tmp_path, ROWS, {"steady": {"a": 1}}, earlier="old.json")
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "2 of 3 passed, 142 s" in text
    assert "p99 &lt;7 ms&gt;" in text
    assert "Beside old.json." in text
    assert "offer p99: 5 → 7 ms" in text
    links = _Links()
    links.feed(text)
    assert links.found == ["steady.html", "figures.json"]
    assert all((tmp_path / link).is_file() for link in links.found)
    assert json.loads((tmp_path / "figures.json").read_text("utf-8")) == {"steady": {"a": 1}}


@pytest.mark.browser
@pytest.mark.process
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_it(browser: Browser, tmp_path: Path, scheme: str) -> None:
    write_index(tmp_path, ROWS, {}, earlier="old.json")
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    opened = context.new_page()
    opened.goto((tmp_path / "index.html").as_uri())
    results = Axe().run(opened)
    assert results.violations_count == 0, results.generate_report()
    context.close()
