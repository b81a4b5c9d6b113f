"""Takes out of a tenant's archive what its journal has lost.

Owns: which rows go, which stay. Does not know: why the journal lost it, who has the file open.

Invariants (tests/archive/test_setting_back.py): behind it the archive is as if the lost commands
had never been, and goes on from there; all of it or none. What stays is the audit trail, for that
somebody looked is not undone by a loss; what an erasure or a second rating took away stays away.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from router.archive.reading import file_of
from router.errors import ArchiveUnavailable

__all__ = ["set_back"]

_BUSY_S = 5.0
_STATEMENTS = (
    "DELETE FROM messages WHERE conversation IN"
    " (SELECT number FROM conversations WHERE position > :end)",
    "DELETE FROM notes WHERE conversation IN"
    " (SELECT number FROM conversations WHERE position > :end)",
    "DELETE FROM conversations WHERE position > :end",
    "DELETE FROM assignments WHERE position > :end",
    "DELETE FROM ratings WHERE position > :end",
    # Their positions will be given again; a place of their own keeps both lines of the trail.
    "UPDATE audit SET position = (SELECT min(0, min(position)) - 1 FROM audit), place = entry"
    " WHERE position > :end",
    "UPDATE facts SET value = :end WHERE name = 'position'",
)


def set_back(folder: Path, tenant: str, end: int) -> None:
    """Has the archive end with a position; nobody may have it open.

    Raises:
        ArchiveUnavailable: nothing was changed.
    """
    file = file_of(folder, tenant)
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in _STATEMENTS:
                connection.execute(statement, {"end": end})
            connection.execute("COMMIT")  # else closing takes all of it back
    except sqlite3.Error as error:
        raise ArchiveUnavailable(f"{file}: the archive cannot be set back: {error}.") from error
