"""One connection and one tone per browser, however many tabs; outages; tabs nobody looks at."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

COUNT_TONES = """
  let tones = 0;
  window.notes = [];
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    document.documentElement.dataset.tones = String(tones += 1);
    const made = make.call(this);
    window.notes.push([made, Date.now()]);
    return made;
  };
"""
HEARD = "notes.map(([note, at]) => [Math.round(note.frequency.value), at])"
CHIME, BELL = (659, 880), (988, 1976)
NO_WORKER = "delete globalThis.SharedWorker;"
HIDE = """
  let hidden = false;
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  Object.defineProperty(document, 'visibilityState', { get: () => hidden ? 'hidden' : 'visible' });
  document.hasFocus = () => !hidden;
  window.hide = (on) => { hidden = on; document.dispatchEvent(new Event('visibilitychange')); };
"""
SHARED = pytest.mark.parametrize("script", ["", NO_WORKER], ids=["worker", "leader"])


def second_tab(desk: Desk) -> Desk:
    """Another tab of the same browser: signed in as whoever the first one is."""
    tab = Desk(desk.page.context.new_page(), desk.address)
    tab.page.goto(tab.address)
    expect(tab.connection).to_contain_text("Connected")
    return tab


def sockets(server: ScriptedServer) -> int:
    count: int = server.world()["connections"]
    return count


@SHARED
def test_tabs_share_one_connection_one_tone_and_what_they_know(
    server: ScriptedServer, shop: Shop, desk: Desk, script: str
) -> None:
    desk.page.context.add_init_script(script + COUNT_TONES)
    desk.sign_in("Alice")
    other = second_tab(desk)
    assert sockets(server) == 1
    other.page.locator("body").click()
    desk.declare("Available")
    expect(other.presence).to_contain_text("Available")
    shop.go()
    shop.open()
    shop.ask("Who rings?")
    expect(desk.offer).to_be_visible()
    expect(other.offer).to_be_visible()
    other.accept()
    desk.reads("Who rings?")
    other.reads("Who rings?")
    heard = [note for tab in (desk, other) for note in tab.page.evaluate(HEARD)]
    for tone in (CHIME, BELL):
        for pitch in tone:
            at = sorted(moment for one, moment in heard if one == pitch)
            assert at, "the offer has a chime, the assignment a bell"
            # Where nobody answers an offer its chime comes again, seconds later.
            assert all(later - sooner > 1_000 for sooner, later in pairwise(at)), "in both tabs"
    expect(desk.offer).to_be_hidden()
    desk.write("From the first tab")
    other.reads("From the first tab")
    shop.reads("From the first tab")
    shop.write("Read in both")
    desk.reads("Read in both")
    other.reads("Read in both")
    assert sockets(server) == 2, "the customer's and the agent's"
    desk.page.close()
    shop.write("One tab is gone")
    other.reads("One tab is gone")
    other.write("And the other goes on")
    shop.reads("And the other goes on")
    assert other.watch.complaints == []


def test_who_signs_out_in_one_tab_is_out_in_all_and_a_seat_of_its_own_is_not(
    server: ScriptedServer, desk: Desk
) -> None:
    desk.sign_in("Alice")
    other = second_tab(desk)
    bela = Desk(desk.page.context.new_page(), f"{desk.address}?seat=2")
    bela.sign_in("Bela")
    assert sockets(server) == 2
    other.page.get_by_role("button", name="Sign out").click()
    for tab in (desk, other):
        expect(tab.page.get_by_role("button", name="Sign in as Alice")).to_be_visible()
    expect(bela.connection).to_contain_text("Connected")
    assert sockets(server) == 1


def test_half_a_minute_without_network_costs_nothing(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.page.context.add_init_script(NO_WORKER)
    desk.page.clock.install()
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.write("Still there?")
    desk.accept()
    server.kill()
    expect(desk.connection).to_contain_text("No connection")
    desk.page.context.set_offline(True)
    desk.write("Written without a network")
    expect(desk.entries.last).to_contain_text("Sending")
    desk.page.clock.run_for(30_000)
    expect(desk.connection).to_contain_text(re.compile("No connection|Connecting"))
    server.start()
    desk.page.context.set_offline(False)
    expect(desk.connection).to_contain_text("Connected", timeout=20_000)
    shop.reads("Written without a network")
    expect(desk.entries.filter(has_text="Written without a network")).to_have_count(1)


def test_a_server_killed_under_a_chat_costs_no_message_in_either_tab(
    server: ScriptedServer, shop: Shop, desk: Desk
) -> None:
    desk.sign_in("Alice")
    other = second_tab(desk)
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.write("My bill is wrong")
    desk.accept()
    server.kill()
    expect(other.connection).to_contain_text("No connection")
    other.composer.fill("From the other tab")
    other.composer.press("Enter")
    expect(desk.entries.filter(has_text="From the other tab")).to_contain_text("Sending")
    expect(desk.connection).to_contain_text("1 to send")
    server.start()
    for tab in (desk, other):
        expect(tab.entries.filter(has_text="From the other tab")).to_contain_text(
            re.compile("Sent|Read"), timeout=25_000
        )
    shop.reads("From the other tab")
    (conversation,) = server.world()["conversations"].values()
    bodies = [message["body"] for message in conversation["messages"]]
    assert bodies == ["My bill is wrong", "From the other tab"]


@pytest.fixture
def hidden(open_page: OpenPage, server: ScriptedServer) -> Desk:
    """A desktop in a tab that can be hidden, in a browser that allows notifications."""
    page = open_page(permissions=["notifications"])
    page.add_init_script(HIDE + COUNT_TONES)
    return Desk(page, f"{server.address}/desktop")


def _stand_still(page: Page) -> None:
    """The page's own timers stop, as a browser stops those of a tab that nobody looks at."""
    page.clock.install()
    page.clock.pause_at("2030-01-01")


@pytest.mark.parametrize("options", [["--offer-ms", "60000"]])
def test_a_tab_that_nobody_looks_at_keeps_its_presence_calls_and_can_be_answered(
    server: ScriptedServer, shop: Shop, hidden: Desk
) -> None:
    page = hidden.page
    hidden.sign_in("Alice")
    page.keyboard.press(",")
    page.get_by_role("checkbox", name="Notify me").check()
    page.keyboard.press("Escape")
    hidden.declare("Available")
    page.evaluate("hide(true)")
    _stand_still(page)
    shop.go()
    shop.open()
    shop.ask("Nobody looks")
    (offer,) = server.world()["offers"]
    assert server.world()["presence"]["alice"]["show"] == "available"
    root = page.locator("html")
    expect(root).to_have_attribute("data-tones", "2")
    told = page.evaluate(
        """async () => {
          const worker = await navigator.serviceWorker.getRegistration('/assets/');
          const told = await worker.getNotifications();
          return told.map(({ title, tag, actions }) => ({ title, tag, actions: actions.length }));
        }"""
    )
    assert told == [{"title": "Offer: Ada Lovelace", "tag": offer, "actions": 1}]
    page.clock.run_for(5_000)
    expect(root).to_have_attribute("data-tones", "4")
    assert page.title() == "(1) Offer - Fairline desktop"
    assert "cf2e2e" in str(page.locator('link[rel="icon"]').get_attribute("href"))
    page.evaluate(
        "offer => navigator.serviceWorker.dispatchEvent("
        "new MessageEvent('message', {data: {accept: offer}}))",
        offer,
    )
    shop.talks_with("Alice")
    page.clock.resume()
    page.evaluate("hide(false)")
    hidden.reads("Nobody looks")
    assert hidden.watch.complaints == []
