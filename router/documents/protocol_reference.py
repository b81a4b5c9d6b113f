"""The tables on the protocol's page, from what the server runs on.

Owns: the tables between ``<!-- made: ... -->`` and ``<!-- end -->``. Does not know: the words
around them, which people write.

Invariants (tests/documents/test_protocol_reference.py): the page has every message of both
directions once, and every part of which they are made; ``docs/reference/protocol.md`` is what this
makes of itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import msgspec
from msgspec import Struct

from router import incoming, outgoing
from router.documents.examples import FROM_SERVER, TO_SERVER
from router.documents.kinds import default_of, kind_of, structs_in
from router.documents.schema_tables import table
from router.documents.settings_words import WORDS
from router.documents.wire_words import words_of
from router.fields import IncomingForm
from router.limits import ALLOWANCES
from router.rights import RELATIONS, TOPIC_ROLES
from router.server.pulse import liveness_of
from router.suggestions import field_types
from router.wishes import LanguageWish, SkillNeed

__all__ = ["filled", "messages", "parts"]

_REGION = re.compile(
    r"(<!-- made: (?P<what>[\w-]+)(?P<names>[^>]*?) -->\n).*?(<!-- end -->)", re.DOTALL
)
LINE_MAX = 120
_UNIONS = {"to-server": incoming.Incoming, "from-server": outgoing.Outgoing}


def filled(page: str) -> str:
    """The page with its tables as they are now.

    Raises:
        KeyError: It asks for a table, or a message, that there is none of.
    """

    def fill(found: re.Match[str]) -> str:
        made = "\n".join(_TABLES[found["what"]](found["names"].split()))
        return f"{found[1]}\n{made}\n{found[4]}"

    return _REGION.sub(fill, page)


def messages(direction: str) -> dict[str, type[Struct]]:
    """Every message of ``"to-server"`` or ``"from-server"``, by its type."""
    return {str(one.__struct_config__.tag): one for one in get_args(_UNIONS[direction])}


def parts() -> list[type[Struct]]:
    """The Structs of which messages are made, in the order in which they are met."""
    found: dict[type[Struct], None] = {}

    def add(kind: type[Struct]) -> None:
        for annotation in field_types(kind).values():
            for part in structs_in(annotation):
                if part not in found and part not in named and not _is_setting(part):
                    found[part] = None
                    add(part)

    named = {one for direction in _UNIONS for one in messages(direction).values()}
    for one in [one for direction in _UNIONS for one in messages(direction).values()]:
        add(one)
    return list(found)


def _is_setting(kind: type[Struct]) -> bool:
    """Whether it has its table among the settings."""
    return kind in WORDS and kind not in (LanguageWish, SkillNeed)


# -- messages and parts ------------------------------------------------------------------------


def _to_server(names: list[str]) -> Iterator[str]:
    known = messages("to-server")
    for name in names:
        kind = known[name]
        yield from _heading(name, "to", kind, f"For {_roles(RELATIONS[name])}.")
        rows = [(key, *cells) for key, *cells in _rows(kind) if (key, name) != ("id", name)]
        yield from table(("field", "kind", "if left out", ""), rows)
        yield from _example({"t": name, "id": 2, **TO_SERVER[name]})


def _from_server(names: list[str]) -> Iterator[str]:
    known = messages("from-server")
    for name in names:
        yield from _heading(name, "from", known[name])
        yield from table(("field", "kind", "there", ""), _rows(known[name]))
        yield from _example({"t": name, **FROM_SERVER[name]})


def _example(message: Mapping[str, Any]) -> Iterator[str]:
    """As JSON; short ones on a line."""
    text = msgspec.json.encode(message)
    shown = msgspec.json.format(text, indent=2 if len(text) > LINE_MAX else 0).decode()
    yield from ("<!-- parsed -->", "```json", shown, "```", "")


def _parts(_: list[str]) -> Iterator[str]:
    for kind in sorted(parts(), key=lambda one: one.__name__):
        yield from _heading(kind.__name__, "part", kind)
        head = "there" if _is_sent(kind) else "if left out"
        yield from table(("field", "kind", head, ""), _rows(kind))


def _heading(name: str, side: str, kind: type[Struct], more: str = "") -> Iterator[str]:
    said = " ".join((kind.__doc__ or "").split())
    yield f"### `{name}` {{ #{_anchor(side, name)} }}"
    yield ""
    yield " ".join(part for part in (said.replace("``", "`"), more) if part)
    yield ""


def _anchor(side: str, name: str) -> str:
    return f"{side}-{name.replace('.', '-')}"


def _rows(kind: type[Struct]) -> Iterator[tuple[str, ...]]:
    hints, words = field_types(kind), words_of(kind)
    if kind.__struct_config__.tag_field == "about":
        yield "`about`", f"`{kind.__struct_config__.tag}`", "always", "What is explained."
    for field in msgspec.structs.fields(kind):
        key = field.encode_name
        if key == "id" and issubclass(kind, IncomingForm) and field.required:
            continue  # said once, of all commands
        when = _there(kind, field) if _is_sent(kind) else default_of(field)
        yield f"`{key}`", kind_of(hints[key], _link, "object"), when, words[key]


def _is_sent(kind: type[Struct]) -> bool:
    """Whether it is the server that sends it."""
    return kind not in _sent_by_clients()


def _sent_by_clients() -> set[type[Struct]]:
    found = set(messages("to-server").values())
    for one in list(found):
        for annotation in field_types(one).values():
            found.update(structs_in(annotation))
    return found


def _there(kind: type[Struct], field: msgspec.structs.FieldInfo) -> str:
    is_always = field.required or not kind.__struct_config__.omit_defaults
    return "always" if is_always else "if not empty"


def _link(kind: type[Struct]) -> str:
    if _is_setting(kind):
        return "[settings](settings.md)"
    for direction, side in (("from-server", "from"), ("to-server", "to")):
        if kind in messages(direction).values():
            tag = str(kind.__struct_config__.tag)
            return f"[`{tag}`](#{_anchor(side, tag)})"
    return f"[{kind.__name__}](#{_anchor('part', kind.__name__)})"


# -- who may what, how often -------------------------------------------------------------------


def _rights(_: list[str]) -> Iterator[str]:
    rows = [
        (f"`{name}`", *(_relation(by_role.get(role)) for role in ALLOWANCES))
        for name, by_role in RELATIONS.items()
    ]
    yield from table(("message", *ALLOWANCES), rows)


def _relation(needed: frozenset[str] | None) -> str:
    if needed is None:
        return ""
    return "yes" if needed == {"none"} else " or ".join(sorted(needed))


def _topics(_: list[str]) -> Iterator[str]:
    rows = [
        (f"`{word}:ID`" if word in {"team", "queue"} else f"`{word}`", _roles(dict.fromkeys(roles)))
        for word, roles in ((word, sorted(roles)) for word, roles in TOPIC_ROLES.items())
    ]
    yield from table(("topic", "for"), rows)


def _allowances(_: list[str]) -> Iterator[str]:
    rows = []
    for role, one in ALLOWANCES.items():
        live = liveness_of(role)
        rows.append(
            (
                role,
                f"{one.rate}, {one.burst} at once",
                f"{one.talk_rate}, {one.talk_burst} at once",
                str(one.subs),
                f"{live.every_s:g} s, {live.answer_s:g} s to answer",
            )
        )
    head = ("role", "commands a second", "messages, marks, typing a second", "topics", "pings")
    yield from table(head, rows)


def _roles(by_role: Mapping[str, Any]) -> str:
    roles = [f"{role}s" for role in by_role]
    if len(roles) == len(ALLOWANCES):
        return "everybody"
    return " and ".join([", ".join(roles[:-1]), roles[-1]] if len(roles) > 1 else roles)


_TABLES: Mapping[str, Callable[[list[str]], Iterator[str]]] = {
    "to-server": _to_server,
    "from-server": _from_server,
    "parts": _parts,
    "rights": _rights,
    "topics": _topics,
    "allowances": _allowances,
}
