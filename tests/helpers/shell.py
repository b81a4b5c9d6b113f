"""A shell in which ``fairline`` is ours: what a page of the documentation has one type is run."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.helpers.blocks import ROOT

__all__ = ["run_lines", "until_ready"]

_READY = "import sys, urllib.request as r; r.urlopen(sys.argv[1])"


def until_ready(address: str) -> str:
    """The line that waits until a server at this address lets people in."""
    return f'until "{sys.executable}" -c "{_READY}" http://{address}/readyz 2>&-; do :; done'


def run_lines(folder: Path, lines: Sequence[str], address: str, **settings: str) -> str:
    """Runs lines of shell, each of which must succeed, and returns what they printed.

    Args:
        folder: Where they run.
        lines: What is typed.
        address: Where a server that they start is to listen.
        settings: Variables of the environment besides.
    """
    ours = folder / "bin" / "fairline"
    ours.parent.mkdir()
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m router "$@"\n', encoding="utf-8")
    ours.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", "\n".join(["set -e", *lines])],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{ours.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "FAIRLINE_SERVER__BIND": address,
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
