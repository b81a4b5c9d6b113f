"""A look over a core: sound ones are found sound, and each breach is seen."""

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from router.server.auditing import audit
from tests.server.test_floor_figures import House, moves

SOUND = {"lost": 0, "double_assign": 0}


def found(house: House) -> dict[str, int]:
    return trio.run(audit, house.router.world)


@given(st.lists(moves, max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_sound_core_is_found_sound_at_every_command(played: list[tuple[str, object]]) -> None:
    house = House()
    for move in played:
        house.move(*move)
        assert found(house) == SOUND


def served() -> House:
    house = House()
    house.move("come", "a0", {}, {"en": 90})
    house.move("come", "a1", {}, {"en": 90})
    house.move("show", "a0", "available")
    house.move("ask", "plain", "chat", " ")
    house.move("accept", "a0")
    assert house.router.world.people.agents["a0"].serving
    assert found(house) == SOUND
    return house


def test_a_conversation_that_its_agent_does_not_know_of_is_lost() -> None:
    house = served()
    house.router.world.people.agents["a0"].serving.clear()
    assert found(house) == {"lost": 1, "double_assign": 0}


def test_a_conversation_of_two_agents_is_seen() -> None:
    house = served()
    agents = house.router.world.people.agents
    agents["a1"].serving += agents["a0"].serving
    assert found(house) == {"lost": 0, "double_assign": 1}
