"""What the node tells Prometheus.

Owns: the registry, the counters of the doors, and the page.
Does not know: where a figure comes from; each of its collectors does.

Invariants (tests/server/test_metrics.py): every label's values are a closed set: words of this
source or names from the configuration; what a client sends becomes ``other``. No id of a person,
conversation or connection is in the page, so it does not grow with them.

The page is in Prometheus' text format or, for who asks for it, in OpenMetrics. It is rendered in a
thread and kept for ``PAGE_S``, so that many scrapers cost no more than
one; figures of the cores are set on the loop before, for no thread may look into a core.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import structlog
import trio
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.registry import Collector

from router.commands import Command
from router.core import Router
from router.events import Event
from router.journal.base import Journal
from router.server.auditing import Auditor
from router.server.floor_figures import FloorFigures
from router.server.happened import Happened
from router.server.head import STATUSES
from router.server.journal_figures import TimedJournal
from router.server.links import Link
from router.server.meter import VERDICTS
from router.server.node_figures import NodeFigures
from router.server.service_figures import ServiceFigures
from router.server.socket import LABELS
from router.server.traffic import Traffic

__all__ = ["CONTENT_TYPE", "OPEN_TYPE", "Metrics", "wants_open"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPEN_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PAGE_S = 1.0
_LOG = structlog.get_logger("fairline.metrics")

DOORS: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    "front_accepts": ("Connections that were accepted, of whatever kind.", {}),
    "front_accept_overloads": ("Times that no file handle was left to accept with.", {}),
    "front_closes": ("Connections that are over.", {}),
    "front_failures": ("Connections that a flaw of this program ended.", {}),
    "front_refusals": (
        "Turned away: too many of one address, or of all.",
        {"reason": ("address", "full", "overflow")},
    ),
    "gate_write_timeouts": ("Sockets cut because a write took too long.", {}),
    "http_failures": ("Requests that failed for a flaw of this program.", {}),
    "http_refusals": ("Requests that were too big.", {"reason": ("body",)}),
    "http_timeouts": ("Requests that took too long.", {}),
    "http_write_timeouts": ("Answers that were not taken in time.", {}),
    "socket_opens": ("WebSockets that were opened.", {}),
    "archive_dropped": ("Times that too much waited for the archive.", {}),
    "archive_failures": ("Times that the archive could not be written.", {}),
    "snapshots": ("Snapshots that were written.", {}),
    "snapshotter_ends": ("Times that the second process, which writes them, ended.", {}),
}
"""Counters of the doors and of what stands behind the journal, with the words of their label."""
DOORS_BY_WORDS: Mapping[str, tuple[str, tuple[str, ...], Iterable[tuple[str, ...]]]] = {
    "front_heads_refused": (
        "Requests whose head was wrong.",
        ("status",),
        [(str(status),) for status in STATUSES],
    ),
    "gate_verdicts": (
        "Sockets that broke the frame limits.",
        ("code", "reason"),
        [(str(verdict.code), verdict.reason) for verdict in VERDICTS],
    ),
    "socket_ends": (
        "WebSockets that ended, by code or its band.",
        ("code", "fault"),
        list(product(LABELS, ("none", "peer"))),
    ),
}
"""Those whose words stand where they are counted: text, labels, their values."""
# Else every counter would be two series, and nobody asks for the second.
disable_created_metrics()  # type: ignore[no-untyped-call]


def wants_open(accept: str) -> bool:
    """Whether whoever says ``Accept`` so reads OpenMetrics, which can show examples of waits."""
    return choose_encoder(accept)[1].startswith("application/openmetrics-text")


class Metrics:
    """All series of one node, in a registry of their own.

    Attributes:
        happened: What the core reported.
        traffic: What goes over the sockets.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._service: ServiceFigures | None = None
        self._node: NodeFigures | None = None
        self._counters: dict[str, Counter] = {}
        self._pages: dict[bool, tuple[float, bytes]] = {}
        """In either form, the page that was made last, and when."""
        self._auditors: dict[str, Auditor] = {}
        self.traffic = Traffic()
        self.happened = Happened()
        self._floor = FloorFigures()
        registry.register(self.happened)
        registry.register(self._floor)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        PlatformCollector(registry=registry)
        for name, (text, words) in DOORS.items():
            every = list(product(*words.values())) if words else []
            self._count_nothing(name, text, tuple(words), every)
        for name, (text, labels, series) in DOORS_BY_WORDS.items():
            self._count_nothing(name, text, labels, series)
        self._reload_success = Gauge(
            "fairline_config_reload_success",
            "Whether the last settings that were read (at the start, or by SIGHUP) were right.",
            registry=registry,
        )
        self._reload_at = Gauge(
            "fairline_config_reload_timestamp_seconds",
            "When right settings were read last.",
            registry=registry,
        )
        self.reloaded(is_right=True)

    def show(self, service: ServiceFigures) -> None:
        """Has the page show the folds' figures too."""
        self._service = service
        self._registry.register(service)

    def watch(self, node: NodeFigures) -> None:
        """Has the page show how the process is."""
        self._node = node
        self._registry.register(node)

    def add(self, collector: Collector) -> None:
        """Has the page show figures that stand elsewhere; reading them must wait for nothing."""
        self._registry.register(collector)

    def timed(self, journal: Journal) -> TimedJournal:
        """The same journal; the page shows what its appends take."""
        timed = TimedJournal(journal)
        self._registry.register(timed)
        return timed

    # -- what others tell ----------------------------------------------------------------------

    def count(self, name: str, **labels: str) -> None:
        """Adds one to a counter of the door; names and labels are words of the source."""
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = Counter(
                f"fairline_{name}", "Counted at the door.", sorted(labels), registry=self._registry
            )
        (counter.labels(**labels) if labels else counter).inc()

    def _count_nothing(
        self, name: str, text: str, labels: Sequence[str], series: Iterable[Sequence[str]]
    ) -> None:
        """Begins a counter at 0, with all its series; else nobody sees the first of each."""
        counter = self._counters[name] = Counter(
            f"fairline_{name}", text, labels, registry=self._registry
        )
        for values in series:
            counter.labels(**dict(zip(labels, values, strict=True)))

    def reloaded(self, *, is_right: bool) -> None:
        """Settings were read, and put in force or refused."""
        self._reload_success.set(1 if is_right else 0)
        if is_right:
            self._reload_at.set_to_current_time()

    def batch(self, size: int) -> None:
        """See ``hearers.Measures``."""
        self.happened.batch(size)

    def applied(self, tenant: str, command: Command, events: Sequence[Event]) -> None:
        """See ``hearers.Measures``."""
        self.happened.applied(tenant, command, events)

    def poisoned(self) -> None:
        """See ``hearers.Measures``."""
        self.happened.poisoned()

    def violated(self, kind: str, times: int = 1) -> None:
        """Something happened that must never; ``kind`` is one of ``VIOLATIONS``."""
        self.happened.violated(kind, times)

    async def audit(self, routers: Mapping[str, Router]) -> None:
        """Looks over every core for what must never be; the log names the first of each kind."""
        for tenant, router in list(routers.items()):
            auditor = self._auditors.setdefault(tenant, Auditor())
            for kind, names in (await auditor.look(router.world)).items():
                if names:
                    first = {"agent" if kind == "over_capacity" else "conversation": names[0]}
                    count = len(names)
                    _LOG.error("core.unsound", tenant=tenant, type=kind, count=count, **first)
                    self.violated(kind, count)

    # -- the page ------------------------------------------------------------------------------

    async def page(
        self,
        routers: Mapping[str, Router],
        links: Iterable[Link],
        now_ms: int,
        *,
        is_open: bool = False,
    ) -> bytes:
        """The page in Prometheus' text format or in OpenMetrics, at most ``PAGE_S`` old."""
        now = trio.current_time()
        kept = self._pages.get(is_open)
        if kept is not None and now - kept[0] < PAGE_S:
            return kept[1]
        if kept is not None:
            self._pages[is_open] = (now, kept[1])  # for who comes while the new one is made
        await self._look(routers, links, now_ms)
        make = generate_open if is_open else generate_latest
        page: bytes = await trio.to_thread.run_sync(make, self._registry)
        self._pages[is_open] = (now, page)
        return page

    async def _look(
        self, routers: Mapping[str, Router], links: Iterable[Link], now_ms: int
    ) -> None:
        self.happened.prepare(routers)
        if self._node is not None:
            self._node.look()
        if self._service is not None:
            self._service.look(routers, now_ms)
        await self._floor.look(routers, links, now_ms)
