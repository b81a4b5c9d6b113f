"""What may stand in a field, in words for people, from the annotation of a Struct.

Owns: the words for types, ranges and defaults. Does not know: what a field means, or any page.

Invariant (tests/documents/test_kinds.py): whatever a Struct of ours may hold has words here; a type
without any is an error when the page is made, not a gap in it.
"""

import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from router.fields import ID_MAX

__all__ = ["default_of", "kind_of", "structs_in"]

_NOTHING = {type(None), msgspec.UnsetType}
_PLAIN = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "`true` or `false`",
    Any: "anything",
}


def kind_of(
    annotation: Any,  # noqa: ANN401 - a type form
    struct: Callable[[type[Struct]], str],
    mapping: str = "table",
) -> str:
    """What may stand there.

    Args:
        annotation: The field's.
        struct: The words for one of our Structs.
        mapping: The word for a mapping: TOML has tables, JSON has objects.

    Raises:
        KeyError: A type that nothing here has words for.
    """
    origin, arms = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        held = get_origin(arms[0])
        limits = [
            part for meta in arms[1:] if isinstance(meta, Meta) for part in _limits(meta, held)
        ]
        return ", ".join([kind_of(arms[0], struct, mapping), *limits])
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in arms if word)
    if origin in (Union, types.UnionType):
        held = [kind_of(arm, struct, mapping) for arm in arms if arm not in _NOTHING]
        return " or ".join(dict.fromkeys(held))
    if origin is tuple:
        return f"list: {' and '.join(kind_of(a, struct, mapping) for a in arms if a is not ...)}"
    if origin is dict:
        return f"{mapping}: {kind_of(arms[1], struct, mapping)}"
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return struct(annotation)
    return _PLAIN[annotation]


def _limits(meta: Meta, held: object) -> Iterator[str]:
    if meta.ge is not None and meta.le is not None and meta.le < ID_MAX:
        yield f"{meta.ge} to {meta.le}"
    elif meta.ge is not None:
        yield f"{meta.ge} or more"
    if meta.max_length is not None:
        of = "entries" if held in (tuple, dict) else "characters"
        least = f"{meta.min_length} to " if meta.min_length else "at most "
        yield f"{least}{meta.max_length} {of}"


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """What counts where a field is left out; empty for nothing."""
    if field.required:
        return "must be there"
    made = field.default
    if made is msgspec.NODEFAULT:
        made = field.default_factory()  # a field has one of the two
    plain = None if made is msgspec.UNSET else msgspec.to_builtins(made)
    if plain is None or isinstance(made, Struct):
        return "" if plain is None else "as below"
    return f"`{msgspec.json.encode(plain).decode()}`"


def structs_in(annotation: Any) -> Iterator[type[Struct]]:  # noqa: ANN401 - a type form
    """The Structs that stand in an annotation, in order."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation
    for arm in get_args(annotation):
        yield from structs_in(arm)
