"""How smoothly the desktop shows much at once: prints figures, judges nothing.

Run as ``python -m tests.web.bench_desktop``: an agent with 200 conversations, one of them with
2,000 messages, opens the desktop and messages pour in. ``blocked_ms`` is how long long tasks kept
the page from answering, beyond 50 ms each. A frame counts as dropped for each 1/60 s that it came
late. What a machine without a graphics card needs to paint is in the figures: compare runs, not
machines.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.helpers.browser import Desk, chromium, open_browser
from tests.helpers.pages import built_pages
from tests.helpers.scripted_desk import crowded
from tests.helpers.scripted_process import ScriptedServer

WATCH = """() => {
  const seen = { frames: 0, dropped: 0, longest: 0, tasks: 0, blocked: 0 };
  let last = performance.now();
  const frame = (now) => {
    const took = now - last;
    seen.frames += 1;
    seen.dropped += Math.max(0, Math.round(took / (1000 / 60)) - 1);
    seen.longest = Math.max(seen.longest, Math.round(took));
    last = now;
    if (window.watching === seen) requestAnimationFrame(frame);
  };
  new PerformanceObserver((list) => {
    if (window.watching !== seen) return;
    for (const task of list.getEntries()) {
      seen.tasks += 1;
      seen.blocked += Math.round(task.duration);
    }
  }).observe({ type: "longtask" });
  window.watching = seen;
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
}"""
SCROLL = """([selector, pixels, frames]) => new Promise((done) => {
  const element = document.querySelector(selector);
  let left = frames;
  const step = () => {
    element.scrollTop += pixels;
    if ((left -= 1) > 0) requestAnimationFrame(step);
    else done();
  };
  step();
})"""
READY = """
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".list li") || !document.querySelector("button.presence")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.usable = performance.now(); }));
  }).observe(document, { childList: true, subtree: true });
  window.blocked = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.blocked += Math.max(0, task.duration - 50);
  }).observe({ type: "longtask", buffered: true });
"""
OPENED = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const fetched = performance.getEntriesByType("resource");
  const whole = (value) => Math.round(value ?? 0);
  return {
    first_paint_ms: whole(paint?.startTime), usable_ms: whole(window.usable),
    blocked_ms: whole(window.blocked), files: fetched.length,
    kib: whole(fetched.reduce((sum, one) => sum + one.decodedBodySize, 0) / 1024),
  };
}"""
STOP = "() => { const seen = window.watching; window.watching = null; return seen; }"


def main(arguments: argparse.Namespace) -> None:
    built_pages()
    executable = chromium()
    if executable is None:
        raise SystemExit("no chromium: tests/setup-browser.sh says how to get one")
    with tempfile.TemporaryDirectory(prefix="fairline-bench-") as folder:
        server = ScriptedServer(Path(folder), "--capacity", str(arguments.conversations))
        kept = crowded("alice", arguments.conversations, arguments.messages)
        server.kept.write_text(json.dumps(kept))
        server.start()
        try:
            with open_browser(executable) as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                for name, figures in measured(page, server, arguments).items():
                    print(f"{name:<42} {figures}")  # noqa: T201 - that is what it is for
        finally:
            server.kill()


def measured(
    page: Page, server: ScriptedServer, arguments: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """The figures of each part, by its name."""
    desk = Desk(page, f"{server.address}/desktop")
    desk.sign_in("Alice")
    expect(page.locator(".list li").first).to_be_visible()
    found: dict[str, dict[str, Any]] = {}
    page.add_init_script(READY)
    page.reload()
    page.wait_for_function("() => window.usable")
    page.wait_for_timeout(500)
    found["opened anew, until it can be used"] = page.evaluate(OPENED)

    def part(name: str, act: Callable[[], object]) -> None:
        page.evaluate(WATCH)
        act()
        found[name] = page.evaluate(STOP)

    def pour(conversations: list[str]) -> None:
        for number in range(arguments.bursts):
            server.say(*conversations, body=f"Message of burst {number}")
            page.wait_for_timeout(100)

    part("standing still for 2 s", lambda: page.wait_for_timeout(2_000))
    part("list scrolled over all conversations", lambda: page.evaluate(SCROLL, [".rows", 100, 120]))
    page.evaluate("() => document.querySelector('.rows').scrollTop = 0")
    page.locator(".list li").first.click()
    page.evaluate(SCROLL, [".log", -100_000, 60])  # brings all messages here
    page.wait_for_timeout(1_000)
    for _ in range(arguments.messages // 40):
        page.evaluate(SCROLL, [".log", -100_000, 2])
    part("transcript scrolled up, 2 s", lambda: page.evaluate(SCROLL, [".log", -40, 120]))
    part("transcript scrolled down, 2 s", lambda: page.evaluate(SCROLL, [".log", 40, 120]))
    page.locator(".to-end").click()
    part("messages into the open conversation", lambda: pour(["c0"]))
    every = [f"c{number}" for number in range(0, arguments.conversations, 10)]
    part(f"messages into {len(every)} conversations at once", lambda: pour(every))
    rows, entries = page.locator(".list li").count(), desk.entries.count()
    found["elements"] = {"rows": rows, "entries": entries}
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--bursts", type=int, default=30)
    main(parser.parse_args())
