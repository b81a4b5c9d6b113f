"""Looks into transcripts: allowed, counted, audited; and what erasing a customer takes away."""

import msgspec
import pytest

from router.actors import Claims
from router.commands import Connect, EndConversation, EraseCustomer, ReadHistory, SetPolicy
from router.core import Router
from router.errors import Refusal
from router.events import AuditRecorded, CommandRefused, CustomerErased, Event
from router.ids import AgentId, ConversationId, CustomerId
from router.looking import HOUR_MS
from router.policy import Purpose
from router.server.live_rows import profile_row
from tests.helpers.cores import POLICY, Core, actor


def core(**policy: object) -> Core:
    """Alice serves Carl's chat; Sofia and a service are there."""
    made = Core()
    made.do(SetPolicy(policy=msgspec.structs.replace(POLICY, **policy)))
    made.here("agent:alice", "agent:bob", "customer:carl", "supervisor:sofia", "service:crm")
    made.show("alice", "available")
    made.ask("carl")
    made.accept("alice", "o1")
    return made


def look(person: str, conversation: str | None = "c-carl-r1", **facts: str) -> ReadHistory:
    return ReadHistory(
        by=actor(person),
        conversation=None if conversation is None else ConversationId(conversation),
        customer=CustomerId(facts["customer"]) if "customer" in facts else None,
        agent=AgentId(facts["agent"]) if "agent" in facts else None,
        purpose=facts.get("purpose", ""),
    )


def refusal(events: object) -> Refusal | None:
    assert isinstance(events, list)
    return next((one.code for one in events if isinstance(one, CommandRefused)), None)


def audited(events: object) -> list[Event]:
    assert isinstance(events, list)
    return [one for one in events if isinstance(one, AuditRecorded)]


def test_a_look_of_staff_is_written_down_with_its_purpose() -> None:
    made = core(purposes=("quality",))
    found = made.do(look("agent:alice", purpose="quality"))
    subject = "conversation:c-carl-r1"
    assert audited(found) == [
        AuditRecorded(actor("agent:alice").key, "history", subject, "quality")
    ]
    found = made.do(look("supervisor:sofia", None, customer="carl", purpose="quality"))
    (line,) = audited(found)
    assert isinstance(line, AuditRecorded)
    assert (line.by, line.subject) == ("supervisor:sofia", "customer:carl")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (look("agent:bob"), Refusal.FORBIDDEN),
        (look("agent:bob", None, customer="carl"), Refusal.FORBIDDEN),
        (look("agent:bob", "old", customer="carl", agent="alice"), Refusal.FORBIDDEN),
        (look("agent:bob", "old", customer="carl", agent="bob"), None),
        (look("supervisor:sofia", "old", customer="carl", agent="bob"), None),
        (look("service:crm", "old", customer="carl", agent="bob"), None),
        (look("service:crm", "old"), Refusal.NOT_FOUND),
        (look("agent:alice", None), Refusal.NOT_FOUND),
        (look("customer:carl", "old", customer="carl"), Refusal.FORBIDDEN),
    ],
)
def test_who_may_look_at_what_the_core_has_and_has_forgotten(
    command: ReadHistory, code: Refusal | None
) -> None:
    made = core()
    before = made.router.digest()
    found = made.do(command)
    assert refusal(found) == code
    assert bool(audited(found)) is (code is None)
    assert made.router.digest() == before


def test_an_agent_reads_a_customers_past_while_serving_them_where_policy_says() -> None:
    made = core(earlier_history=True)
    past = look("agent:alice", "old", customer="carl", agent="bob")
    assert refusal(made.do(past)) is None
    assert refusal(made.do(look("agent:alice", None, customer="carl"))) is None
    assert refusal(made.do(look("agent:alice", None, customer="dora"))) is Refusal.FORBIDDEN
    made.do(EndConversation(by=actor("agent:alice"), conversation=ConversationId("c-carl-r1")))
    assert refusal(made.do(past)) is Refusal.FORBIDDEN


def test_serving_the_customer_now_opens_nothing_confidential() -> None:
    made = core(earlier_history=True)

    def past(agent: str) -> ReadHistory:
        found = look("agent:alice", "old", customer="carl", agent=agent)
        return msgspec.structs.replace(found, confidential=True)

    assert refusal(made.do(past("bob"))) is Refusal.FORBIDDEN
    assert refusal(made.do(past("alice"))) is None
    live = msgspec.structs.replace(look("agent:alice"), confidential=True)
    assert refusal(made.do(live)) is None
    by_boss = look("supervisor:sofia", "old", customer="carl", agent="bob")
    assert refusal(made.do(msgspec.structs.replace(by_boss, confidential=True))) is None


def test_a_purpose_counts_its_looks_by_the_hour_and_survives_a_restart() -> None:
    made = core(purposes=(Purpose(id="care", per_hour=2), "quality"))
    care = look("supervisor:sofia", purpose="care")
    assert [refusal(made.do(care)) for _ in range(2)] == [None, None]
    made.router = Router.restore(made.router.snapshot())
    found = made.do(care)
    refused = next(one for one in found if isinstance(one, CommandRefused))
    assert (refused.code, refused.retry_ms) == (Refusal.RATE_LIMITED, HOUR_MS - 20)
    assert refusal(made.do(look("supervisor:sofia", purpose="quality"))) is None
    assert refusal(made.do(look("agent:alice", purpose="care"))) is None
    assert refusal(made.do(care, HOUR_MS)) is None


