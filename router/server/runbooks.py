"""The runbooks, as text for a terminal and as pages for whom an alert sends a link.

Owns: where they are, their names, what one looks like. Does not know: alerts, addresses, HTTP.

Invariants (tests/server/test_runbooks.py): a name is one of the files or nothing at all, so no path
is made of what somebody asks for; a page fetches nothing and every link in it leads to a page.
"""

import re
from functools import cache
from pathlib import Path

import router
from router.documents.page import page

__all__ = ["html_of", "names", "of_alert", "text_of"]

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
_BESIDE = re.compile(r"\]\(([\w-]+)\.md(#[\w-]*)?\)")


@cache
def _folder() -> Path:
    """Inside an installed package, or in the documentation of a clone."""
    package = Path(router.__file__).parent
    inside = package / "runbooks"
    return inside if inside.is_dir() else package.parent / "docs" / "runbooks"


@cache
def names() -> tuple[str, ...]:
    """The names of all runbooks; ``index`` is the list of them."""
    return tuple(sorted(path.stem for path in _folder().glob("*.md")))


def text_of(name: str) -> str | None:
    """A runbook as it was written, in Markdown; None where there is none of that name."""
    if name not in names():
        return None
    return (_folder() / f"{name}.md").read_text(encoding="utf-8")


def of_alert(alert: str) -> str | None:
    """The name of the runbook of an alert; None where there is none."""
    row = f"\n| `{alert}` |"
    return next((name for name in names() if row in (text_of(name) or "")), None)


def html_of(name: str) -> str | None:
    """A runbook as a page of its own; None where there is none of that name."""
    text = text_of(name)
    if text is None:
        return None
    # What lies elsewhere in the documentation is not on this server.
    text = _BESIDE.sub(r"](\1.html\2)", _OUTSIDE.sub(r"\1", text))
    title = text.partition("\n")[0].removeprefix("# ")
    return page(title, text, {} if name == "index" else {"All runbooks": "index.html"})
