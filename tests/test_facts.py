"""The facts of an estimate against a look at everybody, through any changes of the crew."""

from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as some

from router.commands import Actor, Connect, Disconnect, Show
from router.core import Router
from router.estimate import Estimator, PoolFacts
from router.facts import pool_facts
from router.ids import ConnectionId
from router.skills import meets
from tests.helpers.floor import Floor

CREW: dict[str, dict[str, int]] = {"ada": {"law": 80}, "bea": {"tax": 80}, "cai": {}, "dov": {}}
SHOWS: list[Show] = ["available", "available", "busy", "away"]
STEPS = some.lists(
    some.tuples(
        some.sampled_from(sorted(CREW)),
        some.sampled_from(["show", "show", "leave", "lose", "come", "able", "accept"]),
        some.integers(0, 3),
        some.integers(0, 40_000),
    ),
    max_size=25,
)


def _naive(router: Router, name: str) -> PoolFacts | None:
    world = router.world
    if name not in world.line:
        return None
    lane, place = world.line.where(name)
    signed_in = [agent for agent in world.people.agents.values() if agent.is_signed_in]
    able = [agent for agent in signed_in if meets(agent.profile, lane.key[2])]
    ahead = 0
    for other in world.line.lanes.values():
        shares = other is lane or any(meets(agent.profile, other.key[2]) for agent in able)
        ahead += sum(one < place for one in other) if shares else 0
    at_work = [agent for agent in able if agent.show == "available" and agent.reach == "reachable"]
    return PoolFacts(ahead=ahead, agents=len(at_work))


def _step(floor: Floor, agent: str, what: str, number: int) -> None:
    by = Actor("agent", agent, ConnectionId(f"k{agent}"))
    is_here = bool(floor.router.world.people.agents[agent].devices)
    if what == "come" and not is_here:
        floor.agent(agent, available=False, skills=CREW[agent])
    elif what in ("leave", "lose"):
        floor.do(Disconnect(by=by, leave=what == "leave"))
    elif what == "show" and is_here:
        floor.show(agent, SHOWS[number])
    elif what == "accept" and floor.offer_to(agent):
        floor.accept(agent)
    elif what == "able" and is_here:
        floor.agent(agent, available=False, skills={"law": 25 * number})


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_they_agree_with_a_look_at_everybody(steps: list[tuple[str, str, int, int]]) -> None:
    floor = Floor()
    for agent, skills in CREW.items():
        floor.agent(agent, skills=skills)
    names = [
        floor.ask(f"customer{number}", needs=needs)
        for number, needs in enumerate([(), ("law",), ("tax",), (), ("law",), (), (), ("tax",)])
    ]
    for agent, what, number, pause_ms in steps:
        _step(floor, agent, what, number)
        floor.pass_ms(pause_ms)
        for router in (floor.router, Router.restore(floor.router.snapshot())):
            for name in names:
                if name in router.world.conversations.by_id:
                    assert pool_facts(router, name) == _naive(router, name)


def test_an_estimate_goes_with_the_line_and_the_crew() -> None:
    floor = Floor()
    estimator = Estimator(partial(pool_facts, floor.router))
    floor.listeners.append(estimator.take)
    names = [floor.ask(f"customer{number}") for number in range(4)]
    assert estimator.wait(names[0], floor.now_ms) is None, "nobody is at work"
    floor.agent("ada")
    floor.accept("ada")
    bands = [estimator.wait(name, floor.now_ms) for name in names[1:]]
    medians = [band.p50 for band in bands if band is not None]
    assert len(medians) == 3
    assert medians == sorted(medians)
    floor.agent("bea")
    floor.accept("bea")
    quicker = estimator.wait(names[3], floor.now_ms)
    assert quicker is not None
    assert quicker.p50 < medians[2] / 2


def test_a_read_changes_nothing() -> None:
    floor = Floor()
    name = floor.ask("ann")
    floor.must(Connect(by=Actor("agent", "ada", ConnectionId("kada")), life="n1"))
    digest = floor.router.digest()
    assert pool_facts(floor.router, name) == PoolFacts(ahead=0, agents=0)
    assert pool_facts(floor.router, "c9") is None
    assert floor.router.digest() == digest