def test_the_hours_of_those_who_look_no_more_are_forgotten() -> None:
    made = core(purposes=(Purpose(id="care", per_hour=2),))
    made.do(look("supervisor:sofia", purpose="care"))
    assert list(made.router.world.looks) == ["supervisor:sofia care"]
    made.do(look("service:crm", purpose="care"), HOUR_MS + 1)
    assert list(made.router.world.looks) == ["service:crm care"]


def test_a_refused_look_leaves_no_mark() -> None:
    made = core(purposes=(Purpose(id="care", per_hour=1, roles=("supervisor",)),))
    before = made.router.digest()
    assert refusal(made.do(look("agent:alice", purpose="care"))) is Refusal.PURPOSE_REQUIRED
    assert refusal(made.do(look("supervisor:sofia"))) is Refusal.PURPOSE_REQUIRED
    assert made.router.digest() == before


def export(person: str, customer: str | None = None, purpose: str = "") -> ReadHistory:
    return ReadHistory(
        by=actor(person),
        customer=None if customer is None else CustomerId(customer),
        purpose=purpose,
        export="transcripts",
    )


def test_a_service_exports_what_is_kept_and_that_is_audited() -> None:
    made = core()
    crm = actor("service:crm").key
    for command, subject in (
        (export("service:crm", "carl", "access"), "customer:carl"),
        (export("service:crm", "a stranger", "access"), "customer:a stranger"),
        (export("service:crm", None, "access"), "archive:transcripts"),
    ):
        assert audited(made.do(command)) == [AuditRecorded(crm, "export", subject, "access")]
    for person in ("supervisor:sofia", "agent:alice", "customer:carl"):
        assert refusal(made.do(export(person, "carl"))) is Refusal.FORBIDDEN


def test_an_export_needs_a_purpose_where_the_tenant_names_some_and_counts_as_a_look() -> None:
    made = core(purposes=(Purpose(id="care", per_hour=1),))
    assert refusal(made.do(export("service:crm", "carl"))) is Refusal.PURPOSE_REQUIRED
    assert refusal(made.do(export("service:crm", "carl", "care"))) is None
    assert refusal(made.do(export("service:crm", None, "care"))) is Refusal.RATE_LIMITED


def test_a_policy_by_hand_is_audited_and_one_of_the_settings_is_not() -> None:
    made = core()
    assert audited(made.do(SetPolicy(policy=POLICY))) == []
    (line,) = audited(made.do(SetPolicy(policy=POLICY, by=actor("supervisor:sofia"))))
    assert line == AuditRecorded(actor("supervisor:sofia").key, "policy", "policy", "")


def test_erasing_takes_what_is_over_and_the_profile_and_is_audited() -> None:
    made = core()
    erase = EraseCustomer(by=actor("service:crm"), customer=CustomerId("carl"))
    assert refusal(made.do(erase)) is Refusal.INVALID_TRANSITION
    made.do(EndConversation(by=actor("agent:alice"), conversation=ConversationId("c-carl-r1")))
    carl = made.router.world.people.customers["carl"]
    carl.attributes = {"street": "1 Lane"}
    assert carl.met
    found = made.do(erase)
    assert CustomerErased(CustomerId("carl")) in found
    assert audited(found) == [AuditRecorded(actor("service:crm").key, "erase", "customer:carl", "")]
    assert (carl.met, carl.attributes, carl.name) == ([], {}, "")
    assert made.router.world.conversations.of_customer("carl") == []
    assert Router.restore(made.router.snapshot()).digest() == made.router.digest()
    again = made.do(erase)
    assert CustomerErased(CustomerId("carl")) in again


def test_a_whole_erasure_leaves_nothing_of_who_the_customer_was() -> None:
    """One of before it replays as it was."""
    made = core()
    made.do(EndConversation(by=actor("agent:alice"), conversation=ConversationId("c-carl-r1")))
    world = made.router.world
    made.here("customer:dora")
    known = Claims(
        account="A-1",
        klass="vip",
        verified=True,
        attributes={"email": "carl@example.org"},
        languages={"de": 90},
    )
    policy = msgspec.structs.replace(POLICY, contact_attributes=("email",))
    made.do(SetPolicy(policy=policy))
    made.do(Connect(by=actor("customer:carl"), claims=known, languages=("de",)))
    carl = world.people.customers["carl"]
    carl.accepted_terms = {"shop": 2}
    proven = "email:carl@example.org"
    assert (carl.account, world.people.who_proved(proven)) == ("A-1", [carl])
    old = EraseCustomer(by=actor("service:crm"), customer=CustomerId("carl"))
    assert b"whole" not in msgspec.msgpack.encode(old)
    made.do(old)
    assert (carl.account, carl.proven_contact, carl.klass) == ("A-1", proven, "vip")
    made.do(msgspec.structs.replace(old, whole=True))
    (row,) = profile_row(made.router, CustomerId("carl"))
    told = {name: value for name, value in row.items() if value}
    assert told == {"record": "profile", "customer": "carl"}
    assert carl.language_levels is None
    assert (world.people.same_as(carl), world.people.who_proved(proven)) == ([carl], [])
    assert Router.restore(made.router.snapshot()).digest() == made.router.digest()


def test_only_a_service_erases() -> None:
    made = core()
    erase = EraseCustomer(by=actor("supervisor:sofia"), customer=CustomerId("dora"))
    assert refusal(made.do(erase)) is Refusal.FORBIDDEN
