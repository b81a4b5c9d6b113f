"""Putting aside, passing on for a skill, calling a supervisor: on the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.real_server import RealServer, beside_a_shop, shop_page
from tests.web.conftest import OpenPage
from tests.web.test_board_control import WALL, Board
from tests.web.test_desktop_pictures import Camera, folder
from tests.web.test_desktop_real import sign_in

__all__ = ["folder"]

pytestmark = [pytest.mark.browser, pytest.mark.process]

WRAP_UP = """wrap_up = "optional"
wrap_up_ms = 20000
wrap_up_codes = ["refunded", "explained"]"""


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealServer]:
    with beside_a_shop(tmp_path, wrap_up=WRAP_UP) as server:
        yield server


@pytest.fixture
def shop(real: RealServer, open_page: OpenPage) -> Iterator[Shop]:
    with shop_page(real.shop_port, real.address) as address:
        yield Shop(open_page(), address)


def ask(shop: Shop, desk: Desk, text: str) -> None:
    shop.go()
    shop.open()
    shop.write(text)
    desk.accept()
    shop.talks_with("Alice")


def test_what_is_put_aside_comes_back_with_the_customers_next_word(
    real: RealServer, open_page: OpenPage, shop: Shop, folder: Path | None
) -> None:
    alice = sign_in(real, open_page, "alice")
    camera = Camera(alice.page, folder)
    alice.declare("Available")
    ask(shop, alice, "Is my refund through?")
    alice.page.keyboard.press("Escape")
    alice.page.locator("body").click(position={"x": 640, "y": 300})
    alice.page.get_by_role("button", name="Put aside", exact=True).click()
    dialog = alice.page.get_by_role("dialog", name="Put aside")
    expect(dialog.get_by_role("radio", name="1 hour")).to_be_visible()
    camera.take("snooze")
    dialog.get_by_role("textbox", name="Note for whoever has it next").fill("asks the bank")
    dialog.get_by_role("button", name="Put aside").click()
    expect(dialog).to_be_hidden()
    aside = alice.page.get_by_role("list", name="Put aside")
    expect(aside.get_by_role("listitem")).to_have_count(1)
    expect(alice.page.get_by_text("No conversation chosen.")).to_be_visible()
    camera.take("put-aside")
    alice.page.reload()
    expect(alice.connection).to_contain_text("Connected")
    expect(aside.get_by_role("listitem")).to_have_count(1)
    shop.write("Hello, still there?")
    alice.accept()
    alice.reads("asks the bank")
    alice.reads("Hello, still there?")
    expect(aside).to_have_count(0)
    alice.page.get_by_role("button", name="Put aside", exact=True).click()
    dialog.get_by_role("radio", name="1 hour").check()
    alice.page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    aside.get_by_role("button", name="Take back").click()
    alice.reads("Hello, still there?")
    alice.page.get_by_role("button", name="End and wrap up").click()
    alice.wrap_up("Refunded")
    expect(alice.page.get_by_text("No conversation chosen.")).to_be_visible()
    assert camera.found == []
    assert alice.watch.complaints == shop.watch.complaints == []


def test_a_transfer_for_a_skill_shows_who_has_room_and_goes_to_who_has_it(
    real: RealServer, open_page: OpenPage, shop: Shop, folder: Path | None
) -> None:
    alice = sign_in(real, open_page, "alice")
    alice.declare("Available")
    ask(shop, alice, "My bill is wrong")
    bela = sign_in(real, open_page, "bela", "skills.lamps=40")
    bela.declare("Available")
    alice.page.get_by_role("button", name="Transfer", exact=True).click()
    dialog = alice.page.get_by_role("dialog", name="Pass on or ask")
    lamps = dialog.get_by_role("option", name="Lamps")
    expect(lamps).to_contain_text("1 available, 5 free places · nobody waits")
    lamps.click()
    camera = Camera(alice.page, folder)
    camera.take("transfer-skill")
    dialog.get_by_role("textbox", name="Note for the colleague").fill("knows about lamps")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_be_hidden()
    bela.accept()
    bela.reads("knows about lamps")
    shop.talks_with("Bela")
    bela.end()
    expect(bela.page.get_by_text("No conversation chosen.")).to_be_visible()
    assert camera.found == []
    assert alice.watch.complaints == bela.watch.complaints == []


def test_a_supervisor_who_is_called_is_there_with_one_click(
    real: RealServer, open_page: OpenPage, shop: Shop, folder: Path | None
) -> None:
    alice = sign_in(real, open_page, "alice")
    alice.declare("Available")
    ask(shop, alice, "I want 900 back")
    board = Board(open_page(viewport=WALL), real, "sofia")
    call = alice.page.get_by_role("button", name="Call a supervisor")
    call.click()
    dialog = alice.page.get_by_role("dialog", name="Pass on or ask")
    dialog.get_by_role("textbox", name="What it is about").fill("may I give 900 back?")
    Camera(alice.page, folder).take("supervisor")
    dialog.get_by_role("button", name="Call a supervisor").click()
    expect(dialog).to_be_hidden()
    expect(alice.page.get_by_text("A supervisor is called.")).to_be_visible()
    expect(call).to_have_count(0)
    strip = board.page.get_by_role("alert", name="Agents who call")
    expect(strip).to_contain_text("Alice calls for help")
    expect(strip).to_contain_text("may I give 900 back?")
    board.page.reload()
    expect(strip).to_contain_text("may I give 900 back?")
    if folder is not None:
        board.page.screenshot(path=folder.parent / "board-call.png", animations="disabled")
    strip.get_by_role("button", name="Whisper").click()
    expect(strip).to_have_count(0)
    board.page.get_by_role("textbox", name="Whisper to the agent").fill("Half of it")
    board.page.keyboard.press("Enter")
    alice.reads("Half of it")
    expect(alice.page.get_by_text("A supervisor is called.")).to_have_count(0)
    expect(call).to_be_visible()
    board.button("Close").click()
    expect(board.page.get_by_role("dialog")).to_be_hidden()
    call.click()
    alice.page.keyboard.press("Control+Enter")
    expect(strip).to_be_visible()
    alice.page.get_by_role("button", name="Not needed any more").click()
    expect(strip).to_have_count(0)
    deeds = [deed for deed, _ in board.audit(real)]
    assert deeds == ["history", "join.monitor", "join.whisper"]
    assert board.watch.complaints == alice.watch.complaints == []


def test_skills_set_by_hand_serve_who_waits_and_stay_through_a_restart(
    real: RealServer, open_page: OpenPage, shop: Shop, folder: Path | None
) -> None:
    bela = sign_in(real, open_page, "bela", "skills.billing=5")
    bela.declare("Available")
    shop.go()
    shop.open()
    shop.ask("Counted twice")
    board = Board(open_page(viewport=WALL), real, "sofia")
    board.page.get_by_role("button", name="Bela").first.click()
    card = board.page.locator("wall-skills")
    expect(card).to_contain_text("could serve 0 of those who wait now")
    level = card.get_by_role("spinbutton", name="Billing, 0 to 100")
    level.fill("")
    level.press("Tab")
    expect(level).to_have_value("5")
    level.fill("60")
    level.press("Tab")
    expect(card).to_contain_text("Bela could serve 1 of those who wait, now 0.")
    card.get_by_role("textbox", name="Why").fill("covers for Alice")
    if folder is not None:
        card.scroll_into_view_if_needed()
        board.page.screenshot(path=folder.parent / "board-skills.png", animations="disabled")
    assert [one for one in _barriers(board) if "wall-skills" in one] == []
    card.get_by_role("button", name="Set skills").click()
    expect(bela.toast).to_contain_text("Sofia set your skills and languages: covers for Alice.")
    bela.accept()
    shop.talks_with("Bela")
    real.kill()
    real.start()
    expect(bela.connection).to_contain_text("Connected", timeout=30_000)
    expect(card).to_contain_text("As the sign-in says", timeout=30_000)
    expect(level).to_have_value("60")
    assert ("agent.skills", "covers for Alice; skills billing=60") in board.audit(real)
    assert bela.watch.complaints == []


def _barriers(board: Board) -> list[str]:
    answer = Axe().run(board.page).response
    return [
        f"{one['id']} {node['target']} {node['html'][:90]}"
        for one in answer["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
