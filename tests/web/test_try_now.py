"""After an outage nobody has to sit out the wait: "Try now", the network's return, a look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.helpers.browser import Desk
from tests.helpers.customers import Customer
from tests.helpers.scripted_board import Figures, busy_house
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage
from tests.web.test_desktop_link import HIDE, NO_WORKER

pytestmark = [pytest.mark.browser, pytest.mark.process]

LONG_WAITS = "Math.random = () => 120;"
"""The first wait lasts a minute: whatever connects within a test was not it."""
FOCUS = "document.activeElement.outerHTML"
PHONE: ViewportSize = {"width": 320, "height": 480}


def _grave(page: Page, context: str = "body") -> list[str]:
    found: dict[str, Any] = Axe().run(page, context=context).response
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:90]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def _outage(server: ScriptedServer, shown: Locator) -> None:
    server.kill()
    expect(shown).to_be_visible()
    server.start()


@pytest.fixture
def desk(open_page: OpenPage, server: ScriptedServer) -> Desk:
    """A desktop that waits long, its connection in the page, where a test can see it."""
    page = open_page()
    page.context.add_init_script(LONG_WAITS + NO_WORKER + HIDE)
    return Desk(page, f"{server.address}/desktop")


def test_an_agent_tries_by_key_or_click_and_keeps_the_focus(
    server: ScriptedServer, desk: Desk
) -> None:
    page = desk.page
    desk.sign_in("Alice")
    button = page.get_by_role("button", name="Try now")
    told = page.get_by_role("status").filter(has_text="No connection")
    expect(button).to_have_count(0)
    page.get_by_role("button", name="My day").focus()
    before = page.evaluate(FOCUS)
    server.kill()
    expect(button).to_have_attribute("aria-disabled", "false")
    expect(told).to_have_text("No connection")  # without the seconds, which would be said each time
    assert page.evaluate(FOCUS) == before
    assert _grave(page) == []
    size = page.viewport_size
    page.set_viewport_size(PHONE)
    button.click(trial=True)  # in sight, and under nothing else
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.set_viewport_size(size or PHONE)
    page.get_by_role("button", name="Commands").focus()
    page.keyboard.press("Shift+Tab")
    expect(button).to_be_focused()
    tries = len(desk.watch.sockets)
    with page.expect_websocket():
        page.keyboard.press("Enter")
    expect(desk.connection).to_contain_text("again in")
    expect(button).to_be_focused()
    expect(told).to_be_attached()
    assert len(desk.watch.sockets) == tries + 1
    server.start()
    button.evaluate("it => { for (let count = 0; count < 50; count += 1) it.click(); }")
    expect(desk.connection).to_contain_text("Connected")
    expect(button).to_have_count(0)
    assert len(desk.watch.sockets) == tries + 2
    assert desk.watch.complaints == []


def test_the_palette_knows_the_attempt_while_there_is_a_wait(
    server: ScriptedServer, desk: Desk
) -> None:
    desk.sign_in("Alice")
    _outage(server, desk.page.get_by_role("button", name="Try now"))
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("try to connect")
    desk.page.keyboard.press("Enter")
    expect(desk.connection).to_contain_text("Connected")


@pytest.mark.parametrize(
    "happens",
    [
        lambda tab: tab.evaluate("hide(false)"),
        lambda tab: tab.evaluate("dispatchEvent(new Event('online'))"),
    ],
    ids=["looked-at", "online"],
)
def test_a_second_tab_ends_the_wait_of_the_one_connection(
    server: ScriptedServer, desk: Desk, happens: Callable[[Page], None]
) -> None:
    desk.sign_in("Alice")
    tab = Desk(desk.page.context.new_page(), desk.address)
    tab.page.goto(tab.address)
    expect(tab.connection).to_contain_text("Connected")
    tab.page.evaluate("hide(true)")
    _outage(server, desk.page.get_by_role("button", name="Try now"))
    happens(tab.page)
    expect(desk.connection).to_contain_text("Connected")


@pytest.mark.parametrize(
    ("tag", "words"), [("", "Try now"), ('data-lang="ar" data-theme="dark"', "حاول الآن")]
)
def test_a_customer_tries_from_the_strip_and_stays_in_the_panel(
    server: ScriptedServer, open_page: OpenPage, tag: str, words: str
) -> None:
    page = open_page(reduced_motion="reduce", viewport=PHONE)
    page.add_init_script(LONG_WAITS)
    customer = Customer(page, server)
    customer.open(tag)
    customer.wait()
    button = customer.panel.get_by_role("button", name=words)
    expect(button).to_have_count(0)
    server.kill()
    expect(button).to_be_visible()
    expect(customer.composer).to_be_focused()
    assert _grave(page) == []
    box, strip = button.bounding_box(), customer.panel.locator(".strip").bounding_box()
    assert box is not None
    assert strip is not None
    assert box["height"] >= 44
    assert strip["x"] <= box["x"] < box["x"] + box["width"] <= strip["x"] + strip["width"]
    server.start()
    button.focus()
    page.keyboard.press("Enter")
    expect(customer.panel.locator(".strip")).to_be_hidden()
    expect(customer.panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(customer.panel).to_be_hidden()
    assert customer.watch.complaints == []


def test_a_wall_whose_figures_are_old_is_told_to_try(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    page = open_page(viewport={"width": 1920, "height": 1080})
    page.add_init_script(LONG_WAITS)
    page.clock.install()
    figures = busy_house()
    figures.serve(page, server.address)
    expect(page.locator(".figures")).to_be_visible()
    button = page.get_by_role("button", name="Try now")
    figures.drop()
    page.clock.fast_forward(6_000)
    expect(page.locator(".stamp")).to_contain_text("no connection")
    expect(button).to_be_visible()
    assert _grave(page, ".top") == []  # what is old is grey, and no longer to be read
    page.clock.fast_forward(6_000)
    expect(page.locator(".stamp")).to_contain_text(re.compile("figures are 1. s old"))
    button.click()
    expect(page.locator(".wall:not(.stale)")).to_be_visible()
    expect(button).to_have_count(0)


def test_a_wall_that_another_window_stopped_says_so_and_goes_on_where_it_hangs(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    page = open_page(viewport={"width": 1280, "height": 720})
    figures = busy_house()
    figures.serve(page, server.address)
    expect(page.locator(".figures")).to_be_visible()
    figures.drop(4504)
    expect(page.locator(".stamp")).to_contain_text("another window")
    assert _grave(page, ".top") == []
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".stamp")).to_contain_text("live")
    assert len(set(_devices(figures))) == 2, "it would take the place of the other one"


def _devices(figures: Figures) -> list[str]:
    """Of each connection that was made."""
    return [one["client"]["device"] for one in figures.heard if one["t"] == "hello"]
