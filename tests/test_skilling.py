"""What agents can do, set by hand."""

import msgspec
import pytest

from router import outgoing
from router.commands import (
    Actor,
    Claims,
    Connect,
    Disconnect,
    SetAgentSkills,
    SetPolicy,
    SetPresence,
)
from router.errors import Refusal
from router.events import AuditRecorded
from router.ids import AgentId, ConnectionId
from router.policy import AgentEntry, Policy, Queue
from router.skills import Profile
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, needs, service, skilled, supervisor, wishes

POLICY = Policy(
    queues=(Queue(id="q"), Queue(id="lamps", needs=needs(lamps=50))),
    agents=(skilled("ann", languages="en:100", bills=80), skilled("bob", bills=30)),
)
ANN = AgentId("ann")


def house() -> Watched:
    scene = Watched(POLICY)
    scene.arrive(supervisor())
    scene.sign_in("ann")
    return scene


def test_what_waits_is_offered_in_the_same_step_to_who_can_do_it_now() -> None:
    scene = house()
    scene.ask("c", queue="lamps")
    assert scene.offered("ann") == ""
    scene.answered(
        scene.wire(supervisor(), "agent.skills", agent="ann", skills={"lamps": 60}, languages=None)
    )
    assert scene.offered("ann") == "c"
    (told,) = scene.heard_by(agent("ann"), outgoing.SkillsSet)
    assert (told.skills, told.languages, told.by.id) == ({"lamps": 60}, {"en": 100}, "sue")
    (audited,) = [one for _, one in scene.seen(AuditRecorded)]
    assert (audited.action, audited.subject) == ("agent.skills", "agent:ann")
    assert audited.reason == "covers; skills lamps=60"


def test_what_was_set_outlives_restart_reconnect_and_token_until_it_is_taken_back() -> None:
    scene = house()
    scene.answered(SetAgentSkills(supervisor(), ANN, skills={"lamps": 60}))
    scene.reborn()
    scene.do(Disconnect(agent("ann"), leave=True))
    newer = Claims(skills={"bills": 10}, languages={"de": 90}, brands=("pro",))
    scene.answered(Connect(agent("ann"), life="n2", claims=newer))
    wanted = Profile((("lamps", 60),), (("de", 90),), ("pro",))
    assert scene.agent("ann").profile == wanted
    scene.answered(SetPolicy(msgspec.structs.replace(POLICY, offer_timeout_ms=9_000)))
    assert scene.agent("ann").profile == wanted
    scene.answered(SetAgentSkills(supervisor(), ANN, clear=True))
    assert scene.agent("ann").profile == Profile((("bills", 10),), (("de", 90),), ("pro",))
    assert scene.agent("ann").claimed is None


def test_each_part_is_set_alone_and_both_together_may_replace_what_was_set() -> None:
    scene = house()
    scene.answered(SetAgentSkills(supervisor(), ANN, languages={"fr": 50}))
    assert scene.agent("ann").profile == Profile((("bills", 80),), (("fr", 50),))
    scene.answered(SetAgentSkills(supervisor(), ANN, skills={"lamps": 20, "bills": 0}))
    assert scene.agent("ann").profile == Profile((("lamps", 20),), (("fr", 50),))
    scene.answered(SetAgentSkills(supervisor(), ANN, skills={"bills": 70}, clear=True))
    assert scene.agent("ann").profile == Profile((("bills", 70),), (("en", 100),))


def test_an_agent_of_the_directory_has_them_from_the_first_sign_in() -> None:
    scene = house()
    scene.answered(SetAgentSkills(service(), AgentId("bob"), skills={"lamps": 90}))
    scene.ask("c", queue="lamps")
    scene.sign_in("bob")
    assert scene.offered("bob") == "c"


def test_what_is_offered_or_served_stays() -> None:
    scene = house()
    scene.ask("c")
    scene.answered(SetAgentSkills(supervisor(), ANN, skills={}, languages={}))
    assert scene.offered("ann") == "c"
    scene.accept("ann")
    assert scene.status("c") == "active"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetAgentSkills(supervisor(), AgentId("zoe"), skills={}), Refusal.NOT_FOUND),
        (SetAgentSkills(supervisor(), ANN), Refusal.BAD_REQUEST),
        (
            SetAgentSkills(Actor("supervisor", "eli", ConnectionId("e"), ("other",)), ANN, {}),
            Refusal.FORBIDDEN,
        ),
    ],
)
def test_a_refusal_changes_nothing(command: SetAgentSkills, code: Refusal) -> None:
    scene = house()
    scene.arrive(agent("ann"), teams=("floor",))
    assert scene.refused_in_vain(command) == code


def test_setting_what_is_so_already_moves_nobody() -> None:
    scene = house()
    scene.ask("c", queue="lamps")
    scene.arrive(customer("d"))
    generation = scene.world.pool.generation
    scene.answered(SetAgentSkills(supervisor(), ANN, skills={"bills": 80}))
    assert scene.world.pool.generation == generation


def test_of_who_was_never_here_the_directory_says_name_and_teams() -> None:
    listed = AgentEntry(id="tom", name="Tom", teams=("floor",), skills={"bills": 20})
    scene = Watched(msgspec.structs.replace(POLICY, agents=(listed,)))
    other = Actor("supervisor", "eli", ConnectionId("e"), ("other",))
    theirs = Actor("supervisor", "flo", ConnectionId("f"), ("floor",))
    for bills in (60, 70):
        command = SetAgentSkills(other, AgentId("tom"), {"bills": bills})
        assert scene.refused_in_vain(command) == Refusal.FORBIDDEN
        scene.answered(msgspec.structs.replace(command, by=theirs))
    known = scene.agent("tom")
    assert (known.name, known.teams, known.profile.skills) == ("Tom", ("floor",), (("bills", 70),))


def test_level_0_takes_a_language_away_as_it_does_a_skill() -> None:
    scene = house()
    scene.ask("c", languages=wishes("en"))
    scene.answered(SetPresence(agent("ann"), "busy"))
    scene.answered(SetAgentSkills(supervisor(), ANN, languages={"en": 0, "fr": 50}))
    assert scene.agent("ann").profile.languages == (("fr", 50),)
    scene.answered(SetPresence(agent("ann")))
    assert scene.offered("ann") == ""
