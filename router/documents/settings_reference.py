"""The page of all settings, from the Structs that read them.

Owns: the page. Does not know: what a setting does (``settings_words`` has the sentences).

Invariant (tests/documents/test_settings_reference.py): every key of every section is in it with its
type, range and default; ``docs/reference/settings.md`` is what this makes.
"""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from router import policy, rules, wishes
from router.documents.settings_words import WORDS
from router.server import sections
from router.suggestions import field_types

__all__ = ["settings_reference"]

_HEAD = """\
# Every setting

This page is made from the source (`fairline config reference`); a test compares the two.
`fairline config schema` prints the same for editors: `#:schema fairline.schema.json` as the first
line of a file has them complete and check what you type. The
`config/fairline.example.toml` of the source shows every key in use.

Durations end in `_ms` and are whole milliseconds. Any key can come from the environment
(`FAIRLINE_SERVER__BIND`), any text from a file (`secret_file` in place of `secret`);
`fairline config show --sources` says what is in force and where it comes from. The policy of a
running server changes with SIGHUP or `policy.set`; everything else needs a restart.
"""

_TABLES: tuple[tuple[type[Struct], str], ...] = (
    (sections.ServerSettings, "[server]"),
    (sections.Tenant, "[tenants.NAME]"),
    (sections.KeyEntry, "An entry of `keys`"),
    (sections.Webhook, "[[tenants.NAME.webhooks]]"),
    (policy.Policy, "[tenants.NAME.policy]"),
    (policy.Queue, "[[tenants.NAME.policy.queues]]"),
    (policy.Step, "An entry of `steps`"),
    (policy.ServiceLevel, "`service_level`"),
    (wishes.SkillNeed, "An entry of `needs`"),
    (wishes.LanguageWish, "An entry of `languages` in a rule"),
    (policy.Weights, "`weights`"),
    (policy.SoftStart, "`soft_start`"),
    (policy.Terms, "`terms` and `agent_terms`"),
    (policy.Purpose, "An entry of `purposes`"),
    (policy.Retention, "`retention`"),
    (policy.Brand, "[[tenants.NAME.policy.brands]]"),
    (policy.AgentEntry, "[[tenants.NAME.policy.agents]]"),
    (rules.Rule, "[[tenants.NAME.policy.rules]]"),
    (rules.When, "`when` of a rule"),
    (rules.Recent, "`recent` of a rule"),
    (rules.Then, "`then` of a rule"),
    (rules.Prefer, "`prefer` of a rule"),
)


def settings_reference() -> str:
    """The page, as Markdown."""
    return "\n".join([_HEAD, *(_table(kind, title) for kind, title in _TABLES)])


def _table(kind: type[Struct], title: str) -> str:
    heading = f"`{title}`" if title.startswith("[") else title
    head = [f"## {heading}", "", "| key | kind | if left out | |", "|---|---|---|---|"]
    return "\n".join([*head, *_rows(kind), ""])


def _rows(kind: type[Struct]) -> Iterator[str]:
    hints = field_types(kind)
    for field in msgspec.structs.fields(kind):
        key = field.encode_name
        cells = (f"`{key}`", _kind(hints[key]), _default(field), WORDS[kind][key])
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be there"
    made = field.default
    if made is msgspec.NODEFAULT:
        made = field.default_factory()  # a field has one of the two
    plain = msgspec.to_builtins(made)
    if plain is None or isinstance(made, Struct):
        return "" if plain is None else "as below"
    return f"`{msgspec.json.encode(plain).decode()}`"


def _kind(annotation: Any) -> str:  # noqa: ANN401 - a type form
    origin, arms = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        limits = [part for meta in arms[1:] if isinstance(meta, Meta) for part in _limits(meta)]
        return ", ".join([_kind(arms[0]), *limits])
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in arms if word)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(arm) for arm in arms if arm is not type(None))
    if origin is tuple:
        return f"list: {_kind(arms[0])}"
    if origin is dict:
        return f"table: {_kind(arms[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return "table"
    return {int: "whole number", str: "text", bool: "`true` or `false`"}[annotation]


def _limits(meta: Meta) -> Iterator[str]:
    if meta.ge is not None and meta.le is not None:
        yield f"{meta.ge} to {meta.le}"
    elif meta.ge is not None:
        yield f"{meta.ge} or more"
    if meta.max_length is not None:
        yield f"at most {meta.max_length} characters"
