"""The agent's desktop on the real server: what it needs of the protocol is really there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from router.server.auth import mint
from router.server.settings import KeyEntry
from tests.helpers.browser import Desk, Shop
from tests.helpers.real_server import SECRET, RealServer, beside_a_shop, shop_page
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

CLAIMS = {
    "alice": ("name=Alice", "skills.billing=80", "languages.en=100", "teams=floor"),
    "bela": ("name=Bela", "skills.billing=60", "languages.en=90", "teams=floor"),
}
WRAP_UP = """wrap_up_ms = 20000
wrap_up_max_ms = 80000
wrap_up_codes = ["refunded", "explained"]"""


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealServer]:
    with beside_a_shop(tmp_path, wrap_up=WRAP_UP) as server:
        yield server


def sign_in(server: RealServer, open_page: OpenPage, name: str, *more: str) -> Desk:
    desk = Desk(open_page(), f"{server.address}/desktop")
    desk.page.goto(desk.address)
    token = server.token("agent", name, *CLAIMS[name], *more)
    field = desk.page.get_by_role("textbox", name="Token")
    field.fill(token)
    field.press("Enter")
    expect(desk.connection).to_contain_text("Connected")
    return desk


def test_two_agents_advise_each_other_pass_on_wrap_up_and_learn_why(
    real: RealServer, open_page: OpenPage
) -> None:
    alice = sign_in(real, open_page, "alice")
    alice.declare("Available")
    bela = sign_in(real, open_page, "bela")
    with shop_page(real.shop_port, real.address) as address:
        customer = Shop(open_page(), address)
        customer.go()
        customer.open()
        customer.write("My bill is wrong")
        alice.accept()
        customer.talks_with("Alice")
        alice.page.get_by_role("button", name="Why did I get this?").click()
        why = alice.page.get_by_role("dialog", name="Why did I get this?")
        expect(why).to_contain_text("nobody else could take it")
        alice.page.keyboard.press("Escape")
        alice.note("Known error, @Bela ?")
        alice.reads("Known error, @Bela ?")
        bela.page.get_by_role("button", name="Join").click()
        bela.reads("My bill is wrong")
        expect(bela.entries.locator("mark.me")).to_have_text("@Bela")
        bela.page.get_by_role("textbox", name="Note").fill("Refund it")
        bela.page.keyboard.press("Enter")
        alice.reads("Refund it")
        bela.page.get_by_role("button", name="Leave", exact=True).click()
        expect(bela.entries).to_have_count(0)
        bela.declare("Available")
        expect(alice.page.locator(".team li")).to_contain_text("5 free")
        alice.pass_on("Bela", "Please refund")
        bela.accept()
        bela.reads("Please refund")
        customer.talks_with("Bela")
        bela.write("It is refunded")
        customer.reads("It is refunded")
        bela.end()
        timer = bela.page.get_by_role("timer")
        expect(timer).to_have_text("0:19", timeout=15_000)
        bela.page.get_by_role("button", name="+30 s").click()
        expect(timer).to_have_text("0:48", timeout=15_000)
        bela.wrap_up("Refunded", "Twice on the bill")
        expect(bela.page.get_by_text("No conversation chosen.")).to_be_visible()
    bela.page.keyboard.press("Control+k")
    bela.page.keyboard.type("no offers")
    bela.page.keyboard.press("Enter")
    expect(bela.page.get_by_role("dialog")).to_contain_text("nobody who waits fits you right now")
    for desk in (alice, bela):
        assert desk.watch.complaints == []


def test_who_pastes_a_new_token_in_time_goes_on_without_a_break(
    real: RealServer, open_page: OpenPage
) -> None:
    alice = Desk(open_page(), f"{real.address}/desktop")
    alice.page.goto(alice.address)
    alice.page.get_by_role("textbox", name="Token").fill(_token("alice", left_s=25))
    alice.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(alice.connection).to_contain_text("Connected")
    bar = alice.page.locator(".expiry")
    expect(bar).to_contain_text("Your sign-in ends soon")
    bar.get_by_label("New token").fill(_token("bela", left_s=3_000))
    bar.get_by_role("button", name="Go on").click()
    expect(alice.toast).to_contain_text("somebody else")
    bar.get_by_label("New token").fill(_token("alice", left_s=3_000))
    bar.get_by_role("button", name="Go on").click()
    expect(bar).to_be_hidden()
    alice.declare("Busy")
    assert alice.watch.complaints == []


def test_a_silent_agent_is_warned_before_the_rule_strikes(
    real: RealServer, open_page: OpenPage
) -> None:
    rule = 'reply_within_ms = 6000\nno_reply = "requeue"\nwrap_up_ms'
    real.kill()
    real.config.write_text(real.config.read_text().replace("wrap_up_ms", rule, 1))
    real.start()
    alice = sign_in(real, open_page, "alice")
    alice.declare("Available")
    with shop_page(real.shop_port, real.address) as address:
        customer = Shop(open_page(), address)
        customer.go()
        customer.open()
        customer.write("Hello?")
        alice.accept()
        warning = alice.page.locator(".urgent")
        expect(warning).to_contain_text("without one it goes to a colleague")
        alice.write("I am here")
        expect(warning).to_be_hidden()
        customer.write("And now?")
        expect(warning).to_be_visible()
        expect(alice.entries).to_have_count(0)
    assert alice.watch.complaints == []


def _token(name: str, *, left_s: int) -> str:
    """One of two minutes' age, so that a short rest is the end of a long life."""
    entry = KeyEntry(kid="main", alg="HS256", secret=SECRET)
    now_ms = int(time.time() * 1000) - 120_000
    claims = {"name": name.title()}
    return mint(
        entry,
        tenant="acme",
        role="agent",
        subject=name,
        now_ms=now_ms,
        ttl_s=120 + left_s,
        claims=claims,
    )
