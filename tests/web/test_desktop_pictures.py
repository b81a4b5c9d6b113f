"""Goes through every screen of the desktop: looks for barriers with axe, takes pictures when asked.

Owns: which screens there are and how each is reached. Does not know: what a screen looks like.
``FAIRLINE_PICTURES=1`` leaves the pictures in ``docs/pictures/desktop``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures" / "desktop"
BIG = {"width": 1280, "height": 800}
NARROW = {"width": 500, "height": 400}
SLOW = ["--offer-ms", "120000", "--wrap-up-ms", "60000"]
PANELS = (("search", "palette", "Commands"), ("help", "keys", "Keys"), ("day", "day", "My day"))
# In the dark only the colours are others.
DARK = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
HARMFUL = {"serious", "critical"}


class Camera:
    """Takes each screen light, dark and narrow, and keeps what axe finds harmful."""

    def __init__(self, page: Page, folder: Path | None) -> None:
        self.page = page
        self.folder = folder
        self.found: list[str] = []

    def take(self, name: str, *, is_kept: bool = True) -> None:
        for theme, size in (("light", BIG), ("dark", BIG), ("narrow", NARROW)):
            self.page.emulate_media(
                color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce"
            )
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            if self.folder is not None and is_kept:
                path = self.folder / f"{name}-{theme}.png"
                self.page.screenshot(path=path, animations="disabled")
            if theme == "narrow":
                self._measure(name)
            else:
                self._look(f"{name}, {theme}", DARK if theme == "dark" else None)
        self.page.set_viewport_size(BIG)  # type: ignore[arg-type]

    def _measure(self, name: str) -> None:
        """In the sidebar of a CRM nothing may lie beside the page."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > NARROW["width"]:
            self.found.append(f"{name}, narrow: is {wide} wide")

    def _look(self, name: str, options: dict[str, Any] | None) -> None:
        answer: dict[str, Any] = Axe().run(self.page, options=options).response
        for violation in answer["violations"]:
            if violation["impact"] in HARMFUL:
                where = [node["html"][:90] for node in violation["nodes"][:2]]
                self.found.append(f"{name}: {violation['id']} {where}")


@pytest.fixture
def folder() -> Path | None:
    """Where the pictures go, if somebody wants them."""
    if os.environ.get("FAIRLINE_PICTURES") != "1":
        return None
    FOLDER.mkdir(parents=True, exist_ok=True)
    return FOLDER


def talk(desk: Desk, shop: Shop) -> None:
    """A conversation with something to see in it."""
    shop.go()
    shop.open()
    shop.write("Hello, my bill shows the Harbour lamp twice.")
    desk.accept()
    shop.talks_with("Alice")
    desk.write("Good morning! I see it: the second one was an error of ours.")
    shop.reads("an error of ours")
    shop.write("And will you take it off? The number is on https://shop.example/bills/4711")
    desk.reads("take it off")
    desk.note("Double entry of 12 March, known to accounting.")
    desk.write("Done. You get a new bill by mail today.")
    shop.reads("a new bill")
    expect(desk.entries.filter(has_text="a new bill")).to_contain_text("Read")


@pytest.mark.parametrize("options", [SLOW])
def test_no_screen_has_a_barrier(
    server: ScriptedServer, open_page: OpenPage, folder: Path | None, desk: Desk
) -> None:
    page, keys = desk.page, desk.page.keyboard
    camera = Camera(page, folder)
    desk.page.goto(desk.address)
    expect(page.get_by_role("button", name="Sign in as Alice")).to_be_visible()
    camera.take("sign-in")
    colleague = Desk(open_page(), desk.address)
    colleague.sign_in("Bela")
    colleague.declare("Busy")
    desk.sign_in("Alice")
    camera.take("empty")
    desk.presence.click()
    camera.take("presence")
    keys.press("Escape")
    desk.declare("Available")
    first = Shop(open_page(), f"{server.address}/demo")
    talk(desk, first)
    second = Shop(open_page(), f"{server.address}/demo")
    second.go()
    second.open()
    second.write("Which bulb fits the Heron?")
    expect(desk.offer).to_be_visible()
    camera.take("offer")
    desk.accept()
    first.write("One more thing")
    desk.page.get_by_role("button", name="Kofi Mensah").click()
    desk.composer.fill("/")
    expect(page.get_by_role("listbox", name="Ready replies")).to_be_visible()
    camera.take("ready-replies")
    desk.composer.fill("")
    page.get_by_role("button", name="Note", exact=True).click()
    page.get_by_role("textbox", name="Note").press_sequentially("@")
    expect(page.get_by_role("listbox", name="Colleagues")).to_be_visible()
    camera.take("mention", is_kept=False)
    page.get_by_role("textbox", name="Note").fill("")
    page.get_by_role("button", name="Reply", exact=True).click()
    desk.entries.first.hover()
    desk.entries.first.get_by_role("button", name="Quote").click()
    keys.type("It takes an E14.")
    keys.press("Enter")
    expect(desk.entries.locator(".quote")).to_be_visible()
    camera.take("quote", is_kept=False)
    for opener, name in (("Transfer", "transfer"), ("Ask a colleague", "consult")):
        page.get_by_role("button", name=opener, exact=True).click()
        page.get_by_role("option", name="Bela").click()
        camera.take(name)
        keys.press("Escape")
    desk.pass_on("Bela", "Is this bulb still made?", way="Consult")
    expect(colleague.page.get_by_role("group", name="Invitation by Alice")).to_be_visible()
    colleague_camera = Camera(colleague.page, folder)
    colleague_camera.take("invitation")
    page.get_by_role("button", name="Why did I get this?").click()
    expect(page.get_by_text("You", exact=True).first).to_be_visible()
    camera.take("explain")
    keys.press("Escape")
    for tool, name, label in PANELS:
        page.locator(f".top .t-{tool}").click()
        expect(page.get_by_role("dialog", name=label)).to_be_visible()
        camera.take(name)
        if name == "keys":
            page.get_by_role("button", name="Change keys").click()
            camera.take("change-keys", is_kept=False)
        keys.press("Escape")
    page.get_by_role("button", name="Sound and settings").click()
    camera.take("settings")
    page.get_by_role("button", name="Edit ready replies").click()
    camera.take("replies")
    keys.press("Escape")
    desk.end()
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    camera.take("wrap-up")
    server.kill()
    expect(desk.connection).to_contain_text("No connection")
    camera.take("no-connection")
    assert camera.found + colleague_camera.found == []
    assert desk.watch.complaints == []
