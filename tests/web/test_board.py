"""The wallboard: figures with their targets, what is late, how old it all is, who may look."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.helpers.browser import Watch
from tests.helpers.scripted_board import (
    HOUR,
    Figures,
    busy_house,
    crowded_house,
    now_ms,
    queue,
    served,
)
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
BYTES_MAX = 260_000
WALL = {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedServer]:
    """Has the page's files; what is said on its socket comes from ``Figures``."""
    server = ScriptedServer(tmp_path_factory.mktemp("board"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def wall(pages: ScriptedServer, open_page: OpenPage) -> tuple[Page, Figures, Watch]:
    """A wall at eight queues and twenty-two agents, open for an hour."""
    page = open_page(viewport=WALL, timezone_id="Europe/Berlin")
    watch = Watch(page)
    page.add_init_script(HOUR)
    page.clock.install()
    figures = busy_house()
    figures.serve(page, pages.address)
    expect(page.locator(".figures")).to_be_visible()
    return page, figures, watch


def _tile(page: Page, key: str) -> str:
    return page.locator(f'.figure[data-key="{key}"]').inner_text().replace("\n", " ")


def test_six_figures_stand_with_target_level_and_trend(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, figures, watch = wall
    assert page.locator(".figure").count() == 6
    for key, words in {
        "level": r"84 % target 80 % today 87 %",
        "waiting": r"15 target ≤ 18",
        "longest": r"1:4\d target 0:20 in Technical",
        "agents": r"22.*5 free 1 offered 9 serving 3 wrap-up 2 away 1 DND 1 lost",
        "abandoned": r"3 % target ≤ 5 % today 31",
        "occupancy": r"78 % target ≤ 85 % 14 places free",
    }.items():
        assert re.search(words, _tile(page, key)), (key, _tile(page, key))
    assert page.locator('.figure[data-key="longest"] .level .spoken').inner_text() == "act now"
    assert page.locator('.figure[data-key="level"] .level .spoken').inner_text() == "on target"
    assert page.locator('.figure[data-key="occupancy"] .trend .spoken').inner_text() == "up"
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('.body *')]
            .filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
    )
    assert smallest >= 24
    assert page.evaluate("document.documentElement.scrollHeight") <= WALL["height"]
    figures.house = {"recent": served(1.0)}
    figures.tell()
    level = page.locator('.figure[data-key="level"]')
    expect(level).to_contain_text("100 %")
    assert level.evaluate("(tile) => tile.scrollWidth <= tile.clientWidth")
    assert watch.complaints == []


def test_a_queue_shows_its_hour_and_who_can_serve_it_in_red_where_nobody_can(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, _figures, _ = wall
    rows = page.locator("wall-queues tbody tr")
    assert rows.count() == 8
    technical = rows.filter(has_text="Technical")
    assert re.search(
        r"64 % / 80\s+7\s+act now\s+1:4\d\s+3.7 min\s+4$", technical.inner_text().strip()
    )
    assert technical.get_by_role("img").get_attribute("aria-label") is not None
    assert rows.filter(has_text="Nederlands").locator(".nobody").inner_text().strip() == "0"
    assert rows.filter(has_text="Evening").locator(".nobody").count() == 0
    expect(page.get_by_text("Level = accepted within 20 s / (accepted + abandoned")).to_be_visible()
    bars = page.locator(".even")
    expect(bars).to_contain_text("0.94 even")
    expect(page.locator(".alerts li").first).to_contain_text(re.compile("Nederlands|Technical"))


def test_what_becomes_bad_is_told_once_and_the_longest_wait_ticks(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, figures, _ = wall
    figures.queues = [queue("Billing", 1, 10_000, 0.9)]
    figures.tell()
    longest = page.locator('.figure[data-key="longest"]')
    expect(longest.locator("strong")).to_have_text(re.compile("0:1[12]"))
    assert longest.get_attribute("data-level") == "good"
    figures.queues = [queue("Billing", 3, 90_000, 0.9)]
    figures.tell()
    expect(longest).to_have_attribute("data-level", "bad")
    alert = page.locator(".alerts").get_by_text(re.compile("Billing: longest wait 1:3"))
    expect(alert).to_have_count(1)
    figures.house = {"recent": served(0.72, 80, 12)}
    figures.tell()
    expect(page.locator('.figure[data-key="level"]')).to_have_attribute("data-level", "warn")
    expect(page.locator('.figure[data-key="abandoned"]')).to_have_attribute("data-level", "bad")


def test_figures_without_news_grow_grey_and_say_how_old_they_are(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, figures, _ = wall
    expect(page.locator(".stamp")).to_contain_text(re.compile(r"live\s*\d\.\d s"))
    page.clock.fast_forward(6_000)
    expect(page.locator(".wall.stale")).to_be_visible()
    expect(page.locator(".stamp")).to_contain_text(
        re.compile(r"no news\s*figures are \d\.\d s old")
    )
    figures.tell()
    expect(page.locator(".wall:not(.stale)")).to_be_visible()
    figures.say({"t": "topic.stale", "pos": 1, "topic": "board", "stale": True, "at": now_ms()})
    page.clock.fast_forward(6_000)
    expect(page.locator(".stamp")).to_contain_text("the server is busy")


def test_agents_are_a_mosaic_by_time_in_their_state_and_shape_is_state(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, figures, _ = wall
    names = page.locator(".people .name").all_inner_texts()
    since = {one["name"]: one["since_at"] for one in figures.agents}
    assert names == sorted(names, key=lambda name: since[name])
    mara = page.locator(".people li", has_text="Mara")
    assert mara.locator("svg").get_attribute("data-state") == "serving"
    fresh = {**figures.agents[0], "state": "free"}
    figures.say({"t": "presence", "topic": "agents", "set": [fresh], "gone": []})
    expect(mara.locator("svg")).to_have_attribute("data-state", "free")
    expect(mara.locator("time")).to_have_text(re.compile("0:0"))
    thin, thick = (
        float(
            page.locator(".people li", has_text=name).locator("svg").get_attribute("stroke-width")
            or 0
        )
        for name in (names[-1], names[0])
    )
    assert thick > thin


def test_a_look_needs_a_purpose_first_where_the_tenant_demands_one(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, figures, watch = wall
    page.locator('.figure[data-key="waiting"]').click()
    panel = page.get_by_role("dialog", name="Who waits")
    open_it = panel.get_by_role("button", name="Open").first
    expect(open_it).to_be_disabled()
    panel.get_by_label("What do you look for?").select_option("complaint")
    open_it.click()
    expect(page.get_by_role("log", name="Transcript")).to_contain_text("my lamp flickers")
    asked = [one for one in figures.heard if one["t"] in {"history", "conversation.join"}]
    assert [(one["t"], one["purpose"]) for one in asked] == [
        ("history", "complaint"),
        ("conversation.join", "complaint"),
    ]
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator('.figure[data-key="waiting"]')).to_be_focused()
    page.wait_for_function("() => true")
    assert figures.heard[-1]["t"] == "conversation.leave"
    assert watch.complaints == []


def test_thresholds_are_this_walls_own_and_the_theme_too(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, _figures, _ = wall
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Light").click()
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.get_by_role("button", name="Thresholds").click()
    page.get_by_label("Occupancy, at most (%)").fill("70")
    page.get_by_label("Occupancy, at most (%)").press("Tab")
    expect(page.locator('.figure[data-key="occupancy"]')).to_contain_text("target ≤ 70 %")
    page.reload()
    expect(page.locator('.figure[data-key="occupancy"]')).to_contain_text("target ≤ 70 %")
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_a_crowd_is_counted_and_listed_by_pages(pages: ScriptedServer, open_page: OpenPage) -> None:
    page = open_page(viewport=WALL)
    watch = Watch(page)
    page.add_init_script(HOUR)
    figures = crowded_house(1_100)
    figures.serve(page, pages.address)
    crowd = page.locator(".crowd")
    expect(crowd.get_by_role("button", name=re.compile("^serving"))).to_have_text(
        re.compile(r"serving\s*450\s*41 %")
    )
    shapes = crowd.locator(".cells .shape").count()
    assert 100 < shapes <= 220
    assert page.evaluate("document.documentElement.scrollHeight") <= WALL["height"]
    _no_finding(page)
    crowd.get_by_role("button", name=re.compile("^free")).click()
    panel = page.get_by_role("dialog", name="Agents: free")
    rows = panel.locator(".rows li")
    expect(rows).to_have_count(50)
    panel.get_by_role("button", name="More").click()
    expect(rows).to_have_count(100)
    panel.get_by_label("Name").fill("agent 77")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Agent 77")
    figures.agents = figures.agents[:30]
    figures.say(
        {"t": "presence", "topic": "agents", "set": figures.agents, "gone": [], "whole": True}
    )
    figures.tell()
    expect(crowd).to_have_count(0)
    expect(page.locator(".people li")).to_have_count(30)
    assert watch.complaints == []


def test_a_view_shows_some_queues_and_agents_and_is_kept_by_the_server(
    wall: tuple[Page, Figures, Watch], pages: ScriptedServer, open_page: OpenPage
) -> None:
    page, _, watch = wall
    page.get_by_role("button", name="Views").click()
    panel = page.get_by_role("dialog", name="Views")
    panel.get_by_role("button", name="New view").click()
    panel.get_by_role("textbox", name="Name").fill("Languages")
    for box in ("Polski", "Nederlands", "free", "wrap-up"):
        panel.get_by_role("checkbox", name=box, exact=True).check()
    panel.get_by_label("Agents in the order").select_option("by name")
    _no_finding(page)
    panel.get_by_role("button", name="Keep").click()
    expect(panel.get_by_text("Languages (shown)")).to_be_visible()
    page.keyboard.press("Escape")
    rows = page.locator("wall-queues tbody tr")
    expect(rows).to_have_count(2)
    assert re.search(r"82 % target 80 % today 86 %", _tile(page, "level")), _tile(page, "level")
    assert re.search(r"3 target", _tile(page, "waiting")), _tile(page, "waiting")
    names = page.locator(".people .name").all_inner_texts()
    assert len(names) == 8
    assert names == sorted(names)

    other = open_page(viewport=WALL)
    busy_house().serve(other, pages.address)
    expect(other.locator("wall-queues tbody tr")).to_have_count(8)
    other.get_by_label("View", exact=True).select_option("Languages")
    expect(other.locator("wall-queues tbody tr")).to_have_count(2)
    other.get_by_role("button", name="Views").click()
    other.get_by_role("button", name="Remove Languages").click()
    expect(other.locator("wall-queues tbody tr")).to_have_count(8)
    page.reload()
    expect(rows).to_have_count(8)
    assert watch.complaints == []


def test_how_work_is_shared_is_told_by_equals_and_by_agent(
    wall: tuple[Page, Figures, Watch],
) -> None:
    page, figures, watch = wall
    page.locator(".even").click()
    panel = page.get_by_role("dialog", name="How work is shared")
    expect(panel.locator(".rows li")).to_contain_text("9 agents · busy from 31 % to 78 %")
    expect(panel.locator(".rows li")).to_contain_text("0.91 even")
    first = panel.locator("tbody tr").first
    idle = [one for one in figures.agents if one["state"] == "free"]
    expect(first).to_contain_text(idle[-1]["name"])
    leila = panel.locator("tbody tr", has_text="Leila")
    expect(leila).to_have_text(re.compile(r"Leila, serving\s*5\s*0\s*2 \(40 %\)\s*3\s*52 %"))
    _no_finding(page)
    assert watch.complaints == []


def test_a_wall_says_when_its_sign_in_will_end(pages: ScriptedServer, open_page: OpenPage) -> None:
    page = open_page(viewport=WALL)
    now_s = now_ms() // 1000
    busy_house().serve(page, pages.address, iat=now_s - 3_400, exp=now_s + 200)
    expect(page.locator(".stamp.ending")).to_have_text("Sign-in ends in 4 min")
    _no_finding(page)
    other = open_page(viewport=WALL)
    busy_house().serve(other, pages.address, iat=now_s - 1_000, exp=now_s + 2_600)
    expect(other.locator(".figures")).to_be_visible()
    expect(other.locator(".stamp.ending")).to_have_count(0)


def test_every_screen_can_be_read_by_everybody_dark_and_light(
    wall: tuple[Page, Figures, Watch], tmp_path: Path
) -> None:
    """``FAIRLINE_PICTURES=1`` leaves the pictures in ``docs/pictures``."""
    page, figures, watch = wall
    page.set_viewport_size({"width": 1440, "height": 810})  # type follows the width
    folder = PICTURES if os.environ.get("FAIRLINE_PICTURES") == "1" else tmp_path

    def take(name: str) -> None:
        figures.tell()
        _no_finding(page)
        figures.tell()
        page.locator(".wall:not(.stale)").wait_for(state="attached")
        page.screenshot(path=folder / name, animations="disabled")
        assert (folder / name).stat().st_size < BYTES_MAX

    take("board.png")
    page.locator('.figure[data-key="waiting"]').click()
    page.get_by_role("button", name="Why?").first.click()
    expect(page.get_by_text("Place 1 in line")).to_be_visible()
    take("board-why.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Light").click()
    page.mouse.move(5, 5)
    take("board-light.png")
    page.locator('.figure[data-key="waiting"]').click()
    page.get_by_label("What do you look for?").select_option("quality")
    page.get_by_role("button", name="Listen").click()
    page.get_by_role("button", name="Whisper").first.click()
    expect(page.get_by_role("textbox", name="Whisper to the agent")).to_be_visible()
    take("board-listen.png")
    assert watch.complaints == []


# Waited for inside the page: what Playwright asks again and again a strict policy forbids.
_ANIMATIONS_OVER = """() => Promise.all(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime))
    .map((one) => one.finished.catch(() => null)).concat([Promise.resolve()])).then(() => null)"""


def _no_finding(page: Page) -> None:
    page.locator(".wall:not(.stale)").wait_for()
    page.evaluate(_ANIMATIONS_OVER)
    findings = Axe().run(page).response["violations"]
    serious = [one for one in findings if one["impact"] in {"serious", "critical"}]
    assert serious == [], [(one["id"], one["nodes"][0]["target"]) for one in serious]
