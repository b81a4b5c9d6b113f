"""How well the house serves, for Prometheus: read from the folds at a scrape.

Owns: the series of queues, offers, evenness and estimates, and their labels.
Does not know: how a figure is counted (``router.measures``), the page, sockets.

Invariants (tests/server/test_service_figures.py): every queue of the policy and every outcome has a
series from the start; a label is a word of this source or a name from the policy, never an id; a
scrape costs by queues, not by agents: what needs a walk over all agents is measured apart.

Counters begin anew with the node, and where a core was made anew; ``rate`` knows both.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping

import trio
from msgspec import UNSET
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from router.core import Router
from router.figures import AgentMeasures, QueueMeasures
from router.policy import LONGEST
from router.server.folds import Folds, as_evenness
from router.states import Show

__all__ = ["OUTCOMES", "ServiceFigures", "pauses"]

OUTCOMES = (
    "accepted", "declined", "expired", "undelivered", "revoked", "taken", "withdrawn",
)  # fmt: skip
CAUSES = ("class", "not_taken", "violation")
FIRST_PAUSE_S, LAST_PAUSE_S = 5.0, 60.0
AGENTS_AT_ONCE = 200
"""Agents looked at between two turns of the loop; about a millisecond."""


class ServiceFigures(Collector):
    """The series that stand in the folds; ``look`` reads them on the loop, ``collect`` shows."""

    def __init__(self, folds: Folds) -> None:
        self._folds = folds
        self._families: list[Metric] = []
        self._since_ms: int | None = None

    def collect(self) -> Iterable[Metric]:
        """What ``look`` saw last; may be called in a thread."""
        return self._families

    def look(self, routers: Mapping[str, Router], now_ms: int) -> None:
        """Reads every figure anew."""
        page = _Page()
        if self._since_ms is None:
            self._since_ms = now_ms
        for tenant, router in routers.items():
            watched = self._folds.of(tenant)
            named = {queue.id: None for queue in router.policy.queues}
            for queue in (*named, *(one for one in watched.measures.queues() if one not in named)):
                page.put_queue(
                    tenant, watched.measures.queue(queue, now_ms, recent=False, even=False)
                )
                page.put_recent(
                    tenant, watched.measures.queue(queue, now_ms, recent=True, even=False)
                )
            whole = watched.measures.in_all(now_ms, recent=True)
            page.put_evenness(tenant, "waits", whole.jain_waits)
            seen = self._folds.evenness.get(tenant)
            if seen is not None:
                page.put_evenness(tenant, "load", seen.load)
                if seen.occupancy is not None:
                    page.occupancy.add_metric([tenant], seen.occupancy)
            for wanted in router.policy.queues:
                level = wanted.service_level
                page.target.add_metric([tenant, wanted.id], level.within_ms / 1000)
                page.target_ratio.add_metric([tenant, wanted.id], level.target / 1000)
                longest_ms = (
                    LONGEST * level.within_ms if level.longest_ms is UNSET else level.longest_ms
                )
                if longest_ms:
                    page.longest.add_metric([tenant, wanted.id], longest_ms / 1000)
                last_ms = max(self._since_ms, watched.measures.offered_at_ms.get(wanted.id, 0))
                page.last_offer.add_metric([tenant, wanted.id], last_ms / 1000)
        self._families = [*page, *self._folds.announced.families(routers)]

    async def measure_evenness(self, routers: Mapping[str, Router], now_ms: int) -> None:
        """Looks at every agent once, a few at a time, so that nobody waits for it."""
        for tenant, router in list(routers.items()):
            measures = self._folds.of(tenant).measures
            worked: list[tuple[Hashable, AgentMeasures]] = []
            for count, agent in enumerate(list(router.world.people.agents.values()), start=1):
                if agent.seen_show() is not Show.OFFLINE:
                    worked.append((agent.profile, measures.agent(agent.id, now_ms, recent=True)))
                if count % AGENTS_AT_ONCE == 0:
                    await trio.lowlevel.checkpoint()
            self._folds.evenness[tenant] = as_evenness(worked, now_ms)


def pauses() -> Iterator[float]:
    """Between looks at everybody: a minute, but shorter ones after a start, when much is new."""
    pause_s = FIRST_PAUSE_S
    yield pause_s
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LAST_PAUSE_S)


class _Page:
    """The families of one look, empty at first."""

    def __init__(self) -> None:
        queue = ["tenant", "queue"]
        self.arrivals = CounterMetricFamily(
            "fairline_arrivals", "Conversations that were asked for.", labels=queue
        )
        self.answered = CounterMetricFamily(
            "fairline_answered",
            "Conversations whose first wait ended with an agent; in_target as the policy says.",
            labels=[*queue, "in_target"],
        )
        self.abandons = CounterMetricFamily(
            "fairline_abandons",
            "First waits that ended without an agent; short ones could not have been answered.",
            labels=[*queue, "short"],
        )
        self.handled = CounterMetricFamily(
            "fairline_handled", "Services that ended, wrap-up included.", labels=queue
        )
        self.by_hand = CounterMetricFamily(
            "fairline_assigned_by_hand", "Conversations given to an agent by hand.", labels=queue
        )
        self.offers = CounterMetricFamily(
            "fairline_offers", "Offers that ended.", labels=[*queue, "outcome"]
        )
        self.overtakes = CounterMetricFamily(
            "fairline_overtakes",
            "Conversations passed over by the offers that were looked at.",
            labels=[*queue, "cause"],
        )
        self.looked_at = CounterMetricFamily(
            "fairline_overtakes_looked_at", "Offers looked at for overtakes.", labels=queue
        )
        self._add_gauges(queue)

    def _add_gauges(self, queue: list[str]) -> None:
        self.service_level = _gauge(
            "service_level_ratio",
            "Accepted in target / (accepted + abandoned - short abandoned), of 30 minutes.",
            *queue,
        )
        self.speed = _gauge(
            "speed_of_answer_seconds", "Mean first wait of those accepted, of 30 minutes.", *queue
        )
        self.occupancy = _gauge(
            "occupancy_ratio",
            "Time with a conversation in hand / time available or with one, of 30 minutes.",
            "tenant",
        )
        self.evenness = _gauge(
            "fairness_jain",
            "Jain's index, 1 is even: waits between customers, load between equally able agents.",
            "tenant",
            "of",
        )
        self.target = _gauge(
            "service_level_target_seconds",
            "Within so long the policy wants conversations to be accepted.",
            *queue,
        )
        self.target_ratio = _gauge(
            "service_level_target_ratio",
            "The part of conversations that the policy wants to be accepted in that time.",
            *queue,
        )
        self.longest = _gauge(
            "queue_longest_wait_limit_seconds",
            "When a wait of the first in line calls somebody; absent without a target.",
            *queue,
        )
        self.last_offer = _gauge(
            "last_offer_timestamp_seconds",
            "When the last offer was made; the node's first scrape where none was since.",
            *queue,
        )

    def __iter__(self) -> Iterator[Metric]:
        return iter(vars(self).values())

    def put_queue(self, tenant: str, told: QueueMeasures) -> None:
        """The counts since the start."""
        queue = [tenant, told.queue]
        self.arrivals.add_metric(queue, told.arrived)
        self.answered.add_metric([*queue, "yes"], told.accepted_in_target)
        self.answered.add_metric([*queue, "no"], told.accepted - told.accepted_in_target)
        self.abandons.add_metric([*queue, "yes"], told.abandoned_short)
        self.abandons.add_metric([*queue, "no"], told.abandoned - told.abandoned_short)
        self.handled.add_metric(queue, told.handled)
        self.by_hand.add_metric(queue, told.assigned_by_hand)
        self.looked_at.add_metric(queue, told.looked_at)
        for outcome in OUTCOMES:
            self.offers.add_metric([*queue, outcome], told.offers.get(outcome, 0))
        for cause in CAUSES:
            self.overtakes.add_metric([*queue, cause], told.overtakes.get(cause, 0))

    def put_recent(self, tenant: str, told: QueueMeasures) -> None:
        """What is no number where nothing was counted lately."""
        queue = [tenant, told.queue]
        if told.service_level is not None:
            self.service_level.add_metric(queue, told.service_level)
        if told.speed_of_answer_ms is not None:
            self.speed.add_metric(queue, told.speed_of_answer_ms / 1000)

    def put_evenness(self, tenant: str, of: str, index: float | None) -> None:
        """Nothing where nobody could be compared."""
        if index is not None:
            self.evenness.add_metric([tenant, of], index)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"fairline_{name}", text, labels=labels)
