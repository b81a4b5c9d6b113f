"""The report: complete, self-contained, readable with axe's eyes in light and dark."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from playwright.sync_api import Browser

from loadtest.comparing import Difference, read_figures
from loadtest.notes import Sheet
from loadtest.page import page
from loadtest.run_command import figures_for
from loadtest.sampling import NodeSample, RedisSample, Sample
from tests.helpers.loads import offer, outcome, scenario, stint, visit
from tests.loadtest.test_run_command import NONE, run_figures


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
    assert [link.partition(",")[0] for link in links.found] == [
        "data:application/json;base64",
        "data:text/plain;base64",
    ]
    assert "url(" not in text
    assert "@import" not in text
    assert text.count("</script>") == 1
    file = tmp_path / "r.html"
    file.write_text(text, "utf-8")
    assert read_figures(file) == json.loads(json.dumps(figures))


def test_nodes_and_their_redis_have_charts_of_their_own() -> None:
    nodes = [NodeSample(name, 0.2, 80.0, 2.5, 1.0) for name in ("node1", "node2")]
    samples = [
        Sample(float(at), 0.4, 160.0, 2.5, 0.1, 0.0, nodes, RedisSample(0.1, 3.0, 900.0))
        for at in range(20)
    ]
    chosen = scenario(load={"seconds": 20.0, "journal": "redis", "nodes": 2})
    sheet = Sheet(0, [visit(1)], [offer(1)], [stint(1)], handshakes=NONE)
    figures = figures_for(outcome(chosen, sheet, samples), "python -m loadtest run x.toml")
    text = page(figures)
    assert text.count("<svg") == 12
    for title in ("Processor by node", "Loop lag by node", "Memory by node", "Journal by node"):
        assert f"<h3>{title}</h3>" in text
    assert "<h3>Redis</h3>" in text
    assert re.search(r"among those above; [0-9.e+]+ ms of CPU a conversation", text)
    assert json.loads(json.dumps(figures)) == figures


def test_every_target_chart_and_row_is_there_without_a_script() -> None:
    figures = run_figures()
    text = page(figures, [Difference("offer p99", " ms", 1.0, 2.0, -1.0, 3.0)], earlier="old.html")
    for target in figures["targets"]:
        assert target["sentence"] in text
    assert text.count("<svg") == 10
    for row in figures["messages"]:
        assert f"<td>{row['type']}</td>" in text
    assert "four &lt;served&gt;" in text
    assert "Beside old.html" in text
    assert "may be chance" in text
    assert figures["command"] in text
    assert len(re.findall(r"<script", text)) == 1  # the data


def test_the_histograms_are_a_log_that_other_tools_read(tmp_path: Path) -> None:
    figures = run_figures()
    found = re.search(
        r'download="short\.hlog" href="data:text/plain;base64,([^"]+)"', page(figures)
    )
    assert found is not None
    file = tmp_path / "short.hlog"
    file.write_bytes(base64.b64decode(found[1]))
    reader = HistogramLogReader(str(file), HdrHistogram(1, 3_600_000_000, 3))
    read = reader.get_next_interval_histogram()
    reader.close()
    assert read is not None
    assert read.get_total_count() == 4
    top_ms = read.get_value_at_percentile(100) / 1000
    assert top_ms == pytest.approx(figures["measures"]["offer_max_ms"], abs=1e-3)
    assert file.read_text("utf-8").count("Tag=offer-") == 2


def test_each_queue_has_its_curve_of_waits() -> None:
    figures = run_figures()
    (line,) = figures["lines"]
    assert line["curve"][0][0] == 0
    assert line["curve"][-1] == [100, line["p99_s"]]
    assert [wait for _, wait in line["curve"]] == sorted(wait for _, wait in line["curve"])
    drawn = page(figures).partition("Waits by queue</h3>")[2].partition("</svg>")[0]
    assert "<polyline" in drawn
    figures["lines"] = [{**line, "line": f"q{number}", "served": number} for number in range(9)]
    drawn = page(figures).partition("Waits by queue</h3>")[2].partition("</svg>")[0]
    assert re.findall(r">(q\d)<", drawn) == ["q5", "q6", "q7", "q8"]


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
