"""The agent's desktop on the real server: what it needs of the protocol is really there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.real_server import RealServer, free_port, shop_page
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
    port = free_port()
    server = RealServer(tmp_path, origins=(f"http://127.0.0.1:{port}",))
    server.config.write_text(server.config.read_text().replace("wrap_up_ms = 0", WRAP_UP))
    server.shop_port = port
    server.start()
    yield server
    server.kill()


def sign_in(server: RealServer, open_page: OpenPage, name: str) -> Desk:
    desk = Desk(open_page(), f"{server.address}/desktop")
    desk.page.goto(desk.address)
    token = server.token("agent", name, *CLAIMS[name])
    desk.page.get_by_role("textbox", name="Token").fill(token)
    desk.page.get_by_role("button", name="Sign in", exact=True).click()
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
