"""What became of the waits that customers were told, for Prometheus.

Owns: the series of each queue: by how much the median was wrong, and which part of what was
announced a wait became.
Does not know: how a wait is estimated (``router.estimate``), who was told.

Invariants (tests/server/test_announced.py): a queue of the policy has its series from the start; a
wait counts once in each, under the queue in which it was spent. They are histograms, so whoever
asks chooses the time: what was wrong yesterday does not blur today.

Against little more than nothing every wait is many times too long, so what was announced counts as
``LEAST_MS`` at least.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from router.core import Router
from router.estimate import SHARES
from router.server.buckets import Buckets, Labels, as_family

__all__ = ["LEAST_MS", "Announced"]

LEAST_MS = 10_000
ERRORS = (5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
RATIOS = (0.1, 0.25, 0.4, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10)
TOLD = (500, 900)
"""Of ``router.estimate.SHARES`` what customers see: the median, and what is hardly exceeded."""


class Announced:
    """The counts of one node, of all tenants."""

    def __init__(self) -> None:
        self._errors: dict[Labels, Buckets] = {}
        self._ratios: dict[Labels, Buckets] = {}

    def note(
        self, tenant: str, queue: str, announced_ms: tuple[float, ...], waited_ms: int
    ) -> None:
        """Counts one wait that was served.

        Args:
            tenant: Whose.
            queue: Where it was spent.
            announced_ms: What was announced for each of ``router.estimate.SHARES``.
            waited_ms: What it became.
        """
        self._prepare(tenant, queue)
        by_share = dict(zip(SHARES, announced_ms, strict=True))
        self._errors[tenant, queue].note(abs(waited_ms - by_share[TOLD[0]]) / 1000)
        for share in TOLD:
            ratio = waited_ms / max(by_share[share], LEAST_MS)
            self._ratios[tenant, queue, _named(share)].note(ratio)

    def families(self, routers: Mapping[str, Router]) -> Iterable[Metric]:
        """The series of these tenants."""
        for tenant, router in routers.items():
            for queue in router.policy.queues:
                self._prepare(tenant, queue.id)
        labels = ["tenant", "queue"]
        yield as_family(
            "fairline_wait_estimate_error_seconds",
            "By how much the median that was announced at the start of a wait was wrong.",
            labels,
            {key: found for key, found in self._errors.items() if key[0] in routers},
        )
        yield as_family(
            "fairline_wait_over_estimate_ratio",
            "Waits as parts of what was announced for this part of them, of ten seconds at least.",
            [*labels, "announced"],
            {key: found for key, found in self._ratios.items() if key[0] in routers},
        )

    def _prepare(self, tenant: str, queue: str) -> None:
        if (tenant, queue) not in self._errors:
            self._errors[tenant, queue] = Buckets(ERRORS)
            for share in TOLD:
                self._ratios[tenant, queue, _named(share)] = Buckets(RATIOS)


def _named(share: int) -> str:
    return f"{share / 1000:g}"
