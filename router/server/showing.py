"""The settings in force, one value a line, and where each comes from.

Owns: the list, and that no secret is in it. Does not know: how values are read or checked.

Invariants (tests/server/test_showing.py): every value of the settings is in the list once; a secret
is there by its name alone, and an address without its query and without a name or password.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from router.server.sections import Settings
from router.server.sources import Sources
from router.suggestions import field_types, plain

__all__ = ["HIDDEN_VALUE", "Shown", "show", "without_secrets"]

HIDDEN_VALUE = "(secret)"


class Shown(Struct, frozen=True):
    """One value; ``source`` is a file with its line, a variable, or "default"."""

    key: str
    value: Any
    source: str


def show(settings: Settings, sources: Sources) -> Iterator[Shown]:
    """Every value, in the order of the sections."""
    for path, value, mark in _walk("", settings, Settings):
        source = sources.source_of(path) or "default"
        yield Shown(path, _HIDE[mark](value) if mark and value else value, source)


def without_secrets(address: str) -> str:
    """An address as people may see it: where it leads, not what lets somebody in there."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN_VALUE
    user, at, place = parts.netloc.rpartition("@")
    shown = parts._replace(
        netloc=f"{user and HIDDEN_VALUE}{at}{place}",
        query=parts.query and HIDDEN_VALUE,
        fragment=parts.fragment and HIDDEN_VALUE,
    )
    return shown.geturl()


_HIDE: Mapping[str, Callable[[Any], str]] = {
    "secret": lambda _: HIDDEN_VALUE,
    "address": without_secrets,
}
"""How a value is shown whose setting has one of these marks."""


def _walk(path: str, value: object, annotation: Any) -> Iterator[tuple[str, object, str]]:  # noqa: ANN401
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
        yield path, told, _mark_of(annotation)


def _mark_of(annotation: Any) -> str:  # noqa: ANN401
    metas = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    extras = [meta.extra or {} for meta in metas if isinstance(meta, Meta)]
    return next((mark for mark in _HIDE if any(extra.get(mark) for extra in extras)), "")
