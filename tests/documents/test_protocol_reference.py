"""The protocol's page beside what the server reads and writes."""

import re
from pathlib import Path

import msgspec
import pytest

from router.documents.protocol_reference import filled, messages, parts
from router.limits import ALLOWANCES
from router.rights import RELATIONS, TOPIC_ROLES

PAGE = (Path(__file__).parents[2] / "docs/reference/protocol.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("direction", ["to-server", "from-server"])
def test_every_message_is_there_once_with_all_its_fields(direction: str) -> None:
    side = direction.partition("-")[0]
    told = re.findall(rf"^### `(\S+)` {{ #{side}-", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(messages(direction))
    for name, kind in messages(direction).items():
        section = PAGE.partition(f"{{ #{side}-{name.replace('.', '-')} }}\n")[2].partition(
            "\n### "
        )[0]
        rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        fields = [
            field.encode_name
            for field in msgspec.structs.fields(kind)
            if side == "from" or field.encode_name != "id" or not field.required
        ]
        assert rows[: len(fields)] == fields


def test_every_part_is_there_once() -> None:
    told = re.findall(r"^### `\S+` { #part-(\w+) }", PAGE, re.MULTILINE)
    assert told == sorted(kind.__name__ for kind in parts())


def test_every_link_to_a_part_or_message_leads_there() -> None:
    wanted = set(re.findall(r"\(#((?:part|to|from)-[\w-]+)\)", PAGE))
    assert wanted
    assert wanted <= set(re.findall(r"{ #(\S+) }", PAGE))


def test_roles_topics_and_pace_are_the_servers() -> None:
    for name, by_role in RELATIONS.items():
        cells = re.search(rf"^\| `{re.escape(name)}` \|(.+)\|$", PAGE, re.MULTILINE)
        assert cells is not None
        may = [bool(cell.strip()) for cell in cells[1].split("|")]
        assert may == [role in by_role for role in ALLOWANCES]
    assert all(f"| `{topic}" in PAGE for topic in TOPIC_ROLES)
    customer = ALLOWANCES["customer"]
    assert f"| customer | {customer.rate}, {customer.burst} at once |" in PAGE


def test_a_page_that_asks_for_what_is_not_there_is_an_error() -> None:
    for wanted in ("tides", "to-server tea.boil"):
        with pytest.raises(KeyError):
            filled(f"<!-- made: {wanted} -->\n<!-- end -->")


def test_words_of_people_stay() -> None:
    page = "Before.\n<!-- made: topics -->\nold\n<!-- end -->\nBehind.\n"
    made = filled(page)
    assert made.startswith("Before.\n<!-- made: topics -->\n\n| topic |")
    assert made.endswith("\n<!-- end -->\nBehind.\n")
    assert "old" not in made
    assert filled(made) == made
