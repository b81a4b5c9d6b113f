"""What a node knows from having watched: each tenant's measures and estimates.

Owns: one ``Measures`` and one ``Estimator`` for each core, made anew where a core was made anew.
Does not know: who asks for a figure, Prometheus, sockets.

Invariants (tests/server/test_folds.py): nothing here decides anything or is journaled; a restart
begins with what the core holds and with the estimator's priors.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from router.cards import WaitBand
from router.core import Router
from router.estimate import Estimator
from router.events import Event
from router.facts import pool_facts
from router.measures import Measures
from router.outgoing import State

__all__ = ["Folds", "Watched"]


class Watched(NamedTuple):
    """What was learnt from one core's events."""

    router: Router
    measures: Measures
    estimator: Estimator


class Folds:
    """The folds of all tenants of this node."""

    def __init__(self, routers: Mapping[str, Router]) -> None:
        self._routers = routers
        self._watched: dict[str, Watched] = {}

    def of(self, tenant: str) -> Watched:
        """What was learnt of a tenant so far."""
        router = self._routers[tenant]
        known = self._watched.get(tenant)
        if known is None or known.router is not router:
            known = Watched(router, Measures(router.policy), Estimator(partial(pool_facts, router)))
            world = router.world
            known.measures.seed(world.people.agents.values(), world.conversations, router.now_ms)
            self._watched[tenant] = known
        return known

    def take(self, tenant: str, events: Iterable[Event], now_ms: int) -> None:
        """Learns from what one command caused; the core is as the command left it."""
        _, measures, estimator = self.of(tenant)
        for event in events:
            measures.take(event, now_ms)
            estimator.take(event, now_ms)

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
