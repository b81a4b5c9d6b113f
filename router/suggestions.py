"""Checks a raw tree of settings against its Struct and finds every mistake at once.

Owns: the walk along a Struct's annotations, "did you mean", the sentences an operator reads.
Does not know: files, environment, what a setting does, or how settings relate to each other.

Invariants: a tree without a mistake here converts with ``msgspec.convert``; no sentence repeats a
value that may be a secret (a value is only quoted where a fixed choice of words was expected).

msgspec alone stops at the first mistake and names one path; an operator with five mistakes would
start the server six times.
"""

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

__all__ = [
    "TOLD_CHARS_MAX",
    "TOLD_MAX",
    "Mistake",
    "all_mistakes",
    "did_you_mean",
    "field_types",
    "in_one_line",
    "mistakes",
    "plain",
    "sound",
]

Mistake = tuple[str, str]
"""(path of the key, sentence that says what is wrong and how to mend it)."""

TOLD_MAX = 20
TOLD_CHARS_MAX = 400
"""Of one mistake, whose path and value may be as long as whoever wrote them liked."""
KNOWN_MAX = 15
"""So many keys are named where none is near: more are no hint but a reference."""

_WORDS = {
    "`int`": ("a whole number", "a whole number"),
    "`float`": ("a number", "a fraction"),
    "`str`": ('text in quotes, like "..."', "text"),
    "`bool`": ("true or false", "true or false"),
    "`array`": ("a list, like [...]", "a list"),
    "`object`": ("a table, like {...}", "a table"),
}
_LIMITS = (
    (re.compile(r" of length >= 1$"), " that is not empty"),
    (re.compile(r" of length >= (\d+)$"), r" of \1 characters or more"),
    (re.compile(r" of length <= (\d+)$"), r" of at most \1 characters"),
    (re.compile(r" >= (-?\d+)$"), r", \1 or more"),
    (re.compile(r" <= (-?\d+)$"), r", at most \1"),
    (re.compile(r" matching regex '\^\[A-Za-z0-9\].*$"), " of letters, digits and . _ -, up to 64"),
)
"""How msgspec spells a limit, and how people do."""

_NO_TEXT = "the name of a key must be text"
"""MessagePack allows others; files and JSON do not."""

_LEAF_PATH = re.compile(r" - at `(key in )?\$(?P<path>[^`]*)`$")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The tail of a sentence: `` (did you mean "x"?)``, or nothing where no word is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f' (did you mean "{near[0]}"?)' if near else ""


@cache
def field_types(kind: type[Struct]) -> Mapping[str, Any]:
    """The fields of a Struct as they are spelt in files, with their annotations."""
    hints = get_type_hints(kind, include_extras=True)
    spelt = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return types.MappingProxyType({encoded: hints[name] for name, encoded in spelt})


@cache
def _required(kind: type[Struct]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(kind) if field.required)


