"""An operator's last resort: leave one command out for good.

Owns: the entry that says so. Does not know: the command line, what the command was.

Invariants (tests/server/test_skipping.py): the order of the journal stays, nothing is rewritten:
one more command says what is left out, so every replay leaves out the same.
"""

from pathlib import Path

import msgspec

from router.commands import SkipCommand, Underway
from router.core import CORE_VERSION
from router.errors import StorageError
from router.journal.file import FileJournal
from router.journal.snapshot_files import FileSnapshots
from router.server.clock import Clock
from router.server.restoring import Snapshots

__all__ = ["skip"]

LIFE = "operator"


async def skip(folder: Path, tenant: str, position: int) -> None:
    """Appends that a command is to be left out; the next start does so.

    Raises:
        JournalLocked: A server has the journal: it must be stopped.
        StorageError: There is no such command, or its beginning is gone.
    """
    start = Snapshots(FileSnapshots(folder)).start([])
    journal = await FileJournal.open(
        folder, wall_ms=Clock().wall_ms, core_version=CORE_VERSION, place=start.place
    )
    try:
        end = journal.end.get(tenant, 0)
        if not 0 < position <= end:
            raise StorageError(f"{tenant} has commands 1 to {end}; there is no {position}.")
        payload = msgspec.msgpack.encode(Underway(LIFE, position, SkipCommand(position=position)))
        await journal.append([(tenant, payload)], 0)
    finally:
        await journal.aclose()
