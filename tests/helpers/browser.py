"""Drives Fairline's screens the way people do, against any server that serves them.

Owns: starting Chromium, the steps on the shop page and on the agent desktop, what may not appear
in a console. Does not know: which server answers.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

__all__ = ["Desk", "Shop", "Watch", "chromium", "open_browser"]

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page whose server is down cannot avoid these: the browser writes them by itself.
UNAVOIDABLE = re.compile(r"WebSocket connection to .* failed|net::ERR_CONNECTION_REFUSED")


def chromium() -> str | None:
    """Where a browser is, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


@contextmanager
def open_browser(executable: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Watch:
    """Writes down what a page complains about and which sockets it opens."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("websocket", lambda socket: self.sockets.append(socket.url))
        self.page.on(
            "console",
            lambda line: self._noted(line.text) if line.type in {"error", "warning"} else None,
        )

    def _noted(self, text: str) -> None:
        if not UNAVOIDABLE.search(text):
            self.complaints.append(text)

    def storage(self) -> dict[str, object]:
        """All a page keeps in the browser: empty where nothing was stored."""
        kept: dict[str, object] = self.page.evaluate(
            "() => ({...localStorage, ...sessionStorage, "
            "...(document.cookie && {cookie: document.cookie})})"
        )
        return kept


class Shop:
    """A customer on a page with the widget."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.watch = Watch(page)

    def go(self) -> None:
        self.page.goto(self.address)
        expect(self.round).to_be_visible()

    def open(self) -> None:
        self.round.click()
        expect(self.composer).to_be_focused()

    def write(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    def ask(self, text: str) -> None:
        """Joins the line with a first message."""
        self.write(text)
        expect(self.place).to_be_visible()
        expect(self.messages.filter(has_text=text)).to_have_count(1)

    def talks_with(self, name: str) -> None:
        expect(self.panel.get_by_role("heading", name=name)).to_be_visible()

    def reads(self, text: str) -> None:
        expect(self.messages.filter(has_text=text)).to_have_count(1)

    def leave_line(self) -> None:
        self.panel.get_by_role("button", name="Leave the line").click()

    def rate(self, score: int) -> None:
        self.panel.get_by_role("radio", name=re.compile(f"^{score},")).check()
        self.panel.get_by_role("button", name="Send rating").click()
        expect(self.panel.get_by_text("Thank you!")).to_be_visible()

    def start_again(self) -> None:
        self.panel.get_by_role("button", name="Start again").click()
        expect(self.composer).to_be_focused()

    @property
    def round(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("^Talk to us"))

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog", name="Conversation with customer care")

    @property
    def composer(self) -> Locator:
        return self.panel.get_by_role("textbox", name="Your message")

    @property
    def messages(self) -> Locator:
        return self.panel.get_by_role("log").locator(".message")

    @property
    def place(self) -> Locator:
        return self.panel.locator(".queue .place")

    @property
    def strip(self) -> Locator:
        return self.panel.locator(".strip").get_by_text(re.compile("^Reconnecting"))


class Desk:
    """An agent at the desktop."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.watch = Watch(page)

    def sign_in(self, name: str) -> None:
        self.page.goto(self.address)
        self.page.get_by_role("button", name=f"Sign in as {name}").click()
        expect(self.connection).to_contain_text("Connected")

    def declare(self, presence: str) -> None:
        self.presence.click()
        self.page.get_by_role("menuitem", name=presence, exact=True).click()
        expect(self.presence).to_contain_text(presence)

    def accept(self) -> None:
        """Takes the offer by the key, as agents do."""
        expect(self.offer).to_be_visible()
        this = self.page.locator(f'[data-offer="{self.offer.get_attribute("data-offer")}"]')
        self.offer.get_by_role("button", name="Accept").press("Enter")
        expect(this.locator("visible=true")).to_have_count(0)
        expect(self.composer).to_be_visible()

    def write(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    def note(self, text: str) -> None:
        self.page.get_by_role("button", name="Note", exact=True).click()
        field = self.page.get_by_role("textbox", name="Note")
        field.fill(text)
        field.press("Enter")
        self.page.get_by_role("button", name="Reply", exact=True).click()

    def reads(self, text: str) -> None:
        expect(self.entries.filter(has_text=text)).to_have_count(1)

    def end(self) -> None:
        self.page.get_by_role("button", name="End", exact=True).click()

    def wrap_up(self, code: str, note: str = "") -> None:
        self.page.get_by_role("radio", name=code).check(force=True)
        self.page.get_by_role("textbox", name="Note").fill(note)
        self.page.get_by_role("button", name="Complete").click()

    def pass_on(self, name: str, note: str = "", way: str = "Transfer") -> None:
        """Chooses whom to transfer to, or to ask, in the dialog."""
        opener = "Transfer" if way == "Transfer" else "Ask a colleague"
        self.page.get_by_role("button", name=opener, exact=True).click()
        dialog = self.page.get_by_role("dialog", name="Pass on or ask")
        if way != "Transfer":
            dialog.get_by_role("radio", name=way).check(force=True)
        dialog.get_by_role("option", name=name).click()
        dialog.get_by_role("textbox", name="Note for the colleague").fill(note)
        dialog.get_by_role("button", name=way).click()
        expect(dialog).to_be_hidden()

    @property
    def presence(self) -> Locator:
        return self.page.locator("button.presence")

    @property
    def connection(self) -> Locator:
        return self.page.locator(".link")

    @property
    def offer(self) -> Locator:
        return self.page.get_by_role("alertdialog", name="Offer")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Reply")

    @property
    def entries(self) -> Locator:
        return self.page.get_by_role("log", name="Transcript").locator(".entry")

    @property
    def toast(self) -> Locator:
        return self.page.locator(".toast")

    @property
    def missed(self) -> Locator:
        return self.page.locator(".missed")
