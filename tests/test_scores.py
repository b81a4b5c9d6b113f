"""What is known of particular agents, and what a service says of them."""

from typing import Any

import msgspec
import pytest

from router.commands import Claims, Connect, SetScore, TransferConversation
from router.core import Router
from router.errors import Refusal
from router.explain import explain_conversation
from router.explained import ExplainedAssignment, ExplainedCandidate
from router.ids import AgentId, ConversationId
from router.policy import AgentEntry, Policy, Queue, Weights
from router.presence import Customer, Meeting
from router.scores import history_of, special_of
from tests.helpers.worlds import Scene, agent, customer, service, skilled

DAY_MS = 86_400_000
NOW_MS = 1_000 * DAY_MS
POLICY = Policy(
    queues=(Queue(id="q"), Queue(id="other")),
    agents=(AgentEntry(id="zoe"),),
    capacity={"chat": 5, "total": 5},
    weights=Weights(language=4, proficiency=2, history=3, load=1, relation=5, topic=5),
)


def meeting(who: str, days_ago: int, topic: str = "tax", **changes: Any) -> Meeting:  # noqa: ANN401
    plain = Meeting(f"c{days_ago}", who, NOW_MS - days_ago * DAY_MS, topic, "agent")
    return msgspec.structs.replace(plain, **changes)


def scene_of(*agents: str, policy: Policy = POLICY) -> Scene:
    scene = Scene(policy)
    scene.sign_in(*agents)
    scene.arrive(service())
    return scene


def score(part: str, value: int, who: str = "", **changes: Any) -> SetScore:  # noqa: ANN401
    made = SetScore(
        by=service(),
        conversation=ConversationId("ada"),
        part=part,  # type: ignore[arg-type]
        value=value,
        ttl_ms=60_000,
        agent=AgentId(who) if who else None,
    )
    return msgspec.structs.replace(made, **changes)


def who_met(met: list[Meeting]) -> Customer:
    one = Customer(id="c", role="customer")
    one.met = met
    return one


def owned_by(scene: Scene, name: str, owner: str) -> None:
    scene.answered(Connect(customer(name), life="n1", claims=Claims(attributes={"owner": owner})))


def test_who_served_last_counts_most_and_all_of_it_fades() -> None:
    met = [meeting("bob", 20), meeting("ann", 15), meeting("bob", 0)]
    known = history_of(who_met(met), NOW_MS)
    assert known == {"bob": 1000, "ann": 250}


@pytest.mark.parametrize(("rating", "worth"), [(None, 1000), (5, 1000), (3, 600), (2, 250)])
def test_a_rating_says_what_a_meeting_is_worth(rating: int | None, worth: int) -> None:
    met = [meeting("bob", 0, rating=rating)]
    assert history_of(who_met(met), NOW_MS) == {"bob": worth}


def test_a_bad_rating_or_a_month_ends_it() -> None:
    met = [meeting("ann", 30), meeting("bob", 0, rating=1)]
    assert history_of(who_met(met), NOW_MS) == {}


def test_the_owner_of_the_account_is_chosen() -> None:
    scene = scene_of("ann", "bob", "cid")
    owned_by(scene, "ada", "cid")
    scene.ask("ada")
    assert scene.offered("cid") == "ada"
    scene.accept("cid")
    found = explain_conversation(scene.router, "ada", None, scene.now_ms)
    assert isinstance(found, ExplainedAssignment)
    parts = [(one.agent, one.relation, one.topic) for one in found.candidates]
    assert parts == [("cid", 1000, 0), ("ann", 0, 0), ("bob", 0, 0)]


def test_the_owner_is_named_by_the_attribute_that_the_policy_names() -> None:
    policy = msgspec.structs.replace(POLICY, relation_attribute="manager")
    scene = scene_of("ann", "bob", policy=policy)
    owned_by(scene, "ada", "bob")
    scene.ask("ada")
    assert scene.offered("ann") == "ada"


def test_without_weight_nobody_looks_at_the_owner_or_the_topic() -> None:
    scene = scene_of("ann", "bob", policy=msgspec.structs.replace(POLICY, weights=Weights()))
    owned_by(scene, "ada", "bob")
    scene.ask("ada", topic="tax")
    scene.customer("ada").met.append(meeting("bob", 0))
    assert special_of(scene.world, scene.conversation("ada")) == {}


def test_who_knows_the_topic_is_preferred_and_who_passed_it_on_is_not() -> None:
    scene = scene_of("ann", "bob")
    scene.ask("ada", "tax1", topic="tax")
    assert scene.offered("ann") == "tax1"
    scene.accept("ann")
    scene.ask("ada", "law1", topic="law")
    scene.accept("bob")
    scene.end("bob", "law1")
    passed = TransferConversation(agent("ann"), ConversationId("tax1"), "t1", "other")
    scene.answered(passed)
    scene.accept("bob")
    scene.end("bob", "tax1")
    scene.ask("ada", "tax2", topic="tax")
    special = special_of(scene.world, scene.conversation("tax2"))
    assert special == {"bob": {"topic": 1000}}
    assert scene.offered("bob") == "tax2"


