"""How news goes out to connections, for Prometheus.

Owns: those series. Does not know: who hears what, or why the node is behind.

Invariant (tests/server/test_delivery_figures.py): nothing is counted here; the hub counts by adding
to plain numbers, and this shows them.
"""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from router.server.buckets import as_family
from router.server.hub import Hub

__all__ = ["DeliveryFigures"]


class DeliveryFigures(Collector):
    """What a hub brings out, and whether it leaves something undone."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        yield as_family(
            "fairline_fanout_recipients",
            "Connections that one event went to.",
            [],
            {(): self._hub.fanout},
        )
        yield GaugeMetricFamily(
            "fairline_degraded",
            "Whether the loop is late, so that presence and figures make way for the rest.",
            value=int(self._hub.strain.is_on),
        )
