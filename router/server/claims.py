"""Claims as an operator types them: ``skills.billing=80 name=Ada teams=emea,apac``.

Owns: how NAME=VALUE becomes a claim of a token. Does not know: which claims a role needs, or
whether a value is in range (``router.server.auth`` checks what was signed).
"""

from collections.abc import Iterable

from router.errors import SettingsError
from router.suggestions import did_you_mean

__all__ = ["read_claims"]

_LEVELS = ("skills", "languages")
_LISTS = ("teams", "brands", "languages")
_TEXTS = ("name", "license", "class", "account")
_KNOWN = (*_LEVELS, "teams", "brands", *_TEXTS, "verified", "attributes")
_LISTED = f"; there are {', '.join(dict.fromkeys(_KNOWN))}"
_OPTIONS = {name: f"--{name}" for name in ("role", "sub", "tenant", "ttl")} | {"exp": "--ttl"}
"""What every token has, and who makes one says by an option."""


def read_claims(pairs: Iterable[str]) -> dict[str, object]:
    """Reads NAME=VALUE pairs.

    Raises:
        SettingsError: where a pair is not understood.
    """
    claims: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise SettingsError(f"{pair!r} is not NAME=VALUE, for example name=Ada")
        root, _, leaf = name.partition(".")
        if root not in _KNOWN:
            option = _OPTIONS.get(root)
            mend = f"; {option} says that" if option else did_you_mean(root, _KNOWN)
            raise SettingsError(f"there is no claim {root!r}{mend or _LISTED}")
        if leaf:
            _put(claims, root, leaf, value)
        else:
            claims[root] = _whole(root, value)
    return claims


def _put(claims: dict[str, object], root: str, leaf: str, value: str) -> None:
    if root in _LEVELS:
        if not value.isdecimal():
            raise SettingsError(f"{root}.{leaf} is a level: a number from 0 to 100")
        inner: object = int(value[:9])
    elif root == "attributes":
        inner = value
    else:
        raise SettingsError(f"{root!r} has nothing below it; write {root}={value}")
    table = claims.setdefault(root, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{root} is given as a list and by name; choose one")
    table[leaf] = inner


def _whole(root: str, value: str) -> object:
    if root in _LISTS:
        return [word for word in value.split(",") if word]
    if root in _TEXTS:
        return value
    if root == "verified":
        if value not in ("true", "false"):
            raise SettingsError("verified is true or false")
        return value == "true"
    raise SettingsError(f"{root} needs a name below it, for example {root}.billing=80")
