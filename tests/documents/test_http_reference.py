"""The page of HTTP calls beside the document that it is made from."""

import re
from typing import Any

import msgspec
import pytest

from router.documents.http_reference import http_reference
from router.documents.openapi import openapi

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(openapi()))
PAGE = http_reference(DOCUMENT)
OPERATIONS = [
    (f"{method.upper()} {path}", told)
    for path, methods in DOCUMENT["paths"].items()
    for method, told in methods.items()
    if method != "parameters"
]


def test_every_operation_is_there_once() -> None:
    told = re.findall(r"^### `([A-Z]+ /v1/\S+)` ", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(name for name, _ in OPERATIONS)


@pytest.mark.parametrize(("name", "told"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_each_has_its_parameters_and_statuses(name: str, told: dict[str, Any]) -> None:
    section = PAGE.partition(f"### `{name}` ")[2].partition("\n### ")[0]
    for parameter in told.get("parameters", []):
        assert f"| `{parameter['name']}` | {parameter['in']}" in section
    for code, answer in told["responses"].items():
        shown = f"[{code}](#refusals)" if "$ref" in answer else f"\n| {code} |"
        assert shown in section, code


def test_every_schema_is_there_with_its_fields_and_every_link_leads_somewhere() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        section = PAGE.partition(f"### `{name}` {{ #{name} }}")[2].partition("\n### ")[0]
        assert section, name
        for field in schema.get("properties", {}):
            assert f"| `{field}`" in section, f"{name}.{field}"
    wanted = set(re.findall(r"\(#(\w+)\)", PAGE))
    assert wanted <= set(re.findall(r"{ #(\w+) }", PAGE))
    assert "\n## Refusals {" in PAGE


def test_every_event_that_webhooks_are_posted_is_there_with_its_body() -> None:
    part = PAGE.partition("\n## What webhooks are posted {")[2].partition("\n## ")[0]
    for kind in DOCUMENT["webhooks"]:
        section = part.partition(f"### `{kind}` ")[2].partition("\n### ")[0]
        assert "Body: [Hook" in section, kind
    assert "| `webhook-signature` |" in part
