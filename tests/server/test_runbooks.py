"""Runbooks for whom an alert woke: on the address of the operators' pages, and from the package."""

import re
from pathlib import Path

import pytest

from router.server import runbooks
from tests.helpers.nodes import RunningNode, node_settings, open_node

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"


def _links(page: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="([^"]*)"', page))


def test_there_is_every_runbook_and_each_of_its_links_leads_to_one() -> None:
    assert set(runbooks.names()) == {path.stem for path in FOLDER.glob("*.md")}
    assert len(runbooks.names()) > 30
    reachable = {f"{name}.html" for name in runbooks.names()}
    for name in runbooks.names():
        page = runbooks.html_of(name)
        assert page is not None
        assert {link.partition("#")[0] for link in _links(page)} <= reachable, name
        assert "<script" not in page
        assert "<h1>" in page
    assert runbooks.text_of("node-down") == (FOLDER / "node-down.md").read_text("utf-8")


def test_what_is_asked_for_is_never_a_path(tmp_path: Path) -> None:
    for name in ("../index", "/etc/passwd", "", ".", "node-down.md", "node-down\0", str(tmp_path)):
        assert runbooks.text_of(name) is None
        assert runbooks.html_of(name) is None


def test_words_of_a_runbook_are_words_on_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "# A <b> & c\n\nSee [there](../journal.md) and [next](two.md#part).\n<script>x</script>\n"
    )
    (tmp_path / "one.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(runbooks, "_folder", lambda: tmp_path)
    monkeypatch.setattr(runbooks, "names", lambda: ("one",))
    page = runbooks.html_of("one")
    assert page is not None
    assert "<title>A &lt;b&gt; &amp; c</title>" in page
    assert _links(page) == {"two.html#part", "index.html"}
    assert "<script>" not in page


async def test_a_link_of_an_alert_leads_to_its_page() -> None:
    alerts = (FOLDER.parents[1] / "config" / "prometheus" / "alerts.yml").read_text("utf-8")
    paths = re.findall(r"runbook_url: http://127\.0\.0\.1:8080(/runbooks/\S+)", alerts)
    assert len(paths) == len(re.findall("- alert:", alerts))

    async def asked(node: RunningNode, path: str) -> tuple[int, str]:
        status, headers, page = await node.get(path)
        assert "script-src" not in headers.get("content-security-policy", "script-src")
        return status, page.decode()

    async with open_node() as node:
        for path in paths:
            status, page = await asked(node, path)
            assert (status, page[:15]) == (200, "<!doctype html>"), path
            assert await asked(node, path.removesuffix(".html")) == (status, page)
        status, _, said = await node.get("/runbooks/never-written.html")
        assert status == 404
        assert b"/runbooks lists all" in said
        status, headers, _ = await node.get("/runbooks")
        assert (status, headers["location"]) == (307, "/runbooks/index.html")


async def test_they_are_where_the_figures_are() -> None:
    async with open_node(node_settings(ops_bind="127.0.0.1:0")) as node:
        assert node.ops_port is not None
        assert (await node.at(node.ops_port).get("/runbooks/node-down.html"))[0] == 200
        assert (await node.get("/runbooks/node-down.html"))[0] == 404
