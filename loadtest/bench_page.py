"""The standard set as a page: a row for each part, with the way to its own report.

Owns: the files of a folder: ``index.html``, ``figures.json``. Does not know: what the parts are.

Invariant (tests/loadtest/test_bench_page.py): nothing is loaded from elsewhere; each link leads to
a file of the folder.
"""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, select_autoescape

__all__ = ["Row", "write_index"]


class Row(NamedTuple):
    """What came of a part; ``changes`` is what is told beside an earlier run."""

    name: str
    seconds: float
    text: str
    has_passed: bool
    report: str = ""
    """The file in the folder with all about it, if there is one."""
    changes: tuple[str, ...] = ()


def write_index(
    folder: Path, rows: Sequence[Row], figures: Mapping[str, Any], *, earlier: str = ""
) -> None:
    """Writes the page of what there is so far, and all figures beside it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("bench.html.jinja").render(
        rows=rows,
        passed=sum(row.has_passed for row in rows),
        seconds=sum(row.seconds for row in rows),
        setup=_setup(),
        earlier=earlier,
    )
    (folder / "index.html").write_text(text, "utf-8")
    (folder / "figures.json").write_text(json.dumps(figures) + "\n", "utf-8")


def _setup() -> dict[str, str]:
    """What a reader asks first; each report says more."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}, "
        f"{os.cpu_count()} cores",
    }
