"""The page of all HTTP calls, from the OpenAPI document.

Owns: the page. Does not know: which calls there are, or what they do.

Invariant (tests/documents/test_http_reference.py): every operation, parameter, status and schema of
the document is in it; ``docs/reference/http.md`` is what this makes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["http_reference"]

_HEAD = """\
# Every HTTP call

This page is made from `/v1/openapi.json`, as any server serves it, and a test compares the two;
[`openapi.json`](openapi.json) is the same as a file, for generators of clients. How calls go
together is in [Call it from a back end](../http.md).

Every call but those marked *open* needs `Authorization: Bearer TOKEN`. Bodies are JSON; a name
that the server does not know is refused. Every refusal has [the protocol's error](#Error) under
`err`. Below, *may* marks what need not be there.
"""
_PLAIN: Mapping[object, str] = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "null",
}
Document = Mapping[str, Any]


def http_reference(document: Document) -> str:
    """The page, as Markdown."""
    lines = [_HEAD]
    group = ""
    for path, methods in _by_group(document["paths"]):
        word = _group(path)
        if word != group:
            group = word
            lines += [f"## /v1/{word} {{ #{word} }}", ""]
        for method, told in methods.items():
            if method != "parameters":
                shared = methods.get("parameters", [])
                lines += _operation(f"{method.upper()} {path}", told, shared)
    refusals = document["components"]["responses"].items()
    lines += ["## Refusals", "", *_statuses((name[-3:], told) for name, told in refusals)]
    lines += ["## Bodies and answers", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _schema(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _by_group(paths: Document) -> list[tuple[str, Any]]:
    """The paths, those of one word together, in the order in which the words come first."""
    order = list(dict.fromkeys(_group(path) for path in paths))
    return sorted(paths.items(), key=lambda one: order.index(_group(one[0])))


def _group(path: str) -> str:
    return path.removeprefix("/v1/").partition("/")[0]


# -- one call ----------------------------------------------------------------------------------


def _operation(name: str, told: Document, shared: list[Document]) -> Iterator[str]:
    yield f"### `{name}` {{ #{told['operationId']} }}"
    yield ""
    is_open = told.get("security") == []
    words = [told["summary"], told.get("description", ""), "*Open.*" if is_open else ""]
    yield " ".join(word for word in words if word)
    yield ""
    parameters = [*shared, *told.get("parameters", [])]
    yield from _table(
        ("parameter", "in", "kind", ""),
        (
            (
                f"`{one['name']}`",
                one["in"] if one.get("required") else f"{one['in']}, may",
                _kind(one["schema"]),
                one.get("description", ""),
            )
            for one in parameters
        ),
    )
    if "requestBody" in told:
        yield f"Body: {_content(told['requestBody'])}."
        yield ""
    answers = sorted(told["responses"].items())
    yield from _statuses((code, one) for code, one in answers if "$ref" not in one)
    if refused := [f"[{code}](#refusals)" for code, one in answers if "$ref" in one]:
        yield f"Refused as {', '.join(refused)}."
        yield ""


def _statuses(answers: Iterable[tuple[str, Document]]) -> Iterator[str]:
    yield from _table(
        ("status", "with", "header", ""),
        (
            (
                code,
                _content(told),
                ", ".join(f"`{name}`" for name in told.get("headers", {})),
                told["description"],
            )
            for code, told in answers
        ),
    )


def _content(told: Document) -> str:
    found = {kind: part["schema"] for kind, part in told.get("content", {}).items()}
    if not found:
        return ""
    ((kind, schema),) = found.items()
    words = "[error](#Error)" if "err" in schema.get("properties", {}) else _kind(schema)
    return words if kind == "application/json" else f"{words} (`{kind}`)"


# -- schemas -----------------------------------------------------------------------------------


def _schema(name: str, schema: Document) -> Iterator[str]:
    yield f"### `{name}` {{ #{name} }}"
    yield ""
    yield " ".join(schema.get("description", "").replace("``", "`").split())
    yield ""
    if "properties" not in schema:
        yield f"{_kind(schema).capitalize()}."
        yield ""
        return
    required = schema.get("required", ())
    yield from _table(
        ("field", "kind", ""),
        (
            (
                f"`{key}`" if key in required else f"`{key}`, may",
                _kind(part),
                part.get("description", ""),
            )
            for key, part in schema["properties"].items()
        ),
    )


def _kind(schema: Document) -> str:
    """What may stand there, in words."""
    if "$ref" in schema:
        return f"[{_last(schema['$ref'])}](#{_last(schema['$ref'])})"
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            arms = [_kind(arm) for arm in schema[word] if arm.get("type") != "null"]
            or_null = " or null" if len(arms) < len(schema[word]) else ""
            return " or ".join(dict.fromkeys(arms)) + or_null
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    match schema.get("type"):
        case "array":
            words = f"list: {_kind(schema.get('items', {}))}"
        case "object":
            words = f"object: {_kind(schema.get('additionalProperties') or {})}"
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


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    told = list(rows)
    if not told:
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for cells in told:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', '&#124;') for cell in cells)} |"
    yield ""
