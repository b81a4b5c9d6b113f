"""What the node tells Prometheus.

Owns: the registry, every series and its labels, and the page.
Does not know: where a figure comes from.

Invariants (tests/server/test_metrics.py): every label's values are a closed set: words of this
source or names from the configuration; what a client sends becomes ``other``. No id of a person,
conversation or connection is in the page.

The page is rendered in a thread and kept for ``PAGE_S``, so that many scrapers cost no more than
one; figures of the cores are set on the loop before, for no thread may look into a core.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import trio
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from router import views
from router.commands import Command
from router.core import Router
from router.errors import CloseCode
from router.events import (
    AgentChanged,
    AgentFlapped,
    CommandRefused,
    ConversationAssigned,
    ConversationEnded,
    ConversationQueued,
    Event,
    OfferMade,
)
from router.server.hidden import HIDDEN
from router.server.links import Link
from router.server.service_figures import ServiceFigures

__all__ = ["CONTENT_TYPE", "VIOLATIONS", "Metrics"]

VIOLATIONS = ("command", "digest", "order")
"""``command``: broke the core and was skipped, or its events were not told. ``digest``: a replay
led elsewhere. ``order``: an offer passed over somebody whom the agent could have taken."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PAGE_S = 1.0
LAG_EVERY_S = 0.25

ROLES = ("agent", "customer", "supervisor", "service")
_PLAIN_CODES = {1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011}
_CODES = {*_PLAIN_CODES, *map(int, CloseCode)}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_HANDLES = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_CAME_BACK = {"returned", "transferred"}
_WAITS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
# Else every counter would be two series, and nobody asks for the second.
disable_created_metrics()  # type: ignore[no-untyped-call]
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


