"""The agent's desktop at work, against the scripted server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.scripted_desk import crowded
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

FIRST = re.compile(r"message 0(?!\d)")
WRAP_UP = pytest.mark.parametrize("options", [["--wrap-up-ms", "30000"]])


@pytest.fixture
def bela(open_page: OpenPage, server: ScriptedServer) -> Desk:
    """A colleague in a browser of her own."""
    desk = Desk(open_page(), f"{server.address}/desktop")
    desk.sign_in("Bela")
    return desk


def connect(shop: Shop, desk: Desk, text: str = "My bill is wrong") -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.write(text)
    desk.accept()
    shop.talks_with("Alice")
    desk.reads(text)


def the_only(server: ScriptedServer) -> dict[str, object]:
    (conversation,) = server.world()["conversations"].values()
    return dict(conversation)


# -- passing on and asking ---------------------------------------------------------------------


def test_a_transfer_shows_who_is_there_can_be_undone_and_takes_its_note_along(
    server: ScriptedServer, shop: Shop, desk: Desk, bela: Desk
) -> None:
    connect(shop, desk)
    bela.declare("Busy")
    desk.page.get_by_role("button", name="Transfer", exact=True).click()
    dialog = desk.page.get_by_role("dialog", name="Pass on or ask")
    expect(dialog.get_by_role("option", name="Bela")).to_contain_text("Busy · 3 of 3 free")
    expect(dialog.get_by_role("option", name="Billing")).to_contain_text("nobody waits")
    bela.declare("Available")
    expect(dialog.get_by_role("option", name="Bela")).to_contain_text("Available")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    desk.pass_on("Bela", "Wants a refund")
    desk.toast.get_by_role("button", name="Undo").click()
    expect(desk.toast).to_contain_text("Not transferred")
    assert the_only(server)["agent"] == "alice"
    desk.pass_on("Bela", "Wants a refund")
    expect(desk.toast).to_contain_text("Transferred to Bela", timeout=15_000)
    expect(desk.entries).to_have_count(0)
    bela.accept()
    bela.reads("My bill is wrong")
    bela.reads("Wants a refund")
    shop.talks_with("Bela")
    assert desk.watch.complaints == bela.watch.complaints == []


def test_a_colleague_gives_advice_that_the_customer_does_not_see(
    server: ScriptedServer, shop: Shop, desk: Desk, bela: Desk
) -> None:
    connect(shop, desk)
    desk.pass_on("Bela", "Is this a known error?", way="Consult")
    asked = bela.page.get_by_role("group", name="Invitation by Alice")
    expect(asked).to_contain_text("Is this a known error?")
    asked.get_by_role("button", name="Join").click()
    bela.reads("My bill is wrong")
    expect(bela.page.locator(".list em")).to_contain_text("with Alice")
    bela.page.get_by_role("textbox", name="Note").fill("Yes, refund it")
    bela.page.keyboard.press("Enter")
    desk.reads("Yes, refund it")
    expect(desk.page.locator("p.line").filter(has_text="Bela joined")).to_be_visible()
    bela.page.get_by_role("button", name="Leave", exact=True).click()
    expect(bela.entries).to_have_count(0)
    expect(desk.page.locator("p.line").filter(has_text="Bela left")).to_be_visible()
    desk.write("We refund it")
    shop.reads("We refund it")
    assert "Yes, refund it" not in shop.panel.inner_text()


def test_a_colleague_speaks_in_a_conference(
    server: ScriptedServer, shop: Shop, desk: Desk, bela: Desk
) -> None:
    connect(shop, desk)
    desk.pass_on("Bela", way="Conference")
    bela.page.get_by_role("button", name="Join").click()
    bela.reads("My bill is wrong")
    bela.write("Accounting here: it is settled")
    shop.reads("Accounting here: it is settled")
    desk.reads("Accounting here: it is settled")


# -- wrap-up -----------------------------------------------------------------------------------


@WRAP_UP
def test_a_wrap_up_takes_longer_finds_its_code_and_ends_by_key(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    desk.end()
    page = desk.page
    timer = page.get_by_role("timer")
    expect(timer).to_have_text(re.compile("^0:[23]"))
    page.get_by_role("button", name="+30 s").click()
    expect(timer).to_have_text(re.compile("^0:[45]|^1:00"))
    page.get_by_role("searchbox", name="Find a code").fill("foll")
    expect(page.get_by_role("radio")).to_have_count(1)
    page.get_by_role("radio", name="Follow up needed").check(force=True)
    page.get_by_role("textbox", name="Note").fill("Call on Monday")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("No conversation chosen.")).to_be_visible()
    kept = the_only(server)
    assert (kept["code"], kept["note"]) == ("follow_up_needed", "Call on Monday")
    assert desk.watch.complaints == []


# -- writing -----------------------------------------------------------------------------------


def test_a_draft_of_each_kind_outlives_a_reload(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    desk.composer.fill("Half a sen")
    desk.page.get_by_role("button", name="Note", exact=True).click()
    note = desk.page.get_by_role("textbox", name="Note")
    expect(note).to_have_value("")
    note.fill("Half a note")
    desk.page.reload()
    expect(note).to_have_value("Half a note")
    desk.page.get_by_role("button", name="Reply", exact=True).click()
    expect(desk.composer).to_have_value("Half a sen")
    desk.composer.press("Enter")
    expect(desk.composer).to_have_value("")
    desk.page.reload()
    desk.reads("Half a sen")
    desk.page.get_by_role("button", name="Note", exact=True).click()
    expect(note).to_have_value("Half a note")


def test_a_ready_reply_comes_filled_in_and_in_the_customers_language(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    desk.composer.press_sequentially("/he")
    options = desk.page.get_by_role("listbox", name="Ready replies").get_by_role("option")
    expect(options.first).to_contain_text("Hello Ada, this is Alice.")
    expect(options.last).to_contain_text("Guten Tag Ada")
    desk.composer.press("ArrowDown")
    desk.composer.press("Enter")
    expect(desk.composer).to_have_value(re.compile("^Guten Tag Ada, hier ist Alice"))
    desk.composer.press("Enter")
    shop.reads("Guten Tag Ada, hier ist Alice")


# -- keys --------------------------------------------------------------------------------------


def test_everything_can_be_done_by_keys_and_the_palette(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    page, keys = desk.page, desk.page.keyboard
    keys.press("a")
    expect(desk.presence).to_contain_text("Available")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Decline the offer")
    keys.press("Escape")
    shop.go()
    shop.open()
    shop.ask("Which bulb?")
    expect(desk.offer).to_be_visible()
    keys.press("Enter")
    desk.reads("Which bulb?")
    expect(desk.composer).to_be_focused()
    keys.press("Escape")
    keys.press("n")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    keys.press("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    expect(palette).to_be_visible()
    keys.type("dark theme")
    keys.press("Enter")
    expect(palette).to_be_hidden()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    keys.press("Control+k")
    keys.type("why did")
    keys.press("Enter")
    why = page.get_by_role("dialog", name="Why did I get this?")
    expect(why).to_contain_text("you had been idle the longest")
    expect(why.get_by_role("row", name=re.compile("^You 842"))).to_be_visible()
    expect(why.get_by_role("row", name=re.compile("^Colleague 1 790"))).to_be_visible()
    keys.press("Escape")
    expect(why).to_be_hidden()
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    keys.press("Escape")
    keys.press("e")
    expect(page.get_by_text("No conversation chosen.")).to_be_visible()
    assert desk.watch.complaints == []


def test_letters_do_nothing_where_they_are_switched_off(server: ScriptedServer, desk: Desk) -> None:
    desk.sign_in("Alice")
    desk.page.keyboard.press(",")
    desk.page.get_by_role("checkbox", name="Single letters").uncheck()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("dialog")).to_have_count(0)  # a key may be faster than its end
    desk.page.keyboard.press("a")
    desk.page.keyboard.press("?")
    expect(desk.page.get_by_role("dialog", name="Keys")).to_contain_text("switched off")
    expect(desk.presence).to_contain_text("Away")


def test_away_can_wait_until_the_conversations_are_over(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    desk.presence.click()
    desk.page.get_by_role("menuitemcheckbox", name="After this conversation").click()
    desk.page.get_by_role("menuitem", name="Away", exact=True).click()
    expect(desk.page.get_by_text("Away after this conversation, no new offers")).to_be_visible()
    told = server.world()["presence"]["alice"]
    assert (told["show"], told["next"]) == ("available", "away")


# -- what the house adds -----------------------------------------------------------------------


def test_the_houses_card_is_told_the_customer_and_reaches_nothing_else(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.address += "?card=/scripted/card"
    connect(shop, desk)
    card = desk.page.frame_locator("iframe.host")
    expect(card.get_by_text("Ada Lovelace in billing for Alice")).to_be_visible()
    expect(card.get_by_text("storage: SecurityError, page: SecurityError")).to_be_visible()


def test_a_card_of_another_origin_is_not_shown(server: ScriptedServer, desk: Desk) -> None:
    desk.address += "?card=https://elsewhere.example/card"
    desk.sign_in("Alice")
    expect(desk.page.locator("iframe")).to_have_count(0)
    assert desk.watch.complaints == []


# -- much to show ------------------------------------------------------------------------------


@pytest.fixture
def busy_desk(server: ScriptedServer, tmp_path: Path, desk: Desk) -> Desk:
    """Alice with 200 conversations, the first of them with 1,000 messages."""
    server.kill()
    server.kept.write_text(json.dumps(crowded("alice", 200, 1_000)))
    server.start()
    desk.sign_in("Alice")
    return desk


def _top_of_first(page: Page) -> float:
    box = page.locator(".entry").filter(has_text=FIRST).bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.parametrize("options", [["--capacity", "250"]])
def test_hundreds_of_conversations_and_thousands_of_messages_are_there_a_screen_at_a_time(
    server: ScriptedServer, busy_desk: Desk
) -> None:
    page = busy_desk.page
    rows = page.locator(".list li")
    expect(page.get_by_role("heading", name="Mine (200)")).to_be_visible()
    assert rows.count() < 40
    expect(rows.first).to_contain_text("Customer 0")
    page.locator(".rows").evaluate("it => it.scrollTop = it.scrollHeight")
    expect(rows.filter(has_text="Customer 199")).to_be_visible()
    page.locator(".rows").evaluate("it => it.scrollTop = 0")
    rows.first.click()
    expect(busy_desk.entries.last).to_contain_text("message 999")
    assert busy_desk.entries.count() < 200
    log = page.locator(".log")
    first = busy_desk.entries.first
    for _ in range(60):
        if busy_desk.entries.filter(has_text=FIRST).count():
            break
        key = str(first.get_attribute("data-key"))
        log.evaluate("it => it.scrollTop = 0")
        expect(first).not_to_have_attribute("data-key", key)
    expect(busy_desk.entries.filter(has_text=FIRST)).to_be_visible()
    assert busy_desk.entries.count() <= 200
    before = _top_of_first(page)
    server.say("c0", body="New at the end")
    expect(rows.first).to_contain_text("New at the end")
    assert _top_of_first(page) == before
    page.get_by_role("button", name="To the newest").click()
    expect(busy_desk.entries.last).to_contain_text("New at the end")
    assert busy_desk.watch.complaints == []


# -- notes and quotes --------------------------------------------------------------------------


def test_a_colleague_is_named_in_a_note_asked_in_and_sees_the_mention(
    server: ScriptedServer, shop: Shop, desk: Desk, bela: Desk
) -> None:
    connect(shop, desk)
    desk.page.get_by_role("button", name="Note", exact=True).click()
    field = desk.page.get_by_role("textbox", name="Note")
    field.press_sequentially("Is this right, @be")
    found = desk.page.get_by_role("listbox", name="Colleagues").get_by_role("option")
    expect(found).to_contain_text("is asked in")
    field.press("Enter")
    expect(field).to_have_value("Is this right, @Bela ")
    field.press_sequentially("?")
    field.press("Enter")
    expect(desk.toast).to_contain_text("Bela is asked for advice")
    expect(desk.entries.filter(has_text="Is this right").locator("mark")).to_have_text("@Bela")
    asked = bela.page.get_by_role("group", name="Invitation by Alice")
    expect(asked).to_contain_text("Is this right, @Bela ?")
    asked.get_by_role("button", name="Join").click()
    expect(bela.entries.filter(has_text="Is this right").locator("mark.me")).to_have_text("@Bela")
    # In it by now, she is named once more while she looks at something else.
    other = bela.page.context.new_page()
    other.bring_to_front()
    bela.page.evaluate(
        "() => { Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    field.press_sequentially("@")
    expect(found).to_contain_text("takes part")
    field.press("Enter")
    field.press_sequentially("please answer")
    field.press("Enter")
    badge = bela.page.get_by_role("img", name="1 note for you")
    expect(badge).to_be_visible()
    bela.page.evaluate(
        "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"
    )
    expect(badge).to_be_hidden()
    bela.reads("please answer")
    assert "please answer" not in shop.panel.inner_text()
    assert desk.watch.complaints == bela.watch.complaints == []


def test_an_answer_quotes_what_was_said(server: ScriptedServer, shop: Shop, desk: Desk) -> None:
    connect(shop, desk)
    said = desk.entries.filter(has_text="My bill is wrong")
    said.hover()
    said.get_by_role("button", name="Quote").click()
    expect(desk.composer).to_have_value("> My bill is wrong\n")
    desk.page.keyboard.type("Which one?")
    desk.page.keyboard.press("Enter")
    answer = shop.messages.filter(has_text="Which one?")
    expect(answer.locator(".quote")).to_have_text("My bill is wrong")
    shop.write("The last")
    desk.reads("The last")
    desk.note("Not for the customer")
    noted = desk.entries.filter(has_text="Not for the customer")
    noted.hover()
    expect(noted.get_by_role("button", name="Quote")).to_have_count(0)
    desk.composer.press("Escape")
    desk.page.keyboard.press("q")
    expect(desk.composer).to_have_value("> The last\n")
    assert shop.watch.complaints == []


# -- one's own ---------------------------------------------------------------------------------


def test_keys_are_changed_where_they_are_listed_and_known_at_every_desk(
    server: ScriptedServer, desk: Desk, open_page: OpenPage
) -> None:
    desk.sign_in("Alice")
    desk.page.keyboard.press("?")
    dialog = desk.page.get_by_role("dialog", name="Keys")
    dialog.get_by_role("button", name="Change keys").click()
    dialog.get_by_role("button", name="Key for My day: none").click()
    desk.page.keyboard.press("x")
    expect(dialog.get_by_role("button", name="Key for My day: X")).to_be_visible()
    expect(dialog.get_by_role("button", name="Key for Set me: Away: none")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    other = Desk(open_page(), desk.address)
    other.sign_in("Alice")
    for one in (desk, other):
        one.page.locator("body").press("x")
        expect(one.page.get_by_role("dialog", name="My day")).to_be_visible()
        one.page.keyboard.press("Escape")
        expect(one.page.get_by_role("dialog", name="My day")).to_be_hidden()
    other.page.keyboard.press("?")
    other.page.get_by_role("button", name="As delivered").click()
    other.page.keyboard.press("Escape")
    other.page.locator("body").press("x")
    expect(other.presence).to_contain_text("Away")
    assert desk.watch.complaints == other.watch.complaints == []


def test_ready_replies_are_known_at_every_desk(
    server: ScriptedServer, desk: Desk, open_page: OpenPage
) -> None:
    desk.sign_in("Alice")
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("ready replies")
    desk.page.keyboard.press("Enter")
    desk.page.get_by_role("textbox", name="Text").first.fill("Ahoy {{first_name}}")
    desk.page.get_by_role("button", name="Save").click()
    expect(desk.toast).to_contain_text("Ready replies saved.")
    other = Desk(open_page(), desk.address)
    other.sign_in("Alice")
    other.page.keyboard.press("Control+k")
    other.page.keyboard.type("ready replies")
    other.page.keyboard.press("Enter")
    expect(other.page.get_by_role("textbox", name="Text").first).to_have_value(
        "Ahoy {{first_name}}"
    )


def test_the_house_signs_its_people_in_and_renews_their_tokens(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    page = open_page()
    page.add_init_script("delete globalThis.SharedWorker;")  # its requests can be seen
    desk = Desk(page, f"{server.address}/desktop?tokens=/scripted/token")
    page.goto(desk.address)
    expect(desk.connection).to_contain_text("Connected")
    with page.expect_request(re.compile("/scripted/token$")):
        server.tell("token.expiring", role="agent", expires_ms=60_000)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with your account").click()
    expect(desk.connection).to_contain_text("Connected")
    assert desk.watch.complaints == []
