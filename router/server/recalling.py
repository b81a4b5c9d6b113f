"""The day's figures across a restart: what the archive knows of it, told to the folds.

Owns: up to where the archive is asked. Does not know: how a figure is counted, or a fact kept.

Invariant (tests/server/test_recalling.py): whatever snapshot a node starts from, its figures of the
day are those of a node that was never stopped; the archive counts up to the snapshot and the replay
behind it, so nothing counts twice.

A start begins at a snapshot that is not newer than the archive (``server.storing``), so all that
happened before it is there. Without a snapshot the whole journal is replayed.
"""

from functools import partial

import structlog

from router.archive.base import Archive
from router.errors import ArchiveUnavailable
from router.server.folds import Folds
from router.server.hidden import Served
from router.server.tenants import Tenants

__all__ = ["recall_day"]

_LOG = structlog.get_logger("fairline.recalling")


def recall_day(folds: Folds, tenants: Tenants, archive: Archive | None) -> None:
    """Tells the folds of each tenant that began with a snapshot what happened before it.

    An archive that cannot be read costs the figures of the day, and no start.
    """
    if archive is None:
        return
    for tenant, router in Served(tenants.routers).items():
        if not tenants.start.get(tenant):
            continue
        try:
            waits = partial(archive.first_waits, tenant, position=router.position)
            folds.recall(tenant, waits)
        except ArchiveUnavailable as error:
            _LOG.warning("figures.not_recalled", tenant=tenant, error=str(error))