class Metrics:
    """All series of one node, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._service: ServiceFigures | None = None
        self._counters: dict[str, Counter] = {}
        self._page: bytes | None = None
        self._page_at = float("-inf")
        self._make_gauges(registry)
        self._make_counters(registry)
        self._make_histograms(registry)
        self._command_counts: dict[tuple[type[Command], str], Counter] = {}
        self._counts: dict[type, Callable[[str, Any], None]] = {
            AgentChanged: self._count_agent,
            AgentFlapped: self._count_flap,
            ConversationAssigned: self._count_assigned,
            ConversationEnded: self._count_ended,
            ConversationQueued: self._count_queued,
            OfferMade: self._count_offer,
        }

    def _make_gauges(self, registry: CollectorRegistry) -> None:
        self._connections = Gauge(
            "fairline_connections", "Live connections after hello.", ["role"], registry=registry
        )
        self._waiting = Gauge(
            "fairline_waiting", "Conversations in line.", ["tenant", "queue"], registry=registry
        )
        self._oldest = Gauge(
            "fairline_waiting_oldest_seconds",
            "How long the first in line has waited.",
            ["tenant", "queue"],
            registry=registry,
        )
        self._active = Gauge(
            "fairline_active", "Conversations served.", ["tenant", "queue"], registry=registry
        )
        self._agents = Gauge(
            "fairline_agents", "Agents by what they show.", ["tenant", "show"], registry=registry
        )
        self._position = Gauge(
            "fairline_position", "Commands applied.", ["tenant"], registry=registry
        )
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
        self._last_offer = Gauge(
            "fairline_last_offer_timestamp_seconds",
            "When the last offer was made.",
            ["tenant"],
            registry=registry,
        )

    def _make_counters(self, registry: CollectorRegistry) -> None:
        self._disconnects = Counter(
            "fairline_disconnects", "Ended connections.", ["code"], registry=registry
        )
        self._commands = Counter(
            "fairline_commands", "Commands applied.", ["type", "result"], registry=registry
        )
        self._ended = Counter(
            "fairline_conversations_ended", "Ended conversations.", ["reason"], registry=registry
        )
        self._requeues = Counter(
            "fairline_requeues",
            "Conversations that came back in line.",
            ["tenant", "queue", "cause"],
            registry=registry,
        )
        self._changes = Counter(
            "fairline_presence_changes",
            "Changes of what agents are shown as.",
            ["tenant", "to"],
            registry=registry,
        )
        self._flaps = Counter(
            "fairline_presence_flaps",
            "Connections lost again and again.",
            ["tenant"],
            registry=registry,
        )
        self._violations = Counter(
            "fairline_invariant_violations",
            "What must never happen; any is a bug.",
            ["kind"],
            registry=registry,
        )
        for kind in VIOLATIONS:
            self._violations.labels(kind)

    def _make_histograms(self, registry: CollectorRegistry) -> None:
        self._waits = Histogram(
            "fairline_wait_seconds",
            "Wait until an agent had the conversation, or until it left the line.",
            ["tenant", "queue", "outcome"],
            buckets=_WAITS,
            registry=registry,
        )
        self._handles = Histogram(
            "fairline_handle_seconds",
            "From the first acceptance to the end, wrap-up apart.",
            ["tenant", "queue"],
            buckets=_HANDLES,
            registry=registry,
        )
        self._lag = Histogram(
            "fairline_loop_lag_seconds",
            "How late the event loop was.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "fairline_journal_batch_commands",
            "Commands that became durable together.",
            buckets=_SIZES,
            registry=registry,
        )

    def show(self, service: ServiceFigures) -> None:
        """Has the page show the folds' figures too."""
        self._service = service
        self._registry.register(service)

    def add(self, collector: Collector) -> None:
        """Has the page show figures that stand elsewhere; reading them must wait for nothing."""
        self._registry.register(collector)

    # -- what others tell ----------------------------------------------------------------------

    def count(self, name: str, **labels: str) -> None:
        """Adds one to a counter of the door; names and labels are words of the source."""
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = Counter(
                f"fairline_{name}", "Counted at the door.", sorted(labels), registry=self._registry
            )
        (counter.labels(**labels) if labels else counter).inc()

    def reloaded(self, *, is_right: bool) -> None:
        """Settings were read, and put in force or refused."""
        self._reload_success.set(1 if is_right else 0)
        if is_right:
            self._reload_at.set_to_current_time()

    def batch(self, size: int) -> None:
        """So many commands went into the journal together."""
        self._batches.observe(size)

    def applied(self, tenant: str, command: Command, events: Sequence[Event]) -> None:
        """A command was applied while the node was live."""
        if tenant == HIDDEN:
            return
        result = "ok"
        for event in events:
            count = self._counts.get(type(event))
            if count is not None:
                count(tenant, event)
            elif isinstance(event, CommandRefused):
                result = event.code.word
        key = (type(command), result)
        counted = self._command_counts.get(key)
        if counted is None:  # the library looks labels up at twenty times the price of a dict
            counted = self._commands.labels(type(command).__name__, result)
            self._command_counts[key] = counted
        counted.inc()

    def violated(self, kind: str, times: int = 1) -> None:
        """Something happened that must never; ``kind`` is one of ``VIOLATIONS``."""
        self._violations.labels(kind).inc(times)

    def poisoned(self) -> None:
        """A command broke an invariant and was skipped."""
        self.violated("command")

    def _count_ended(self, tenant: str, event: ConversationEnded) -> None:
        if not event.wrap_up:
            self._ended.labels(event.reason).inc()
        if event.handled_ms:
            if not event.wrap_up:
                self._handles.labels(tenant, event.queue).observe(event.handled_ms / 1000)
        else:
            self._waits.labels(tenant, event.queue, "left").observe(event.waited_ms / 1000)

    def _count_assigned(self, tenant: str, event: ConversationAssigned) -> None:
        self._waits.labels(tenant, event.queue, "answered").observe(event.waited_ms / 1000)

    def _count_queued(self, tenant: str, event: ConversationQueued) -> None:
        if event.cause in _CAME_BACK:
            self._requeues.labels(tenant, event.queue, event.cause).inc()

    def _count_offer(self, tenant: str, event: OfferMade) -> None:
        self._last_offer.labels(tenant).set_to_current_time()
        if event.overtaken is not None and event.overtaken.violations:
            self.violated("order", event.overtaken.violations)

    def _count_agent(self, tenant: str, event: AgentChanged) -> None:
        if event.before != event.show:
            self._changes.labels(tenant, event.show).inc()

    def _count_flap(self, tenant: str, _: AgentFlapped) -> None:
        self._flaps.labels(tenant).inc()

    def disconnected(self, code: int) -> None:
        """A connection is over; a peer chooses its code, so only known ones are named."""
        self._disconnects.labels(str(code) if code in _CODES else "other").inc()

    async def measure_lag(self) -> None:
        """Measures how late the loop wakes a sleeper, for ever."""
        while True:
            due = trio.current_time() + LAG_EVERY_S
            await trio.sleep_until(due)
            self._lag.observe(max(trio.current_time() - due, 0.0))

    # -- the page ------------------------------------------------------------------------------

    async def page(
        self, routers: Mapping[str, Router], links: Iterable[Link], now_ms: int
    ) -> bytes:
        """The page in Prometheus' text format, at most ``PAGE_S`` old."""
        now = trio.current_time()
        if self._page is None or now - self._page_at >= PAGE_S:
            self._page_at = now
            self._look(routers, links, now_ms)
            self._page = await trio.to_thread.run_sync(generate_latest, self._registry)
        return self._page

    def _look(self, routers: Mapping[str, Router], links: Iterable[Link], now_ms: int) -> None:
        counts = dict.fromkeys(ROLES, 0)
        for link in links:
            counts[link.role] += 1
        for role, count in counts.items():
            self._connections.labels(role).set(count)
        if self._service is not None:
            self._service.look(routers, now_ms)
        for tenant, router in routers.items():
            self._position.labels(tenant).set(router.position)
            for figures in views.queue_figures(router, now_ms):
                self._waiting.labels(tenant, figures.queue).set(figures.waiting)
                self._oldest.labels(tenant, figures.queue).set(figures.oldest_ms / 1000)
                self._active.labels(tenant, figures.queue).set(figures.active)
            for shown in views.agents_by_show(router):
                self._agents.labels(tenant, shown.show).set(shown.count)
