"""The entry point of continuous integration: what it says to those it calls."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.process
@pytest.mark.parametrize(("told", "heard"), [(None, "true"), ("false", "false")])
def test_a_tool_that_is_missing_fails_there_unless_told_otherwise(
    told: str | None, heard: str, tmp_path: Path
) -> None:
    """Tests look at ``CI``: without it, one without its tool is skipped, and nobody notices."""
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "$1 $CI" >> "$HEARD"\n', encoding="utf-8")
    make.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HEARD": str(tmp_path / "heard")}
    if told is not None:
        environment["CI"] = told
    subprocess.run([str(ROOT / ".ci" / "run")], env=environment, check=True)
    assert (tmp_path / "heard").read_text("utf-8").split("\n")[:2] == [
        f"lint {heard}",
        f"test {heard}",
    ]
