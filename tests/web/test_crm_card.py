"""The card of ``examples/`` beside a conversation on the desktop."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.helpers.browser import Desk, Shop

pytestmark = [pytest.mark.browser, pytest.mark.process]

EXAMPLES = Path(__file__).parents[2] / "examples"
CLAIM = """document.querySelector("iframe.host").contentWindow.postMessage({fairline: "context",
  customer: {id: "eve", name: "Eve", verified: false, attributes: {tier: "gold", Verified: "yes"}},
}, "*")"""


def _from_the_proxy(route: Route) -> None:
    route.fulfill(path=EXAMPLES / route.request.url.rsplit("/", 1)[1])


def test_the_card_shows_the_customer_at_hand_and_nothing_else(desk: Desk, shop: Shop) -> None:
    desk.page.route(re.compile("^http://[^/]+/crm/"), _from_the_proxy)
    desk.address += "?card=/crm/crm_card.html"
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.write("My bill is wrong")
    desk.accept()
    card = desk.page.frame_locator("iframe.host")
    customer = desk.page.locator("desk-customer h2").first
    expect(card.get_by_role("heading")).to_have_text(customer.inner_text())
    expect(card.locator("dt").first).to_have_text("Verified")
    expect(card.locator("dd").first).to_have_text("no")
    # The server's word, and not an attribute of that name.
    desk.page.evaluate(CLAIM)
    expect(card.get_by_role("heading")).to_have_text("Eve")
    expect(card.locator("dt")).to_have_text(["tier", "Verified"])
    expect(card.locator("dd")).to_have_text(["gold", "no"])
    assert desk.watch.complaints == []
