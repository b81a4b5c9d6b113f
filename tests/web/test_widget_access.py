"""The widget for everybody: screen readers, small and enlarged screens, languages, colours."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.helpers.customers import STATES, Customer
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

BRANDS = ("#1f5fd0", "#ffd400", "#00c2a8", "#7a7a7a", "#e2703a", "#ff3b6b", "#0b0b0b", "#fff")
SMALL: ViewportSize = {"width": 320, "height": 480}
"""A phone of old, and a screen of 1280 by 960 at four times its size; 200 % is easier."""


def _grave(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, context="#fairline-widget").response
    return [
        f"{one['id']}: {node['html'][:90]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def _overflows(page: Page) -> list[str]:
    """What sticks out sideways of the screen, or is cut off in the panel."""
    found: list[str] = page.evaluate(
        """() => {
          const { shadowRoot } = document.getElementById("fairline-widget");
          const panel = shadowRoot.querySelector(".panel").getBoundingClientRect();
          return [...shadowRoot.querySelectorAll(".panel *")].filter((one) => {
            const box = one.getBoundingClientRect();
            const seen = box.width > 0 && !one.closest(".spoken, .icon, .smile, .face");
            return seen && (box.left < panel.left - 1 || box.right > panel.right + 1);
          }).map((one) => one.outerHTML.slice(0, 90));
        }"""
    )
    return found


@pytest.mark.parametrize(
    ("tag", "states"),
    [("", tuple(STATES)), ('data-lang="ar" data-theme="dark"', ("questions", "talking", "lost"))],
)
def test_no_state_has_a_grave_finding_or_sticks_out_of_a_small_screen(
    shared: ScriptedServer, open_page: OpenPage, tag: str, states: tuple[str, ...]
) -> None:
    page = open_page(reduced_motion="reduce")
    customer = Customer(page, shared)
    for name in states:
        shared.fresh()
        page.set_viewport_size({"width": 900, "height": 720})
        STATES[name](customer, tag)
        assert _grave(page) == [], name
        page.set_viewport_size(SMALL)
        assert _overflows(page) == [], name
        page.context.set_offline(False)
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
    assert customer.watch.complaints == []


def test_whatever_can_be_pressed_is_large_enough_on_a_phone(
    shared: ScriptedServer, open_page: OpenPage
) -> None:
    phone = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
    page = open_page(**phone, reduced_motion="reduce")
    customer = Customer(page, shared)
    shared.fresh()
    STATES["why"](customer, "")
    customer.panel.get_by_role("button", name="More").click()
    small = page.evaluate(
        """() => [...document.getElementById("fairline-widget").shadowRoot
          .querySelectorAll(".panel button, .panel textarea")].filter((one) => {
            const { width, height } = one.getBoundingClientRect();
            return width > 0 && (width < 44 || height < 44);
          }).map((one) => one.outerHTML)"""
    )
    assert small == []
    box = customer.panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 375, 667)
    size = customer.composer.evaluate("it => getComputedStyle(it).fontSize")
    assert size == "16px"  # smaller, and iOS enlarges the page


def test_a_page_at_twice_its_size_shows_the_whole_panel(
    shared: ScriptedServer, open_page: OpenPage
) -> None:
    shared.fresh()
    # 1280 by 800 at 200 %.
    page = open_page(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    customer = Customer(page, shared)
    STATES["waiting"](customer, "")
    for part in (customer.composer, customer.queue.locator(".place"), customer.messages):
        expect(part).to_be_in_viewport(ratio=0.9)
    assert _overflows(page) == []


@pytest.mark.parametrize(
    ("language", "place", "ahead"),
    [
        ("en-GB", "22nd in line", "21 people ahead of you"),
        ("he", "מקום 22 בתור", "21 אנשים לפניך"),
    ],
)
def test_a_place_follows_the_rules_of_its_language(
    shared: ScriptedServer, open_page: OpenPage, language: str, place: str, ahead: str
) -> None:
    shared.fresh(ahead=21)
    customer = Customer(open_page(), shared)
    customer.open(f'data-lang="{language}"')
    customer.wait()
    expect(customer.queue.locator(".place")).to_have_text(place)
    expect(customer.queue.locator(".wait")).to_contain_text(ahead)
    direction = "rtl" if language == "he" else "ltr"
    expect(customer.panel).to_have_attribute("dir", direction)


def test_the_language_follows_the_page_and_can_be_changed_by_a_call(
    shared: ScriptedServer, open_page: OpenPage
) -> None:
    shared.fresh()
    customer = Customer(open_page(), shared)
    customer.go()
    expect(customer.round).to_have_accessible_name("Talk to us")
    customer.call("open", {"lang": "fr"})
    expect(customer.composer).to_have_attribute("aria-label", "Votre message")
    customer.call("update", {"lang": "ar", "theme": "dark"})
    expect(customer.panel).to_have_attribute("dir", "rtl")
    ground = customer.panel.evaluate("it => getComputedStyle(it).backgroundColor")
    assert ground == "rgb(20, 25, 34)"


CONTRAST = """(brands) => {
  const { shadowRoot: root } = document.getElementById("fairline-widget");
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = (color, over) => {
    for (const one of [over, color]) { canvas.fillStyle = one; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((it) => it / 255).map((it) => it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4)
      .reduce((sum, it, index) => sum + it * [0.2126, 0.7152, 0.0722][index], 0);
  };
  const pairs = [[".panel header", "h2"], [".send", ".send"], [".mine .body", ".mine .body"],
    [".queue", ".place"], [".queue", ".plain"], [".queue", ".kept"]];
  const low = [];
  for (const brand of brands) {
    document.documentElement.style.setProperty("--fairline-brand", brand);
    for (const [ground, ink] of pairs) {
      const paper = getComputedStyle(root.querySelector(".panel")).backgroundColor;
      const back = light(getComputedStyle(root.querySelector(ground)).backgroundColor, paper);
      const front = light(getComputedStyle(root.querySelector(ink)).color, paper);
      const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
      if (ratio < 4.45) low.push(`${brand} ${ink} ${ratio.toFixed(2)}`);
    }
  }
  return low;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_keeps_its_contrast_on_any_brand(
    shared: ScriptedServer, open_page: OpenPage, theme: str
) -> None:
    shared.fresh(ahead=1)
    customer = Customer(open_page(), shared)
    customer.open(f'data-theme="{theme}"')
    customer.wait()
    assert customer.page.evaluate(CONTRAST, BRANDS) == []


def test_forced_colours_and_reduced_motion_are_respected(
    shared: ScriptedServer, open_page: OpenPage
) -> None:
    shared.fresh()
    customer = Customer(open_page(forced_colors="active", reduced_motion="reduce"), shared)
    customer.open()
    customer.wait()
    styles = "it => [getComputedStyle(it).borderTopStyle, getComputedStyle(it).animationName]"
    assert customer.panel.evaluate(styles) == ["solid", "none"]
