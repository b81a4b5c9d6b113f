"""Takes the README's pictures, when asked to: ``FAIRLINE_PICTURES=1 make test ARGS=tests/web``.

Owns: what the pictures show and how large they may be. Does not know: how a screen is drawn.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
BYTES_MAX = 150_000
SIZE = {"width": 1120, "height": 700}
AGENT = ["--offer-ms", "60000"]


@pytest.mark.parametrize("options", [AGENT])
def test_the_pictures_of_the_readme_can_be_taken(
    server: ScriptedServer, open_page: OpenPage, tmp_path: Path
) -> None:
    folder = FOLDER if os.environ.get("FAIRLINE_PICTURES") == "1" else tmp_path
    shop = Shop(open_page(viewport=SIZE), f"{server.address}/demo")
    desk = Desk(open_page(viewport=SIZE), f"{server.address}/desktop")
    desk.sign_in("Alice")
    desk.declare("Available")
    shop.go()
    shop.open()
    shop.write("Hello, my bill shows the Harbour lamp twice.")
    desk.accept()
    shop.talks_with("Alice")
    desk.write("Good morning! I see it: the second one was an error of ours.")
    shop.reads("an error of ours")
    shop.write("And will you take it off?")
    desk.reads("take it off")
    desk.write("Done. You get a new bill by mail today.")
    shop.reads("a new bill")
    expect(desk.entries.filter(has_text="a new bill")).to_contain_text("Read")
    shop.page.screenshot(path=folder / "shop.png", animations="disabled")
    other = Shop(open_page(), f"{server.address}/demo")
    other.go()
    other.open()
    other.write("Which bulb fits the Heron?")
    expect(desk.offer).to_be_visible()
    desk.page.screenshot(path=folder / "desktop.png", animations="disabled")
    for name in ("shop.png", "desktop.png"):
        assert 10_000 < (folder / name).stat().st_size < BYTES_MAX
