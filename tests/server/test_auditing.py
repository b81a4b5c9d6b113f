"""A look over a core: sound ones are found sound, and each breach is seen."""

import random
from collections.abc import Callable

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from router.commands import SetPolicy
from router.conversations import Conversation
from router.core import Router
from router.server.auditing import KINDS, Auditor
from router.states import ConversationState
from router.world import World
from tests.helpers.crowd import Crowd, a_policy
from tests.properties.test_invariants import some_command
from tests.server.test_floor_figures import House, moves


def found(world: World, auditor: Auditor | None = None) -> dict[str, list[str]]:
    """What a look finds, the kinds without anything left out."""
    told = trio.run((auditor or Auditor()).look, world)
    assert tuple(told) == KINDS
    return {kind: names for kind, names in told.items() if names}


@given(st.lists(moves, max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_sound_core_is_found_sound_at_every_command(played: list[tuple[str, object]]) -> None:
    house, auditor = House(), Auditor()
    for move in played:
        house.move(*move)
        assert found(house.router.world, auditor) == {}


@pytest.mark.parametrize("seed", range(5))
def test_a_core_is_found_sound_whatever_a_crowd_does(seed: int) -> None:
    """With wrap-ups, transfers, quiet and snoozed ones, held ones, and policies that change."""
    crowd, router, auditor = Crowd(seed, a_policy(random.Random(seed))), Router("t"), Auditor()
    for command, now_ms in crowd.beginning():
        router.apply(command, now_ms)
    seen = set()
    for _ in range(300):
        command, now_ms = some_command(crowd, router)
        router.apply(command, now_ms)
        assert found(router.world, auditor) == {}, command
        seen |= {one.status for one in router.world.conversations}
    assert seen >= {ConversationState.WAITING, ConversationState.ACTIVE, ConversationState.OFFERED}


def test_a_look_changes_nothing() -> None:
    house = served()
    before = house.router.digest()
    assert found(house.router.world) == {}
    assert house.router.digest() == before


# -- each breach -----------------------------------------------------------------------------------


def served() -> House:
    """``a0`` serves the first, ``a1`` is free to see it, nobody waits."""
    house = House()
    house.move("come", "a0", {}, {"en": 90})
    house.move("come", "a1", {}, {"en": 90})
    house.move("show", "a0", "available")
    house.move("ask", "plain", "chat", " ")
    house.move("accept", "a0")
    assert house.router.world.people.agents["a0"].serving
    assert found(house.router.world) == {}
    return house


def waiting() -> tuple[World, Conversation]:
    """Two wait, nobody is there; the second is what is broken."""
    house = House()
    house.move("ask", "plain", "chat", " ")
    house.move("ask", "plain", "chat", " ")
    world = house.router.world
    assert len(world.line) == 2
    assert found(world) == {}
    return world, world.conversations.by_id["c2"]


def test_a_conversation_that_its_agent_does_not_know_of_is_lost() -> None:
    world = served().router.world
    world.people.agents["a0"].serving.clear()
    assert found(world) == {"lost": ["c1"], "over_capacity": ["a0"]}


def test_a_conversation_of_two_agents_is_seen() -> None:
    world = served().router.world
    agents = world.people.agents
    agents["a1"].serving += agents["a0"].serving
    assert found(world) == {"double_assign": ["c1"], "over_capacity": ["a1"]}


def test_an_offer_of_somebody_else_is_seen() -> None:
    house = served()
    house.move("ask", "plain", "chat", " ")
    agents = house.router.world.people.agents
    agents["a1"].offer = agents["a0"].offer
    assert found(house.router.world) == {"double_assign": ["c2"], "over_capacity": ["a1"]}


def test_whoever_waits_in_no_lane_is_lost() -> None:
    world, second = waiting()
    world.line.leave(second.id)
    assert found(world) == {"lost": ["c2"]}


def _taken_out(world: World, one: Conversation) -> None:
    lane, place = world.line.where(one.id)
    lane.remove(place)


def _lane_asleep(world: World, one: Conversation) -> None:
    world.line.occupied = 0


def _head_forgotten(world: World, one: Conversation) -> None:
    lane = world.line.lane_of(one.id)
    world.line.heads[lane.index] = world.line.where(one.id)[1]


def _other_wishes(world: World, one: Conversation) -> None:
    one.own_needs = (("a skill of nobody's", 100),)


def _other_key(world: World, one: Conversation) -> None:
    one.key_ms -= 1


def _customer_forgets(world: World, one: Conversation) -> None:
    world.customer_of(one).open.clear()


def _parked_for_nobody(world: World, one: Conversation) -> None:
    world.line.leave(one.id)
    one.parked = True  # and its customer is there all the time


def _held_behind_nobody(world: World, one: Conversation) -> None:
    world.line.leave(one.id)
    one.status = ConversationState.HELD
    world.conversations.held[one.id] = None


def _asleep_for_ever(world: World, one: Conversation) -> None:
    world.line.leave(one.id)
    one.status = ConversationState.SNOOZED


def _offered_to_nobody(world: World, one: Conversation) -> None:
    world.line.leave(one.id)
    one.status = ConversationState.OFFERED


def _served_by_nobody(world: World, one: Conversation) -> None:
    world.line.leave(one.id)
    one.status = ConversationState.ACTIVE


@pytest.mark.parametrize(
    "sabotage",
    [
        _taken_out, _lane_asleep, _head_forgotten, _other_wishes, _other_key, _customer_forgets,
        _parked_for_nobody, _held_behind_nobody, _asleep_for_ever, _offered_to_nobody,
        _served_by_nobody,
    ],
)  # fmt: skip
def test_a_customer_whom_nobody_will_ever_get_is_lost(
    sabotage: Callable[[World, Conversation], None],
) -> None:
    world, second = waiting()
    sabotage(world, second)
    assert second.id in found(world)["lost"]


def test_an_offer_that_never_ends_is_lost() -> None:
    house = served()
    house.move("ask", "plain", "chat", " ")
    world = house.router.world
    world.timers.cancel("offer_expire", world.people.agents["a0"].offer)
    assert found(world) == {"lost": ["c2"]}


def test_a_held_one_is_found_once_the_first_is_gone_without_a_word() -> None:
    house = House()
    house.move("ask", "plain", "chat", " ")
    house.ask_again("c1")
    world = house.router.world
    held = next(one for one in world.conversations if one.status is ConversationState.HELD)
    assert found(world) == {}
    world.people.customers["c1"].open.remove("c1")
    assert found(world)["lost"] == ["c1", held.id]


def test_who_is_served_and_still_in_line_would_be_given_away_twice() -> None:
    house = served()
    world = house.router.world
    house.move("show", "a0", "busy")
    house.move("ask", "plain", "chat", " ")
    lane, place = world.line.where("c2")
    world.line.join(lane, (place[0], place[1], "c1"))
    assert found(world) == {"double_assign": ["c1"]}


def test_a_ledger_that_says_too_little_is_seen() -> None:
    world = served().router.world
    agent = world.people.agents["a0"]
    agent.release("chat", 1)
    assert found(world) == {"over_capacity": ["a0"]}


def over() -> tuple[House, Auditor]:
    """``a0`` holds two, room for two; then the capacity is one, and that is nobody's fault."""
    house, auditor = served(), Auditor()
    house.move("ask", "plain", "chat", " ")
    house.move("accept", "a0")
    agent = house.router.world.people.agents["a0"]
    assert len(agent.serving) == 2
    assert found(house.router.world, auditor) == {}
    agent.capacity = {"total": 1, "chat": 1}
    for _ in range(2):
        assert found(house.router.world, auditor) == {}
    return house, auditor


def test_who_was_given_more_than_they_may_hold_is_found() -> None:
    house, auditor = over()
    world = house.router.world
    house.move("ask", "plain", "chat", " ")
    agent, third = world.people.agents["a0"], world.conversations.by_id["c3"]
    world.line.leave("c3")
    third.status, third.agent = ConversationState.ACTIVE, "a0"
    agent.serving.append("c3")
    agent.load["chat"] += 1
    agent.load_cost += 1
    assert found(world, auditor) == {"over_capacity": ["a0"]}


def test_another_policy_is_no_breach() -> None:
    house, auditor = over()
    house.do(SetPolicy(policy=house.router.policy))
    assert found(house.router.world, auditor) == {}
