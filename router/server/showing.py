"""The settings in force, one value a line, and where each comes from.

Owns: the list, and that no secret is in it. Does not know: how values are read or checked.

Invariants (tests/server/test_showing.py): every value of the settings is in the list once; a secret
is there by its name alone.
"""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from router.server.sections import Settings
from router.server.sources import Sources
from router.suggestions import field_types, plain

__all__ = ["HIDDEN_VALUE", "Shown", "show"]

HIDDEN_VALUE = "(secret)"


class Shown(Struct, frozen=True):
    """One value; ``source`` is a file with its line, a variable, or "default"."""

    key: str
    value: Any
    source: str


def show(settings: Settings, sources: Sources) -> Iterator[Shown]:
    """Every value, in the order of the sections."""
    for path, value, is_secret in _walk("", settings, Settings):
        source = sources.source_of(path) or "default"
        yield Shown(path, HIDDEN_VALUE if is_secret and value else value, source)


def _walk(path: str, value: object, annotation: Any) -> Iterator[tuple[str, object, bool]]:  # noqa: ANN401
    kind = plain(annotation)
    start = f"{path}." if path else ""
    if isinstance(value, Struct):
        hints = field_types(type(value))
        spelt = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        for key, name in spelt:
            yield from _walk(f"{start}{key}", getattr(value, name), hints[key])
    elif isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(f"{start}{key}", inner, get_args(kind)[1])
    elif isinstance(value, tuple) and any(isinstance(one, Struct) for one in value):
        for index, one in enumerate(value):
            yield from _walk(f"{path}[{index}]", one, get_args(kind)[0])
    else:
        told = None if value is msgspec.UNSET else msgspec.to_builtins(value)
        yield path, told, _is_secret(annotation)


def _is_secret(annotation: Any) -> bool:  # noqa: ANN401
    metas = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return any(isinstance(meta, Meta) and (meta.extra or {}).get("secret") for meta in metas)
