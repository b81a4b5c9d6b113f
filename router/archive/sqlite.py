"""The embedded archive: one SQLite file for each tenant, in a folder that one process may write.

Owns: the folder's lock, the writing connections, how a fact becomes rows, erasure and retention.
Does not know: threads (a tenant is written by one at a time, whoever that is), queries
(``router.archive.reading``), the core.

Invariants (tests/archive/test_sqlite.py, against a model): feeding the same facts twice changes
nothing; a failed write leaves nothing; ``position`` is durable; what was erased or pruned is gone
from the file's pages too.

WAL, so that readers never wait for the writer; synced at every commit, so that the journal may let
go of what ``position`` says. A file for each tenant, so that no query can cross from one to the
other, and one that is damaged or full harms no other.
"""

# ruff: noqa: S608 - names of tables and columns are words of this file; values are always bound

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from router.archive.base import (
    Asked,
    Assigned,
    Audited,
    AuditQuery,
    Erased,
    Fact,
    Filed,
    Happened,
    Keep,
    Rated,
    Seen,
)
from router.archive.pages import Page, PageQuery, Place
from router.archive.reading import Reader, file_of
from router.archive.schema import prepare
from router.assignments import Decision
from router.conversations import Conversation, Message
from router.errors import ArchiveLocked, ArchiveUnavailable
from router.figures import FirstWait
from router.journal.file_ops import DiskOps
from router.paging import Before

__all__ = ["LOCK_NAME", "SqliteArchive"]

LOCK_NAME = "archive.lock"
BUSY_S = 5.0
VACUUM_PAGES = 1_000

_encode = msgspec.json.Encoder().encode
_decide = msgspec.msgpack.Decoder(Decision).decode


