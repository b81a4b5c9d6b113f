"""The built pages, for tests that serve or open them.

Owns: having them up to date, the names that their files got. Does not know: what they hold.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import hatch_build

__all__ = ["asset", "built_pages"]


@cache
def built_pages() -> Path:
    """The folder of the build, made anew once a run where a source has changed."""
    hatch_build.build()
    return hatch_build.DIST


def asset(pattern: str) -> str:
    """The path under which the server has the one asset of this pattern, `desktop-*.js`."""
    (found,) = built_pages().joinpath("assets").glob(pattern)
    return "/" + found.relative_to(built_pages()).as_posix()
