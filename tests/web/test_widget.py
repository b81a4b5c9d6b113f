"""The widget on a shop's page, against a scripted server: what a customer sees and can do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.helpers.customers import CLOSED, FIELDS, TERMS, Customer
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NewCustomer = Callable[..., Customer]


def _asked(server: ScriptedServer) -> dict[str, object]:
    (conversation,) = server.world()["conversations"].values()
    asked: dict[str, object] = conversation["asked"]
    return asked


# -- before the line ----------------------------------------------------------------------------


def test_the_typed_text_is_sent_once_the_terms_are_accepted(customer: Customer) -> None:
    customer.server.script(terms=TERMS)
    customer.open('data-terms="/terms"')
    customer.send("My bill is wrong")
    consent = customer.panel.locator(".consent")
    expect(consent).to_contain_text("Version 3")
    link = consent.get_by_role("link", name="Read the terms")
    expect(link).to_have_attribute("href", f"{customer.server.address}/terms")
    expect(customer.messages).to_have_text(re.compile("My bill is wrong"))
    assert customer.server.world()["conversations"] == {}
    consent.get_by_role("button", name="I agree").click()
    expect(customer.queue.locator(".place")).to_have_text("1st in line")
    expect(customer.messages).to_have_count(1)
    (accepted,) = customer.server.world()["accepted"].values()
    assert accepted == TERMS
    assert customer.watch.complaints == []


@pytest.mark.parametrize(("told", "sent"), [(PARENT, PARENT), (f"{PARENT}-more", None)])
def test_the_trace_of_the_page_goes_with_the_connection(
    customer: Customer, told: str, sent: str | None
) -> None:
    frames: list[str | bytes] = []

    def note(frame: str | bytes) -> None:
        frames.append(frame)

    customer.page.on("websocket", lambda socket: socket.on("framesent", note))
    customer.open(f'data-traceparent="{told}"')
    customer.send("My bill is wrong")
    expect(customer.queue.locator(".place")).to_have_text("1st in line")
    hello = json.loads(frames[0])
    assert hello["t"] == "hello"
    assert hello.get("traceparent") == sent
    assert customer.watch.complaints == []


def test_who_does_not_accept_keeps_the_text_and_a_script_is_no_link(customer: Customer) -> None:
    customer.server.script(terms=TERMS)
    customer.open('data-terms="javascript:alert(1)"')
    customer.send("My bill is wrong")
    expect(customer.panel.locator(".consent")).to_be_visible()
    assert customer.panel.locator(".consent a").count() == 0
    customer.panel.get_by_role("button", name="Not now").click()
    expect(customer.composer).to_have_value("My bill is wrong")
    expect(customer.composer).to_be_focused()


def test_questions_come_before_the_first_message_and_go_to_the_agent(customer: Customer) -> None:
    customer.open(f'data-fields="{FIELDS}"')
    form = customer.form
    expect(form.get_by_label("Your name")).to_be_focused()
    form.get_by_role("button", name="Start").click()
    expect(form.locator(".wrong:visible")).to_have_count(3)
    form.get_by_label("Your name").fill("Carla")
    form.get_by_label("E-mail").fill("carla@")
    form.get_by_label("Your message").fill("My bill is wrong")
    form.get_by_role("button", name="Start").click()
    expect(form.locator(".wrong:visible")).to_have_text("Please check this address.")
    expect(form.get_by_label("E-mail")).to_be_focused()
    form.get_by_label("E-mail").fill("carla@shop.example")
    form.get_by_label("About").select_option("A lamp")
    form.get_by_role("button", name="Start").click()
    expect(customer.queue.locator(".place")).to_be_visible()
    told = {"name": "Carla", "email": "carla@shop.example", "about": "A lamp"}
    assert _asked(customer.server)["attributes"] == told
    assert customer.watch.complaints == []


def test_ask_sets_queue_topic_and_questions_and_known_answers_are_not_asked(
    customer: Customer,
) -> None:
    customer.go()
    fields = [
        {"name": "name", "required": True},
        {"name": "order", "label": "Order number", "type": "number"},
        {"name": "vip", "label": "Club", "type": "checkbox", "queues": ["billing"]},
        {"name": "other", "queues": ["support"]},
    ]
    options = {"queue": "billing", "topic": "refund", "attributes": {"name": "Ada"}}
    customer.call("ask", {**options, "fields": fields})
    expect(customer.form.locator("label")).to_have_text(["Order number", "Club", "Your message"])
    customer.form.get_by_label("Order number").fill("2041")
    customer.form.get_by_label("Club").check()
    customer.form.get_by_label("Your message").fill("Twice on my bill")
    customer.form.get_by_role("button", name="Start").click()
    expect(customer.queue.locator(".place")).to_be_visible()
    asked = _asked(customer.server)
    assert (asked["queue"], asked["topic"]) == ("billing", "refund")
    assert asked["attributes"] == {"name": "Ada", "order": 2041, "vip": True}


def test_a_closed_queue_tells_its_hours_here_and_takes_a_message(
    shared: ScriptedServer, open_page: OpenPage
) -> None:
    shared.fresh(door=CLOSED)
    customer = Customer(open_page(timezone_id="Asia/Tokyo"), shared)
    customer.open()
    closed = customer.panel.locator(".closed")
    expect(closed).to_contain_text("We open again: January 1, 5:00 PM")
    closed.get_by_role("button", name="Leave a message").click()
    form = customer.form
    expect(form.get_by_label("Your name")).to_be_focused()
    form.get_by_label("Phone").check()
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".wrong:visible")).to_have_count(2)
    form.get_by_role("textbox", name="Phone").fill("+49 30 1234")
    form.get_by_label("When is a good time?").fill("after five")
    form.get_by_label("Your message").fill("Which bulb fits?")
    form.get_by_role("button", name="Send").click()
    expect(customer.queue).to_contain_text("your message is with us")
    assert _asked(shared)["deferrable"] is True
    assert _asked(shared)["attributes"] == {"phone": "+49 30 1234"}
    (contact,) = shared.world()["contact"].values()
    assert contact == [{"channel": "phone", "prio": 1, "hours": "after five"}]
    customer.page.reload()
    expect(customer.queue).to_contain_text("your message is with us")
    assert customer.watch.complaints == []


def test_who_asks_as_the_door_closes_keeps_the_words(customer: Customer) -> None:
    customer.open()
    customer.server.script(door=CLOSED)
    customer.send("Just one more thing")
    customer.panel.get_by_role("button", name="Leave a message").click()
    expect(customer.form.get_by_label("Your message")).to_have_value("Just one more thing")


def test_a_full_line_that_names_another_queue_leads_there(customer: Customer) -> None:
    customer.open()
    customer.server.script(door={"open": False, "full": True, "fallback": "support"})
    customer.send("Anybody?")
    full = customer.panel.locator(".closed")
    expect(full).to_contain_text("The line is full right now.")
    customer.server.script(door={"open": True})
    full.get_by_role("button", name="Ask another team").click()
    expect(customer.queue.locator(".place")).to_be_visible()
    assert _asked(customer.server)["queue"] == "support"


# -- in line ------------------------------------------------------------------------------------


def test_the_place_is_told_in_words_and_outlives_a_reload(customer: Customer) -> None:
    customer.server.script(ahead=2)
    customer.open()
    customer.wait()
    expect(customer.queue.locator(".place")).to_have_text("3rd in line")
    expect(customer.queue.locator(".wait")).to_contain_text(re.compile(r"about 3.8 min"))
    expect(customer.queue.locator(".wait")).to_contain_text("2 people ahead of you")
    customer.page.reload()
    expect(customer.queue.locator(".place")).to_have_text("3rd in line")
    assert len(customer.server.world()["conversations"]) == 1


def _position(customer: Customer, place: int, p50: int, p90: int, **why: str) -> None:
    (name,) = customer.server.world()["conversations"]
    told = {"position": place, "ahead": place - 1, "wait_ms": {"p50": p50, "p90": p90}}
    customer.server.tell("queue.position", conversation=name, **told, **why)
    expect(customer.queue.locator(".place")).to_contain_text(str(place))


def test_the_band_stands_for_ten_seconds_and_grows_with_a_reason_alone(
    customer: Customer,
) -> None:
    customer.page.clock.install()
    customer.open()
    customer.wait()
    wait, why = customer.queue.locator(".wait"), customer.queue.locator(".why")
    expect(wait).to_contain_text(re.compile(r"about 1.3 min"))
    _position(customer, 5, 240_000, 480_000, why="priority")
    expect(wait).to_contain_text(re.compile(r"about 1.3 min"))
    expect(why).to_have_text("Somebody with an urgent matter went ahead.")
    customer.page.clock.run_for(11_000)
    expect(wait).to_contain_text(re.compile(r"about 4.8 min"))
    _position(customer, 4, 600_000, 900_000)
    customer.page.clock.run_for(11_000)
    expect(wait).to_contain_text(re.compile(r"about 10.15 min"))
    expect(why).to_have_text("The conversations before you take longer than expected.")


def test_an_estimate_that_has_run_out_is_not_said_any_more(customer: Customer) -> None:
    customer.page.clock.install()
    customer.open()
    customer.wait()
    customer.page.clock.run_for(100_000)
    expect(customer.queue.locator(".wait")).to_contain_text("less than a minute")
    customer.page.clock.run_for(60_000)
    expect(customer.queue.locator(".wait")).to_have_text("You are next")
    expect(customer.queue.locator(".why")).to_contain_text("longer than expected")


def test_why_one_waits_and_another_language_with_all_that_was_written(
    customer: Customer,
) -> None:
    customer.open()
    customer.wait("Guten Tag")
    customer.send("Meine Rechnung stimmt nicht")
    expect(customer.messages).to_have_count(2)
    expect(customer.messages.last).to_contain_text("Sent")
    customer.queue.get_by_role("button", name="Why am I waiting?").click()
    expect(customer.queue).to_contain_text("We are looking for somebody who speaks German.")
    expect(customer.queue).to_contain_text("Your topic: Bills.")
    expect(customer.queue).to_contain_text("English: 3 people are here")
    customer.queue.get_by_role("button", name="Continue in English").click()
    expect(customer.messages).to_have_count(1)
    expect(customer.queue.locator(".place")).to_be_visible()
    before, after = customer.server.world()["conversations"].values()
    assert (before["reason"], after["asked"]["languages"]) == ("cancelled", [{"tag": "en"}])
    assert [one["body"] for one in after["messages"]] == ["Guten Tag\nMeine Rechnung stimmt nicht"]


def test_a_lost_agent_and_a_colleague_are_lines_of_the_log(customer: Customer) -> None:
    customer.open()
    customer.talk()
    (name,) = customer.server.world()["conversations"]
    here = {"conversation": name}
    bela = {"id": "bela", "role": "agent", "name": "Bela"}
    customer.server.tell("conversation.updated", **here, joined=bela, mode="barge")
    customer.server.tell("conversation.updated", **here, left=bela)
    customer.server.act("lose")
    lines = customer.panel.locator(".line")
    expect(lines).to_have_text(
        ["Alice joined", "Bela joined", "Bela left", "Alice lost the connection. You are next."]
    )
    expect(customer.queue.locator(".place")).to_have_text("1st in line")


# -- in conversation ----------------------------------------------------------------------------


def test_ticks_and_unread_messages_are_right_after_a_reload(customer: Customer) -> None:
    customer.open()
    customer.talk()
    customer.server.act("message.read", seq=1)
    expect(customer.messages.first).to_contain_text("Read")
    customer.page.reload()
    expect(customer.messages.first).to_contain_text("Read")
    customer.panel.get_by_role("button", name="Minimise").click()
    expect(customer.round).to_be_focused()
    customer.server.act("message.send", body="Still there?")
    customer.server.act("message.send", body="I wait")
    expect(customer.round).to_have_accessible_name("Talk to us, 2 new messages")
    expect(customer.page).to_have_title("(2) A shop")
    customer.page.reload()
    expect(customer.round).to_have_accessible_name("Talk to us, 2 new messages")
    customer.round.click()
    expect(customer.page).to_have_title("A shop")
    expect(customer.composer).to_be_focused()


def test_two_tabs_of_one_browser_sound_once(shared: ScriptedServer, open_page: OpenPage) -> None:
    shared.fresh()
    first = Customer(open_page(), shared)
    count = "window.tones = 0; const make = AudioContext.prototype.createOscillator;"
    count += "AudioContext.prototype.createOscillator = function () { window.tones += 1;"
    count += " return make.call(this); };"
    first.page.context.add_init_script(count)
    first.open()
    first.talk()
    second = Customer(first.page.context.new_page(), shared)
    second.open()
    expect(second.messages).to_have_count(2)
    for tab in (first, second):
        tab.panel.get_by_role("button", name="Minimise").click()
    shared.act("message.send", body="Hello again")
    for tab in (first, second):
        expect(tab.round).to_have_accessible_name("Talk to us, 1 new message")
    first.page.wait_for_function("localStorage['fairline.rang']")  # by whichever sounds
    tones = [tab.page.evaluate("tones") for tab in (first, second)]
    assert sorted(tones) == [0, 2]  # one tone is two notes
    second.round.click()
    second.panel.get_by_role("button", name="More").click()
    second.panel.get_by_role("button", name="Sound off").click()
    assert second.page.evaluate("localStorage['fairline.muted']") == "1"


def test_the_transcript_is_a_text_to_keep(customer: Customer, tmp_path: Path) -> None:
    customer.open()
    customer.talk()
    customer.panel.get_by_role("button", name="More").click()
    with customer.page.expect_download() as download:
        customer.panel.get_by_role("button", name="Download transcript").click()
    assert download.value.suggested_filename.endswith(".txt")
    file = tmp_path / "kept.txt"
    download.value.save_as(file)
    text = file.read_text(encoding="utf-8-sig")
    assert text.startswith("Conversation of ")
    assert "You: Hello, my bill shows the Harbour lamp twice." in text
    assert "-- Alice joined" in text
    assert "Alice: Good morning!" in text


def test_a_rating_is_five_marks_and_a_comment_and_never_in_the_way(customer: Customer) -> None:
    customer.open()
    customer.talk()
    customer.server.script(no_rating=True)
    customer.server.act("conversation.end")
    marks = customer.panel.get_by_role("radio")
    expect(marks).to_have_count(5)
    send = customer.panel.get_by_role("button", name="Send rating")
    expect(send).to_be_disabled()
    marks.first.focus()
    customer.page.keyboard.press("ArrowRight")
    expect(marks.nth(1)).to_be_checked()
    customer.panel.get_by_label("Anything to add?").fill("A little slow")
    send.click()
    expect(customer.panel.locator(".notice")).to_have_text("That did not work. Please try again.")
    customer.server.script(no_rating=False)
    send.click()
    expect(customer.panel.get_by_text("Thank you!")).to_be_visible()
    (conversation,) = customer.server.world()["conversations"].values()
    assert (conversation["rating"], conversation["comment"]) == (2, "A little slow")
    customer.panel.get_by_role("button", name="Start again").click()
    expect(customer.messages).to_have_count(0)
    expect(customer.composer).to_be_focused()


def test_how_to_be_reached_is_told_from_the_menu(customer: Customer) -> None:
    customer.open()
    customer.wait()
    customer.panel.get_by_role("button", name="More").click()
    customer.panel.get_by_role("button", name="How to reach me").click()
    customer.form.get_by_label("E-mail").check()
    customer.form.get_by_role("button", name="Save").click()
    expect(customer.composer).to_be_visible()
    (contact,) = customer.server.world()["contact"].values()
    assert contact == [{"channel": "email", "prio": 1}]


def test_escape_closes_what_is_on_top_first(customer: Customer) -> None:
    customer.open()
    customer.talk()
    keys = customer.page.keyboard
    more = customer.panel.get_by_role("button", name="More")
    more.click()
    expect(customer.panel.get_by_role("button", name="Download transcript")).to_be_focused()
    keys.press("Escape")
    expect(more).to_be_focused()
    expect(customer.panel.locator(".menu")).to_have_count(0)
    more.click()
    customer.panel.get_by_role("button", name="End conversation").click()
    keys.press("Escape")
    expect(customer.panel.locator(".ask")).to_have_count(0)
    customer.composer.focus()
    keys.press("Escape")
    expect(customer.panel).to_be_hidden()
    expect(customer.round).to_be_focused()


def test_news_below_are_told_to_who_reads_further_up(customer: Customer) -> None:
    customer.open()
    customer.talk()
    for number in range(12):
        customer.server.act("message.send", body=f"Line {number}\nand more of it")
    expect(customer.messages).to_have_count(14)
    customer.panel.locator(".scroller").evaluate("it => { it.scrollTop = 0; }")
    customer.server.act("message.send", body="The newest")
    below = customer.panel.get_by_role("button", name="New messages")
    below.click()
    expect(below).to_be_hidden()
    expect(customer.messages.last).to_be_in_viewport()
