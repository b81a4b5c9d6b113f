"""Reading one tenant's archive: by the server, and by commands beside it.

Owns: the queries. Does not know: who may ask, who writes, threads.

Invariants (tests/archive/test_reading.py): nothing is changed; a page of notes is asked for apart,
so what is read without them holds none.

Each read opens the file and closes it again: reads are rare, take a few hundred microseconds to
open, and so need no pool and no thread of their own.
"""

# ruff: noqa: S608 - names of tables and columns are words of this file; values are always bound

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from router.archive.base import Asked, AuditQuery, Filed, Seen, Stay
from router.archive.pages import KINDS, Page, PageQuery, Place, all_rows, page_of
from router.archive.schema import check
from router.assignments import Decision
from router.conversations import Message
from router.errors import ArchiveUnavailable
from router.figures import FirstWait
from router.paging import Before

__all__ = ["FOLDER_NAME", "KINDS", "Reader", "file_of"]

FOLDER_NAME = "archive"
"""In ``server.data``."""
BUSY_S = 2.0
FETCH = 200
EVERYTHING = PageQuery(limit=FETCH)

_FILED = (
    "id, customer, agent, queue, channel, topic, arrived_at, assigned_at, ended_at, reason, code,"
    " seq, note_seq"
)
_END = 2**62


def file_of(folder: Path, tenant: str) -> Path:
    """Where a tenant's archive lies."""
    return folder / f"{tenant}.sqlite"


class Reader:
    """Looks into the file of one tenant."""

    def __init__(self, folder: Path, tenant: str) -> None:
        self._file = file_of(folder, tenant)
        self._tenant = tenant

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file, for one look.

        Raises:
            ArchiveUnavailable, ArchiveCorrupt, ArchiveVersion: it cannot be read.
        """
        if not self._file.is_file():
            raise ArchiveUnavailable(f"{self._file}: there is no archive here.")
        address = f"file:{quote(str(self._file.absolute()))}?mode=ro"
        connection = None
        try:
            connection = sqlite3.connect(
                address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            check(connection, self._file, self._tenant)
            yield connection
        except sqlite3.Error as error:
            text = f"{self._file}: the archive cannot be read: {error}."
            raise ArchiveUnavailable(text) from error
        finally:
            if connection is not None:
                connection.close()

    def position(self) -> int:
        """See ``Archive``."""
        with self._open() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = 'position'").fetchone()
        return int(row[0])

    def conversation(self, conversation: str) -> Filed | None:
        """See ``Archive``."""
        with self._open() as connection:
            row = connection.execute(
                f"SELECT {_FILED} FROM conversations WHERE id = ?", (conversation,)
            ).fetchone()
        return None if row is None else Filed(*row)

    def conversations_of(
        self, customer: str, before: Asked | None, limit: int, *, notes: bool
    ) -> list[Filed]:
        """See ``Archive``."""
        arrived_at, last = before if before is not None else (_END, "")
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT {_FILED} FROM conversations"
                " WHERE customer = ? AND (arrived_at, id) < (?, ?)"
                " AND (seq > 0 OR note_seq > ?)"
                " ORDER BY arrived_at DESC, id DESC LIMIT ?",
                (customer, arrived_at, last, 0 if notes else _END, limit),
            ).fetchall()
        return [Filed(*row) for row in rows]

    def messages(
        self, conversation: str, before: Before, limit: int, *, notes: bool
    ) -> list[Message]:
        """See ``Archive``."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT number FROM conversations WHERE id = ?", (conversation,)
            ).fetchone()
            if row is None:
                return []
            number: int = row[0]
            end = min(
                _place(connection, "messages", number, before.seq),
                _place(connection, "notes", number, before.note),
            )
            bounds = (number, end, limit)
            found = connection.execute(_newest("messages", "text"), bounds).fetchall()
            if notes:
                found += connection.execute(_newest("notes", "note"), bounds).fetchall()
                found.sort(reverse=True)
        return [Message(*row) for _, *row in found[:limit]]

    def audit(self, query: AuditQuery) -> list[Seen]:
        """See ``Archive``."""
        conditions = {
            "entry < ?": query.before,
            "actor = ?": query.actor,
            "target = ?": query.target,
            "action = ?": query.action,
            "at >= ?": query.since,
            "at < ?": query.until,
        }
        asked = {text: value for text, value in conditions.items() if value}
        where = f"WHERE {' AND '.join(asked)} " if asked else ""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT entry, at, actor, action, target, purpose, position FROM audit "
                f"{where}ORDER BY entry DESC LIMIT ?",
                (*asked.values(), query.limit),
            ).fetchall()
        return [Seen(*row) for row in rows]

    def first_waits(self, since_ms: int, position: int) -> list[FirstWait]:
        """See ``Archive``."""
        with self._open() as connection:
            rows = connection.execute(_FIRST_WAITS, (since_ms, position)).fetchall()
        return [FirstWait(*row) for row in rows]

    def stays(self, since_ms: int = 0, until_ms: int = _END) -> Iterator[Stay]:
        """All that arrived between two instants; a few at a time are in memory."""
        with self._open() as connection:
            columns = connection.execute("SELECT name FROM pragma_table_info('conversations')")
            # Nobody has started on an older file yet, and this must not change it.
            known = "is_deferrable" if ("is_deferrable",) in columns.fetchall() else "NULL"
            cursor = connection.execute(_STAYS.format(deferrable=known), (since_ms, until_ms))
            while found := cursor.fetchmany(FETCH):
                for stay in map(Stay._make, found):
                    yield stay._replace(deferrable=_true(stay.deferrable))

    def rows(self, kind: str, query: PageQuery = EVERYTHING) -> Iterator[dict[str, object]]:
        """See ``Archive``; a few rows at a time are in memory."""
        with self._open() as connection:
            for row in all_rows(connection, kind, query):
                yield _readable(kind, row)

    def page(self, kind: str, query: PageQuery, after: Place = ()) -> Page:
        """See ``Archive``."""
        with self._open() as connection:
            found = page_of(connection, kind, query, after)
        return found._replace(rows=[_readable(kind, row) for row in found.rows])


