"""A customer on a page of their own shop, driven in any language, for tests of the widget alone.

Owns: the steps of a customer that do not depend on words, how a state of the widget is reached.
Does not know: agents' screens; the scripted server plays the agent.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

from tests.helpers.browser import Watch
from tests.helpers.scripted_process import ScriptedServer

__all__ = ["CLOSED", "FIELDS", "STATES", "TERMS", "Customer"]

TERMS = {"terms": "privacy", "version": 3}
CLOSED = {"open": False, "fallback": "leave_message", "opens_at": 1_893_484_800_000}
FIELDS = "name*, email*:email, order, about:select(A bill|A lamp)"


@dataclass
class Customer:
    """Somebody who has the widget in front of them."""

    page: Page
    server: ScriptedServer
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.page)

    def go(self, tag: str = "", body: str = "") -> None:
        """Opens a shop's page; ``tag`` are attributes of its script."""
        query = urllib.parse.urlencode({"tag": tag, "body": body})
        self.page.goto(f"{self.server.address}/scripted/page?{query}")

    def open(self, tag: str = "", body: str = "") -> None:
        self.go(tag, body)
        self.round.click()
        expect(self.panel).to_be_visible()

    def send(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def wait(self, text: str = "Hello, my bill shows the Harbour lamp twice.") -> None:
        """Joins the line."""
        self.send(text)
        expect(self.queue.locator(".place")).to_be_visible()

    def talk(self) -> None:
        """Waits, and Alice takes the conversation and says something."""
        self.wait()
        self.server.act("take")
        expect(self.panel.locator("h2")).to_have_text("Alice")
        self.server.act(
            "message.send", body="Good morning! I see it: the second one was our error."
        )
        expect(self.messages).to_have_count(2)

    def call(self, name: str, *values: object) -> None:
        """``fairline(name, ...)`` of the page."""
        self.page.evaluate("([name, values]) => void fairline(name, ...values)", [name, values])

    @property
    def round(self) -> Locator:
        return self.page.locator("#fairline-widget .round")

    @property
    def panel(self) -> Locator:
        return self.page.locator(".panel")

    @property
    def composer(self) -> Locator:
        return self.panel.locator(".composer textarea")

    @property
    def messages(self) -> Locator:
        return self.panel.locator(".message")

    @property
    def queue(self) -> Locator:
        return self.panel.locator(".queue")

    @property
    def form(self) -> Locator:
        return self.panel.locator("form.form")


def _open(customer: Customer, tag: str) -> None:
    customer.open(tag)


def _questions(customer: Customer, tag: str) -> None:
    customer.open(f'{tag} data-fields="{FIELDS}"')
    customer.form.locator("#field-email").fill("carla@")
    customer.form.locator(".main").click()
    expect(customer.form.locator(".wrong:visible").first).to_be_visible()


def _consent(customer: Customer, tag: str) -> None:
    customer.server.script(terms=TERMS)
    customer.open(f'{tag} data-terms="/terms"')
    customer.send("My bill is wrong")
    expect(customer.panel.locator(".consent")).to_be_visible()


def _waiting(customer: Customer, tag: str) -> None:
    customer.server.script(ahead=2)
    customer.open(tag)
    customer.wait()


def _why(customer: Customer, tag: str) -> None:
    _waiting(customer, tag)
    customer.queue.locator(".plain").first.click()
    expect(customer.queue.locator(".other")).to_be_visible()


def _talking(customer: Customer, tag: str) -> None:
    customer.open(tag)
    customer.talk()
    customer.send("And will you take it off?")
    expect(customer.messages).to_have_count(3)
    customer.server.act("message.read", seq=3)
    customer.server.act("typing", on=True)
    expect(customer.panel.locator(".typing")).to_be_visible()


def _menu(customer: Customer, tag: str) -> None:
    customer.open(tag)
    customer.talk()
    customer.panel.locator(".more").click()
    expect(customer.panel.locator(".menu")).to_be_visible()


def _ending(customer: Customer, tag: str) -> None:
    _menu(customer, tag)
    customer.panel.locator(".menu button").last.click()
    expect(customer.panel.locator(".ask")).to_be_visible()


def _reach(customer: Customer, tag: str) -> None:
    _menu(customer, tag)
    customer.panel.locator(".menu button").nth(2).click()
    expect(customer.form).to_be_visible()


def _lost(customer: Customer, tag: str) -> None:
    customer.open(tag)
    customer.talk()
    customer.server.act("lose")
    expect(customer.queue).to_be_visible()


def _rating(customer: Customer, tag: str) -> None:
    customer.open(tag)
    customer.talk()
    customer.server.act("conversation.end")
    customer.panel.locator(".mark input").nth(3).check()
    expect(customer.panel.locator(".rating textarea")).to_be_visible()


def _closed(customer: Customer, tag: str) -> None:
    customer.server.script(door=CLOSED)
    customer.open(tag)
    expect(customer.panel.locator(".closed .main")).to_be_visible()


def _leaving(customer: Customer, tag: str) -> None:
    _closed(customer, tag)
    customer.panel.locator(".closed .main").click()
    customer.form.locator(".way input").nth(1).check()
    expect(customer.form.locator("#field-address")).to_be_visible()


def _left(customer: Customer, tag: str) -> None:
    _closed(customer, tag)
    customer.panel.locator(".closed .main").click()
    customer.form.locator("#field-body").fill("Which bulb fits the Heron?")
    customer.form.locator(".main").click()
    expect(customer.queue.locator(".done")).to_be_visible()


def _offline(customer: Customer, tag: str) -> None:
    customer.open(tag)
    customer.wait()
    customer.page.context.set_offline(True)
    expect(customer.panel.locator(".strip")).to_be_visible()


STATES = {
    "open": _open,
    "questions": _questions,
    "consent": _consent,
    "waiting": _waiting,
    "why": _why,
    "talking": _talking,
    "menu": _menu,
    "ending": _ending,
    "reach": _reach,
    "lost": _lost,
    "rating": _rating,
    "closed": _closed,
    "leaving": _leaving,
    "left": _left,
    "offline": _offline,
}
"""Every state of the panel, with the way there: a customer and attributes of the script tag."""
