"""What of the pages needs no page: the parts that are tested where they are written."""

from __future__ import annotations

import subprocess

import pytest

import hatch_build
from tests.helpers.pages import built_pages

pytestmark = [pytest.mark.browser, pytest.mark.process]


def test_the_units_of_the_pages_pass_their_own_tests() -> None:
    built_pages()
    npm, environment = hatch_build.find_npm()
    done = subprocess.run(
        [npm, "test", "--silent"],
        cwd=hatch_build.WEB,
        env={**environment, "CI": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
