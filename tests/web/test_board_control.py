"""What a supervisor does from the wall, on the real server: its rights, its audit trail."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from router.server.auth import Role, mint
from router.server.settings import KeyEntry
from tests.helpers.browser import Desk, Shop, Watch
from tests.helpers.real_server import SECRET, RealServer, beside_a_shop, shop_page
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

POLICY = 'purposes = ["quality", "complaint"]'
WALL = {"width": 1920, "height": 1080}


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealServer]:
    with beside_a_shop(tmp_path, policy=POLICY) as server:
        yield server


@pytest.fixture
def customer(real: RealServer, open_page: OpenPage) -> Iterator[Shop]:
    with shop_page(real.shop_port, real.address) as address:
        yield Shop(open_page(), address)


class Board:
    """A supervisor at the wall."""

    def __init__(self, page: Page, real: RealServer, name: str) -> None:
        self.page = page
        self.watch = Watch(page)
        self.token = _token("supervisor", name)
        page.clock.install()
        page.goto(f"{real.address}/board")
        page.get_by_role("textbox", name="Token").fill(self.token)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator(".stamp")).to_contain_text("live")

    def open(self, tile: str) -> Locator:
        self.page.locator(f'.figure[data-key="{tile}"]').click()
        return self.page.get_by_role("dialog")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("dialog").get_by_role("button", name=name)

    def listen(self, purpose: str) -> Locator:
        """Looks into the one conversation that is being served."""
        self.open("waiting").get_by_label("What do you look for?").select_option(purpose)
        self.button("Listen").click()
        log = self.page.get_by_role("log", name="Transcript")
        expect(log).to_be_visible()
        return log

    def audit(self, real: RealServer) -> list[tuple[str, str]]:
        """What this person did, oldest first: the deed and its purpose."""
        request = urllib.request.Request(
            f"{real.address}/v1/audit?limit=100", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            entries: list[dict[str, Any]] = json.load(answer)["entries"]
        mine = [one for one in entries if one["actor"].startswith("supervisor:")]
        return [(one["action"], one["purpose"]) for one in reversed(mine)]


def _token(role: Role, name: str, **claims: object) -> str:
    """Signed here: the command that prints one is tested elsewhere, and starts slowly."""
    entry = KeyEntry(kid="main", alg="HS256", secret=SECRET)
    now_ms = int(time.time() * 1000)
    more = {"name": name.title(), **claims}
    return mint(
        entry, tenant="acme", role=role, subject=name, now_ms=now_ms, ttl_s=3_600, claims=more
    )


def _desk(real: RealServer, page: Page, name: str) -> Desk:
    desk = Desk(page, f"{real.address}/desktop")
    page.goto(desk.address)
    token = _token("agent", name, skills={"billing": 80}, languages={"en": 100})
    page.get_by_role("textbox", name="Token").fill(token)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk.connection).to_contain_text("Connected")
    return desk


def test_a_supervisor_listens_whispers_joins_takes_over_and_moves_and_all_is_audited(
    real: RealServer, customer: Shop, open_page: OpenPage
) -> None:
    alice = _desk(real, open_page(), "alice")
    alice.declare("Available")
    customer.go()
    customer.open()
    customer.write("My bill is wrong")
    alice.accept()
    board = Board(open_page(viewport=WALL), real, "sofia")
    expect(board.page.locator('.figure[data-key="agents"]')).to_contain_text("1 serving")
    log = board.listen("quality")
    expect(log).to_contain_text("My bill is wrong")
    expect(board.page.get_by_text("Alice sees that you are listening.")).to_be_visible()
    customer.write("It says 40")
    expect(log).to_contain_text("It says 40")

    board.button("Whisper").click()
    board.page.get_by_role("textbox", name="Whisper to the agent").fill("Refund it")
    board.page.keyboard.press("Enter")
    alice.reads("Refund it")
    expect(log).to_contain_text("Refund it")
    expect(customer.panel.get_by_text("Sofia")).to_have_count(0)

    board.button("Join").click()
    board.page.get_by_role("textbox", name="Message to the customer").fill("Sofia here, hello")
    board.page.keyboard.press("Enter")
    customer.reads("Sofia here, hello")
    expect(customer.messages.filter(has_text="Refund it")).to_have_count(0)

    board.button("Take over").click()
    alice.reads("Sofia answers from here on")

    bob = _desk(real, open_page(), "bob")
    board.button("Move").click()
    board.button("Give to Bob").click()
    bob.reads("My bill is wrong")
    customer.talks_with("Bob")
    expect(alice.entries).to_have_count(0)
    board.button("Close").click()
    expect(board.page.get_by_role("dialog")).to_be_hidden()
    customer.write("Hello Bob")
    bob.reads("Hello Bob")

    alice.declare("Available")
    log = board.listen("quality")
    board.button("Transfer").click()
    card = board.page.locator("wall-pass")
    card.get_by_label("To").select_option(label="Alice: 5 free")
    card.get_by_label("Note for whoever takes it").fill("Bob goes home")
    card.get_by_role("button", name="Transfer").click()
    board.page.clock.fast_forward(6_000)
    alice.accept()
    alice.reads("Bob goes home")
    expect(log).to_contain_text("Bob goes home")
    expect(bob.entries).to_have_count(0)
    customer.talks_with("Alice")
    board.button("End").click()
    toast = board.page.locator(".toast")
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text("It goes on.")
    board.button("End").click()
    board.page.clock.fast_forward(6_000)
    expect(board.page.get_by_role("dialog").locator("b", has_text="over")).to_be_visible()
    expect(customer.panel.get_by_role("button", name="Start again")).to_be_visible()

    deeds = board.audit(real)
    assert deeds[:2] == [("history", "quality"), ("join.monitor", "quality")]
    assert ("join.whisper", "quality") in deeds
    assert ("join.barge", "quality") in deeds
    assert ("assign", "to bob") in deeds
    assert deeds[-2:] == [("transfer", "to alice"), ("end", "")]
    assert board.watch.complaints == []
    assert customer.watch.complaints == []


def test_a_supervisor_sees_why_one_waits_gives_it_away_and_sets_a_status(
    real: RealServer, customer: Shop, open_page: OpenPage
) -> None:
    alice = _desk(real, open_page(), "alice")
    bob = _desk(real, open_page(), "bob")
    board = Board(open_page(viewport=WALL), real, "bob")
    customer.go()
    customer.open()
    customer.ask("Counted")
    row = board.page.locator("wall-queues tbody tr", has_text="Billing")
    expect(row).to_contain_text(re.compile(r"1\s*(act now|watch)?\s*0:\d\d"))
    expect(row.locator(".nobody")).to_be_visible()
    board.open("longest")
    board.button("Why?").click()
    panel = board.page.get_by_role("dialog", name="Why it waits")
    expect(panel.get_by_text("Place 1 in line")).to_be_visible()
    expect(panel.locator(".counts")).to_contain_text("not available2 agents")

    panel.get_by_label("Class").select_option("urgent")
    expect(panel.get_by_text("as if it had come 1:30 earlier")).to_be_visible()
    panel.get_by_label("Reason").fill("waits since yesterday")
    panel.get_by_role("button", name="Set priority").click()
    expect(panel.get_by_text("Urgent, counts as if it came 1:30 earlier")).to_be_visible()

    panel.get_by_role("button", name="Give to Alice").click()
    alice.reads("Counted")
    customer.talks_with("Alice")
    expect(panel.get_by_text("Given to Alice by hand.")).to_be_visible()
    board.button("Close").click()
    expect(row).to_contain_text(re.compile(r"0\s*\W"))

    board.listen("complaint")
    expect(board.page.get_by_text("It goes to your own desk.")).to_be_visible()
    board.button("Take over").click()
    bob.reads("Counted")
    board.button("Close").click()

    board.page.locator(".people li", has_text="Alice").get_by_role("button").click()
    panel = board.page.get_by_role("dialog", name="Alice")
    expect(panel.get_by_text("No offers: not available.")).to_be_visible()
    panel.get_by_label("Status").select_option("dnd")
    panel.get_by_label("Reason").fill("training")
    panel.get_by_role("button", name="Set status").click()
    expect(alice.presence).to_contain_text("Do not disturb")
    expect(board.page.locator(".people li", has_text="Alice")).to_contain_text("DND")
    panel.get_by_label("Reason").fill("what was begun for Alice")
    # The panel may lie over the list; keys reach it.
    board.page.locator(".people li", has_text="Bob").get_by_role("button").press("Enter")
    panel = board.page.get_by_role("dialog", name="Bob")
    expect(panel.get_by_label("Reason")).to_have_value("")
    board.button("Close").click()

    deeds = board.audit(real)
    assert ("priority", "waits since yesterday") in deeds
    assert ("assign", "to alice") in deeds
    assert ("assign", "to bob") in deeds
    assert any("presence" in action for action, _ in deeds)

    today = board.page.locator('.figure[data-key="level"]')
    expect(today).to_contain_text(re.compile(r"today \d+ %"))
    level = today.locator(".beside").inner_text().split("\n")[0]
    real.kill()
    board.page.clock.fast_forward(6_000)
    expect(board.page.locator(".wall.stale")).to_be_visible()
    expect(board.page.locator(".stamp")).to_contain_text("no connection")
    real.start()
    board.page.evaluate("dispatchEvent(new Event('online'))")  # no need to sit out the delay
    expect(board.page.locator(".wall:not(.stale)")).to_be_visible(timeout=25_000)
    expect(board.page.locator(".stamp")).to_contain_text("live")
    expect(today).to_contain_text(level)
    assert board.watch.complaints == []
