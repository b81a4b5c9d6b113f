"""What differs between two values of one Struct: the path of each change, the old and the new.

Owns: the walk through both, and how many changes are told. Does not know: what a value means, who
changed it.

Invariants (tests/test_changes.py): equal values differ nowhere, unequal ones somewhere; entries of
a list that have an ``id`` are told by it, so that one that was added or taken away is one change;
where only their order differs, that is the change.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec import UNSET, Struct

__all__ = ["CHANGES_MAX", "Change", "changes", "spoken"]

CHANGES_MAX = 200
"""So many are told at most; a policy that changed in more places was written anew."""

VALUE_MAX = 200


class Change(Struct, frozen=True):
    """One value that is another now; None where there was or is none."""

    path: str
    old: Any
    new: Any


def changes(old: Struct, new: Struct) -> tuple[Change, ...]:
    """What differs, in the order of the fields; at most ``CHANGES_MAX``."""
    return tuple(islice(_walk("", old, new), CHANGES_MAX))


def spoken(found: tuple[Change, ...]) -> str:
    """The changes in one line for people, long values cut."""
    return "; ".join(f"{one.path}: {_short(one.old)} -> {_short(one.new)}" for one in found)


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}..."


def _walk(path: str, old: object, new: object) -> Iterator[Change]:
    if old == new:
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None or type(old) is not type(new):
        yield Change(path, _plain(old), _plain(new))
        return
    start = f"{path}." if path else ""
    moved = True
    for name in (*before, *(name for name in after if name not in before)):
        for change in _walk(f"{start}{name}", before.get(name), after.get(name)):
            moved = False
            yield change
    if moved and isinstance(old, tuple):  # the same entries in another order: queues have one
        yield Change(path, list(before), list(after))


def _parts(value: object) -> Mapping[str, object] | None:
    """The named parts of a value; None for what is told whole."""
    if isinstance(value, Struct):
        spelt = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {told: getattr(value, name) for told, name in spelt}
    if isinstance(value, Mapping):
        return {str(key): inner for key, inner in value.items()}
    if isinstance(value, tuple) and all(hasattr(one, "id") for one in value):
        named = {str(one.id): one for one in value}
        return named if len(named) == len(value) else None
    return None


def _plain(value: object) -> object:
    return None if value is UNSET else msgspec.to_builtins(value, str_keys=True)
