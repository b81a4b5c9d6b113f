"""The same screens on the real server: its journal, its tokens, its origins."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.real_server import ROOT, RealServer, beside_a_shop, free_port, shop_page

pytestmark = [pytest.mark.browser, pytest.mark.process]

OpenPage = Callable[..., Page]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealServer]:
    with beside_a_shop(tmp_path) as server:
        yield server


@pytest.fixture
def customer(real: RealServer, open_page: OpenPage) -> Iterator[Shop]:
    with shop_page(real.shop_port, real.address) as address:
        yield Shop(open_page(), address)


@pytest.fixture
def agent(real: RealServer, open_page: OpenPage) -> Desk:
    return _desk(real, open_page)


def _desk(real: RealServer, open_page: OpenPage) -> Desk:
    desk = Desk(open_page(), f"{real.address}/desktop")
    desk.page.goto(desk.address)
    desk.page.get_by_role("textbox", name="Token").fill(real.token("agent", "alice"))
    desk.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk.connection).to_contain_text("Connected")
    return desk


def test_a_killed_server_starts_again_in_the_middle_of_a_chat_and_nothing_is_lost(
    real: RealServer, customer: Shop, agent: Desk
) -> None:
    agent.declare("Available")
    customer.go()
    customer.open()
    customer.write("My bill is wrong")
    agent.accept()
    customer.talks_with("Alice")
    agent.write("Let me look")
    customer.reads("Let me look")
    real.kill()
    customer.write("Are you there?")
    agent.write("I am here")
    expect(customer.strip).to_be_visible()
    expect(agent.connection).to_contain_text("No connection")
    real.start()
    expect(customer.messages.filter(has_text="I am here")).to_have_count(1, timeout=25_000)
    expect(agent.entries.filter(has_text="Are you there?")).to_have_count(1, timeout=25_000)
    expect(agent.connection).to_contain_text("Connected")
    for text in ("My bill is wrong", "Let me look", "Are you there?", "I am here"):
        customer.reads(text)
        agent.reads(text)
    agent.write("All is well")
    customer.reads("All is well")
    agent.end()
    expect(agent.entries).to_have_count(0)
    expect(agent.page.get_by_text("No conversation chosen.")).to_be_visible()
    expect(
        customer.panel.get_by_text(re.compile("rate|How was", re.IGNORECASE)).first
    ).to_be_visible()
    assert customer.watch.complaints == []
    assert agent.watch.complaints == []


def test_a_place_in_line_survives_a_killed_server(
    real: RealServer, customer: Shop, agent: Desk
) -> None:
    customer.go()
    customer.open()
    customer.ask("First in line")
    real.kill()
    expect(customer.strip).to_contain_text("your place is kept")
    real.start()
    expect(customer.strip).to_be_hidden(timeout=25_000)
    expect(agent.connection).to_contain_text("Connected", timeout=25_000)
    agent.declare("Available")
    agent.accept()
    agent.reads("First in line")
    customer.talks_with("Alice")


def test_an_agent_who_is_gone_for_good_costs_the_customer_neither_place_nor_words(
    tmp_path: Path, open_page: OpenPage
) -> None:
    port = free_port()
    real = RealServer(tmp_path, origins=(f"http://127.0.0.1:{port}",), policy="grace_ms = 1000")
    real.start()
    try:
        with shop_page(port, real.address) as address:
            first, shop = _desk(real, open_page), Shop(open_page(), address)
            first.declare("Available")
            shop.go()
            shop.open()
            shop.write("My bill is wrong")
            first.accept()
            shop.talks_with("Alice")
            first.page.context.set_offline(True)  # her machine died: no goodbye
            first.page.close()
            expect(
                shop.panel.get_by_text("Alice lost the connection. You are next.")
            ).to_be_visible(timeout=30_000)
            expect(shop.place).to_have_text("1st in line")
            again = _desk(real, open_page)
            again.declare("Available")
            again.accept()
            again.reads("My bill is wrong")
            shop.reads("My bill is wrong")
            assert shop.watch.complaints == []
    finally:
        real.kill()


def test_a_page_that_may_not_embed_the_widget_is_told_which_setting_to_look_at(
    real: RealServer, open_page: OpenPage
) -> None:
    with shop_page(free_port(), real.address) as address:
        stranger = Shop(open_page(), address)
        stranger.go()
        stranger.round.click()
        expect(stranger.panel.locator(".strip")).to_contain_text("This page may not connect")
        expect(stranger.panel.get_by_role("button", name="Try again")).to_be_visible()
        (said,) = [line for line in stranger.watch.complaints if line.startswith("fairline:")]
        assert f"{address.rstrip('/')} may not have customers of tenant" in said
        assert "origins = [...] of [tenants.acme]" in said


def test_the_demo_opens_the_way_to_both_and_a_conversation_goes_through(
    open_page: OpenPage,
) -> None:
    command = [sys.executable, "-m", "router", "demo", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        try:
            assert demo.stdout is not None
            links = {}
            for line in demo.stdout:
                if found := re.search(r"(http://\S+)/(demo|desktop|board)$", line.strip()):
                    links[found[2]] = found[0]
                if len(links) == 3:
                    break
            customer = Shop(open_page(), links["demo"])
            agent = Desk(open_page(), links["desktop"])
            agent.sign_in("Alice")
            agent.declare("Available")
            customer.go()
            customer.open()
            customer.write("Which bulb fits the Harbour lamp?")
            _accept_until(agent, "Which bulb fits")
            customer.talks_with("Alice")
            agent.write("The small one, E14")
            customer.reads("The small one, E14")
            customer.write("Thank you")
            agent.reads("Thank you")
            assert customer.watch.complaints == []
            assert agent.watch.complaints == []
        finally:
            demo.kill()


def _accept_until(agent: Desk, text: str) -> None:
    """Takes offers until the one with this text is open: scripted customers ask beside it."""
    for _ in range(5):
        expect(agent.offer).to_be_visible(timeout=30_000)
        agent.page.keyboard.press("Enter")
        expect(agent.offer).to_be_hidden()
        expect(agent.entries.first).to_be_visible()
        if agent.entries.filter(has_text=text).count():
            return
    raise AssertionError(f"nobody offered {text!r}")