def mistakes(value: object, annotation: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401 - a type form
    """Yields every mistake below ``path``: unknown and missing keys, wrong types and ranges."""
    kind = plain(annotation)
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield from _table(value, kind, path)
    elif get_origin(kind) is dict:
        yield from _mapping(value, kind, path)
    elif get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        yield from _list(value, kind, path)
    else:
        yield from _leaf(value, annotation, path)


def all_mistakes(value: object, annotation: Any, path: str) -> str:  # noqa: ANN401
    """The mistakes in one line, as a refusal tells them; empty: none.

    Behind ``TOLD_MAX`` of them nothing is looked at any more.
    """
    return in_one_line(mistakes(value, annotation, path))


def in_one_line(some: Iterable[Mistake]) -> str:
    """Mistakes as a refusal tells them; no more of them are looked for than are told."""
    found = list(islice(some, TOLD_MAX + 1))
    told = [f"{where}: {sentence}"[:TOLD_CHARS_MAX] for where, sentence in found[:TOLD_MAX]]
    return "; ".join([*told, "and more"] if len(found) > TOLD_MAX else told)


def sound(value: object, annotation: Any) -> Any:  # noqa: ANN401 - a raw tree
    """The part of a raw tree that converts: what has a mistake is left out, or stood in for.

    Lists keep their length, so that a path into the sound part is a path into the whole.
    """
    kind = plain(annotation)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _sound_table(value, kind)
    if get_origin(kind) is dict:
        key_type, value_type = get_args(kind)
        items = value.items() if isinstance(value, Mapping) else ()
        named = {key: sound(inner, value_type) for key, inner in items if _converts(key, key_type)}
        return {key: inner for key, inner in named.items() if inner is not _WRONG}
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        inner_type = get_args(kind)[0]
        found = [sound(inner, inner_type) for inner in (value if isinstance(value, list) else ())]
        return [_stand_in(inner_type) if inner is _WRONG else inner for inner in found]
    return value if _converts(value, annotation) else _WRONG


_WRONG = object()
"""Stands for a value that does not convert."""
_STAND_INS = ("??", "stands-in", 1, False)
"""One of them converts to whatever must not be left out, and is nobody's name."""


def _sound_table(value: object, kind: type[Struct]) -> dict[str, Any]:
    table = value if isinstance(value, Mapping) else {}
    fields = field_types(kind)
    found = {key: sound(table[key], fields[key]) for key in fields if key in table}
    kept = {key: inner for key, inner in found.items() if inner is not _WRONG}
    for key in _required(kind):
        kept.setdefault(key, _stand_in(fields[key]))
    return kept


def _stand_in(annotation: Any) -> Any:  # noqa: ANN401
    kind = plain(annotation)
    if get_origin(kind) in (dict, tuple) or (isinstance(kind, type) and issubclass(kind, Struct)):
        return sound(None, kind)
    candidates = (*_choices(annotation), *_STAND_INS)
    return next(one for one in candidates if _converts(one, annotation))


def _converts(value: object, annotation: Any) -> bool:  # noqa: ANN401
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        return False
    return True


def plain(annotation: Any) -> Any:  # noqa: ANN401
    """Takes away ``Annotated``, and ``| None``, which no file can spell."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        some = [arm for arm in get_args(annotation) if arm is not type(None)]
        return plain(some[0]) if len(some) == 1 else annotation
    return annotation


def _table(value: object, kind: type[Struct], path: str) -> Iterator[Mistake]:
    if not isinstance(value, Mapping):
        yield path, f"this must be a table of keys, not {_spoken(value)}"
        return
    fields = field_types(kind)
    for key, inner in value.items():
        where = f"{path}.{key}" if path else f"{key}"
        if not isinstance(key, str):
            yield where, _NO_TEXT
        elif key in fields:
            yield from mistakes(inner, fields[key], where)
        else:
            yield where, _unknown(key, fields)
    for key in _required(kind):
        if key not in value:
            yield (f"{path}.{key}" if path else key), "this key is missing; add it"


def _unknown(key: str, fields: Mapping[str, Any]) -> str:
    hint = did_you_mean(key, fields)
    if hint:
        return f"there is no such key{hint}"
    first, rest = sorted(fields)[:KNOWN_MAX], len(fields) - KNOWN_MAX
    more = f" and {rest} more" if rest > 0 else ""
    return f"there is no such key; known here are {', '.join(first)}{more}"


def _mapping(value: object, kind: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401
    if not isinstance(value, Mapping):
        yield path, f"this must be a table of names, not {_spoken(value)}"
        return
    key_type, value_type = get_args(kind)
    for key, inner in value.items():
        where = f"{path}.{key}"
        if not isinstance(key, str):
            yield where, _NO_TEXT
            continue
        yield from _leaf(key, key_type, where)
        yield from mistakes(inner, value_type, where)


def _list(value: object, kind: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401
    if not isinstance(value, list):
        yield path, f"this must be a list in square brackets, not {_spoken(value)}"
        return
    for index, inner in enumerate(value):
        yield from mistakes(inner, get_args(kind)[0], f"{path}[{index}]")


def _leaf(value: object, annotation: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401
    choices = _choices(annotation)
    if choices and isinstance(value, str):
        if value not in choices:
            known = [word for word in choices if word]
            yield path, f"{value!r} is none of {', '.join(known)}{did_you_mean(value, known)}"
        return
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        text = str(error)
        inner = _LEAF_PATH.search(text)
        yield path + (inner["path"] if inner else ""), _sentence(_LEAF_PATH.sub("", text))


def _choices(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401
    kind = plain(annotation)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _sentence(text: str) -> str:
    """Turns msgspec's words into the operator's: "must be a whole number, not text"."""
    text = text.replace(" | null`", "`")  # which may as well be left out
    expected, _, got = text.replace("Expected ", "this must be ", 1).partition(", got ")
    for name, (long, short) in _WORDS.items():
        expected = expected.replace(name, long)
        got = got.replace(name, short)
    for spelt, spoken in _LIMITS:
        expected = spelt.sub(spoken, expected)
    return f"{expected}, not {got}" if got else expected


def _spoken(value: object) -> str:
    kinds = {dict: "a table", list: "a list", str: "text", bool: "true or false"}
    return kinds.get(type(value), "a number")
