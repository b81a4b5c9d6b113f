"""The runbooks, as text for a terminal and as pages for whom an alert sends a link.

Owns: where they are, their names, what one looks like. Does not know: alerts, addresses, HTTP.

Invariants (tests/server/test_runbooks.py): a name is one of the files or nothing at all, so no path
is made of what somebody asks for; a page fetches nothing and every link in it leads to a page.
"""

import re
from functools import cache
from html import escape
from pathlib import Path

import router

__all__ = ["CONTENT_POLICY", "html_of", "names", "of_alert", "text_of"]

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
_BESIDE = re.compile(r"\]\(([\w-]+)\.md(#[\w-]*)?\)")
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;"
    "margin:2rem auto;padding:0 1rem}pre{overflow-x:auto;padding:.6rem;border:1px solid #8886}"
    "code{font-size:.95em}table{border-collapse:collapse}td,th{border:1px solid #8886;"
    "padding:.2rem .6rem;text-align:left}li{margin:.4rem 0}"
)


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
    from markdown_it import MarkdownIt  # loaded by whoever asks for the first page

    # What lies elsewhere in the documentation is not on this server.
    text = _BESIDE.sub(r"](\1.html\2)", _OUTSIDE.sub(r"\1", text))
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    title = escape(text.partition("\n")[0].removeprefix("# "))
    way_back = "" if name == "index" else '<p><a href="index.html">All runbooks</a></p>'
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style><main>{body}{way_back}</main></html>\n"
    )
