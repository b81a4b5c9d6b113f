"""What staff keep for themselves on the server: views of the wallboard, keys of the desktop.

Owns: the file, its form, its limits. Does not know: what a document means, who may ask for it.

Invariants (tests/server/test_preferences.py): what was kept is on the disk and survives a crash;
nobody gets another's; what one person keeps is bounded by ``NAMES_MAX`` and ``BYTES_MAX``; of two
who change the same version of a document one is refused.

These documents decide nothing, so they are not in the journal and not in the core. The file is
opened for each call and closed again, as the archive's is for reading: calls are rare.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from router.errors import Refusal, Refused

__all__ = ["BYTES_MAX", "FILE_NAME", "NAMES_MAX", "Owner", "Preferences", "version_of"]

FILE_NAME = "preferences.sqlite"
"""In ``server.data``; a backup of the folder takes it along."""
NAMES_MAX = 16
BYTES_MAX = 16_384
BUSY_S = 2.0
VERSION = 1
APPLICATION_ID = 0x46505246
"""``FPRF``: the mark in the head of a file that is ours."""

_TABLE = """CREATE TABLE IF NOT EXISTS preferences (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (tenant, person, name)
) WITHOUT ROWID"""


class Owner(NamedTuple):
    """Whose document: a person's key holds their role, so an agent is not a supervisor."""

    tenant: str
    person: str


class Preferences:
    """The documents of all tenants' staff; blocking, called from threads.

    Args:
        folder: Where the file lies; None where nothing is kept on disk at all.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / FILE_NAME

    def read(self, owner: Owner, name: str) -> bytes | None:
        """A document, or None where there is none.

        Raises:
            Refused: OVERLOADED where the file cannot be used now; so do the others.
        """
        if self._file is None or not self._file.exists():
            return None
        with self._opened() as connection:
            return _value(connection, owner, name)

    def keep(self, owner: Owner, name: str, value: bytes, *, only_over: str | None = None) -> None:
        """Puts a document in the place of what was there; it is durable on return.

        Args:
            owner: Whose it is.
            name: Its name.
            value: The document.
            only_over: The version that must be there; None where any will do.

        Raises:
            Refused: LIMIT_EXCEEDED where it is too long or there are too many; CONFLICT where
                another version is there.
        """
        if len(value) > BYTES_MAX:
            raise Refused(Refusal.LIMIT_EXCEEDED, f"expected at most {BYTES_MAX} bytes")
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if only_over is not None and only_over != version_of(_value(connection, owner, name)):
                connection.execute("ROLLBACK")
                raise Refused(Refusal.CONFLICT, f"{name}: it was changed elsewhere; read it again")
            (others,) = connection.execute(
                "SELECT count(*) FROM preferences WHERE tenant = ? AND person = ? AND name <> ?",
                (*owner, name),
            ).fetchone()
            if others >= NAMES_MAX:
                connection.execute("ROLLBACK")
                raise Refused(Refusal.LIMIT_EXCEEDED, f"name: at most {NAMES_MAX} for each person")
            connection.execute(
                "INSERT OR REPLACE INTO preferences VALUES (?, ?, ?, ?)", (*owner, name, value)
            )
            connection.execute("COMMIT")

    def forget(self, owner: Owner, name: str) -> None:
        """Takes a document away; it is fine where there is none."""
        if self._file is None or not self._file.exists():
            return
        with self._opened() as connection:
            connection.execute(
                "DELETE FROM preferences WHERE tenant = ? AND person = ? AND name = ?",
                (*owner, name),
            )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if self._file is None:
            text = 'nothing is kept on this server: server.journal is "memory"'
            raise Refused(Refusal.OVERLOADED, text)
        try:
            if not self._file.exists():
                self._file.touch(mode=0o600)
            connection = sqlite3.connect(self._file, timeout=BUSY_S, isolation_level=None)
            with closing(connection):
                _prepare(connection, self._file)
                yield connection
        except (OSError, sqlite3.Error) as error:
            text = f"{self._file.name} cannot be used now: {error}"
            raise Refused(Refusal.OVERLOADED, text) from error


def version_of(value: bytes | None) -> str:
    """Names a document by what is in it, and the absence of one."""
    return "none" if value is None else hashlib.sha256(value).hexdigest()[:32]


def _value(connection: sqlite3.Connection, owner: Owner, name: str) -> bytes | None:
    row = connection.execute(
        "SELECT value FROM preferences WHERE tenant = ? AND person = ? AND name = ?",
        (*owner, name),
    ).fetchone()
    return None if row is None else bytes(row[0])


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    """Makes the table in a fresh file, and leaves one of another program or a later version alone.

    Raises:
        Refused: OVERLOADED.
    """
    connection.execute("PRAGMA synchronous = FULL")
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (mark, version) == (APPLICATION_ID, VERSION):
        return
    if (mark, version) != (0, 0):
        text = f"{file.name} is of a later version or of another program"
        raise Refused(Refusal.OVERLOADED, text)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLE)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