class SqliteArchive:
    """The archives of all tenants in one folder."""

    def __init__(self, folder: Path, tenants: Iterable[str]) -> None:
        """Locks the folder and opens every tenant's file, making those that are not there.

        Raises:
            ArchiveLocked: another process writes here.
            ArchiveCorrupt, ArchiveVersion: a file cannot be used.
            ArchiveUnavailable: the folder cannot be written now.
        """
        self._folder = folder
        self._lock = _lock(folder)
        self._files: dict[str, _File] = {}
        try:
            for tenant in tenants:
                self._files[tenant] = _File(folder, tenant)
        except BaseException:
            self.close()
            raise

    def position(self, tenant: str) -> int:
        """See ``Archive``."""
        return self._files[tenant].position

    def write(self, tenant: str, facts: Sequence[Fact], position: int) -> None:
        """See ``Archive``."""
        self._files[tenant].write(facts, position)

    def prune(self, tenant: str, keep: Keep, count_max: int) -> int:
        """See ``Archive``."""
        return self._files[tenant].prune(keep, count_max)

    def conversation(self, tenant: str, conversation: str) -> Filed | None:
        """See ``Archive``."""
        return self._files[tenant].reader.conversation(conversation)

    def conversations_of(
        self, tenant: str, customer: str, before: Asked | None, limit: int, *, notes: bool
    ) -> list[Filed]:
        """See ``Archive``."""
        reader = self._files[tenant].reader
        return reader.conversations_of(customer, before, limit, notes=notes)

    def messages(
        self, tenant: str, conversation: str, before: Before, limit: int, *, notes: bool
    ) -> list[Message]:
        """See ``Archive``."""
        return self._files[tenant].reader.messages(conversation, before, limit, notes=notes)

    def audit(self, tenant: str, query: AuditQuery) -> list[Seen]:
        """See ``Archive``."""
        return self._files[tenant].reader.audit(query)

    def first_waits(self, tenant: str, since_ms: int, position: int) -> list[FirstWait]:
        """See ``Archive``."""
        return self._files[tenant].reader.first_waits(since_ms, position)

    def rows(self, tenant: str, kind: str, query: PageQuery) -> Iterator[dict[str, object]]:
        """See ``Archive``."""
        return self._files[tenant].reader.rows(kind, query)

    def page(self, tenant: str, kind: str, query: PageQuery, after: Place) -> Page:
        """See ``Archive``."""
        return self._files[tenant].reader.page(kind, query, after)

    def close(self) -> None:
        """See ``Archive``."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        os.close(self._lock)


def _lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArchiveUnavailable(f"{folder}: the archive cannot be opened: {error}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = DiskOps().holder(descriptor)
        os.close(descriptor)
        raise ArchiveLocked(
            f"{folder}: {'another process' if pid is None else f'process {pid}'} uses this archive"
            " already. End it first, or give this one a folder of its own (server.data)."
        ) from None
    return descriptor


class _File:
    """One tenant's file, to be written."""

    def __init__(self, folder: Path, tenant: str) -> None:
        self.reader = Reader(folder, tenant)
        self._path = file_of(folder, tenant)
        try:
            self._path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise ArchiveUnavailable(f"{self._path}: cannot be opened: {error}.") from error
        try:
            prepare(self._connection, self._path, tenant)
            self.position = self._stored_position()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def write(self, facts: Sequence[Fact], position: int) -> None:
        """Takes what is new."""
        if position <= self.position:
            return
        put = self._put
        with self._transaction() as connection:
            for fact in facts:
                if self.position < fact.position <= position:
                    put[type(fact.what)](connection, fact)
            connection.execute("UPDATE facts SET value = ? WHERE name = 'position'", (position,))
        self.position = position
        if any(isinstance(fact.what, Erased) for fact in facts):
            # What was erased is gone from the file, and now from its log too.
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def prune(self, keep: Keep, count_max: int) -> int:
        with self._transaction() as connection:
            count = _prune(connection, keep, count_max)
        if count:
            with self._mapped():
                self._connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
        return count

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing.

        Raises:
            ArchiveUnavailable: nothing.
        """
        connection = self._connection
        with self._mapped():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = f"{self._path}: the archive cannot be written: {error}."
            raise ArchiveUnavailable(text) from error

    def _stored_position(self) -> int:
        with self._mapped():
            row = self._connection.execute(
                "SELECT value FROM facts WHERE name = 'position'"
            ).fetchone()
        return int(row[0])

    _put: Mapping[type[Happened], Callable[[sqlite3.Connection, Fact], None]]


# -- facts as rows -----------------------------------------------------------------------------


def _put_conversation(connection: sqlite3.Connection, fact: Fact) -> None:
    one = fact.what
    assert isinstance(one, Conversation), "the table says so"
    cursor = connection.execute(
        "INSERT OR IGNORE INTO conversations VALUES"
        " (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.id,
            fact.position,
            one.customer,
            one.agent or one.last_agent,
            one.queue,
            one.channel,
            one.topic,
            one.brand,
            one.klass,
            one.arrived_ms,
            one.first_assigned_at_ms,
            one.ended_at_ms or fact.at_ms,
            one.ended_reason,
            one.wrap_up_code,
            one.seq,
            one.note_seq,
            _encode(one.attributes).decode(),
            _encode(one.took_part).decode(),
            one.deferrable,
        ),
    )
    if not cursor.rowcount:
        return
    number = cursor.lastrowid
    for table, is_note in (("messages", False), ("notes", True)):
        connection.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (number, place, said.seq, said.author, said.author_name, said.body, said.at_ms)
                for place, said in enumerate(one.messages)
                if (said.kind == "note") is is_note
            ),
        )


def _put_assignment(connection: sqlite3.Connection, fact: Fact) -> None:
    one = fact.what
    assert isinstance(one, Assigned), "the table says so"
    rule = _decide(one.decision).rule if one.decision is not None else ""
    connection.execute(
        "INSERT OR REPLACE INTO assignments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.assignment,
            fact.position,
            one.conversation,
            one.agent,
            one.customer,
            one.queue,
            fact.at_ms,
            one.waited_ms,
            rule,
            one.decision,
        ),
    )


def _put_rating(connection: sqlite3.Connection, fact: Fact) -> None:
    one = fact.what
    assert isinstance(one, Rated), "the table says so"
    row = (one.conversation, fact.position, one.customer, one.agent, one.score, one.comment)
    connection.execute(
        "INSERT OR REPLACE INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, fact.at_ms)
    )


def _put_audit(connection: sqlite3.Connection, fact: Fact) -> None:
    one = fact.what
    assert isinstance(one, Audited), "the table says so"
    connection.execute(
        "INSERT OR IGNORE INTO audit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
        (fact.position, fact.place, fact.at_ms, *one),
    )


def _erase(connection: sqlite3.Connection, fact: Fact) -> None:
    one = fact.what
    assert isinstance(one, Erased), "the table says so"
    asked = (one.customer,)
    for table in ("messages", "notes"):
        connection.execute(
            f"DELETE FROM {table} WHERE conversation IN"
            " (SELECT number FROM conversations WHERE customer = ?)",
            asked,
        )
    for table in ("conversations", "assignments", "ratings"):
        connection.execute(f"DELETE FROM {table} WHERE customer = ?", asked)


_File._put = {
    Conversation: _put_conversation,
    Assigned: _put_assignment,
    Rated: _put_rating,
    Audited: _put_audit,
    Erased: _erase,
}


# -- retention ---------------------------------------------------------------------------------


def _prune(connection: sqlite3.Connection, keep: Keep, count_max: int) -> int:
    count = 0
    for queue, before in keep.queues.items():
        count += _prune_transcripts(connection, "queue = ?", (queue,), before, count_max - count)
    others = tuple(keep.queues)
    marks = ", ".join("?" for _ in others)
    where = f"queue NOT IN ({marks})"
    count += _prune_transcripts(
        connection, where, others, keep.transcripts_before, count_max - count
    )
    for table, before in (
        ("ratings", keep.transcripts_before),
        ("assignments", keep.assignments_before),
        ("audit", keep.audit_before),
    ):
        left = count_max - count
        if before and left > 0:
            key = {"ratings": "conversation", "assignments": "id", "audit": "entry"}[table]
            count += connection.execute(
                f"DELETE FROM {table} WHERE {key} IN"
                f" (SELECT {key} FROM {table} WHERE at < ? ORDER BY at LIMIT ?)",
                (before, left),
            ).rowcount
    return count


def _prune_transcripts(
    connection: sqlite3.Connection,
    where: str,
    asked: Sequence[str],
    before: int,
    count_max: int,
) -> int:
    """Deletes the oldest conversations with all that was said, about ``count_max`` rows."""
    count = 0
    while before and count < count_max:
        row = connection.execute(
            f"SELECT number FROM conversations WHERE ended_at < ? AND {where}"
            " ORDER BY ended_at LIMIT 1",
            (before, *asked),
        ).fetchone()
        if row is None:
            break
        for table, key in (
            ("messages", "conversation"),
            ("notes", "conversation"),
            ("conversations", "number"),
        ):
            count += connection.execute(f"DELETE FROM {table} WHERE {key} = ?", row).rowcount
    return count
