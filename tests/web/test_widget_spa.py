"""The widget on a page of many views, loaded by the npm package, on the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Shop
from tests.helpers.real_server import RealServer, free_port
from tests.helpers.spa import spa
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

NEW_BODY = """() => {
  const body = document.createElement("body");
  body.append(document.createElement("main"));
  document.body.replaceWith(body);
  history.pushState({}, "", "/another-view");
}"""
OTHER_VIEW = """() => {
  const before = document.querySelector("fairline-widget");
  const element = document.createElement("fairline-widget");
  element.setAttribute("queue", "billing");
  document.querySelector("main").append(element); // frameworks add the new view first
  before?.remove();
}"""


@pytest.fixture
def shop(tmp_path: Path, open_page: OpenPage) -> Iterator[Shop]:
    port = free_port()
    real = RealServer(tmp_path, origins=(f"http://127.0.0.1:{port}",))
    real.start()
    try:
        with spa(tmp_path / "site", port, real.address) as address:
            shop = Shop(open_page(), address)
            shop.page.goto(address)
            expect(shop.page.locator("html")).to_have_class("ready")
            yield shop
    finally:
        real.kill()


def test_mounting_unmounting_and_mounting_again_leaves_one_widget_or_none(shop: Shop) -> None:
    page = shop.page
    hosts = page.locator("#fairline-widget")
    page.evaluate("load(embed).destroy(); window.widget = load(embed); load(embed)")
    expect(shop.round).to_be_visible()
    expect(hosts).to_have_count(1)
    page.evaluate("widget.destroy()")
    expect(hosts).to_have_count(0)
    assert page.evaluate("[typeof fairline, document.querySelectorAll('script').length]") == [
        "undefined",
        1,
    ]
    page.evaluate(
        "window.ran = new Promise((done) => { const one = load(embed); one.on('ready', done);"
        " one.destroy(); new MutationObserver((all) => all.some((it) => it.removedNodes.length)"
        " && done()).observe(document.body, {childList: true}); })"
    )
    page.evaluate("ran")
    expect(hosts).to_have_count(0)
    page.evaluate("window.widget = load({...embed, side: 'left'})")
    expect(shop.round).to_be_visible()
    assert page.evaluate("document.getElementById('fairline-widget').dataset.side") == "left"
    assert shop.watch.complaints == []


def test_a_conversation_goes_on_through_every_change_of_view(shop: Shop) -> None:
    page = shop.page
    page.evaluate("window.widget = load(embed)")
    shop.open()
    shop.ask("Through all views")
    page.evaluate(NEW_BODY)
    expect(shop.place).to_be_visible()
    page.evaluate("document.documentElement.lang = 'de'")
    expect(page.get_by_placeholder("Nachricht schreiben")).to_be_visible()
    page.evaluate("document.documentElement.lang = 'en'; widget.destroy()")
    expect(page.locator(".panel")).to_have_count(0)
    page.evaluate("window.widget = load(embed)")
    expect(shop.messages.filter(has_text="Through all views")).to_be_visible()
    inline = page.locator("fairline-widget")
    for _ in range(2):
        page.evaluate(OTHER_VIEW)
        expect(inline.get_by_text("Through all views")).to_be_visible()
        expect(page.locator(".panel")).to_have_count(1)
    page.evaluate("widget.destroy()")
    expect(page.locator(".panel")).to_have_count(0)
    page.evaluate("window.widget = load(embed)")
    expect(inline.get_by_text("Through all views")).to_be_visible()
    page.evaluate("document.querySelector('fairline-widget').remove()")
    expect(shop.round).to_be_visible()
    shop.round.click()
    expect(shop.place).to_be_visible()
    assert len(page.context.cookies()) == 0
    assert shop.watch.complaints == []
