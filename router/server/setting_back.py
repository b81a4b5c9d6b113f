"""What lies beside a journal in Redis and knows of more than Redis has after a loss.

Owns: finding that out at a start, having archive and webhooks forget it, and with which store, and
up to which of its lives, a folder goes.
Does not know: how Redis lost it (``router.journal.redis_appender`` puts back what a living node
knows), tables of the archive.

Invariants (tests/server/test_setting_back.py): a node starts with what Redis has, and says what is
gone; events of webhooks are never given an id that another one had. Nothing is taken out for a
store that this folder does not go with: an address that was mistyped must not cost an archive.

A node with another folder may have served since, and gone further, so how far each of them is tells
nothing. Redis and folder both know the lives of the store and where each began. Up to the last life
that both know they have the same past; that life ended for Redis, or for the folder, where the next
one began, and the earlier of the two is how far they agree.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import structlog

from router.archive.base import Archive
from router.archive.reading import FOLDER_NAME as ARCHIVE_NAME
from router.archive.reading import Reader
from router.archive.setting_back import set_back
from router.errors import ArchiveCorrupt, StorageError
from router.journal.redis_layout import Life

__all__ = [
    "agreed",
    "ahead_of",
    "archived",
    "check_stood_by",
    "check_store",
    "goes_with",
    "note_lives",
    "note_standby",
    "note_store",
    "noted_lives",
    "set_archive_back",
    "set_hooks_back",
]

STORE_FILE = "redis-store"
LIVES_FILE = "redis-lives"
STOOD_FILE = "redis-stood-by"
"""In ``server.data``."""
_BUSY_S = 5.0
_LOG = structlog.get_logger("fairline.app")
_lives_decoder = msgspec.json.Decoder(list[Life])


def goes_with(folder: Path, store: str) -> bool:
    """Whether the folder's files were written beside this store."""
    return bool(store) and _noted(folder) == store


def archived(folder: Path, tenant: str) -> int:
    """How far a tenant's archive is, whoever has it open; 0 where that cannot be read."""
    try:
        return Reader(folder / ARCHIVE_NAME, tenant).position()
    except StorageError:  # who opens it to write says why
        return 0


def check_store(
    folder: Path,
    store: str,
    tenants: Iterable[str],
    where: str,
    position: Callable[[str], int] | None = None,
) -> None:
    """Sees to it that what is archived is not of another store, however far that one went.

    Args:
        folder: ``server.data``.
        store: What tells the store from others; empty where there would be a new one.
        tenants: Of the settings.
        where: The address, for people.
        position: How far a tenant's archive is, where it is open; else that is looked up.

    Raises:
        ArchiveCorrupt: it is; nothing was changed.
        StorageError: nothing is archived, and this node stood by another store.
    """
    check_stood_by(folder, store, where)
    noted = _noted(folder)
    if noted and noted != store and any(map(position or partial(archived, folder), tenants)):
        raise ArchiveCorrupt(
            f"{folder / ARCHIVE_NAME} was written beside another journal than the one in {where}:"
            " mend redis_url, put back Redis' data, or move the archive away: then it is made anew"
            " from what the journal has."
        )


def check_stood_by(folder: Path, store: str, where: str) -> None:
    """Sees to it that a node that never served goes on with the store that it stood by.

    One that was emptied looks like one that is new; whoever stood by it knows better.

    Raises:
        StorageError: it is another one.
    """
    stood = _noted(folder, STOOD_FILE)
    if stood and stood != store and not _noted(folder):
        raise StorageError(
            f"This node stood by another journal than the one in {where}: mend redis_url, or put"
            f" back Redis' data; to begin anew with this one, remove {folder / STOOD_FILE}."
        )


def note_standby(folder: Path, store: str, where: str) -> None:
    """Remembers which store a node stands by that never served.

    Raises:
        StorageError: it stood by another one before, or that cannot be written.
    """
    check_stood_by(folder, store, where)
    if not store or _noted(folder) or _noted(folder, STOOD_FILE):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _put(folder / STOOD_FILE, store.encode("ascii"))
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error}.") from error


