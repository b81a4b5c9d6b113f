"""A page made from Markdown of ours."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from router.documents.page import POLICY, page


class Seen(HTMLParser):
    """The tags of a page, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


MARKDOWN = """\
# Lamps

## `GET /v1/lamps` { #lamps }

| watts | [which](#lamps) |
|---|---|
| 5 | <script>alert(1)</script> ![x](https://elsewhere.example/x.png) |
"""


def test_headings_have_anchors_and_tables_are_tables() -> None:
    text = page("Lamps", MARKDOWN, {"Home": "/"})
    assert '<h2 id="lamps"><code>GET /v1/lamps</code></h2>' in text
    assert "<td>5</td>" in text
    assert '<a href="#lamps">which</a>' in text
    assert '<nav><a href="/">Home</a></nav>' in text


def test_what_looks_like_a_script_is_text() -> None:
    tags = {tag for tag, _ in Seen(page("<script>", MARKDOWN, {})).tags}
    assert "script" not in tags
    assert "&lt;script&gt;alert(1)" in page("Lamps", MARKDOWN, {})


def test_the_policy_lets_its_own_style_in_and_nothing_else() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page("x", "# x", {}), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert POLICY.startswith("default-src 'none'; ")
    assert "url(" not in style
    assert "@import" not in style
