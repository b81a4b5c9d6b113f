"""JSON Schema of the socket's messages, for the types of the client library.

Owns: which Structs are the messages of each direction, and the names they get outside.
Does not know: how a message is encoded or answered.

``python -m router.documents.wire_schema FOLDER`` writes ``incoming.json`` and ``outgoing.json``.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from router import incoming, outgoing

__all__ = ["wire_schema", "write"]


def wire_schema(direction: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of every message of ``"incoming"`` or ``"outgoing"``.

    Raises:
        KeyError: ``direction`` is neither of them.
    """
    union = {"incoming": incoming.Incoming, "outgoing": outgoing.Outgoing}[direction]
    (schema,), components = msgspec.json.schema_components([union], ref_template="#/$defs/{name}")
    return {"title": direction.capitalize(), **schema, "$defs": components}


def write(folder: Path) -> None:
    """Writes both schemas into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for direction in ("incoming", "outgoing"):
        text = msgspec.json.format(msgspec.json.encode(wire_schema(direction)), indent=2)
        (folder / f"{direction}.json").write_bytes(text + b"\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
