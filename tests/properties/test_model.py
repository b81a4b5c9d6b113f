"""The core decides what a router decides that looks at everybody, whatever people do."""

import itertools
import os
import random
from collections.abc import Callable, Iterator

import pytest

from router.commands import (
    AcceptOffer,
    CancelConversation,
    Command,
    Connect,
    DeclineOffer,
    Disconnect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.core import Router
from router.ids import ConversationId, OfferId
from router.policy import AgentEntry, Policy, Queue
from tests.helpers.crowd import Crowd, a_policy
from tests.helpers.model import Model
from tests.helpers.traces import state_of_core, state_of_model, traced
from tests.helpers.worlds import START_MS, agent, customer

SEEDS = int(os.environ.get("FAIRLINE_SEEDS", "40"))
DEPTH = int(os.environ.get("FAIRLINE_DEPTH", "4"))


class Pair:
    """The core and the naive router, given the same commands."""

    def __init__(self, policy: Policy) -> None:
        self.router, self.model = Router("tenant"), Model(policy)
        self.router.apply(SetPolicy(policy), START_MS)
        self.model.position += 1

    def apply(self, command: Command, now_ms: int, said: str) -> None:
        events = traced(self.router.apply(command, now_ms))
        assert events == self.model.apply(command, now_ms), said
        assert state_of_core(self.router) == state_of_model(self.model), said


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_core_decides_as_the_naive_router_does(seed: int) -> None:
    policy = a_policy(random.Random(seed))
    crowd = Crowd(seed, policy)
    pair = Pair(policy)
    for number, (command, now_ms) in enumerate(list(crowd.beginning())[1:]):
        pair.apply(command, now_ms, f"seed {seed}, beginning {number}: {command}")
    for number in range(350):
        command, now_ms = crowd.command(pair.router)
        pair.apply(command, now_ms, f"seed {seed}, command {number} at {now_ms}: {command}")


TINY = Policy(
    queues=(Queue(id="q", wrap_up_ms=2_000),),
    agents=(AgentEntry(id="a"), AgentEntry(id="b")),
    capacity={"chat": 1, "total": 1},
    missed_offers_max=1,
    grace_ms=3_000,
)


def _newest(router: Router) -> ConversationId:
    names = list(router.world.conversations.by_id)
    return ConversationId(names[-1] if names else "none")


def _last_offer(router: Router) -> OfferId:
    return OfferId(f"o{router.world.offers.made_count}")


def _next_tick(router: Router) -> Command:
    return Tick()


def _request(who: str, topic: str) -> Callable[[Router], Command]:
    def make(router: Router) -> Command:
        name = ConversationId(f"v{router.position}")
        return RequestConversation(customer(who), name, name, "chat", topic=topic)

    return make


STEPS: tuple[Callable[[Router], Command], ...] = (
    lambda _: SetPresence(agent("a")),
    lambda _: SetPresence(agent("a"), show="busy"),
    lambda _: Disconnect(agent("a")),
    lambda _: Connect(agent("a")),
    _request("c", "x"),
    _request("c", "y"),
    _request("d", "x"),
    lambda _: Disconnect(customer("c")),
    lambda r: CancelConversation(customer("c"), _newest(r)),
    lambda r: SeeOffer(agent("a"), _last_offer(r)),
    lambda r: AcceptOffer(agent("a"), _last_offer(r)),
    lambda r: DeclineOffer(agent("a"), _last_offer(r)),
    lambda r: EndConversation(agent("a"), _newest(r)),
    _next_tick,
)
"""What may happen next in the tiny world; a Tick comes at the next deadline."""


def _beginnings() -> Iterator[list[Callable[[Router], Command]]]:
    """Worlds from which everything is tried: nobody busy, one offered, one active."""
    yield []
    yield [STEPS[0], _request("c", "x")]
    yield [STEPS[0], _request("c", "x"), _request("d", "x"), STEPS[10]]


@pytest.mark.parametrize("number", range(3))
def test_every_short_life_of_a_tiny_world_is_the_naive_routers(number: int) -> None:
    """All sequences of these steps, from three beginnings; one less from those that are longer."""
    beginning = list(_beginnings())[number]
    # Where nothing is there yet, whatever answers or ends something can do nothing.
    first = STEPS if beginning else STEPS[:8]
    rest = itertools.repeat(STEPS, DEPTH - 1 - bool(beginning))
    for steps in itertools.product(first, *rest):
        pair = Pair(TINY)
        now_ms = START_MS
        for person in (agent("a"), agent("b"), customer("c"), customer("d")):
            command: Command = Connect(person)
            pair.apply(command, now_ms, "somebody connects")
        for step in (*beginning, *steps):
            command = step(pair.router)
            due_ms = pair.router.next_deadline_ms()
            if isinstance(command, Tick) and due_ms is not None:
                now_ms = max(now_ms, due_ms)
            pair.apply(command, now_ms, f"{[STEPS.index(one) for one in steps]}: {command}")
