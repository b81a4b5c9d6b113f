"""The command ``fairline bench``.

Owns: its arguments, and which sizes each benchmark takes. Does not know: what is measured.
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from router.errors import SettingsError

__all__ = ["bench"]


def bench(
    part: Literal[
        "core", "journal", "gateway", "archive", "idle", "slow", "storm", "soak", "scrape"
    ]
    | None = None,
    /,
    *,
    folder: Path = Path(),
    connections: int | None = None,
    minutes: float | None = None,
    restart: bool = False,
    json: bool = False,
) -> None:
    """Runs the benchmarks, each with its ratio against a reference.

    Args:
        part: One of them; the first three where none is named.
        folder: Where the disk to be measured is mounted; what is written there goes afterwards.
        connections: How many "idle" holds; 10,000 if not given.
        minutes: How long "soak" lasts; 10 if not given.
        restart: With journal: time a start behind a million commands instead; takes minutes.
        json: Print figures for machines.
    """
    import structlog  # not with the command line: the help of a benchmark needs no log

    size = {"connections": connections, "minutes": minutes, "restart": restart or None}
    given = {name: value for name, value in size.items() if value is not None}
    for name in (part,) if part else ("core", "journal", "gateway", "archive"):
        run: Callable[..., None] = importlib.import_module(f"router.bench.{name}").run
        foreign = given.keys() - inspect.signature(run).parameters.keys()
        if foreign:
            raise SettingsError(f"{name} has no such size", key=f"--{min(foreign)}")
        # What is measured may have something to say; figures for machines stand alone on stdout.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        run(folder, json=json, **given)
