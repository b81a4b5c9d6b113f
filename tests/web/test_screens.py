from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.scripted_process import ScriptedServer

pytestmark = [pytest.mark.browser, pytest.mark.process]

WRAP_UP = pytest.mark.parametrize("options", [["--wrap-up-ms", "30000"]])
SHORT_OFFERS = pytest.mark.parametrize("options", [["--offer-ms", "1200"]])


def bodies(server: ScriptedServer) -> list[str]:
    (conversation,) = server.world()["conversations"].values()
    return [message["body"] for message in conversation["messages"]]


def connect(shop: Shop, desk: Desk) -> None:
    """A customer and an agent in one conversation."""
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.write("My bill is wrong")
    desk.accept()
    shop.talks_with("Alice")
    desk.reads("My bill is wrong")


@WRAP_UP
def test_a_conversation_goes_from_the_widget_to_the_desktop_and_back(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    shop.go()
    shop.open()
    shop.ask("My bill is wrong")
    desk.declare("Available")
    desk.accept()
    shop.talks_with("Alice")
    desk.reads("My bill is wrong")
    desk.write("Hello, let me look")
    shop.reads("Hello, let me look")
    shop.write("Thank you")
    desk.reads("Thank you")
    expect(shop.messages.filter(has_text="Thank you")).to_contain_text("Read")
    desk.note("Asked before")
    desk.reads("Asked before")
    desk.end()
    desk.wrap_up("Solved")
    expect(desk.entries).to_have_count(0)
    shop.rate(4)
    shop.start_again()
    expect(shop.messages).to_have_count(0)
    (conversation,) = server.world()["conversations"].values()
    assert (conversation["rating"], conversation["code"]) == (4, "solved")
    assert "Asked before" not in shop.panel.inner_text()
    assert shop.watch.complaints == []
    assert desk.watch.complaints == []


def test_a_killed_server_costs_no_message_and_none_comes_twice(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    server.kill()
    shop.write("Are you there?")
    desk.write("I am here")
    expect(shop.strip).to_be_visible()
    expect(shop.strip).to_contain_text("your place is kept")
    expect(desk.connection).to_contain_text("No connection")
    expect(shop.messages.filter(has_text="Are you there?")).to_contain_text("Sending")
    server.start()
    expect(shop.messages.filter(has_text="I am here")).to_have_count(1, timeout=25_000)
    expect(desk.entries.filter(has_text="Are you there?")).to_have_count(1, timeout=25_000)
    expect(shop.strip).to_be_hidden()
    expect(desk.connection).to_contain_text("Connected")
    assert sorted(bodies(server)) == ["Are you there?", "I am here", "My bill is wrong"]
    assert shop.watch.complaints == []
    assert desk.watch.complaints == []


def test_a_message_written_during_an_outage_outlives_a_reload(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    server.deafen()
    shop.write("Kept in this tab")
    expect(shop.messages.filter(has_text="Kept in this tab")).to_contain_text("Sending")
    shop.page.reload()
    shop.reads("Kept in this tab")
    desk.reads("Kept in this tab")
    assert bodies(server) == ["My bill is wrong", "Kept in this tab"]


def test_nothing_is_stored_and_no_connection_is_opened_before_the_click(
    server: ScriptedServer, shop: Shop
) -> None:
    requests: list[str] = []
    shop.page.on("request", lambda request: requests.append(request.url))
    shop.address = f"{server.address}/scripted/page"
    shop.go()
    shop.page.wait_for_load_state("networkidle")
    loaded = [request.removeprefix(server.address) for request in requests]
    assert shop.watch.storage() == {}
    assert shop.watch.sockets == []
    assert set(loaded) <= {"/scripted/page", "/widget.js", "data:,"}
    shop.open()
    shop.ask("Hello")
    assert len(shop.watch.sockets) == 1
    assert shop.watch.complaints == []


def test_a_late_accept_is_a_calm_sentence(server: ScriptedServer, shop: Shop, desk: Desk) -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.ask("Who is first?")
    expect(desk.offer).to_be_visible()
    server.lose_offers()
    desk.page.keyboard.press("Enter")
    expect(desk.toast).to_contain_text("Another agent was faster")
    expect(desk.offer).to_be_hidden()
    assert desk.watch.complaints == []


@SHORT_OFFERS
def test_missed_offers_set_the_agent_away_and_one_key_brings_them_back(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.ask("Anybody?")
    expect(desk.missed).to_contain_text("You are set away")
    expect(desk.presence).to_contain_text("Away, missed offers")
    expect(desk.offer).to_be_hidden()
    desk.page.locator("body").press("Enter")
    expect(desk.presence).to_contain_text("Available")
    desk.accept()
    shop.talks_with("Alice")


def test_the_widget_is_usable_by_keyboard_alone(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    keys = shop.page.keyboard
    shop.round.focus()
    keys.press("Enter")
    expect(shop.composer).to_be_focused()
    keys.type("First line")
    keys.press("Shift+Enter")
    keys.type("second line")
    keys.press("Enter")
    desk.accept()
    desk.reads("First line\nsecond line")
    keys.press("Escape")
    expect(shop.panel).to_be_hidden()
    expect(shop.round).to_be_focused()
    desk.write("Still there?")
    expect(shop.round).to_have_accessible_name("Talk to us, 1 new message")
    keys.press("Enter")
    shop.reads("Still there?")
    expect(shop.composer).to_be_focused()


def test_who_leaves_the_line_is_told_so_and_the_offer_goes(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.ask("Never mind")
    expect(desk.offer).to_be_visible()
    shop.leave_line()
    expect(shop.panel.get_by_text("You left the line.")).to_be_visible()
    expect(desk.offer).to_be_hidden()
    expect(desk.toast).to_contain_text("The customer left the line")


def test_the_next_page_of_the_shop_goes_on_with_the_conversation(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    shop.page.reload()
    shop.talks_with("Alice")
    shop.reads("My bill is wrong")
    desk.write("Good that you are back")
    shop.reads("Good that you are back")
    desk.page.reload()
    desk.reads("Good that you are back")


def test_the_offer_is_said_to_be_seen_only_after_it_was_shown(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.ask("Can you see me?")
    expect(desk.offer).to_be_visible()
    desk.declare("Busy")
    (offer,) = server.world()["offers"].values()
    assert offer["seen"] is True


def test_text_of_people_is_never_markup(server: ScriptedServer, shop: Shop, desk: Desk) -> None:
    connect(shop, desk)
    shop.write("<img src=x onerror=alert(1)><b>bold</b>")
    desk.reads("<img src=x onerror=alert(1)><b>bold</b>")
    assert desk.page.locator(".entries img, .entries b:has-text('bold')").count() == 0
    desk.write("<script>alert(2)</script>")
    shop.reads("<script>alert(2)</script>")
    assert shop.watch.complaints == []
    assert desk.watch.complaints == []


def test_a_shop_on_another_origin_with_a_strict_policy_can_embed_the_widget(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    elsewhere = server.address.replace("127.0.0.1", "localhost")
    shop.address = f"{elsewhere}/elsewhere?host={server.address}"
    shop.go()
    shop.open()
    shop.ask("From another site")
    assert shop.watch.complaints == []


def test_a_transfer_takes_the_conversation_from_the_desk_and_keeps_the_customer_in_line(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    desk.pass_on("Billing")
    expect(desk.entries).to_have_count(0)
    expect(desk.toast).to_contain_text("Transferred")
    expect(shop.place).to_have_text("1st in line")
    expect(shop.panel.get_by_text("Alice passed you on to a colleague")).to_be_visible()


def test_people_read_words_where_the_server_has_codes(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.ask("My bill is wrong")
    expect(desk.offer).to_contain_text("Why you: billing, English, longest idle")
    desk.accept()
    shop.talks_with("Alice")
    expect(shop.panel.get_by_text("English, German", exact=True)).to_be_visible()


def test_a_long_message_stays_within_the_list(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    connect(shop, desk)
    shop.write("A bill is wrong " * 20)
    expect(desk.page.locator(".list .last")).to_contain_text("A bill is wrong A bill")
    assert desk.page.locator(".left").evaluate("it => it.scrollWidth === it.clientWidth")


def test_a_customer_who_is_offline_is_told_so_at_once(server: ScriptedServer, shop: Shop) -> None:
    shop.go()
    shop.open()
    shop.ask("Anybody?")
    offline = shop.panel.locator(".strip").get_by_text("You are offline")
    shop.page.context.set_offline(True)
    expect(offline).to_be_visible()
    shop.page.context.set_offline(False)
    expect(offline).to_be_hidden()


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("rubbish", "That is no whole token"),
        ("e30.eyJyb2xlIjoiY3VzdG9tZXIifQ.x", "This token is for a customer; this page needs one"),
    ],
)
def test_a_token_that_cannot_be_right_is_answered_on_the_card(
    server: ScriptedServer, desk: Desk, token: str, words: str
) -> None:
    desk.page.goto(desk.address)
    desk.page.get_by_role("textbox", name="Token").fill(token)
    desk.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk.page.get_by_role("alert")).to_contain_text(words)
    assert desk.watch.sockets == []


def test_the_page_s_calls_work_and_a_wrong_one_says_what_there_is(
    server: ScriptedServer, shop: Shop
) -> None:
    shop.go()
    page = shop.page
    page.evaluate("window.heard = []; fairline('on', 'unread', (n) => heard.push(n))")
    page.evaluate("fairline('open')")
    expect(shop.composer).to_be_focused()
    page.evaluate("fairline('close')")
    expect(shop.panel).to_be_hidden()
    assert page.evaluate("heard") == []
    page.evaluate("fairline('opne')")
    page.evaluate("fairline('identify', {id: 'c-1', token: 'a string'})")
    page.evaluate("fairline('logout')")
    assert shop.watch.storage() == {}
    call, identify = shop.watch.complaints
    assert call.startswith('fairline: there is no call "opne"; there are open, ask')
    assert "{id, token}, a function that gives a token" in identify


def test_the_page_of_its_own_connects_at_the_first_touch(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    page = shop.page
    page.goto(f"{server.address}/widget?tenant=acme&queue=billing&lang=de")
    field = page.get_by_role("textbox", name="Ihre Nachricht")
    expect(field).to_be_visible()
    assert (shop.watch.storage(), shop.watch.sockets) == ({}, [])
    field.click()
    field.fill("Guten Tag")
    field.press("Enter")
    expect(page.locator(".queue .place")).to_have_text("1. in der Reihe")
    assert shop.watch.complaints == []
