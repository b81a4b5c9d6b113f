"""Several conversations in hand: exact work, and the published waits of chats."""

import random

import pytest
from msgspec import structs

from router.lab.draws import Exponential
from router.lab.hands import Hands, slowness
from router.lab.scenario import AgentGroup
from router.lab.simulate import simulate
from router.policy import Policy
from tests.lab.houses import demand, group, house, policy

SLOWER = (4 / 3, 1.75)


def test_having_two_slows_both_and_having_one_again_speeds_it_up() -> None:
    hands = Hands()
    assert hands.take("ann", "a", 60_000, (1.5,), 0) == [("a", 60_000)]
    assert hands.take("ann", "b", 60_000, (1.5,), 30_000) == [("a", 75_000), ("b", 120_000)]
    assert not hands.is_due("a", 60_000)
    assert hands.is_due("a", 75_000)
    assert hands.drop("a", 75_000) == [("b", 105_000)]
    assert hands.is_due("b", 105_000)
    assert not hands.is_due("a", 75_000)
    assert hands.drop("a", 80_000) == []


def test_beyond_the_list_no_more_gets_done_in_all() -> None:
    assert [slowness(SLOWER, count) for count in (1, 2, 3)] == [1, 4 / 3, 1.75]
    assert slowness(SLOWER, 6) == pytest.approx(3.5)
    assert slowness((), 5) == 1


def test_everybody_gets_exactly_their_work() -> None:
    """Whatever comes and goes: stretches by how slow they were add up to the work."""
    chance = random.Random(3)
    hands, now_ms = Hands(), 0
    held: dict[str, int] = {}
    got: dict[str, float] = {}
    work: dict[str, float] = {}
    done = 0
    while done < 200:
        due_ms = min(held.values(), default=None)
        arrives_ms = now_ms + round(chance.expovariate(1 / 30_000))
        at_ms = arrives_ms if due_ms is None or len(held) < 3 else due_ms
        if due_ms is not None:
            at_ms = min(at_ms, due_ms)
        for name in held:
            got[name] += (at_ms - now_ms) / slowness(SLOWER, len(held))
        now_ms = at_ms
        over = [name for name, at in held.items() if at == now_ms]
        if over:
            for name in over:
                del held[name]
                assert got[name] == pytest.approx(work[name], abs=20)
                done += 1
                moved = dict(hands.drop(name, now_ms))
                held.update({one: at for one, at in moved.items() if one in held})
        else:
            name = f"c{len(work)}"
            work[name], got[name] = float(chance.randrange(1_000, 200_000)), 0.0
            held.update(hands.take("ann", name, work[name], SLOWER, now_ms))


def test_agents_with_two_chats_wait_as_the_table_says() -> None:
    """Twenty agents, 4.5 a minute; at the pace of one chat alone nearly nobody would wait."""
    rules: Policy = structs.replace(policy("a"), capacity={"chat": 2, "total": 2})
    agents: tuple[AgentGroup, ...] = (group("s", "a", 20),)
    chats = structs.replace(demand("a", 4.5, service=Exponential(6.0)), slower=(8 / 6,))
    found = simulate(house(rules, agents, (chats,), length=400, seeds=6))
    assert found["wait.share"].is_near(0.325203, relative=0.03)
    assert found["wait.mean"].is_near(0.650406, relative=0.1)
    assert found["wait.share"].error < 0.08
