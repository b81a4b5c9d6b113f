"""What must hold always (design, section 9), checked after every command of a seeded crowd."""

import os
import random

import msgspec
import pytest

from router.commands import Command, JoinConversation, SetPolicy, Tick
from router.core import Router
from router.deliveries import deliveries
from router.events import (
    ColleagueInvited,
    CommandRefused,
    ConversationAssigned,
    ConversationForgotten,
    Event,
    OfferMade,
)
from router.states import FINAL_CONVERSATION, ConversationState
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
        self.known: set[str] = set()
        self.took_part: dict[str, set[str]] = {}

    def apply(self, command: Command, now_ms: int) -> list[Event]:
        router = self.router
        due = [1 for *_, due_ms in router.world.timers.entries() if due_ms <= now_ms]
        events = router.apply(command, now_ms)
        check_line(router)
        check_work(router)
        self.loads = check_people(router, self.loads)
        check_messages(self.numbers, events)
        self._nobody_is_lost(events)
        self._nobody_hears_what_is_not_theirs(events)
        if len(due) <= 1:
            check_offers(router, [e for e in events if isinstance(e, OfferMade)][-1:])
        return events

    def _nobody_is_lost(self, events: list[Event]) -> None:
        """What was there is there, or was said to be forgotten after it ended."""
        by_id = self.router.world.conversations.by_id
        gone = {e.conversation for e in events if isinstance(e, ConversationForgotten)}
        assert self.known - by_id.keys() == gone
        self.known = set(by_id)
        for one in by_id.values():
            assert (one.status in FINAL_CONVERSATION) <= bool(one.ended_reason)

    def _nobody_hears_what_is_not_theirs(self, events: list[Event]) -> None:
        """A conversation's customer, whoever has or had it, was asked, joined or invited."""
        world = self.router.world
        for event in events:
            if isinstance(event, OfferMade | ConversationAssigned):
                self._takes_part(event.conversation, f"agent:{event.agent}")
            elif isinstance(event, ColleagueInvited):
                self._takes_part(event.conversation, event.readers[0])
        for one in world.conversations:
            self._takes_part(one.id, f"customer:{one.customer}", *one.joined, *one.invited)
        for event in events:
            for to, message, _ in deliveries(self.router, event, world.now_ms):
                name = getattr(message, "conversation", None)
                if name is not None:
                    assert to in self.took_part[name], f"{to} heard of {name}: {message}"
                kind = getattr(message, "kind", "text")
                assert kind == "text" or not to.startswith("customer:"), message

    def _takes_part(self, conversation: str, *persons: str) -> None:
        self.took_part.setdefault(conversation, set()).update(persons)


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
        people = router.world.people
        who = people.customers.get(by.id)
        theirs = {one.id for one in people.same_as(who)} if who is not None else set()
        for name, key_ms in before.items():
            after = router.world.conversations.by_id[name]
            if after.customer in theirs and after.key_ms != key_ms:
                held = [c for c in router.world.conversations if c.customer in theirs]
                held = [c for c in held if c.status is ConversationState.HELD]
                most_ms = max(router.world.head_start_ms(c.klass) for c in held)
                assert after.start_ms - most_ms <= after.key_ms < key_ms
            else:
                assert after.key_ms == key_ms, command
