"""The page of all settings, from the Structs that read them.

Owns: the page. Does not know: what a setting does (``settings_words`` has the sentences).

Invariant (tests/documents/test_settings_reference.py): every key of every section is in it with its
type, range and default; ``docs/reference/settings.md`` is what this makes.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from router import policy, rules, wishes
from router.documents.kinds import default_of, kind_of
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
running server changes with SIGHUP or `policy.set`; SIGHUP takes webhooks and the certificate too,
and everything else needs a restart.
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
        cells = (
            f"`{key}`",
            kind_of(hints[key], lambda _: "table"),
            default_of(field),
            WORDS[kind][key],
        )
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
