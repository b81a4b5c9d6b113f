"""Makes schemas say what others need: what a field means, and patterns as every language has them.

Owns: where a sentence stands in a schema. Does not know: the sentences, or which schemas there are.

Invariant (tests/documents/test_wording.py): a schema accepts and refuses the same as before.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from router.documents.wire_words import words_of

__all__ = ["add_words", "describe", "portable"]


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


def portable(part: Any) -> Any:  # noqa: ANN401 - JSON
    """The same with patterns as JSON Schema has them: ``^`` and ``$`` are the ends of a text."""
    if isinstance(part, dict):
        return {
            name: value.replace(r"\A", "^").replace(r"\Z", "$")
            if name == "pattern" and isinstance(value, str)
            else portable(value)
            for name, value in part.items()
        }
    return [portable(one) for one in part] if isinstance(part, list) else part
