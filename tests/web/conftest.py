from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.helpers.browser import Desk, Shop
from tests.helpers.customers import Customer
from tests.helpers.pages import built_pages
from tests.helpers.scripted_process import ScriptedServer

# It makes pictures and checks nothing: for the asking, not for every run.
collect_ignore = [] if os.environ.get("FAIRLINE_PICTURES") else ["test_widget_pictures.py"]
expect.set_options(timeout=10_000)
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session", autouse=True)
def _pages() -> None:
    built_pages()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages of people who share nothing: one context each."""
    contexts: list[BrowserContext] = []

    def opened(**options: object) -> Page:
        context = browser.new_context(**{"locale": "en-US", **options})  # type: ignore[arg-type]
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def options() -> list[str]:
    """What the scripted server is started with; tests override it by parametrization."""
    return []


@pytest.fixture
def server(tmp_path: Path, options: list[str]) -> Iterator[ScriptedServer]:
    scripted = ScriptedServer(tmp_path, *options)
    scripted.start()
    yield scripted
    scripted.kill()


@pytest.fixture
def shop(open_page: OpenPage, server: ScriptedServer) -> Shop:
    return Shop(open_page(), f"{server.address}/demo")


@pytest.fixture
def desk(open_page: OpenPage, server: ScriptedServer) -> Desk:
    return Desk(open_page(), f"{server.address}/desktop")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedServer]:
    """One server for all tests of a file; each begins with an empty world (``fresh``)."""
    scripted = ScriptedServer(tmp_path_factory.mktemp("shared"))
    scripted.start()
    yield scripted
    scripted.kill()


@pytest.fixture
def customer(shared: ScriptedServer, open_page: OpenPage) -> Customer:
    shared.fresh()
    return Customer(open_page(), shared)