def _noted(folder: Path, name: str = STORE_FILE) -> str:
    """Which store a file names; empty where that is not known."""
    try:
        return (folder / name).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def note_store(folder: Path, store: str) -> None:
    """Remembers with which store the folder goes.

    Raises:
        OSError: it cannot be written.
    """
    _put(folder / STORE_FILE, store.encode("ascii"))
    (folder / STOOD_FILE).unlink(missing_ok=True)


def noted_lives(folder: Path) -> list[Life]:
    """The lives of the store that the folder knows; none where they are not noted or readable."""
    try:
        return _lives_decoder.decode((folder / LIVES_FILE).read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        _LOG.warning("archive.lives_unreadable", error=str(error))
        return []


def note_lives(folder: Path, lives: Sequence[Life]) -> None:
    """Remembers up to which life of its store the folder goes.

    Raises:
        OSError: it cannot be written.
    """
    _put(folder / LIVES_FILE, msgspec.json.encode(lives))


def _put(file: Path, data: bytes) -> None:
    """Has the file be this, or what it was."""
    partial = file.with_name(f"{file.name}.new")
    with partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(file)


def agreed(
    noted: Sequence[Life], kept: Sequence[Life], ends: Mapping[str, int]
) -> dict[str, int] | None:
    """Up to where the folder and Redis have the same past; None where they know no life in common.

    Args:
        noted: The lives that the folder knows, the newest last.
        kept: Those that Redis knows.
        ends: Where the journal in Redis ends.
    """
    places = {life.name: place for place, life in enumerate(kept)}
    for place in reversed(range(len(noted))):
        if noted[place].name in places:
            there = places[noted[place].name]
            later = [*noted[place + 1 : place + 2], *kept[there + 1 : there + 2]]
            began = [life.positions for life in later]
            return {
                tenant: min([end, *(one.get(tenant, 0) for one in began)])
                for tenant, end in ends.items()
            }
    return None


def ahead_of(archive: Archive, tenants: Mapping[str, object], ends: Mapping[str, int]) -> list[str]:
    """The tenants of whom the archive knows more than the journal."""
    return [name for name in tenants if archive.position(name) > ends.get(name, 0)]


def set_archive_back(folder: Path, tenants: list[str], ends: Mapping[str, int]) -> None:
    """Has the archives of some tenants, which nobody has open, end where the journal does.

    Raises:
        ArchiveUnavailable: one could not be.
    """
    for tenant in tenants:
        end = ends.get(tenant, 0)
        set_back(folder, tenant, end)
        _LOG.error("archive.set_back", tenant=tenant, to_position=end)


def set_hooks_back(file: Path, ends: Mapping[str, int]) -> None:
    """Has webhooks, whose file nobody has open, have heard no more than there is.

    What waits of what is gone goes, and later events have ids of their own: whoever heard of the
    lost ones would take those for repeats.

    Raises:
        StorageError: nothing was changed.
    """
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'places'")
            if known.fetchone() is None:  # whoever made the file was killed before it was written
                return
            told = connection.execute("SELECT tenant, max(position) FROM places GROUP BY tenant")
            ahead = [name for name, position in told.fetchall() if position > ends.get(name, 0)]
            for tenant in ahead:
                place = (ends.get(tenant, 0), tenant)
                connection.execute(
                    "DELETE FROM deliveries WHERE position > ? AND tenant = ?", place
                )
                connection.execute(
                    "UPDATE places SET position = min(position, ?) WHERE tenant = ?", place
                )
            if ahead:
                connection.execute("UPDATE mark SET epoch = ?", (secrets.token_hex(6),))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StorageError(f"{file} cannot be set back: {error}.") from error
    for tenant in ahead:
        _LOG.error("webhooks.set_back", tenant=tenant, to_position=ends.get(tenant, 0))
