"""Which event is which fact, and what a policy lets go."""

import msgspec

from router.archive.base import Assigned, Audited, Erased, Keep, Rated
from router.archive.facts import DAY_MS, KEPT, happened, keep_of
from router.commands import (
    CompleteWrapUp,
    EndConversation,
    EraseCustomer,
    RateConversation,
    ReadHistory,
    SendMessage,
)
from router.conversations import Conversation
from router.events import Event
from router.ids import ConversationId, CustomerId
from router.policy import Policy, Queue, Retention
from tests.helpers.cores import Core, actor


def facts_of(core: Core, events: object) -> list[object]:
    assert isinstance(events, list)
    found: list[Event] = [event for event in events if type(event) in KEPT]
    facts = [happened(core.router.world, event) for event in found]
    return [fact for fact in facts if fact is not None]


def served(queue: str = "support") -> Core:
    core = Core()
    core.here("agent:alice", "customer:carl", "supervisor:sofia", "service:crm")
    core.show("alice", "available")
    core.ask("carl", queue=queue)
    return core


def test_an_assignment_comes_with_its_reason() -> None:
    core = served()
    (fact,) = facts_of(core, core.accept("alice", "o1"))
    assert isinstance(fact, Assigned)
    assert (fact.conversation, fact.agent, fact.customer) == ("c-carl-r1", "alice", "carl")
    assert fact.decision == core.router.world.assignments.packed[fact.assignment]


def test_a_conversation_comes_once_it_is_over_for_good_and_is_the_cores_own() -> None:
    core = served()
    talk = ConversationId("c-carl-r1")
    core.accept("alice", "o1")
    core.send("customer:carl", talk, "hello")
    policy = core.router.policy
    queues = tuple(msgspec.structs.replace(one, wrap_up_ms=60_000) for one in policy.queues)
    core.router.world.put_policy(msgspec.structs.replace(policy, queues=queues))
    assert (
        facts_of(core, core.do(EndConversation(by=actor("agent:alice"), conversation=talk))) == []
    )
    note = SendMessage(by=actor("agent:alice"), conversation=talk, op="n", body="x", kind="note")
    core.do(note)
    (fact,) = facts_of(
        core, core.do(CompleteWrapUp(by=actor("agent:alice"), conversation=talk, code="ok"))
    )
    assert isinstance(fact, Conversation)
    assert fact is core.router.world.conversations.by_id[talk]
    assert ([said.body for said in fact.messages], fact.wrap_up_code) == (["hello", "x"], "ok")
    packed = msgspec.msgpack.encode(fact)
    core.do(RateConversation(by=actor("customer:carl"), conversation=talk, score=4))
    core.do(ReadHistory(by=actor("agent:alice"), conversation=talk), 600_000)
    assert talk not in core.router.world.conversations.by_id
    after = msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=Conversation)
    after.rating = None
    assert msgspec.msgpack.encode(after) == packed


def test_ratings_looks_and_erasures_are_facts() -> None:
    core = served()
    talk = ConversationId("c-carl-r1")
    core.accept("alice", "o1")
    rating = RateConversation(by=actor("customer:carl"), conversation=talk, score=4, comment="ok")
    assert facts_of(core, core.do(rating)) == [Rated(talk, "carl", "alice", 4, "ok")]
    look = ReadHistory(by=actor("agent:alice"), conversation=talk, purpose="q")
    assert facts_of(core, core.do(look)) == [
        Audited("agent:alice", "history", f"conversation:{talk}", "q")
    ]
    core.do(EndConversation(by=actor("agent:alice"), conversation=talk))
    erase = EraseCustomer(by=actor("service:crm"), customer=CustomerId("carl"))
    assert facts_of(core, core.do(erase)) == [
        Erased("carl"),
        Audited("service:crm", "erase", "customer:carl", ""),
    ]


def test_a_policy_lets_go_what_is_older_than_its_days() -> None:
    now_ms = 100 * DAY_MS
    assert keep_of(Policy(), now_ms) == Keep()
    policy = Policy(
        retention=Retention(transcript_days=30, assignment_days=10, audit_days=200),
        queues=(Queue(id="a"), Queue(id="b", transcript_days=7), Queue(id="c", transcript_days=0)),
    )
    assert keep_of(policy, now_ms) == Keep(
        transcripts_before=70 * DAY_MS,
        assignments_before=90 * DAY_MS,
        queues={"b": 93 * DAY_MS, "c": 0},
    )
