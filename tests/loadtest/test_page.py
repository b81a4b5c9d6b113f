"""The report: complete, self-contained, readable with axe's eyes in light and dark."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from loadtest.comparing import Difference, read_figures
from loadtest.page import page
from tests.loadtest.test_run_command import run_figures


class _Links(HTMLParser):
    """Everything that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action") and value:
                self.found.append(value)


def test_nothing_is_loaded_and_the_figures_come_out_again(tmp_path: Path) -> None:
    figures = run_figures()
    figures["errors"] = {"odd": {"count": 1, "examples": ["</script><b>&amp; bad"]}}
    text = page(figures)
    links = _Links()
    links.feed(text)
    assert [link.partition(",")[0] for link in links.found] == ["data:application/json;base64"]
    assert "url(" not in text
    assert "@import" not in text
    assert text.count("</script>") == 1
    file = tmp_path / "r.html"
    file.write_text(text, "utf-8")
    assert read_figures(file) == json.loads(json.dumps(figures))


def test_every_target_chart_and_row_is_there_without_a_script() -> None:
    figures = run_figures()
    text = page(figures, [Difference("offer p99", " ms", 1.0, 2.0, -1.0, 3.0)], earlier="old.html")
    for target in figures["targets"]:
        assert target["sentence"] in text
    assert text.count("<svg") == 8
    for row in figures["messages"]:
        assert f"<td>{row['type']}</td>" in text
    assert "four &lt;served&gt;" in text
    assert "Beside old.html" in text
    assert "may be chance" in text
    assert figures["command"] in text
    assert len(re.findall(r"<script", text)) == 1  # the data


@pytest.mark.browser
@pytest.mark.process
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_it(browser: Browser, tmp_path: Path, scheme: str) -> None:
    file = tmp_path / "r.html"
    differences = [Difference("offer p99", " ms", 1.0, 2.0, 0.5, 3.0)]
    figures = run_figures(errors={"odd": 1}, examples={"odd": ["ada"]})
    figures["profile"] = [{"part": "core", "share": 1.0, "ms": 2.0}]
    figures["warnings"] = ["Others took 1.2 cores."]
    file.write_text(page(figures, differences, earlier="old.html"), "utf-8")
    context = browser.new_context(color_scheme=scheme, java_script_enabled=True)  # type: ignore[arg-type]
    opened = context.new_page()
    opened.goto(file.as_uri())
    results = Axe().run(opened)
    assert results.violations_count == 0, results.generate_report()
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
