"""The page of all HTTP calls, from the OpenAPI document.

Owns: the page. Does not know: which calls there are, or what they do.

Invariant (tests/documents/test_http_reference.py): every operation, parameter, status and schema of
the document is in it; ``docs/reference/http.md`` is what this makes.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from router.documents.schema_tables import Document, kind_words, schema_section, table

__all__ = ["http_reference"]

_HEAD = """\
# Every HTTP call

This page is made from `/v1/openapi.json`, as any server serves it, and a test compares the two;
[`openapi.json`](openapi.json) is the same as a file, for generators of clients. How calls go
together is in [Call it from a back end](../http.md), what the server posts by itself in
[Telling other systems](../webhooks.md).

Every call but those marked *open* needs `Authorization: Bearer TOKEN`. Bodies are JSON; a name
that the server does not know is refused. Every refusal has [the protocol's error](#Error) under
`err`. Below, *may* marks what need not be there.
"""


def http_reference(document: Document, head: str = _HEAD) -> str:
    """The page, as Markdown, below words that say where its reader is."""
    lines = [head]
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
    lines += _posted(document["webhooks"])
    refusals = document["components"]["responses"].items()
    lines += ["## Refusals { #refusals }", ""]
    lines += _statuses((name[-3:], told) for name, told in refusals)
    lines += ["## Bodies and answers { #bodies }", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += schema_section(name, schema)
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
    yield from table(
        ("parameter", "in", "kind", ""),
        (
            (
                f"`{one['name']}`",
                one["in"] if one.get("required") else f"{one['in']}, may",
                kind_words(one["schema"]),
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


def _posted(webhooks: Document) -> Iterator[str]:
    """What the server calls itself; headers and answers are those of all."""
    told = {kind: methods["post"] for kind, methods in webhooks.items()}
    one = next(iter(told.values()))
    yield "## What webhooks are posted { #posted }"
    yield ""
    yield "The server calls you; what it posts is signed, as Standard Webhooks have it."
    yield ""
    headers = ((f"`{each['name']}`", each["description"]) for each in one["parameters"])
    yield from table(("header", ""), headers)
    answers = ((code, answer["description"]) for code, answer in one["responses"].items())
    yield from table(("your answer", ""), answers)
    for kind, each in told.items():
        yield f"### `{kind}` {{ #{each['operationId']} }}"
        yield ""
        yield each["summary"]
        yield ""
        yield f"Body: {_content(each['requestBody'])}."
        yield ""


def _statuses(answers: Iterable[tuple[str, Document]]) -> Iterator[str]:
    yield from table(
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
    return " or ".join(_one_content(kind, schema) for kind, schema in found.items())


def _one_content(kind: str, schema: Document) -> str:
    words = "[error](#Error)" if "err" in schema.get("properties", {}) else kind_words(schema)
    return words if kind == "application/json" else f"{words} (`{kind}`)"
