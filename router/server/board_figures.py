"""The wallboard as supervisors get it: the lines as they are, and how well they were served.

Owns: what of the core and of the folds goes onto the board, and how old a look at all agents may
be. Does not know: who listens, how often a board is sent, how a figure is counted.

Invariants (tests/server/test_board_figures.py): a read changes nothing but the age of a look; with
many agents a board costs one walk over them, and never a look into everybody's half hour.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from router import outgoing, views
from router.boards import able_agents, floor_figures, skill_figures
from router.cards import HouseFigures, QueueFigures, QueueService, Served, WaitBand
from router.core import Router
from router.estimate import PoolFacts
from router.figures import SERVICE_LEVEL_FORMULA, QueueMeasures
from router.policy import ServiceLevel
from router.server.folds import Evenness, Folds, Watched, as_evenness
from router.states import Show

__all__ = ["BoardFigures"]

FEW_AGENTS = 200
"""So few are looked at anew for a board; more are looked at each minute, for the metrics."""
LOOK_MS = 5_000


class BoardFigures:
    """Makes the boards of one node."""

    def __init__(
        self, routers: Mapping[str, Router], folds: Folds, now_ms: Callable[[], int]
    ) -> None:
        self._routers = routers
        self._folds = folds
        self._now_ms = now_ms

    def board(self, tenant: str) -> outgoing.Board:
        """All of a tenant's board, as of now."""
        router, now_ms = self._routers[tenant], self._now_ms()
        watched = self._folds.of(tenant)
        self._folds.day(tenant, now_ms)
        able = able_agents(router)
        levels = {queue.id: queue.service_level for queue in router.policy.queues}
        queues = []
        for row in views.queue_figures(router, now_ms):
            level = levels.get(row.queue, ServiceLevel())
            service = _service(watched, row, level, able[row.queue], now_ms)
            queues.append(msgspec.structs.replace(row, service=service))
        return outgoing.Board(
            pos=router.position,
            topic="board",
            queues=tuple(queues),
            agents=views.agents_by_show(router),
            house=self._house(tenant, watched, queues, now_ms),
        )

    def skills(self, tenant: str) -> outgoing.Board:
        """Who has which skill and who waits for it, as of now."""
        router = self._routers[tenant]
        found = skill_figures(router, self._now_ms())
        return outgoing.Board(router.position, "skills", (), (), skills=found)

    def _house(
        self, tenant: str, watched: Watched, queues: Sequence[QueueFigures], now_ms: int
    ) -> HouseFigures:
        floor = floor_figures(watched.router)
        recent = watched.measures.in_all(now_ms, recent=True)
        seen = self._evenness(tenant, watched, now_ms)
        day = self._folds.day(tenant, now_ms)
        estimates = watched.estimator.figures()
        return HouseFigures(
            at=now_ms,
            formula=SERVICE_LEVEL_FORMULA,
            target=_target(queues),
            today_since_at=day.since_ms,
            zone=day.zone,
            recent=_served(recent),
            today=_served(watched.measures.today()),
            agents=floor.agents,
            capacity_used=floor.used,
            capacity_free=floor.free,
            occupancy=None if seen is None else seen.occupancy,
            even_waits=recent.jain_waits,
            even_load=None if seen is None else seen.load,
            estimate_error_ms=estimates.mae_ms["corrected"] if estimates.count else None,
        )

    def _evenness(self, tenant: str, watched: Watched, now_ms: int) -> Evenness | None:
        """The last look at every agent; a fresh one where there are few."""
        seen = self._folds.evenness.get(tenant)
        agents = watched.router.world.people.agents
        is_fresh = seen is not None and now_ms - seen.at_ms < LOOK_MS
        if is_fresh or len(agents) > FEW_AGENTS:
            return seen
        worked = [
            (agent.profile, watched.measures.agent(agent.id, now_ms, recent=True))
            for agent in agents.values()
            if agent.seen_show() is not Show.OFFLINE
        ]
        seen = self._folds.evenness[tenant] = as_evenness(worked, now_ms)
        return seen


def _service(
    watched: Watched, row: QueueFigures, level: ServiceLevel, able: tuple[int, int], now_ms: int
) -> QueueService:
    measures = watched.measures
    return QueueService(
        within_ms=level.within_ms,
        target=level.target / 1000,
        recent=_served(measures.queue(row.queue, now_ms, recent=True, even=False)),
        today=_served(measures.today(row.queue)),
        able=able[0],
        wait_ms=_wait(watched, row, able, now_ms),
    )


def _wait(
    watched: Watched, row: QueueFigures, able: tuple[int, int], now_ms: int
) -> WaitBand | None:
    """What who came now would be told; no wait where nobody waits and somebody is free."""
    at_work, free = able
    if free and not row.waiting:
        return WaitBand(p50=0, p90=0)
    facts = PoolFacts(ahead=row.waiting + row.offered, agents=at_work)
    return watched.estimator.newcomer(row.queue, facts, now_ms)


def _served(told: QueueMeasures) -> Served:
    return Served(
        accepted=told.accepted,
        abandoned=told.abandoned - told.abandoned_short,
        service_level=told.service_level,
        abandonment=told.abandonment,
        speed_of_answer_ms=told.speed_of_answer_ms,
    )


def _target(queues: Sequence[QueueFigures]) -> float:
    """The queues' targets, each counting by what it took lately."""
    weights = [
        (row.service.target, 1 + row.service.recent.accepted) for row in queues if row.service
    ]
    total = sum(weight for _, weight in weights)
    return sum(target * weight for target, weight in weights) / total if total else 0.0
