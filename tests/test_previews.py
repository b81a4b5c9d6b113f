"""What a change would do is what it does."""

import random

import msgspec
import pytest

from router.commands import Actor, SetAgentSkills, SetPresence, SetPriority
from router.core import Router
from router.errors import Refusal, Refused
from router.explain import explain_agent
from router.explained import ExplainedAgent
from router.ids import AgentId, ConnectionId, ConversationId
from router.policy import AgentEntry
from router.previews import preview_class, preview_skills
from tests.helpers.crowd import LANGUAGES, SKILLS, Crowd, a_policy
from tests.helpers.worlds import SIMPLE, Scene, agent, needs, supervisor


def could_take(router: Router, name: str) -> int:
    told = explain_agent(router, name, router.now_ms)
    assert isinstance(told, ExplainedAgent)
    return told.could_take


def crowded(seed: int) -> Router:
    """A busy house after 150 commands."""
    policy = a_policy(random.Random(seed))
    crowd, router = Crowd(seed, policy), Router("t")
    for command, now_ms in crowd.beginning():
        router.apply(command, now_ms)
    for _ in range(150):
        router.apply(*crowd.command(router))
    return router


@pytest.mark.parametrize("seed", range(12))
def test_a_place_is_the_one_foretold_and_a_read_changes_nothing(seed: int) -> None:
    router = crowded(seed)
    before = router.digest()
    waiting = [one.id for one in router.world.conversations if str(one.status) == "waiting"]
    for name in waiting:
        for klass in router.policy.classes:
            told = preview_class(router, supervisor(), name, klass)
            assert router.digest() == before
            changed = Router.restore(router.snapshot())
            changed.apply(SetPriority(supervisor(), ConversationId(name), klass), router.now_ms)
            one = changed.world.conversations.by_id[name]
            if str(one.status) == "waiting":
                assert changed.world.ahead(one) == told.would_be_ahead


@pytest.mark.parametrize("seed", range(12))
def test_who_could_be_served_then_are_those_foretold(seed: int) -> None:
    rng, router = random.Random(seed), crowded(seed)
    name = rng.choice(list(router.world.people.agents))
    router.apply(SetPresence(agent(name), "busy"), router.now_ms)  # so that nothing is offered
    skills = {skill: rng.choice((0, 60)) for skill in SKILLS if rng.random() < 0.8}
    languages = {tag: rng.choice((0, 80)) for tag in LANGUAGES if rng.random() < 0.8}
    before = router.digest()
    told = preview_skills(router, supervisor(), name, skills, languages)
    assert router.digest() == before
    command = SetAgentSkills(supervisor(), AgentId(name), skills, languages)
    router.apply(command, router.now_ms)
    after = preview_skills(router, supervisor(), name, None, None)
    assert (after.could_take, after.would_take) == (told.would_take, told.would_take)
    assert (after.skills, after.languages, after.set_by_hand) == (told.skills, told.languages, True)


def test_it_says_by_queue_what_changes_and_whom_nobody_else_could_serve() -> None:
    scene = Scene()
    scene.arrive(agent("ann"), skills={"lamps": 80}, languages={"en": 100})
    scene.arrive(agent("bob"), skills={"bills": 80})
    for name in "ab":
        scene.ask(name, needs=needs(lamps=50))
    scene.ask("c", needs=needs(bills=50))
    told = preview_skills(scene.router, supervisor(), "ann", {"bills": 60}, None)
    assert (told.could_take, told.would_take, told.stranded) == (2, 1, 2)
    assert told.queues == {"q": (2, 1)}
    assert told.could_take == could_take(scene.router, "ann")
    assert (told.languages, told.set_by_hand) == ({"en": 100}, False)


def test_it_is_for_those_who_watch_and_of_what_is_there() -> None:
    scene = Scene()
    scene.arrive(agent("ann"), teams=("floor",))
    scene.ask("c")
    other = Actor("supervisor", "eli", ConnectionId("e"), ("other",))
    with pytest.raises(Refused) as refused:
        preview_skills(scene.router, other, "ann", None, None)
    assert refused.value.code == Refusal.FORBIDDEN
    for name, klass, code in (("c", "none", 105), ("x", "gold", 103)):
        with pytest.raises(Refused) as refused:
            preview_class(scene.router, supervisor(), name, klass)
        assert refused.value.code == code


def test_who_is_of_the_directory_and_was_never_here_is_foretold_from_it() -> None:
    listed = AgentEntry(id="tom", teams=("floor",), skills={"lamps": 80}, languages={"en": 50})
    scene = Scene(msgspec.structs.replace(SIMPLE, agents=(listed,)))
    scene.ask("a", needs=needs(lamps=50))
    before = scene.router.digest()
    told = preview_skills(scene.router, supervisor(), "tom", {"lamps": 0}, {"en": 0, "fr": 90})
    assert (told.could_take, told.would_take, told.languages) == (1, 0, {"fr": 90})
    other = Actor("supervisor", "eli", ConnectionId("e"), ("other",))
    for by, name, code in ((other, "tom", 102), (supervisor(), "zoe", 103)):
        with pytest.raises(Refused) as refused:
            preview_skills(scene.router, by, name, None, None)
        assert refused.value.code == code
    assert scene.router.digest() == before
