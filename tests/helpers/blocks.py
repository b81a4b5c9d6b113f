"""The blocks of the documentation, and what each says is done with it.

Owns: finding them, the marks. Does not know: how one is run.

A block of a language says in a comment on the line before it what the tests do:

    <!-- run -->             it is run; ``RUN`` says by which test (``run: server`` and the like are
                             words between a page and that test)
    <!-- parsed -->          its language reads it, and what it names of ours exists
    <!-- policy -->          it is a whole policy, and sound
    <!-- skipped: why -->    nothing
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["MARK", "PAGES", "ROOT", "RUN", "Block", "blocks"]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MARK = re.compile(r"run(: .+)?|parsed|policy|proof|token|skipped: .+")
RUN = {
    "docs/client.md": "tests/docs/test_programs.py",
    "docs/how-to/first-alert.md": "tests/ops/test_install.py",
    "docs/how-to/identify.md": "tests/docs/test_identify.py",
    "docs/how-to/redis.md": "tests/docs/test_redis.py",
    "docs/how-to/what-if.md": "tests/docs/test_day.py",
    "docs/http.md": "tests/docs/test_day.py",
    "docs/journal.md": "tests/docs/test_day.py",
    "docs/tutorial.md": "tests/docs/test_blocks.py",
    "docs/webhooks.md": "tests/server/test_hook_signing.py",
}
"""Which test runs what a page marks as run (``proof`` and ``token`` of identify.md, too)."""

_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^\n]+?) -->\n)?^ *```(?P<kind>\w+)\n(?P<text>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """One block of a page."""

    page: Path
    mark: str
    kind: str
    text: str


def blocks(pages: list[Path], *kinds: str) -> Iterator[Block]:
    """The blocks of these languages; of all, where none is named."""
    for page in pages:
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            if not kinds or found["kind"] in kinds:
                yield Block(page, found["mark"] or "", found["kind"], found["text"])
