"""The archive's commands: ``fairline audit`` and ``fairline archive export`` and ``erase``.

Owns: their arguments, and the form of what they print. Does not know: tables, HTTP's details.

Reading goes beside a running server and changes nothing. Erasing is asked of the running server,
for it has its place in the journal's order; only so does it hold after every restart.
"""

import csv
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO
from urllib.parse import quote

import msgspec
from cyclopts import App

from router.archive.base import AuditQuery
from router.archive.pages import PageQuery
from router.archive.reading import FOLDER_NAME, Reader
from router.errors import SettingsError
from router.server.asking_server import ask_server
from router.server.cli_lab import tenant_of
from router.server.cli_settings import HERE, Config
from router.server.instants import instant_of
from router.server.settings import Settings, load

__all__ = ["archive", "audit", "instant_ms"]

Kind = Literal["conversations", "transcripts", "assignments", "ratings", "audit"]
Form = Literal["jsonl", "csv"]
FIELDS = ("at", "actor", "action", "target", "purpose", "position", "entry")
PAGE = 1_000


archive = App(name="archive", help="What is kept of ended conversations.")


def audit(
    *,
    config: Config = HERE,
    tenant: str = "",
    actor: str = "",
    target: str = "",
    action: str = "",
    since: str = "",
    until: str = "",
    limit: int = 100,
    json: bool = False,
    csv: bool = False,
) -> None:
    """Prints who did and looked at what, when and why; the newest last.

    Args:
        config: Settings whose server.data holds the archive.
        tenant: Whose; not needed where there is one tenant.
        actor: Only this person, as role:id.
        target: Only what was done to this, such as conversation:ID or customer:ID.
        action: Only this, such as history, join.monitor, assign, priority or policy.
        since: From this time on: 2026-01-31, or 2026-01-31T12:00, in UTC.
        until: Up to this time, without it.
        limit: The newest so many; 0 is all.
        json: One JSON object a line.
        csv: Comma-separated, with a head line.
    """
    reader = _reader(load(config, os.environ), tenant)
    query = AuditQuery(
        actor=actor, target=target, action=action, since=instant_ms(since), until=instant_ms(until)
    )
    found = [msgspec.to_builtins(line) for line in _newest(reader, query, limit)]
    found.reverse()
    if json or csv:
        _print(found, "csv" if csv else "jsonl", sys.stdout, FIELDS)
        return
    for line in found:
        when = datetime.fromtimestamp(line["at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        purpose = f"  ({line['purpose']})" if line["purpose"] else ""
        sys.stdout.write(f"{when}  {line['actor']}  {line['action']}  {line['target']}{purpose}\n")


@archive.command(
    help_epilogue="Example:  fairline archive export --config fairline.toml"
    " --kind ratings --form csv"
)
def export(
    *,
    config: Config = HERE,
    kind: Kind,
    tenant: str = "",
    customer: str = "",
    since: str = "",
    until: str = "",
    form: Form = "jsonl",
) -> None:
    """Prints all that is kept of a kind, the oldest first, however much it is.

    Args:
        config: Settings whose server.data holds the archive.
        kind: conversations, transcripts (a line for each message), assignments, ratings or audit.
        tenant: Whose; not needed where there is one tenant.
        customer: Of this customer alone.
        since: From this time on: 2026-01-31, or 2026-01-31T12:00, in UTC. A conversation has the
            time of its end, and so has what was said in it.
        until: Up to this time, without it.
        form: One JSON object a line, or comma-separated with a head line.
    """
    query = PageQuery(
        customer=customer, since=instant_ms(since), until=instant_ms(until), limit=PAGE
    )
    _print(_reader(load(config, os.environ), tenant).rows(kind, query), form, sys.stdout)


@archive.command(
    help_epilogue="Example:  fairline archive erase --config fairline.toml --customer carl"
)
def erase(*, config: Config = HERE, customer: str, tenant: str = "") -> None:
    """Has the running server erase all that is kept of a customer, but the audit trail.

    Args:
        config: Settings of the running server, with a key that can sign.
        customer: Whose conversations, assignments and ratings go.
        tenant: Of which tenant; not needed where there is one.
    """
    path = f"/v1/customers/{quote(customer, safe='')}"
    status, text = ask_server(load(config, os.environ), tenant, "DELETE", path)
    if status not in (202, 204):
        raise SettingsError(f"the server answered {status}: {text}")
    later = "" if status == 204 else "; the archive will follow as soon as it can be written"
    sys.stdout.write(f"Erased what is over of {customer}{later}.\n")


def _reader(settings: Settings, tenant: str) -> Reader:
    if settings.server.journal == "memory":
        raise SettingsError('"memory" keeps nothing', key="server.journal")
    folder = Path(settings.server.data) / FOLDER_NAME
    return Reader(folder, tenant_of(settings, tenant))


def _newest(reader: Reader, query: AuditQuery, limit: int) -> Iterator[object]:
    """The newest lines, a page after the other."""
    left = limit or sys.maxsize
    while left > 0:
        query = msgspec.structs.replace(query, limit=min(PAGE, left))
        page = reader.audit(query)
        yield from page
        if len(page) < query.limit:
            return
        left -= len(page)
        query = msgspec.structs.replace(query, before=page[-1].entry)


def instant_ms(text: str) -> int:
    """A time in milliseconds; 0 for none.

    Raises:
        SettingsError: it is no time.
    """
    if not text:
        return 0
    try:
        return instant_of(text)
    except ValueError:
        sentence = f"{text!r} is no time; write 2026-01-31 or 2026-01-31T12:00"
        raise SettingsError(sentence) from None


def _print(
    rows: Iterable[dict[str, object]], form: Form, stream: TextIO, fields: Sequence[str] = ()
) -> None:
    if form == "jsonl":
        stream.writelines(f"{msgspec.json.encode(row).decode()}\n" for row in rows)
        return
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(stream, fields or list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: object) -> object:
    """A value of a cell; one that a spreadsheet would take for a formula is quoted."""
    if isinstance(value, dict | list | tuple):
        return msgspec.json.encode(value).decode()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{value}"
    return value
