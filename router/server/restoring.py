"""Where cores begin: the newest snapshot that is whole, at a start and after a command broke one.

Owns: choosing a snapshot and unpacking it. Does not know: who writes snapshots, what is replayed.

Invariants (tests/server/test_restoring.py): a damaged snapshot is never used and never stops a
start as long as an older one, or the journal from its beginning, is there.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import structlog

from router.core import CORE_VERSION
from router.journal.file_ops import DiskOps, FileOps
from router.journal.segments import Place, segment_names, segment_path
from router.journal.snapshot_files import Snapshot, newest
from router.server.replica import Core, restore_core

__all__ = ["NOTHING", "Snapshots", "Start"]

_LOG = structlog.get_logger("fairline.snapshots")


class Start(NamedTuple):
    """What a start has before it replays anything."""

    place: Place | None
    """Where the journal goes on behind it."""
    cores: Mapping[str, Core]
    positions: Mapping[str, int]
    """Of all tenants in the journal, also of those that are not served any more."""


NOTHING = Start(None, {}, {})


class Snapshots:
    """The snapshots in a journal's folder."""

    def __init__(self, folder: Path, ops: FileOps | None = None) -> None:
        self._folder = folder
        self._ops = ops if ops is not None else DiskOps()

    def start(self, tenants: Iterable[str], done: Mapping[str, int] | None = None) -> Start:
        """Unpacks the newest snapshot for these tenants; nothing where there is none.

        Whoever must hear of everything behind the positions ``done`` gets a snapshot that is not
        newer, so that the replay comes by; unless what it would replay is gone.

        Raises:
            OSError: The folder cannot be read.
        """
        self._ops.make_folder(self._folder)
        snapshot = self._newest({name: position + 1 for name, position in (done or {}).items()})
        if snapshot is None:
            return NOTHING
        known = [tenant for tenant in tenants if tenant in snapshot.states]
        cores = {tenant: restore_core(snapshot, tenant) for tenant in known}
        return Start(snapshot.place, cores, snapshot.positions)

    def _newest(self, before: Mapping[str, int]) -> Snapshot | None:
        snapshot = newest(self._ops, self._folder, CORE_VERSION, before=before)
        first = next(iter(segment_names(self._ops, self._folder)), None)
        is_trimmed = first not in (None, segment_path(self._folder, 1).name)
        if snapshot is None and before and is_trimmed:
            _LOG.error("snapshot.newer_than_effects", path=str(self._folder))
            return newest(self._ops, self._folder, CORE_VERSION)
        return snapshot

    def core(self, tenant: str, before: int) -> Core | None:
        """Unpacks one tenant as it was somewhere before a position; None where no snapshot is.

        Raises:
            OSError: The folder cannot be read.
        """
        snapshot = newest(self._ops, self._folder, CORE_VERSION, before={tenant: before})
        if snapshot is None or tenant not in snapshot.states:
            return None
        return restore_core(snapshot, tenant)
