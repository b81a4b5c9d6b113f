"""JSON Schema of the settings and of a policy, from the Structs that read them.

Owns: the documents, and what a file may spell that a Struct does not (``..._file``).
Does not know: relations between values (``fairline check`` finds those).

Invariants (tests/documents/test_settings_schema.py): the schema's own meta-schema accepts it; the
example is valid by it; every mistake of shape that ``fairline check`` finds is one by it, too;
``config/*.schema.json`` are what this makes.
"""

from typing import Any

import msgspec
from msgspec import Struct

from router.documents.settings_words import WORDS
from router.documents.wording import describe
from router.policy import Policy
from router.server.sections import Settings
from router.suggestions import field_types, plain

__all__ = ["policy_schema", "settings_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema() -> dict[str, Any]:
    """Of a ``fairline.toml``; other files may be merged with it, so nothing need be in it."""
    found = _schema(Settings, "Settings of Fairline")
    _let_files_in(found["$defs"])
    return found


def policy_schema() -> dict[str, Any]:
    """Of a policy, as ``policy.set`` and ``PUT /v1/policy`` take it."""
    return _schema(Policy, "Policy of a tenant of Fairline")


def _schema(kind: type[Struct], title: str) -> dict[str, Any]:
    (schema,), defs = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    for struct, words in WORDS.items():
        if struct.__name__ in defs:
            for key, sentence in words.items():
                describe(defs[struct.__name__]["properties"], key, sentence)
    return {"$schema": DIALECT, "title": title, **schema, "$defs": defs}


def _let_files_in(defs: dict[str, Any]) -> None:
    """Any text may stand in a file of its own: ``secret_file`` in place of ``secret``."""
    for struct in WORDS:
        if struct.__name__ not in defs:
            continue
        schema = defs[struct.__name__]
        kinds = field_types(struct).items()
        texts = [key for key, kind in kinds if plain(kind) is str and not key.endswith("_file")]
        for key in texts:
            if f"{key}_file" not in schema["properties"]:
                schema["properties"][f"{key}_file"] = {
                    "type": "string",
                    "description": f"A file to read `{key}` from.",
                }
        required = schema.get("required", [])
        schema["required"] = [key for key in required if key not in texts]
        either = [
            {"anyOf": [{"required": [key]}, {"required": [f"{key}_file"]}]}
            for key in required
            if key in texts
        ]
        if either:
            schema["allOf"] = either
