"""What tests of several folders share: one browser for a test run, one Redis for a module."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.helpers.browser import chromium, open_browser
from tests.helpers.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once: Playwright's synchronous form cannot be started twice in a process."""
    executable = chromium()
    if executable is None:
        sentence = "NOT TESTED: no chromium (tests/setup-browser.sh says how to get one)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with open_browser(executable) as opened:
        yield opened


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that syncs every write; what a test finds in it, the tests before it left there."""
    with redis_server(tmp_path_factory.mktemp("redis")) as made:
        yield made
