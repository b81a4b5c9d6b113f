"""A policy as TOML, for the settings' file.

Owns: the text. Does not know: where a policy comes from, or where the text goes.

Invariant (tests/server/test_policy_text.py): what ``tomllib`` reads of the text is the policy that
was written; what is as it is by default is left out.

``fairline init`` and the reference write a queue, a rule, a brand and an agent as a table of its
own, and everything else in one line; so does this, and a file that was pulled looks like one that
was written by hand.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import NODEFAULT, Struct

from router.policy import Policy

__all__ = ["policy_toml"]

WIDTH = 100
"""A list that would make a longer line has an entry a line."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def policy_toml(policy: Policy, tenant: str = "") -> str:
    """The text, under ``tenants.NAME.policy`` where a tenant is named, else on its own."""
    head = f"tenants.{_key(tenant)}.policy" if tenant else ""
    told = dict(_told(policy))
    entries = {
        name: value for name, value in told.items() if isinstance(value, tuple) and _have_ids(value)
    }
    lines = [f"[{head}]"] if head else []
    lines += [_line(name, value) for name, value in told.items() if name not in entries]
    for name, listed in entries.items():
        for entry in listed:
            lines += ["", f"[[{head}.{name}]]" if head else f"[[{name}]]"]
            lines += [_line(key, value) for key, value in _told(entry)]
    return "\n".join(lines) + "\n"


def _told(of: Struct) -> Iterator[tuple[str, object]]:
    """The fields that are not as they are by default, under the names that files have."""
    for field in msgspec.structs.fields(of):
        value = getattr(of, field.name)
        if field.default is not NODEFAULT:
            default = field.default
        elif field.default_factory is not NODEFAULT:
            default = field.default_factory()
        else:
            default = NODEFAULT
        if value != default and value is not None:
            yield field.encode_name, value


def _have_ids(entries: tuple[object, ...]) -> bool:
    """Whether all are things with ids, each of which is a table."""
    known = [isinstance(one, Struct) and "id" in one.__struct_fields__ for one in entries]
    return bool(known) and all(known)


def _line(name: str, value: object) -> str:
    line = f"{_key(name)} = {_value(value)}"
    if len(line) <= WIDTH or not isinstance(value, tuple):
        return line
    return "\n".join([f"{_key(name)} = [", *(f"  {_value(one)}," for one in value), "]"])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Struct):
        return _value(dict(_told(value)))
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {_value(one)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else str(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A basic string: JSON's, but for the one control character that JSON lets stand."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
