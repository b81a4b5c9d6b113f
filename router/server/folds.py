"""What a node knows from having watched: each tenant's measures and estimates.

Owns: one ``Measures`` and one ``Estimator`` for each core, made anew where a core was made anew.
Does not know: who asks for a figure, Prometheus, sockets.

A day begins at the site's midnight (``site_zone``), not at that of UTC.

Invariants (tests/server/test_folds.py): nothing here decides anything or is journaled; a restart
begins with what the core holds, with the estimator's priors, and with the day's figures: ``recall``
has what happened before the snapshot, ``relive`` what is replayed behind it.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from router.cards import WaitBand
from router.core import Router
from router.estimate import Estimator
from router.events import Event, PolicyChanged
from router.facts import pool_facts
from router.figures import AgentMeasures, FirstWait, evenness
from router.hours import HoursError, read_hours
from router.measures import RECENT_MS, Measures
from router.outgoing import State
from router.policy import Policy
from router.server.announced import Announced
from router.server.zones import day_of, has_zone

__all__ = ["Day", "Evenness", "Folds", "Watched", "as_evenness", "site_zone"]


class Watched(NamedTuple):
    """What was learnt from one core's events."""

    router: Router
    measures: Measures
    estimator: Estimator


class Day(NamedTuple):
    """The site's day: since when its figures count, and when it ends."""

    zone: str
    since_ms: int
    ends_ms: int


class Evenness(NamedTuple):
    """What needs a look at every agent: how even their load is, and how busy they are."""

    at_ms: int
    load: float | None
    occupancy: float | None


class Folds:
    """The folds of all tenants of this node."""

    def __init__(self, routers: Mapping[str, Router]) -> None:
        self._routers = routers
        self._watched: dict[str, Watched] = {}
        self._days: dict[str, Day] = {}
        self._reliving: set[str] = set()
        self.announced = Announced()
        """What became of the waits that were estimated."""
        self.evenness: dict[str, Evenness] = {}
        """By tenant, as ``ServiceFigures`` measured it last."""

    def of(self, tenant: str) -> Watched:
        """What was learnt of a tenant so far."""
        router = self._routers[tenant]
        known = self._watched.get(tenant)
        if known is None or known.router is not router:
            told = partial(self.announced.note, tenant)
            estimator = Estimator(partial(pool_facts, router), told=told)
            known = Watched(router, Measures(router.policy), estimator)
            world = router.world
            known.measures.seed(world.people.agents.values(), world.conversations, router.now_ms)
            self._watched[tenant] = known
            self._days.pop(tenant, None)
        return known

    def day(self, tenant: str, now_ms: int) -> Day:
        """The day under way; a new one begins with the first look after midnight."""
        known = self._days.get(tenant)
        if known is not None and now_ms < known.ends_ms:
            return known
        router, measures, _ = self.of(tenant)
        zone = site_zone(router.policy)
        midnight_ms, ends_ms = day_of(zone, now_ms)
        if known is not None:
            measures.begin_day()
        since_ms = now_ms if known is None else max(midnight_ms, known.ends_ms)
        self._days[tenant] = Day(zone, since_ms, ends_ms)
        return self._days[tenant]

    def recall(self, tenant: str, waits_since: Callable[[int], Sequence[FirstWait]]) -> None:
        """Begins the day in which a snapshot was made with what happened on it until then.

        Args:
            tenant: Whose; the core is as the snapshot has it.
            waits_since: What became of first waits since an instant, in the order of time.
        """
        router, measures, _ = self.of(tenant)
        zone = site_zone(router.policy)
        midnight_ms, ends_ms = day_of(zone, router.now_ms)
        waits = waits_since(min(midnight_ms, router.now_ms - RECENT_MS))
        measures.recall(wait for wait in waits if wait.at_ms < midnight_ms)
        measures.begin_day()
        measures.recall(wait for wait in waits if wait.at_ms >= midnight_ms)
        self._days[tenant] = Day(zone, midnight_ms, ends_ms)
        self._reliving.add(tenant)

    def relive(self, tenant: str, events: Iterable[Event], now_ms: int) -> None:
        """Counts what one command caused in a life before; estimates are not learnt from it."""
        self._reliving.add(tenant)
        self._measure(tenant, events, now_ms)

    def begin_life(self) -> None:
        """What was recalled and relived is over: counts "since the start" begin here, at 0."""
        for tenant in self._reliving:
            self.of(tenant).measures.begin_life()
        self._reliving.clear()

    def take(self, tenant: str, events: Sequence[Event], now_ms: int) -> None:
        """Learns from what one command caused; the core is as the command left it."""
        self._measure(tenant, events, now_ms)
        estimator = self.of(tenant).estimator
        for event in events:
            estimator.take(event, now_ms)

    def _measure(self, tenant: str, events: Iterable[Event], now_ms: int) -> None:
        router, measures, _ = self.of(tenant)
        day = self.day(tenant, now_ms)
        for event in events:
            measures.take(event, now_ms)
            if isinstance(event, PolicyChanged):
                zone = site_zone(router.policy)
                self._days[tenant] = Day(zone, day.since_ms, day_of(zone, now_ms)[1])

    def wait(self, tenant: str, conversation: str, now_ms: int) -> WaitBand | None:
        """How long a conversation in line will still wait, or None where nobody can say."""
        return self.of(tenant).estimator.wait(conversation, now_ms)

    def with_waits(self, tenant: str, state: State, now_ms: int) -> State:
        """A ``welcome``'s state with the estimates of what stands in line."""
        told = tuple(
            known
            if known.position is None
            else msgspec.structs.replace(
                known, wait_ms=self.wait(tenant, known.conversation, now_ms)
            )
            for known in state.conversations
        )
        return msgspec.structs.replace(state, conversations=told)


def as_evenness(worked: Sequence[tuple[Hashable, AgentMeasures]], now_ms: int) -> Evenness:
    """What follows of each agent's profile and figures of the last 30 minutes."""
    available_ms = sum(figures.available_ms for _, figures in worked)
    busy_ms = sum(figures.busy_ms for _, figures in worked)
    occupancy = busy_ms / available_ms if available_ms else None
    return Evenness(now_ms, evenness(worked), occupancy)


def site_zone(policy: Policy) -> str:
    """Whose clocks say when a day is over: those of the first hours that policy names."""
    told = [queue.hours for queue in policy.queues] + [brand.hours for brand in policy.brands]
    for hours in told:
        try:
            zone = read_hours(hours).zone if hours else ""
        except HoursError:
            continue
        if zone and has_zone(zone):
            return zone
    return "UTC"
