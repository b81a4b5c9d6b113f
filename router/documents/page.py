"""A page for people who look at a running server, from our own Markdown.

Owns: HTML and style. Does not know: what the page says.

Invariants (tests/documents/test_page.py): it asks nobody for anything, and runs no script; what is
in a text is text, whatever it looks like.
"""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from itertools import pairwise

__all__ = ["POLICY", "page"]

_STYLE = """\
:root{color-scheme:light dark;--line:#8886;--soft:#8881;--link:#00796b}
@media (prefers-color-scheme:dark){:root{--link:#4db6ac}}
body{font:16px/1.5 system-ui,sans-serif;max-width:68rem;margin:0 auto;padding:1rem}
a{color:var(--link)}
nav{display:flex;flex-wrap:wrap;gap:1rem}
h2{border-top:1px solid var(--line);padding-top:1.5rem;margin-top:2.5rem}
h3{margin-top:2rem;overflow-wrap:anywhere}
:target{background:var(--soft)}
table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{border:1px solid var(--line);padding:.25rem .6rem;text-align:left;vertical-align:top}
code,pre{background:var(--soft);font-size:.9em}
code{padding:.1em .25em}
pre{padding:.6rem;overflow-x:auto}
pre code{padding:0;background:none}
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The page's content security policy: its own style, and nothing else."""

_ANCHOR = re.compile(r"\s*\{ #(\S+) \}$")


def page(title: str, markdown: str, links: Mapping[str, str]) -> str:
    """The page.

    Args:
        title: Its title.
        markdown: What it says; headings may end in ``{ #anchor }``.
        links: Where else to look: the words, and the address.
    """
    nav = "".join(
        f'<a href="{html.escape(address)}">{html.escape(words)}</a>'
        for words, address in links.items()
    )
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>",
            f"<nav>{nav}</nav>\n<main>\n{_rendered(markdown)}</main>\n</html>\n",
        )
    )


def _rendered(markdown: str) -> str:
    from markdown_it import MarkdownIt  # loaded by whoever asks for the first page

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    for opening, inline in pairwise(tokens):
        found = _ANCHOR.search(inline.content) if opening.type == "heading_open" else None
        if found is not None and inline.children:
            opening.attrSet("id", found[1])
            last = inline.children[-1]
            last.content = _ANCHOR.sub("", last.content)
    return str(reader.renderer.render(tokens, reader.options, {}))
