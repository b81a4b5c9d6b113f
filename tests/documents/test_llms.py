"""The list of pages for programs; that it names every built page is in tests/docs/test_site.py."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from router.documents.llms import _first_sentence, on_nav, on_post_build


def page(name: str, title: str | None = None) -> SimpleNamespace:
    file = SimpleNamespace(src_uri=f"{name}.md", dest_uri=f"{name}.html")
    return SimpleNamespace(is_page=True, is_section=False, title=title, file=file)


def section(title: str, *children: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(is_page=False, is_section=True, title=title, children=list(children))


def test_pages_come_in_the_order_of_the_navigation_with_what_they_say(tmp_path: Path) -> None:
    docs, site = tmp_path / "docs", tmp_path / "site"
    docs.mkdir()
    site.mkdir()
    (docs / "index.md").write_text("# Lamps\n\nLamps [shine](x.md). They hum.\n", encoding="utf-8")
    (docs / "repair.md").write_text(
        "# Repair\n\n| a |\n|---|\n\nFirst unplug: then look at `a. b`. Go.\n"
    )
    (docs / "night.md").write_text("# By night\n\n```sh\nls\n```\n", encoding="utf-8")
    night = section("At home", section("Late", page("night")), page("repair", "Mend it"))
    config = {
        "docs_dir": str(docs),
        "site_dir": str(site),
        "site_name": "Lamps",
        "site_description": "All about lamps.",
    }
    on_nav(SimpleNamespace(items=[night, page("index")]), config)
    on_post_build(config)
    assert (site / "llms.txt").read_text(encoding="utf-8").splitlines() == [
        "# Lamps",
        "",
        "> All about lamps.",
        "",
        "- [Lamps](index.html): Lamps shine.",
        "",
        "## At home",
        "",
        "- [Mend it](repair.html): First unplug: then look at `a. b`.",
        "",
        "## At home: Late",
        "",
        "- [By night](night.html)",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# A\n\nOne **bold** word, [a link](b.md#c). More.", "One bold word, a link."),
        ("# A\n\n![x](y.png)\n\nBelow it. Not this.", "Below it."),
        ("# A\n\n<!-- run -->\n```sh\nls\n```\n", ""),
        ("# A", ""),
    ],
)
def test_a_page_is_told_by_its_first_sentence(text: str, says: str) -> None:
    assert _first_sentence(text) == says
