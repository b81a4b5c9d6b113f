"""Explanations against scenes whose reasons are known, and against a look at every agent."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from router.commands import Actor, Connect, Disconnect, Show
from router.core import Router
from router.errors import Refusal, Refused
from router.explain import explain, explain_agent, explain_assignment, explain_conversation
from router.explained import (
    ExplainedAgent,
    ExplainedAssignment,
    ExplainedConversation,
    ExplainedWait,
)
from router.ids import ConnectionId
from router.outgoing import Reply
from router.policy import Queue, SkillNeed, Step
from tests.helpers.floor import BOSS, SERVICE, Fields, Floor

STEPPED = Queue(
    "sales",
    channels=("chat", "email"),
    needs=(SkillNeed("law", 60),),
    steps=(Step(30_000, needs=(SkillNeed("law", 20),)), Step(60_000, needs=(), any_language=True)),
)


def _wait(floor: Floor, name: str, agent: str | None = None) -> ExplainedWait:
    found = explain_conversation(floor.router, name, agent, floor.now_ms)
    assert isinstance(found, ExplainedWait)
    return found


def _assigned(floor: Floor, name: str) -> ExplainedAssignment:
    found = explain_conversation(floor.router, name, None, floor.now_ms)
    assert isinstance(found, ExplainedAssignment)
    return found


# -- a conversation that waits ------------------------------------------------------------------


def test_the_key_is_made_of_the_arrival_and_the_head_start() -> None:
    floor = Floor()
    floor.agent("ada", available=False)
    floor.ask("ann")
    arrived_ms = floor.now_ms
    name = floor.ask("vip", priority="gold")
    floor.pass_ms(5_000)
    found = _wait(floor, name)
    assert (found.arrived_at, found.start_at, found.waited_ms) == (arrived_ms, arrived_ms, 5_000)
    assert (found.klass, found.head_start_ms) == ("gold", 30_000)
    assert found.key_ms == found.start_at - found.head_start_ms
    assert (found.position, found.ahead, found.promoted) == (1, 0, False)
    assert _wait(floor, "c1").position == 2


def test_a_promoted_conversation_starts_at_its_promotion() -> None:
    floor = Floor()
    floor.agent("ada")
    first, second = floor.ask("ann"), floor.ask("ann")
    held = _wait(floor, second)
    assert (held.status, held.held_behind, held.position) == ("held", first, None)
    floor.pass_ms(2_000)
    floor.accept("ada")
    found = _wait(floor, second)
    assert (found.status, found.promoted, found.held_behind) == ("waiting", True, None)
    assert found.start_at - found.arrived_at == 2_000


def test_a_deferred_conversation_says_by_how_much() -> None:
    floor = Floor(Queue("sales", defer_ms=60_000))
    found = _wait(floor, floor.ask("ann", deferrable=True))
    assert (found.deferred_ms, found.promoted) == (60_000, False)
    assert found.start_at == found.arrived_at + 60_000


def test_the_step_says_what_is_asked_for_and_when_less_will_be() -> None:
    floor = Floor(STEPPED)
    name = floor.ask("ann", languages=["fr"])
    began_ms = floor.now_ms
    first = _wait(floor, name)
    assert (first.step, first.steps, first.next_step_at) == (0, 2, began_ms + 30_000)
    assert (first.needs, first.languages) == ({"law": 60}, {"fr": 1})
    floor.pass_ms(30_000)
    second = _wait(floor, name)
    assert (second.step, second.needs, second.next_step_at) == (1, {"law": 20}, began_ms + 60_000)
    floor.pass_ms(30_000)
    last = _wait(floor, name)
    assert (last.step, last.needs, last.languages, last.next_step_at) == (2, {}, {}, None)


def test_every_agent_is_counted_under_the_first_thing_that_would_have_to_change() -> None:
    floor = Floor(STEPPED)
    law, french = {"law": 80}, {"fr": 100}
    able: dict[str, Fields] = {"skills": law, "languages": french}
    floor.agent("novice", skills={"law": 50}, languages=french)
    floor.agent("english", skills=law, languages={"en": 100})
    floor.agent("away", available=False, **able)
    floor.agent("full", **able)
    floor.agent("mailer", **able)
    floor.agent("decliner", **able)
    floor.agent("shy", **able)
    floor.agent("gone", **able)
    floor.do(Disconnect(by=Actor("agent", "gone", ConnectionId("kgone"))))
    floor.router.world.people.agents["mailer"].channels["chat"] = False
    for agent in ("full", "decliner", "shy", "mailer"):
        floor.show(agent, "busy")
    floor.show("full", "available")
    floor.ask("zoe", languages=["fr"])
    floor.accept("full")
    name = floor.ask("ann", languages=["fr"], avoid=("shy",))
    floor.show("decliner", "available")
    floor.decline("decliner")
    floor.show("shy", "available")
    floor.show("mailer", "available")
    found = _wait(floor, name)
    assert found.agents == {
        "skill:law": 1,
        "language:fr": 1,
        "not_available": 1,
        "full": 1,
        "channel_off": 1,
        "declined": 1,
        "avoided": 1,
        "unreachable": 1,
    }
    assert _wait(floor, name, "full").why_not == "full"
    assert _wait(floor, name, "english").why_not == "language:fr"
    assert _wait(floor, name, "full").agents == {}


def test_an_offer_elsewhere_and_a_wait_for_one_agent_are_reasons() -> None:
    floor = Floor(capacity={"chat": 2, "total": 2})
    floor.agent("ada")
    first = floor.ask("ann")
    second = floor.ask("bob")
    assert _wait(floor, first).offered_to == "ada"
    assert _wait(floor, second).agents == {"offer_pending": 1}
    floor.accept("ada")
    floor.agent("bea", available=False)
    floor.transfer(first, agent="bea")
    found = _wait(floor, first)
    assert found.only_agent == "bea"
    assert found.only_agent_until == floor.now_ms + 60_000
    assert found.agents == {"other_agent": 1, "not_available": 1}


def test_a_customer_who_is_away_is_why_nobody_is_asked() -> None:
    floor = Floor()
    ann = Actor("customer", "ann", ConnectionId("kann"))
    floor.must(Connect(by=ann, life="n1"))
    name = floor.ask("ann")
    world = floor.router.world
    world.conversations.by_id[name].needs_presence = True
    floor.must(Disconnect(by=ann))
    floor.agent("ada")
    found = _wait(floor, name)
    assert (found.away, found.agents) == (True, {"free": 1})


SKILLS = some.sampled_from([{}, {"law": 80}, {"law": 30}])
CHOICE: list[Show] = ["available", "available", "busy", "away"]
SHOWS = some.sampled_from(CHOICE)


@settings(max_examples=60, deadline=None)
@given(
    some.lists(some.tuples(SKILLS, SHOWS), max_size=6),
    some.lists(some.sampled_from([(), ("law",)]), min_size=1, max_size=8),
    some.integers(0, 90_000),
)
def test_nobody_is_free_for_whoever_waits_and_everybody_is_counted(
    crew: list[tuple[dict[str, int], Show]], asks: list[tuple[str, ...]], later_ms: int
) -> None:
    floor = Floor(offer_seen_ms=5_000)
    for number, (skills, show) in enumerate(crew):
        floor.agent(f"agent{number}", skills=skills)
        floor.show(f"agent{number}", show)
    for number, needs in enumerate(asks):
        floor.ask(f"customer{number}", needs=needs)
    floor.pass_ms(later_ms)
    for one in list(floor.router.world.conversations):
        if one.status == "waiting":
            counts = _wait(floor, one.id).agents
            assert sum(counts.values()) == len(crew)
            assert "free" not in counts
            told = [_wait(floor, one.id, f"agent{n}").why_not for n in range(len(crew))]
            assert {reason: told.count(reason) for reason in told} == counts


# -- a conversation that has an agent -----------------------------------------------------------


def test_an_assignment_tells_the_scores_and_what_broke_the_tie() -> None:
    floor = Floor(Queue("sales", needs=(SkillNeed("law", 10),)))
    floor.agent("ada", skills={"law": 90})
    floor.pass_ms(1_000)
    floor.agent("bea", skills={"law": 80})
    floor.agent("cai", skills={"law": 10})
    name = floor.ask("ann")
    position, at_ms = floor.router.position, floor.now_ms
    floor.pass_ms(1_000)
    floor.accept("ada")
    found = _assigned(floor, name)
    assert (found.agent, found.position, found.chosen_at) == ("ada", position, at_ms)
    assert found.rule == "longest_idle"
    assert [one.agent for one in found.candidates] == ["ada", "bea", "cai"]
    best, _, last = found.candidates
    assert best.proficiency > last.proficiency == 600
    assert best.score > last.score
    assert best.load == 1000
    assert found == explain_assignment(floor.router, found.assignment)


def test_what_is_told_is_what_was_decided_not_what_would_be_now() -> None:
    floor = Floor()
    floor.agent("ada")
    name = floor.ask("ann")
    floor.accept("ada")
    before = _assigned(floor, name)
    floor.agent("bea", languages={"en": 100})
    floor.pass_ms(500_000)
    floor.end(name)
    assert _assigned(floor, name) == before


def test_assignment_by_hand_has_a_rule_and_no_candidates() -> None:
    floor = Floor()
    floor.agent("ada", available=False)
    name = floor.ask("ann")
    floor.assign(name, "ada")
    found = _assigned(floor, name)
    assert (found.rule, found.candidates, found.agent) == ("by_hand", (), "ada")
    assert found.position == floor.router.position


def test_at_most_ten_candidates_are_kept_the_best() -> None:
    floor = Floor(Queue("sales", needs=(SkillNeed("law", 10),)), score_band=0)
    for number in range(14):
        floor.agent(f"agent{number}", skills={"law": 20 + 5 * number})
    name = floor.ask("ann")
    chosen = floor.router.world.conversations.by_id[name].offer
    floor.accept(floor.router.world.offers.pending[chosen].agent)
    candidates = _assigned(floor, name).candidates
    scores = [one.score for one in candidates[1:]]
    assert len(candidates) == 10
    assert scores == sorted(scores, reverse=True)
    assert [one.agent for one in candidates] == [f"agent{13 - number}" for number in range(10)]


def test_decisions_survive_a_snapshot_and_a_replay_gives_the_same() -> None:
    floor = Floor()
    floor.agent("ada")
    floor.agent("bea")
    name = floor.ask("ann")
    pending = Router.restore(floor.router.snapshot())
    floor.accept("ada")
    restored = Router.restore(floor.router.snapshot())
    assert restored.digest() == floor.router.digest()
    found = explain_conversation(restored, name, None, floor.now_ms)
    assert found == _assigned(floor, name)
    offer = pending.world.offers.pending[pending.world.conversations.by_id[name].offer]
    assert offer.decision == restored.world.assignments.packed["a1"]


def test_what_ended_without_an_agent_says_so() -> None:
    floor = Floor()
    name = floor.ask("ann")
    floor.cancel(name)
    found = explain_conversation(floor.router, name, None, floor.now_ms)
    assert found == ExplainedConversation(name, "abandoned", "cancelled")


# -- an agent -----------------------------------------------------------------------------------


def test_an_agent_learns_what_stands_in_the_way_and_what_is_next() -> None:
    floor = Floor(Queue("sales", channels=("chat", "email"), needs=(SkillNeed("law", 10),)))
    floor.agent("ada", skills={"law": 50})
    first, second, third = floor.ask("ann"), floor.ask("bob"), floor.ask("cid", needs=["tax"])
    floor.accept("ada")
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert found.channels == {"chat": "full", "email": "full"}
    assert (found.could_take, found.next, found.serving) == (1, second, (first,))
    assert (found.why_not, found.idle_ms, found.load["total"]) == (None, None, 1)
    assert third in floor.router.world.line
    floor.show("ada", "away")
    assert explain_agent(floor.router, "ada", floor.now_ms).why_not == "not_available"


def test_a_free_agent_learns_since_when_and_that_nothing_is_there() -> None:
    floor = Floor()
    floor.agent("ada")
    floor.pass_ms(7_000)
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert (found.idle_ms, found.channels, found.next) == (7_000, {"chat": "free"}, None)


def test_an_offer_under_way_is_told_and_what_was_declined_is_not_next() -> None:
    floor = Floor()
    floor.agent("ada")
    floor.ask("ann")
    second = floor.ask("bob")
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert (found.why_not, found.offer) == ("offer_pending", floor.offer_to("ada"))
    floor.decline("ada")
    floor.show("ada", "away")
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert (found.could_take, found.next) == (2, second)


def test_what_is_next_is_the_first_over_all_lanes() -> None:
    floor = Floor()
    floor.agent("ada", skills={"law": 80, "tax": 80})
    floor.ask("ann")
    floor.accept("ada")
    for needs in (["law"], ["tax"], [], ["law"]):
        floor.pass_ms(1_000)
        floor.ask(f"customer{floor.count}", needs=needs)
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert (found.could_take, found.next) == (4, "c2")


def test_who_has_signed_out_could_take_nothing() -> None:
    floor = Floor()
    ada = floor.agent("ada")
    floor.do(Disconnect(by=ada, leave=True))
    floor.ask("ann")
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert (found.why_not, found.could_take, found.next) == ("unreachable", 0, None)


# -- who may ask, and the wire ------------------------------------------------------------------


def test_a_supervisor_may_ask_about_own_teams_and_a_service_about_all() -> None:
    floor = Floor()
    floor.agent("ada", teams=("emea",))
    name = floor.ask("ann")
    floor.accept("ada")
    floor.must(Connect(by=BOSS, life="n1"))
    boss = floor.router.world.people.by_key(BOSS.key)
    assert boss is not None
    for actor, teams in ((BOSS, ()), (BOSS, ("emea",)), (SERVICE, ())):
        boss.teams = teams
        found = explain(floor.router, actor, floor.now_ms, conversation=name)
        assert isinstance(found, ExplainedAssignment)
        assert explain(floor.router, actor, floor.now_ms, assignment=found.assignment) == found
        assert isinstance(explain(floor.router, actor, floor.now_ms, agent="ada"), ExplainedAgent)
    boss.teams = ("apac",)
    for named in ({"conversation": name}, {"agent": "ada"}, {"assignment": "a1"}):
        with pytest.raises(Refused) as refused:
            explain(floor.router, BOSS, floor.now_ms, **named)
        assert refused.value.code is Refusal.FORBIDDEN


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({}, Refusal.BAD_REQUEST),
        ({"conversation": "c9"}, Refusal.NOT_FOUND),
        ({"agent": "nobody"}, Refusal.NOT_FOUND),
        ({"assignment": "a9"}, Refusal.NOT_FOUND),
    ],
)
def test_what_does_not_exist_is_refused(named: dict[str, str], code: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        explain(Floor().router, SERVICE, 0, **named)
    assert refused.value.code is code


def test_an_explanation_changes_nothing_and_goes_out_in_a_reply() -> None:
    floor = Floor(STEPPED)
    floor.agent("ada", skills={"law": 80})
    first, second = floor.ask("ann"), floor.ask("bob")
    floor.accept("ada")
    digest = floor.router.digest()
    for named in ({"conversation": first}, {"conversation": second}, {"agent": "ada"}):
        found = explain(floor.router, SERVICE, floor.now_ms, **named)
        reply = Reply(id=1, ok=True, explain=found)
        assert msgspec.json.decode(msgspec.json.encode(reply), type=Reply) == reply
        assert msgspec.to_builtins(reply)["explain"]["about"] in ("assignment", "waiting", "agent")
    assert floor.router.digest() == digest


def test_an_agent_learns_why_of_what_is_theirs_and_others_have_no_names_in_it() -> None:
    floor = Floor()
    ada, bob = floor.agent("ada"), floor.agent("bob")
    name = floor.ask("ann")
    chosen = floor.offers()[0].agent
    floor.accept(chosen)
    mine, other = (ada, bob) if chosen == "ada" else (bob, ada)
    found = explain(floor.router, mine, floor.now_ms, conversation=name)
    assert isinstance(found, ExplainedAssignment)
    assert [one.agent for one in found.candidates] == [chosen, ""]
    assert explain(floor.router, mine, floor.now_ms, assignment=found.assignment) == found
    assert isinstance(explain(floor.router, other, floor.now_ms, agent=other.id), ExplainedAgent)
    for actor, named in ((other, {"conversation": name}), (other, {"agent": mine.id})):
        with pytest.raises(Refused) as refused:
            explain(floor.router, actor, floor.now_ms, **named)
        assert refused.value.code is Refusal.FORBIDDEN
