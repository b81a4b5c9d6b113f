"""What is kept, kind by kind, as pages of rows: the oldest first, each row once.

Owns: the queries and the places between pages. Does not know: files, who may ask.

Invariants (tests/archive/test_pages.py): going on from page to page gives every row that stays,
once; what is written meanwhile comes behind what was read, though rows before it were erased.

A place names what can be found again without an index of its own. Conversations are numbered as
they come; but SQLite gives the number of an erased newest row again, so the position goes along.
All else has a time of the journal, which never goes back, and a name within it.
"""

# ruff: noqa: S608 - names of tables and columns are words of this file; values are always bound

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

__all__ = ["BY_AGENT", "BY_QUEUE", "KINDS", "Page", "PageQuery", "Place", "all_rows", "page_of"]

KINDS = ("conversations", "transcripts", "assignments", "ratings", "audit")
BY_QUEUE = ("conversations", "transcripts", "assignments")
BY_AGENT = (*BY_QUEUE, "ratings")
BYTES_MAX = 1024 * 1024
"""A page ends with the message that passes this."""

_END = 2**62
Row = dict[str, Any]
Place = tuple[int | str, ...]


class PageQuery(Struct, frozen=True):
    """Which rows; an empty text or 0 is no condition. ``since`` counts in, ``until`` does not.

    A conversation and what was said in it have the time of its end, and its last agent. Not every
    kind has an ``agent`` and a ``queue``: ``BY_AGENT`` and ``BY_QUEUE`` have them.
    """

    customer: str = ""
    conversation: str = ""
    agent: str = ""
    queue: str = ""
    since: int = 0
    until: int = 0
    limit: int = 100


class Page(NamedTuple):
    """Rows, the place behind the last of them, and whether there were more."""

    rows: list[Row]
    place: Place
    more: bool


def page_of(connection: sqlite3.Connection, kind: str, query: PageQuery, after: Place = ()) -> Page:
    """The rows behind a place, at most ``limit``.

    Raises:
        ValueError: the place is none of this kind.
    """
    if kind in _NUMBERED:
        return _numbered(connection, kind, query, after)
    return _timed(connection, kind, query, after)


def all_rows(connection: sqlite3.Connection, kind: str, query: PageQuery) -> Iterator[Row]:
    """Every row, a few at a time in memory; as of the beginning, whatever is written meanwhile."""
    connection.execute("BEGIN")
    place: Place = ()
    more = True
    while more:
        rows, place, more = page_of(connection, kind, query, place)
        yield from rows


# -- conversations, and what was said in them --------------------------------------------------

_ABOUT = "c.id AS conversation, c.customer, c.agent, c.queue, c.channel, c.topic"
_OF_ITS_OWN = (
    f"SELECT c.number, 0 AS place, c.position, {_ABOUT}, c.brand, c.class, c.arrived_at,"
    " c.assigned_at, c.ended_at, c.reason, c.code, c.seq, c.note_seq, c.attributes, c.took_part"
    " FROM conversations c WHERE c.number > ?"
)


def _saying(table: str, kind: str) -> str:
    return (
        f"SELECT m.conversation AS number, m.place, c.position, {_ABOUT}, c.arrived_at, c.ended_at,"
        f" c.reason, c.code, c.attributes, '{kind}' AS kind, m.seq, m.author, m.author_name,"
        f" m.body, m.at FROM {table} m JOIN conversations c ON c.number = m.conversation"
        " WHERE (m.conversation, m.place) > (?, ?)"
    )


_NUMBERED = {
    "conversations": ((_OF_ITS_OWN, "c.number"),),
    "transcripts": (
        (_saying("messages", "text"), "m.conversation, m.place"),
        (_saying("notes", "note"), "m.conversation, m.place"),
    ),
}


