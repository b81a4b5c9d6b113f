"""The page of all messages of the socket, from the AsyncAPI document.

Owns: the page, as a server shows it. Does not know: which messages there are, or what they do; the
site's page with the rules between them is ``protocol_reference``.

Invariant (tests/documents/test_socket_reference.py): every message and schema of the document is in
it, with every field.
"""

from collections.abc import Iterator

import msgspec

from router.documents.schema_tables import Document, schema_section

__all__ = ["socket_reference"]

_SIDES = {"ToServer": "To the server", "FromServer": "From the server"}


def socket_reference(document: Document, head: str) -> str:
    """The page, as Markdown."""
    lines = [head]
    messages, schemas = document["components"]["messages"], document["components"]["schemas"]
    for side, title in _SIDES.items():
        lines += [f"## {title} {{ #{side} }}", ""]
        for key in (key for key in messages if key.startswith(f"{side}.")):
            lines += _message(messages[key], schemas[key], key)
    lines += ["## Parts { #parts }", ""]
    for key in sorted(schemas.keys() - messages.keys()):
        lines += schema_section(key, schemas[key])
    return "\n".join(lines).rstrip() + "\n"


def _message(message: Document, schema: Document, key: str) -> Iterator[str]:
    kept = {name: part for name, part in schema["properties"].items() if name != "t"}
    yield from schema_section(message["name"], {**schema, "properties": kept}, key)
    for example in message.get("examples", ()):
        text = msgspec.json.encode(example["payload"])
        yield from ("```json", msgspec.json.format(text, indent=2).decode(), "```", "")
