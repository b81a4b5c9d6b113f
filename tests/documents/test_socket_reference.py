"""The page of messages beside the document that it is made from."""

import re
from typing import Any

import msgspec

from router.documents.asyncapi import asyncapi
from router.documents.socket_reference import socket_reference

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asyncapi()))
PAGE = socket_reference(DOCUMENT, "# Head")


def test_every_message_and_part_is_there_once_with_its_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    told = re.findall(r"^### `\S+` { #(\S+) }", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(schemas)
    for key, schema in schemas.items():
        section = PAGE.partition(f" {{ #{key} }}\n")[2].partition("\n### ")[0]
        is_message = key in DOCUMENT["components"]["messages"]
        for name in schema["properties"]:
            assert (f"| `{name}`" in section) != (is_message and name == "t"), f"{key}.{name}"


def test_it_begins_as_told_and_every_link_leads_somewhere() -> None:
    assert PAGE.startswith("# Head\n## To the server")
    wanted = set(re.findall(r"\(#([\w.]+)\)", PAGE))
    assert wanted
    assert wanted <= set(re.findall(r"{ #(\S+) }", PAGE))
