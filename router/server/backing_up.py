"""Copies a whole data folder while its server runs, so that another server can start from it.

Owns: what lies in a data folder beside the journal, the order of the copies.
Does not know: the command line, how a journal is copied.

Invariants (tests/server/test_backing_up.py): the target appears under its name only when it is
whole and was proved to start; the archive in it is never ahead of the journal in it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from router.core import CORE_VERSION
from router.errors import StorageError
from router.journal.backup import Copied, copy_journal
from router.journal.file_ops import DiskOps
from router.journal.trimming import copy_file
from router.server.inspecting import pinned

__all__ = ["back_up"]

JOURNAL = "journal"
_SQLITE = b"SQLite format 3\0"
_SIDE_FILES = ("-wal", "-shm", "-journal")


def back_up(data: Path, target: Path) -> Copied:
    """Copies a data folder into one that must not be there yet, or be empty.

    Raises:
        StorageError: It cannot be copied; there is no target then.
    """
    data, target = data.resolve(), target.resolve()
    if target.is_relative_to(data):
        raise StorageError(f"{target}: lies in the data folder itself; name a place outside it.")
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise StorageError(f"{target}: is there already; name another folder.")
    partial = target.with_name(f"{target.name}.partial")
    if partial.exists():
        raise StorageError(f"{partial}: is left from another backup; remove it first.")
    ops = pinned(data / JOURNAL)
    try:
        partial.mkdir(mode=0o700, parents=True)
        _copy_beside(data, partial)
        ops.refresh()  # what the archive has by now is in the journal that is copied
        copied = copy_journal(
            ops, data / JOURNAL, partial / JOURNAL, core_version=CORE_VERSION, ops=DiskOps()
        )
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"{target}: the backup failed: {error}. See {partial}.") from error
    finally:
        ops.release()
    _sync(target.parent)
    return copied


def _copy_beside(data: Path, target: Path) -> None:
    ops = DiskOps()
    for source in _files(data):
        copy = target / source.relative_to(data)
        ops.make_folder(copy.parent)
        with source.open("rb") as stream:
            is_database = stream.read(len(_SQLITE)) == _SQLITE
        if is_database:
            _copy_database(source, copy)
        else:
            copy_file(ops, source, copy)


def _files(data: Path) -> Iterator[Path]:
    for path in sorted(data.rglob("*")):
        is_journal = path.relative_to(data).parts[0] == JOURNAL
        if path.is_file() and not is_journal and not path.name.endswith(_SIDE_FILES):
            yield path


def _copy_database(source: Path, target: Path) -> None:
    """Lets SQLite copy what others write meanwhile."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
    target.chmod(0o600)


def _sync(folder: Path) -> None:
    ops = DiskOps()
    descriptor = ops.open_folder(folder)
    try:
        ops.sync_folder(descriptor)
    finally:
        ops.close(descriptor)
