"""Who the customer is, on the real server: proofs by HMAC, and what happens without one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.browser import Shop
from tests.helpers.real_server import RealServer, free_port, shop_page
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

SECRET = "proofs have a secret of their own"
MEMBERS = '\n[[tenants.acme.policy.queues]]\nid = "members"\nverified_only = true\n'


@pytest.fixture
def shop(tmp_path: Path, open_page: OpenPage) -> Iterator[Callable[..., Shop]]:
    """Starts a server with further settings of the tenant, and a customer on a shop's page."""
    with ExitStack() as stack:

        def started(tenant: str) -> Shop:
            port = free_port()
            server = RealServer(tmp_path, origins=(f"http://127.0.0.1:{port}",))
            text = server.config.read_text(encoding="utf-8")
            own = f'identity_secret = "{SECRET}"\n{tenant}\n[tenants.acme.policy]'
            text = text.replace("[tenants.acme.policy]", own) + MEMBERS
            server.config.write_text(text, encoding="utf-8")
            server.start()
            stack.callback(server.kill)
            shop = Shop(open_page(), stack.enter_context(shop_page(port, server.address)))
            shop.go()
            return shop

        yield started


def _identify(page: Page, customer: str, of: str | None = None) -> None:
    proof = hmac.new(SECRET.encode(), (of or customer).encode(), hashlib.sha256).hexdigest()
    page.evaluate("who => fairline('identify', who)", {"id": customer, "proof": proof})


def _said(shop: Shop) -> str:
    """The newest word of the widget to the page's developer."""
    return [line for line in shop.watch.complaints if line.startswith("fairline:")][-1]


def test_a_site_without_anonymous_customers_takes_who_is_proven(
    shop: Callable[..., Shop],
) -> None:
    customer = shop("visitors = false")
    page, panel = customer.page, customer.panel
    customer.round.click()
    expect(panel.locator(".strip").get_by_text("Please sign in first.")).to_be_visible()
    assert 'call fairline("identify", {id, proof})' in _said(customer)
    page.evaluate("fairline('identify', {id: 'c-17', proof: 'abc'})")
    assert "identify needs {id, proof}, an HMAC-SHA256" in _said(customer)
    _identify(page, "c-17", of="c-18")
    expect(panel.locator(".strip").get_by_text("The sign-in was not accepted.")).to_be_visible()
    assert "exactly this id" in _said(customer)
    with page.expect_console_message(lambda line: 'begins with "<!doctype ";' in line.text):
        page.evaluate("fairline('identify', {id: 'c-16', token: () => '<!doctype html>'})")
    _identify(page, "c-17")
    customer.ask("It is really me")
    assert customer.watch.storage().keys() & {"fairline.visitor.acme"} == set()


def test_a_queue_for_the_verified_says_so_and_takes_who_signs_in(
    shop: Callable[..., Shop],
) -> None:
    customer = shop("visitors = true")
    customer.page.evaluate("fairline('ask', {queue: 'members'})")
    customer.composer.fill("Let me in")
    customer.composer.press("Enter")
    expect(customer.panel.locator(".notice")).to_have_text("Please sign in first.")
    expect(customer.composer).to_have_value("Let me in")
    assert "queue: members takes customers who have proven who they are" in _said(customer)
    _identify(customer.page, "c-17")
    expect(customer.panel.locator(".notice")).to_have_text("")
    customer.ask("Let me in")
