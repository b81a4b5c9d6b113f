"""Words for what a schema lets through."""

from typing import Any

import pytest

from router.documents.schema_tables import kind_words, schema_section, table


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 5}, "whole number, 1 to 5"),
        ({"type": "integer", "minimum": 0, "maximum": 2**53 - 1}, "whole number, 0 or more"),
        ({"type": "string", "minLength": 1, "maxLength": 64}, "text, 1 to 64 characters"),
        ({"type": "string", "maxLength": 64}, "text, at most 64 characters"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"allOf": [{"$ref": "#/components/schemas/Lamp"}], "description": "x"}, "[Lamp](#Lamp)"),
        (
            {"type": "array", "items": {"type": "null"}, "maxItems": 3},
            "list: null, at most 3 entries",
        ),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {}], "items": False},
            "list: text and anything",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 2},
            "object: `true` or `false`, at most 2 entries",
        ),
        ({}, "anything"),
    ],
)
def test_each_schema_has_its_words(schema: dict[str, Any], words: str) -> None:
    assert kind_words(schema) == words


def test_a_named_schema_shows_what_must_be_there_and_what_may() -> None:
    lamp = {
        "type": "object",
        "description": "Shines.",
        "properties": {
            "watts": {"type": "integer"},
            "on": {"type": "boolean", "description": "Now."},
        },
        "required": ["watts"],
    }
    lines = list(schema_section("Lamp", lamp, "part-Lamp"))
    assert lines[0] == "### `Lamp` { #part-Lamp }"
    assert "| `watts` | whole number |  |" in lines
    assert "| `on`, may | `true` or `false` | Now. |" in lines


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    assert list(table(("a", "b"), [("x|y", "z\nz")]))[2] == "| x&#124;y | z z |"
    assert list(table(("a",), [])) == []
