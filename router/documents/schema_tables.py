"""Schemas of the two documents as tables, in Markdown.

Owns: the words for what a JSON Schema of ours lets through. Does not know: calls or messages.

Invariant (tests/documents/test_schema_tables.py): every word of a schema that bounds a value has
words here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["Document", "kind_words", "schema_section", "table"]

_PLAIN: Mapping[object, str] = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "null",
}
Document = Mapping[str, Any]


def schema_section(name: str, schema: Document, anchor: str = "") -> Iterator[str]:
    """A named schema: heading, what it is, its fields."""
    yield f"### `{name}` {{ #{anchor or name} }}"
    yield ""
    yield " ".join(schema.get("description", "").replace("``", "`").split())
    yield ""
    if "properties" not in schema:
        yield f"{kind_words(schema).capitalize()}."
        yield ""
        return
    required = schema.get("required", ())
    yield from table(
        ("field", "kind", ""),
        (
            (
                f"`{key}`" if key in required else f"`{key}`, may",
                kind_words(part),
                part.get("description", ""),
            )
            for key, part in schema["properties"].items()
        ),
    )


def kind_words(schema: Document) -> str:
    """What may stand there, in words."""
    if "$ref" in schema:
        return f"[{_last(schema['$ref'])}](#{_last(schema['$ref'])})"
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            arms = [kind_words(arm) for arm in schema[word] if arm.get("type") != "null"]
            or_null = " or null" if len(arms) < len(schema[word]) else ""
            return " or ".join(dict.fromkeys(arms)) + or_null
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    match schema.get("type"):
        case "array":
            held = schema.get("prefixItems") or [schema.get("items") or {}]
            words = f"list: {' and '.join(map(kind_words, held))}"
        case "object":
            words = f"object: {kind_words(schema.get('additionalProperties') or {})}"
        case kind:
            words = _PLAIN.get(kind, "anything")
    return ", ".join([words, *_limits(schema)])


def _limits(schema: Document) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None:
        yield f"{least} to {most}" if most is not None and most < 2**53 - 1 else f"{least} or more"
    for many, of in (("Length", "characters"), ("Items", "entries"), ("Properties", "entries")):
        if f"max{many}" in schema:
            few = schema.get(f"min{many}")
            yield f"{f'{few} to' if few else 'at most'} {schema[f'max{many}']} {of}"


def _last(reference: str) -> str:
    return reference.rsplit("/", 1)[1]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table; nothing where it has no rows."""
    told = list(rows)
    if not told:
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for cells in told:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', '&#124;') for cell in cells)} |"
    yield ""
