"""``llms.txt`` of the documentation: what there is, for programs that read it for somebody.

Owns: the file. Does not know: which pages there are; MkDocs calls this with its navigation
(``hooks`` in ``mkdocs.yml``).

Invariant (tests/documents/test_llms.py): every page of the navigation is in it once, in its order,
with the first sentence that it says of itself.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["on_nav", "on_post_build"]

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_WORDS = re.compile(r"[A-Z][^|<>]*")
_SENTENCE = re.compile(r"(?:`[^`]*`|[^`])*?[.?](?= |$)")
"""What stands between backticks ends none."""
_pages: list[str] = []


def on_nav(nav: Any, config: Any, **_: object) -> None:  # noqa: ANN401 - MkDocs' own
    """Reads the navigation, before any page is built."""
    folder = Path(config["docs_dir"])
    head = [f"# {config['site_name']}", "", f"> {config['site_description']}", ""]
    _pages[:] = [*head, *_lines(nav.items, folder, "")]


def on_post_build(config: Any, **_: object) -> None:  # noqa: ANN401 - MkDocs' own
    """Writes the file beside the pages."""
    file = Path(config["site_dir"]) / "llms.txt"
    file.write_text("\n".join(_pages) + "\n", encoding="utf-8")


def _lines(items: Any, folder: Path, above: str) -> Iterator[str]:  # noqa: ANN401 - MkDocs' own
    """The pages of a section, then its sections: each under the names of those it lies in."""
    for page in (one for one in items if one.is_page):
        text = (folder / page.file.src_uri).read_text(encoding="utf-8")
        title, says = _title(text), _first_sentence(text)
        yield f"- [{page.title or title}]({page.file.dest_uri})" + (f": {says}" if says else "")
    for section in (one for one in items if one.is_section):
        name = f"{above}{section.title}"
        yield ""
        yield f"## {name}"
        yield ""
        yield from _lines(section.children, folder, f"{name}: ")


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ").strip()


def _first_sentence(text: str) -> str:
    """Of the first paragraph of words; empty where a page begins with something else."""
    for paragraph in re.split(r"\n\s*\n", text)[1:]:
        plain = _LINK.sub(r"\1", " ".join(paragraph.split())).replace("**", "")
        if _WORDS.match(plain):
            sentence = _SENTENCE.match(plain)
            return (sentence[0] if sentence else plain).rstrip(":")
    return ""
