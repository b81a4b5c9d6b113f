"""Where cores begin: the newest snapshot that is whole, at a start and after a command broke one.

Owns: choosing a snapshot and unpacking it. Does not know: who writes snapshots, what is replayed.

Invariants (tests/server/test_restoring.py): a damaged snapshot is never used and never stops a
start as long as an older one, or the journal from its beginning, is there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, NamedTuple

import structlog

from router.core import CORE_VERSION
from router.journal.snapshot_store import P, Snapshot, SnapshotStore
from router.server.replica import Core, restore_core

__all__ = ["NOTHING", "Snapshots", "Start"]

_LOG = structlog.get_logger("fairline.snapshots")


class Start(NamedTuple, Generic[P]):
    """What a start has before it replays anything."""

    place: P | None
    """Where the journal goes on behind it."""
    cores: Mapping[str, Core]
    positions: Mapping[str, int]
    """Of all tenants in the journal, also of those that are not served any more."""


NOTHING: Start[Any] = Start(None, {}, {})


class Snapshots(Generic[P]):
    """The snapshots of a journal, as a start needs them."""

    def __init__(self, store: SnapshotStore[P]) -> None:
        self._store = store

    def start(self, tenants: Iterable[str], done: Mapping[str, int] | None = None) -> Start[P]:
        """Unpacks the newest snapshot for these tenants; nothing where there is none.

        Whoever must hear of everything behind the positions ``done`` gets a snapshot that is not
        newer, so that the replay comes by; unless what it would replay is gone.

        Raises:
            OSError, StorageError: They cannot be read.
        """
        self._store.prepare()
        snapshot = self._newest({name: position + 1 for name, position in (done or {}).items()})
        if snapshot is None:
            return NOTHING
        known = [tenant for tenant in tenants if tenant in snapshot.states]
        cores = {tenant: restore_core(snapshot, tenant) for tenant in known}
        return Start(snapshot.place, cores, snapshot.positions)

    def _newest(self, before: Mapping[str, int]) -> Snapshot[P] | None:
        snapshot = self._store.newest(CORE_VERSION, before=before)
        if snapshot is None and before and not self._store.has_beginning():
            _LOG.error("snapshot.newer_than_effects", path=self._store.where)
            return self._store.newest(CORE_VERSION)
        return snapshot

    def core(self, tenant: str, before: int) -> Core | None:
        """Unpacks one tenant as it was somewhere before a position; None where no snapshot is.

        Raises:
            OSError, StorageError: They cannot be read.
        """
        snapshot = self._store.newest(CORE_VERSION, before={tenant: before})
        if snapshot is None or tenant not in snapshot.states:
            return None
        return restore_core(snapshot, tenant)