def _true(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _place(connection: sqlite3.Connection, table: str, number: int, seq: int | None) -> int:
    """The place of the first message of a table that has this number or a later one."""
    if seq is None:
        return _END
    row = connection.execute(
        f"SELECT min(place) FROM {table} WHERE conversation = ? AND seq >= ?", (number, seq)
    ).fetchone()
    return _END if row[0] is None else int(row[0])


def _newest(table: str, kind: str) -> str:
    return (
        f"SELECT place, seq, author, author_name, body, '{kind}', at FROM {table}"
        " WHERE conversation = ? AND place < ? ORDER BY place DESC LIMIT ?"
    )


_FIRST_WAITS = """
    SELECT queue, at, waited_ms, customer, 'accepted' FROM assignments AS this
    WHERE at >= ?1 AND position <= ?2 AND NOT EXISTS (
        SELECT 1 FROM assignments AS earlier
        WHERE earlier.conversation = this.conversation AND earlier.position < this.position)
    UNION ALL
    SELECT queue, ended_at, ended_at - arrived_at, customer, reason FROM conversations
    WHERE ended_at >= ?1 AND position <= ?2 AND assigned_at IS NULL
    ORDER BY 2"""

_STAYS = """
    SELECT queue, channel, class, arrived_at, assigned_at, ended_at, reason, {deferrable}
    FROM conversations WHERE arrived_at >= ? AND arrived_at < ?"""


def _readable(kind: str, row: dict[str, object]) -> dict[str, object]:
    """With a decision in words, and a conversation's facts as such."""
    decision = row.get("decision")
    if isinstance(decision, bytes):
        row["decision"] = msgspec.to_builtins(msgspec.msgpack.decode(decision, type=Decision))
    if kind == "conversations":
        for name in ("attributes", "took_part"):
            row[name] = msgspec.json.decode(str(row[name]))
    return row
