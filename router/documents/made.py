"""Every file of the repository that is made from the source, and what makes it.

Owns: the list. Does not know: what stands in any of them.

``python -m router.documents`` in a working copy (``make reference``) makes all of them anew. What
breaks others' clients is written only with a fragment in ``changelog.d/`` that names it.

Invariants (tests/test_house.py, tests/documents/test_made.py): each file is what this makes; a
document that breaks something is not renewed before the changelog says so.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from router.documents.asyncapi import asyncapi
from router.documents.breaking import Break, breaks
from router.documents.cli_reference import cli_reference
from router.documents.http_reference import http_reference
from router.documents.openapi import openapi
from router.documents.protocol_reference import filled
from router.documents.settings_reference import settings_reference
from router.documents.settings_schema import policy_schema, settings_schema
from router.server.cli import app

__all__ = ["MADE", "Untold", "make", "untold"]


class Untold(Exception):
    """A document would break clients, and no ``changelog.d/*.breaking.md`` says so."""


def _json(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _built(document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return msgspec.json.decode(msgspec.json.encode(document))


MADE: Mapping[str, Callable[[str], str]] = {
    "config/fairline.schema.json": lambda _: _json(settings_schema()),
    "config/policy.schema.json": lambda _: _json(policy_schema()),
    "docs/reference/asyncapi.json": lambda _: _json(asyncapi()),
    "docs/reference/cli.md": lambda _: cli_reference(app),
    "docs/reference/http.md": lambda _: http_reference(_built(openapi())),
    "docs/reference/openapi.json": lambda _: _json(openapi()),
    "docs/reference/protocol.md": filled,
    "docs/reference/settings.md": lambda _: settings_reference(),
}
"""By path what makes it, from what stands there: pages with words of people keep those."""


_NOT_YET = """\
{name} is not renewed, for this would break the clients of others:
{found}
If it is meant, say in changelog.d/WHAT.breaking.md what they have to do, with the name before the
colon between backticks (several in one fragment will do); then call this again."""


def untold(root: Path, before: str, after: str) -> list[Break]:
    """What the newer text of a document breaks, but for what a fragment names."""
    if not before.startswith("{"):
        return []
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    if not {"openapi", "asyncapi"} & old.keys():
        return []
    files = sorted((root / "changelog.d").glob("*.breaking.md"))
    told = "".join(file.read_text(encoding="utf-8") for file in files)
    return [one for one in breaks(old, new) if f"`{one.subject}`" not in told]


def make(root: Path) -> list[str]:
    """Writes what is not as it should be, and returns the paths.

    Raises:
        Untold: Nothing more was written; the text says what would break.
    """
    changed = []
    for name, made in MADE.items():
        file = root / name
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        after = made(before)
        if after != before:
            if found := untold(root, before, after):
                raise Untold(_NOT_YET.format(name=name, found="\n".join(map(str, found))))
            file.write_text(after, encoding="utf-8")
            changed.append(name)
    return changed
