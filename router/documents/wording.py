"""Puts the sentences of fields into schemas, so that both documents say what a field means.

Owns: where a sentence stands in a schema. Does not know: the sentences, or which schemas there are.

Invariant (tests/documents/test_wording.py): a schema with sentences accepts and refuses the same as
without them.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from router.documents.wire_words import words_of

__all__ = ["add_words", "describe"]


def add_words(schemas: dict[str, Any], kinds: Iterable[type[Struct]]) -> None:
    """Adds to each schema that is one of these Structs what its fields mean."""
    for kind in kinds:
        properties = schemas.get(kind.__name__, {}).get("properties", {})
        for name, sentence in words_of(kind).items():
            if name in properties:
                describe(properties, name, sentence)


def describe(properties: dict[str, Any], name: str, sentence: str) -> None:
    """Says what one property means."""
    told = properties[name]
    if "$ref" in told:  # beside which older readers read nothing
        told = properties[name] = {"allOf": [{"$ref": told.pop("$ref")}], **told}
    told["description"] = sentence
