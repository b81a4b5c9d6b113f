"""Programs of the system that a test needs; without one it is skipped, and fails in CI."""

import os
import shutil

import pytest

__all__ = ["PROMETHEUS", "program"]

PROMETHEUS = "tests/setup-prometheus.sh"


def program(name: str, setup: str = "tests/setup-neighbours.sh") -> str:
    """Where the program is; ends the test where there is none.

    Args:
        name: What it is called.
        setup: The script that installs it where it can.
    """
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        sentence = f"NOT TESTED: no {name}: {setup} says how to get one"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found