def test_the_offer_says_why() -> None:
    scene = scene_of("ann", "bob")
    owned_by(scene, "ada", "bob")
    scene.customer("ada").met.append(Meeting("c0", "bob", scene.now_ms, "tax", "agent"))
    scene.ask("ada", topic="tax")
    offer = scene.world.offers.pending[scene.offer_of("bob")]
    assert offer.why == ("knows_customer", "account_owner", "knows_topic", "best_match")


def waiting(*agents: str) -> Scene:
    """Ada waits, for the agents come later."""
    scene = scene_of()
    scene.ask("ada")
    for name in agents:
        scene.arrive(agent(name))
    return scene


def all_available(scene: Scene, *agents: str) -> str:
    """Both are busy, then free at once, by another conversation's end: who is chosen."""
    scene.leave(customer("ada"))
    scene.sign_in(*agents)
    scene.arrive(customer("ada"))
    return next(name for name in agents if scene.offered(name))


def test_a_value_from_outside_decides_for_one_agent() -> None:
    scene = waiting("ann", "bob")
    scene.answered(score("topic", 900, "bob"))
    assert all_available(scene, "ann", "bob") == "bob"


def test_a_bad_value_from_outside_counts_too() -> None:
    scene = waiting("ann", "bob")
    scene.answered(score("language", 0, "ann"))
    assert all_available(scene, "ann", "bob") == "bob"


def test_a_value_for_everybody_replaces_what_was_known_of_anybody() -> None:
    scene = scene_of()
    owned_by(scene, "ada", "bob")
    scene.ask("ada")
    scene.answered(score("relation", 500))
    conversation = scene.conversation("ada")
    expected = {"": {"relation": 500}, "bob": {"relation": 500}}
    assert special_of(scene.world, conversation) == expected
    scene.arrive(agent("bob"))
    scene.answered(score("relation", 100, "bob"))
    assert special_of(scene.world, conversation)["bob"] == {"relation": 100}


def test_a_value_counts_until_its_time_is_over_and_an_outage_moves_that() -> None:
    scene = waiting("bob")
    scene.answered(score("topic", 900, "bob"))
    conversation = scene.conversation("ada")
    scene.to(59_999)
    scene.arrive(customer("x"))
    assert special_of(scene.world, conversation) == {"bob": {"topic": 900}}
    scene.to(60_000)
    scene.arrive(customer("x"))
    assert special_of(scene.world, conversation) == {}
    scene.answered(score("history", 100))
    assert list(conversation.outside) == [""]


def test_a_later_value_replaces_the_one_before() -> None:
    scene = waiting("bob")
    for value in (900, 400):
        scene.answered(score("topic", value, "bob"))
    assert special_of(scene.world, scene.conversation("ada")) == {"bob": {"topic": 400}}


def test_an_agent_of_the_directory_may_be_named_before_signing_in() -> None:
    scene = waiting()
    scene.answered(score("topic", 900, "zoe"))
    assert all_available(scene, "ann", "zoe") == "zoe"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"conversation": ConversationId("nobody")}, Refusal.NOT_FOUND),
        ({"agent": AgentId("nobody")}, Refusal.NOT_FOUND),
        ({"by": agent("bob")}, Refusal.FORBIDDEN),
        ({"by": customer("ada")}, Refusal.NOT_FOUND),
    ],
)
def test_a_refused_value_changes_nothing(changes: dict[str, Any], code: Refusal) -> None:
    scene = waiting("bob")
    before = scene.router.digest()
    assert scene.refused(score("topic", 900, **changes)).code is code
    assert scene.router.digest() == before


def test_what_is_over_takes_no_value() -> None:
    scene = waiting()
    scene.cancel("ada")
    before = scene.router.digest()
    assert scene.refused(score("topic", 900)).code is Refusal.INVALID_TRANSITION
    assert scene.router.digest() == before


def test_only_so_many_values_are_kept() -> None:
    scene = waiting()
    names = [f"a{number}" for number in range(200)]
    scene.arrive(*map(agent, names))
    for name in names:
        scene.answered(score("topic", 900, name))
    before = scene.router.digest()
    assert scene.refused(score("topic", 900)).code is Refusal.LIMIT_EXCEEDED
    assert scene.router.digest() == before
    scene.answered(score("topic", 100, "a7"))
    scene.to(60_000)
    scene.answered(score("topic", 900))


def test_a_restored_router_chooses_by_the_same_values() -> None:
    scene = waiting("ann", "bob")
    scene.answered(score("topic", 900, "bob"))
    scene.router = Router.restore(scene.router.snapshot())
    assert all_available(scene, "ann", "bob") == "bob"


def test_explain_shows_every_part_by_name() -> None:
    fields = {field.name for field in msgspec.structs.fields(ExplainedCandidate)}
    assert {"language", "proficiency", "history", "load", "relation", "topic"} <= fields


def test_the_fast_path_knows_owners_too() -> None:
    entries = tuple(skilled(f"a{number:02}", languages=f"x{number:02}:50") for number in range(40))
    policy = msgspec.structs.replace(POLICY, agents=entries)
    scene = scene_of(*(entry.id for entry in entries), policy=policy)
    owned_by(scene, "ada", "a33")
    scene.ask("ada")
    assert scene.offered("a33") == "ada"
