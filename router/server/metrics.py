"""What the node tells Prometheus.

Owns: the registry, every series and its labels, and the page.
Does not know: where a figure comes from.

Invariants (tests/server/test_metrics.py): every label's values are a closed set: words of this
source or names from the configuration; what a client sends becomes ``other``. No id of a person,
conversation or connection is in the page.

The page is rendered in a thread and kept for ``PAGE_S``, so that many scrapers cost no more than
one; figures of the cores are set on the loop before, for no thread may look into a core.
"""

from collections.abc import Iterable, Mapping, Sequence

import trio
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from router import views
from router.commands import Command
from router.core import Router
from router.errors import CloseCode
from router.events import (
    CommandRefused,
    ConversationAssigned,
    ConversationEnded,
    Event,
    OfferEnded,
)
from router.server.links import Link

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PAGE_S = 1.0
LAG_EVERY_S = 0.25

ROLES = ("agent", "customer", "supervisor", "service")
_PLAIN_CODES = {1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011}
_CODES = {*_PLAIN_CODES, *map(int, CloseCode)}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_WAITS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
# Else every counter would be two series, and nobody asks for the second.
disable_created_metrics()  # type: ignore[no-untyped-call]
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


class Metrics:
    """All series of one node, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._page: bytes | None = None
        self._page_at = float("-inf")
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
        self._disconnects = Counter(
            "fairline_disconnects", "Ended connections.", ["code"], registry=registry
        )
        self._commands = Counter(
            "fairline_commands", "Commands applied.", ["type", "result"], registry=registry
        )
        self._offers = Counter(
            "fairline_offers", "Offers that ended.", ["outcome"], registry=registry
        )
        self._ended = Counter(
            "fairline_conversations_ended", "Ended conversations.", ["reason"], registry=registry
        )
        self._waits = Histogram(
            "fairline_wait_seconds", "Wait until assigned.", buckets=_WAITS, registry=registry
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
        self._violations = Counter(
            "fairline_invariant_violations",
            "Commands that broke the core and were skipped; any is a bug.",
            registry=registry,
        )

    # -- what others tell ----------------------------------------------------------------------

    def count(self, name: str, **labels: str) -> None:
        """Adds one to a counter of the door; names and labels are words of the source."""
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = Counter(
                f"fairline_{name}", "Counted at the door.", sorted(labels), registry=self._registry
            )
        (counter.labels(**labels) if labels else counter).inc()

    def batch(self, size: int) -> None:
        """So many commands went into the journal together."""
        self._batches.observe(size)

    def applied(self, tenant: str, command: Command, events: Sequence[Event]) -> None:
        """A command was applied while the node was live."""
        result = "ok"
        for event in events:
            match event:
                case CommandRefused():
                    result = event.code.word
                case OfferEnded():
                    self._offers.labels(event.outcome).inc()
                case ConversationEnded(wrap_up=False):
                    self._ended.labels(event.reason).inc()
                case ConversationAssigned():
                    self._waits.observe(event.waited_ms / 1000)
        self._commands.labels(type(command).__name__, result).inc()

    def poisoned(self) -> None:
        """A command broke an invariant and was skipped."""
        self._violations.inc()

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
        for tenant, router in routers.items():
            self._position.labels(tenant).set(router.position)
            for figures in views.queue_figures(router, now_ms):
                self._waiting.labels(tenant, figures.queue).set(figures.waiting)
                self._oldest.labels(tenant, figures.queue).set(figures.oldest_ms / 1000)
                self._active.labels(tenant, figures.queue).set(figures.active)
            for shown in views.agents_by_show(router):
                self._agents.labels(tenant, shown.show).set(shown.count)
