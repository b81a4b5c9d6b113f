"""The tables of one tenant's archive, and how a file gets them.

Owns: the schema in steps, the marks by which a file is known as ours, what is wrong with one that
cannot be used. Does not know: facts, queries, threads.

Invariants (tests/archive/test_schema.py): a file of an older version has every later step applied
in one transaction, or stays as it was; one of a newer version, of another tenant, of another
program or damaged is refused and not changed.

Notes lie apart from what customers may read, so that no query for a customer can meet one. Both
have the place of a message among all messages of its conversation, for they are read together.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from router.errors import ArchiveCorrupt, ArchiveUnavailable, ArchiveVersion

__all__ = ["STEPS", "check", "prepare"]

APPLICATION_ID = 0x46414952
"""``FAIR``: the mark in the head of a file that is ours."""

_SAYING = """
    conversation INTEGER NOT NULL,
    place INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    author TEXT NOT NULL,
    author_name TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (conversation, place)
"""

STEPS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
        """CREATE TABLE conversations (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            position INTEGER NOT NULL,
            customer TEXT NOT NULL,
            agent TEXT NOT NULL,
            queue TEXT NOT NULL,
            channel TEXT NOT NULL,
            topic TEXT NOT NULL,
            brand TEXT NOT NULL,
            class TEXT NOT NULL,
            arrived_at INTEGER NOT NULL,
            assigned_at INTEGER,
            ended_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            code TEXT NOT NULL,
            seq INTEGER NOT NULL,
            note_seq INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            took_part TEXT NOT NULL
        )""",
        "CREATE INDEX conversations_customer ON conversations (customer, arrived_at, id)",
        "CREATE INDEX conversations_ended ON conversations (ended_at)",
        f"CREATE TABLE messages ({_SAYING}) WITHOUT ROWID",
        f"CREATE TABLE notes ({_SAYING}) WITHOUT ROWID",
        """CREATE TABLE assignments (
            id TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            conversation TEXT NOT NULL,
            agent TEXT NOT NULL,
            customer TEXT NOT NULL,
            queue TEXT NOT NULL,
            at INTEGER NOT NULL,
            waited_ms INTEGER NOT NULL,
            rule TEXT NOT NULL,
            decision BLOB
        )""",
        "CREATE INDEX assignments_conversation ON assignments (conversation)",
        "CREATE INDEX assignments_customer ON assignments (customer)",
        "CREATE INDEX assignments_at ON assignments (at)",
        """CREATE TABLE ratings (
            conversation TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            customer TEXT NOT NULL,
            agent TEXT NOT NULL,
            score INTEGER NOT NULL,
            comment TEXT NOT NULL,
            at INTEGER NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX ratings_customer ON ratings (customer)",
        "CREATE INDEX ratings_at ON ratings (at)",
        """CREATE TABLE audit (
            entry INTEGER PRIMARY KEY,
            position INTEGER NOT NULL,
            place INTEGER NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            purpose TEXT NOT NULL,
            UNIQUE (position, place)
        )""",
        "CREATE INDEX audit_at ON audit (at)",
        "CREATE INDEX audit_actor ON audit (actor, entry)",
        "CREATE INDEX audit_target ON audit (target, entry)",
    ),
    # Whether a conversation waited without its customer; older rows do not know.
    ("ALTER TABLE conversations ADD COLUMN is_deferrable INTEGER",),
)
"""What made each version out of the one before; the first made version 1 out of nothing."""


def prepare(
    connection: sqlite3.Connection,
    file: Path,
    tenant: str,
    steps: Sequence[Sequence[str]] = STEPS,
) -> None:
    """Brings a file that is to be written to the newest version.

    Raises:
        ArchiveVersion, ArchiveCorrupt: it cannot be used.
        ArchiveUnavailable: it cannot be written now.
    """
    version = check(connection, file, tenant, steps)
    try:
        if version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # The position is durable when a write returns, so the journal may let go of it.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        if version < len(steps):
            _apply(connection, tenant, steps, version)
    except sqlite3.Error as error:
        raise ArchiveUnavailable(f"{file}: the archive cannot be written: {error}.") from error


def check(
    connection: sqlite3.Connection,
    file: Path,
    tenant: str,
    steps: Sequence[Sequence[str]] = STEPS,
) -> int:
    """Looks whether a file is this tenant's archive and returns its version, 0 for an empty one.

    Raises:
        ArchiveVersion, ArchiveCorrupt: it cannot be used.
        ArchiveUnavailable: it cannot be read now.
    """
    try:
        version = _pragma(connection, "user_version")
        mark = _pragma(connection, "application_id")
        if version == 0 and mark == 0 and _pragma(connection, "page_count") <= 1:
            return 0
        if mark != APPLICATION_ID:
            raise ArchiveCorrupt(f"{file}: this is no archive of Fairline. {_MEND}")
        if version > len(steps):
            raise ArchiveVersion(
                f"{file}: this archive has version {version}, and this Fairline knows"
                f" {len(steps)}. Start the newer Fairline that wrote it."
            )
        row = connection.execute("SELECT value FROM facts WHERE name = 'tenant'").fetchone()
    except sqlite3.OperationalError as error:
        raise ArchiveUnavailable(f"{file}: the archive cannot be read: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise ArchiveCorrupt(f"{file}: the archive is damaged: {error}. {_MEND}") from error
    if row is None or row[0] != tenant:
        raise ArchiveCorrupt(f"{file}: this archive is not of the tenant {tenant!r}. {_MEND}")
    return version


_MEND = (
    "Move it away and put back a copy of it, or start without: then it is made anew from what the"
    " journal still has."
)


def _apply(
    connection: sqlite3.Connection, tenant: str, steps: Sequence[Sequence[str]], version: int
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        if version == 0:
            facts = (("tenant", tenant), ("position", 0))
            connection.executemany("INSERT INTO facts VALUES (?, ?)", facts)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return cast("int", connection.execute(f"PRAGMA {name}").fetchone()[0])
