"""How far the archive is behind, for Prometheus.

Owns: those two series. Does not know: how anything is archived.

Invariant (tests/server/test_archive_figures.py): a tenant that fell behind is shown as behind until
it has caught up, however long ago that began.
"""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from router.server.archiving import Archiving

__all__ = ["ArchiveFigures"]


class ArchiveFigures(Collector):
    """The series of one archive."""

    def __init__(self, archiving: Archiving) -> None:
        self._archiving = archiving

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        lag = GaugeMetricFamily(
            "fairline_archive_lag_commands",
            "Commands that were applied and are not in the archive.",
            labels=["tenant"],
        )
        behind = GaugeMetricFamily(
            "fairline_archive_behind",
            "Whether more was dropped than waits, so that it is read out of the journal.",
            labels=["tenant"],
        )
        for tenant, standing in self._archiving.standing().items():
            lag.add_metric([tenant], standing.lag)
            behind.add_metric([tenant], int(standing.is_behind))
        return lag, behind
