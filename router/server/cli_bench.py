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
    at_most: float | None = None,
    json: bool = False,
) -> None:
    """Runs the benchmarks, each with its ratio against a reference.

    Args:
        part: One of them; core, journal, gateway and archive where none is named.
        folder: Where the disk to be measured is mounted; what is written there goes afterwards.
        connections: How many "idle" holds; 10,000 if not given.
        minutes: How long "soak" lasts; 10 if not given.
        restart: With journal: time a start behind a million commands instead; takes minutes.
        at_most: With gateway: exit with 1 if a relayed message costs more than so many echoes.
        json: Print figures for machines.

    Raises:
        SettingsError: a part was given what it does not take.
        SystemExit: what was asked for with ``at_most`` was missed.
    """
    import structlog  # not with the command line: the help of a benchmark needs no log

    options = {
        "connections": connections,
        "minutes": minutes,
        "restart": restart or None,
        "at_most": at_most,
    }
    given = {name: value for name, value in options.items() if value is not None}
    for name in (part,) if part else ("core", "journal", "gateway", "archive"):
        run: Callable[..., None] = importlib.import_module(f"router.bench.{name}").run
        foreign = given.keys() - inspect.signature(run).parameters.keys()
        if foreign:
            key = f"--{min(foreign).replace('_', '-')}"
            raise SettingsError(f"{name} has no such option", key=key)
        # What is measured may have something to say; figures for machines stand alone on stdout.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        run(folder, json=json, **given)
