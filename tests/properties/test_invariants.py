"""What must hold always (design, section 9), checked after every command of a seeded crowd."""

import os
import random

import msgspec
import pytest

from router.commands import Command, JoinConversation, SetPolicy, Tick
from router.core import Router
from router.events import CommandRefused, Event, OfferMade
from router.states import ConversationState
from tests.helpers.checks import (
    check_line,
    check_messages,
    check_offers,
    check_people,
    check_work,
)
from tests.helpers.crowd import Crowd, a_policy
from tests.helpers.worlds import supervisor

SEEDS = int(os.environ.get("FAIRLINE_SEEDS", "40"))


class Watched:
    """A router under whose eyes nothing may go wrong."""

    def __init__(self) -> None:
        self.router = Router("tenant")
        self.loads: dict[str, int] = {}
        self.numbers: dict[tuple[str, str], int] = {}

    def apply(self, command: Command, now_ms: int) -> list[Event]:
        router = self.router
        due = [1 for *_, due_ms in router.world.timers.entries() if due_ms <= now_ms]
        events = router.apply(command, now_ms)
        check_line(router)
        check_work(router)
        self.loads = check_people(router, self.loads)
        check_messages(self.numbers, events)
        if len(due) <= 1:
            check_offers(router, [e for e in events if isinstance(e, OfferMade)][-1:])
        return events


def some_command(crowd: Crowd, router: Router) -> tuple[Command, int]:
    """What the crowd does, and now and then another policy or a supervisor who joins."""
    command, now_ms = crowd.command(router)
    dice = crowd.rng.random()
    if dice < 0.01:
        other = a_policy(crowd.rng)
        command = SetPolicy(msgspec.structs.replace(other, agents=crowd.policy.agents))
    elif dice < 0.02 and router.world.conversations.by_id:
        name = crowd.rng.choice(list(router.world.conversations.by_id))
        command = JoinConversation(supervisor(), name, crowd.rng.choice(("barge", "whisper")))  # type: ignore[arg-type]
    return command, now_ms


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_people_do_all_invariants_hold(seed: int) -> None:
    crowd = Crowd(seed, a_policy(random.Random(seed)))
    watched = Watched()
    for command, now_ms in crowd.beginning():
        watched.apply(command, now_ms)
    for _ in range(400):
        watched.apply(*some_command(crowd, watched.router))


@pytest.mark.parametrize("seed", range(SEEDS // 4))
def test_a_refused_command_leaves_the_digest_as_a_tick_does(seed: int) -> None:
    crowd = Crowd(seed, a_policy(random.Random(seed)))
    router = Router("tenant")
    for command, now_ms in crowd.beginning():
        router.apply(command, now_ms)
    refused = 0
    for _ in range(200):
        command, now_ms = crowd.command(router)
        router.apply(Tick(), now_ms)
        before = router.digest()
        events = router.apply(command, now_ms)
        if isinstance(events[-1], CommandRefused):
            refused += 1
            assert len(events) == 1
            assert router.digest() == before, command
    assert refused > 20


@pytest.mark.parametrize("seed", range(SEEDS // 4))
def test_whatever_a_customer_does_no_key_of_another_changes(seed: int) -> None:
    """G3: nor does their own first conversation's, but for a class that the tenant gave."""
    crowd = Crowd(seed, a_policy(random.Random(seed)))
    router = Router("tenant")
    for command, now_ms in crowd.beginning():
        router.apply(command, now_ms)
    for _ in range(250):
        command, now_ms = crowd.command(router)
        router.apply(Tick(), now_ms)
        waiting = [c for c in router.world.conversations if c.is_in_line]
        before = {c.id: c.key_ms for c in waiting}
        router.apply(command, now_ms)
        by = getattr(command, "by", None)
        if by is None or by.role != "customer":
            continue
        for name, key_ms in before.items():
            after = router.world.conversations.by_id[name]
            if after.customer == by.id and after.key_ms != key_ms:
                held = [c for c in router.world.conversations if c.customer == by.id]
                held = [c for c in held if c.status is ConversationState.HELD]
                most_ms = max(router.world.head_start_ms(c.klass) for c in held)
                assert after.start_ms - most_ms <= after.key_ms < key_ms
            else:
                assert after.key_ms == key_ms, command
