"""One tenant's whole state: what is derived from policy, and the marks of a command."""

import pytest

from router.errors import Refusal, Refused
from router.events import AgentChanged, LineMoved
from router.policy import Policy, Queue, SkillNeed
from router.skills import Profile
from router.world import World
from tests.helpers.worlds import Scene, customer, skilled

POLICY = Policy(
    queues=(
        Queue(id="q", channels=("chat", "email")),
        Queue(id="bills", channels=("voice",), needs=(SkillNeed("bills", 50),)),
    ),
    agents=(skilled("ann", languages="en:100 fr:50", bills=80),),
    classes={"plain": 0, "gold": 30_000, "royal": 900_000},
    cost={"voice": 2},
)


def world() -> World:
    known = World("tenant")
    known.put_policy(POLICY)
    return known


def test_a_policy_is_derived_into_what_is_looked_up() -> None:
    known = world()
    assert known.channels == ("chat", "email", "voice")
    assert (known.cost("voice"), known.cost("chat")) == (2, 1)
    assert known.default_class() == "plain"
    starts = [known.head_start_ms(name) for name in ("plain", "gold", "royal", "none")]
    assert starts == [0, 30_000, 90_000, 0]


@pytest.mark.parametrize("find", ["queue", "agent"])
def test_what_does_not_exist_is_not_found(find: str) -> None:
    with pytest.raises(Refused) as caught:
        getattr(world(), find)("none")
    assert caught.value.code is Refusal.NOT_FOUND


def test_a_token_has_the_last_word_where_it_has_one() -> None:
    known = world()
    plain = known.directory_profile("ann", None, None, None)
    assert plain.skills == (("bills", 80),)
    told = known.directory_profile("ann", {"lamps": 5}, None, ("pro", "acme"))
    assert told == Profile((("lamps", 5),), plain.languages, ("acme", "pro"))
    assert known.directory_profile("bob", None, None, None) == Profile()


def test_flexibility_is_queues_times_languages() -> None:
    known = world()
    assert known.flexibility(known.directory_profile("ann", None, None, None)) == 4
    assert known.flexibility(Profile()) == 1


def test_marks_become_events_once() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann")
    known = scene.world
    known.events = []
    known.touch(scene.agent("ann"))
    known.move("q")
    known.move("q", "returned")
    known.move("q", "agents")
    known.flush_marks()
    ann = scene.agent("ann")
    assert known.events == [
        AgentChanged(ann.id, "available", "available", ""),  # type: ignore[arg-type]
        LineMoved("q", "returned"),
    ]
    known.flush_marks()
    assert len(known.events) == 2


def test_who_is_away_has_no_place_and_who_is_offered_nobody_ahead() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann")
    for name in ("c", "d", "e"):
        scene.ask(name, queue="q")
    places = [scene.world.ahead(scene.conversation(name)) for name in ("c", "d", "e")]
    assert places == [0, 0, 1]
    scene.leave(customer("d"))
    assert [scene.world.ahead(scene.conversation(name)) for name in ("d", "e")] == [None, 0]