def _numbered(connection: sqlite3.Connection, kind: str, query: PageQuery, after: Place) -> Page:
    begin = _begin(connection, _numbers(after, 3) if after else (0, 0, 0))
    found: list[Row] = []
    for statement, order in _NUMBERED[kind]:
        conditions, values = _conditions(query, "c.", "c.id", "c.ended_at")
        bounds = begin[:1] if kind == "conversations" else begin
        found += _rows(
            connection,
            f"{statement}{conditions} ORDER BY {order} LIMIT ?",
            (*bounds, *values, query.limit + 1),
        )
    found.sort(key=lambda row: (row["number"], row["place"]))
    chosen = found[: _fitting(found[: query.limit])]
    if not chosen:
        return Page([], after, more=False)
    last = chosen[-1]
    place = (last["number"], last["position"], last["place"])
    for row in chosen:
        for name in ("number", "place", "position"):
            del row[name]
    return Page(chosen, place, more=len(found) > len(chosen))


def _begin(connection: sqlite3.Connection, after: Sequence[int]) -> tuple[int, int]:
    """Where to go on: the same row, or behind the one before it where its number is another's."""
    number, position, place = after
    known = connection.execute(
        "SELECT number FROM conversations WHERE number <= ? AND position <= ?"
        " ORDER BY number DESC LIMIT 1",
        (number, position),
    ).fetchone()
    if known is None:
        return 0, _END
    return (number, place) if known[0] == number else (int(known[0]), _END)


def _fitting(rows: Sequence[Row]) -> int:
    """How many rows fit into one page; one at least."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.get("body", ""))
        if count and size > BYTES_MAX:
            return count
    return len(rows)


# -- what has a time ---------------------------------------------------------------------------

_TIMED = {"assignments": "id", "ratings": "conversation", "audit": "place"}


def _timed(connection: sqlite3.Connection, kind: str, query: PageQuery, after: Place) -> Page:
    key = _TIMED[kind]
    if after and (
        len(after) != 3
        or not all(isinstance(one, int) for one in after[:2])
        or not isinstance(after[2], int if key == "place" else str)
    ):
        raise ValueError("no place of this kind")
    behind = after or (-1, -1, -1)
    if kind == "audit":
        conditions, values = _of_trail(query)
    else:
        conditions, values = _conditions(query, "", "conversation", "at")
    found = _rows(
        connection,
        f"SELECT * FROM {kind} WHERE at >= ? AND (at, position, {key}) > (?, ?, ?)"
        f"{conditions} ORDER BY at, position, {key} LIMIT ?",
        (behind[0], *behind, *values, query.limit + 1),
    )
    chosen = found[: query.limit]
    if not chosen:
        return Page([], after, more=False)
    last = chosen[-1]
    place = (last["at"], last["position"], last[key])
    if kind == "audit":
        for row in chosen:
            del row["place"]
    return Page(chosen, place, more=len(found) > len(chosen))


def _of_trail(query: PageQuery) -> tuple[str, list[Any]]:
    """The trail names whom or what somebody looked at as its target."""
    targets = [
        f"{kind}:{name}"
        for kind, name in (("customer", query.customer), ("conversation", query.conversation))
        if name
    ]
    conditions, values = _conditions(PageQuery(since=query.since, until=query.until), "", "", "at")
    if targets:
        conditions += f" AND target IN ({', '.join('?' for _ in targets)})"
    return conditions, [*values, *targets]


# -- both --------------------------------------------------------------------------------------


def _conditions(query: PageQuery, table: str, name: str, at: str) -> tuple[str, list[Any]]:
    asked = {
        f"{table}customer = ?": query.customer,
        f"{name} = ?": query.conversation,
        f"{table}agent = ?": query.agent,
        f"{table}queue = ?": query.queue,
        f"{at} >= ?": query.since,
        f"{at} < ?": query.until,
    }
    wanted = {text: value for text, value in asked.items() if value}
    return "".join(f" AND {text}" for text in wanted), list(wanted.values())


def _rows(connection: sqlite3.Connection, statement: str, values: Sequence[Any]) -> list[Row]:
    cursor = connection.execute(statement, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _numbers(after: Place, count: int) -> tuple[int, ...]:
    found = tuple(one for one in after if isinstance(one, int))
    if len(after) != count or len(found) != count:
        raise ValueError("no place of this kind")
    return found
