"""Debian's Prometheus, where it is installed; without it a test is skipped, and fails in CI."""

import os
import shutil

import pytest

__all__ = ["tool"]


def tool(name: str) -> str:
    """Where ``prometheus`` or ``promtool`` is; ends the test where there is none."""
    found = shutil.which(name)
    if found is None:
        sentence = f"no {name}: tests/setup-prometheus.sh says how to get one"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found
