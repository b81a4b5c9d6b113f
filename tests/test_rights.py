import itertools

import pytest

from router.rights import RELATIONS, TOPIC_ROLES, may_send, may_subscribe, relations_for

ROLES = ("agent", "customer", "supervisor", "service")

# What section 6 of the protocol lists under each role; the rest is forbidden.
MATRIX = {
    "hello": ROLES,
    "bye": ROLES,
    "activity": ROLES,
    "token.refresh": ROLES,
    "sub": ROLES,
    "unsub": ROLES,
    "consent.accept": ROLES,
    "presence.set": ("agent",),
    "offer.seen": ("agent",),
    "offer.accept": ("agent",),
    "offer.decline": ("agent",),
    "wrapup.complete": ("agent",),
    "wrapup.extend": ("agent",),
    "message.send": ROLES,
    "message.read": ("agent", "customer", "supervisor"),
    "typing": ("agent", "customer", "supervisor"),
    "conversation.end": ROLES,
    "conversation.transfer": ("agent", "supervisor", "service"),
    "conversation.invite": ("agent", "supervisor"),
    "conversation.join": ("agent", "supervisor"),
    "conversation.leave": ("agent", "supervisor"),
    "history": ROLES,
    "conversation.request": ("customer", "service"),
    "conversation.cancel": ("customer", "service"),
    "contact.set": ("customer",),
    "rate": ("customer",),
    "conversation.assign": ("supervisor", "service"),
    "conversation.priority": ("supervisor", "service"),
    "agent.presence": ("supervisor", "service"),
    "explain": ROLES,
    "agent.skills": ("supervisor", "service"),
    "preview": ("supervisor", "service"),
    "help.ask": ("agent",),
    "help.end": ("agent", "supervisor"),
    "conversation.snooze": ("agent",),
    "conversation.resume": ("agent",),
    "score.set": ("service",),
    "policy.get": ("supervisor", "service"),
    "policy.set": ("supervisor", "service"),
}
CELLS = list(itertools.product(ROLES, [*MATRIX, "policy.eat", ""]))


@pytest.mark.parametrize(("role", "kind"), CELLS)
def test_a_role_may_send_what_the_protocol_lists_and_nothing_else(role: str, kind: str) -> None:
    allowed = role in MATRIX.get(kind, ())
    assert may_send(role, kind) is allowed
    assert bool(relations_for(role, kind)) is allowed


def test_the_table_has_no_type_that_the_matrix_does_not_know() -> None:
    assert set(RELATIONS) == set(MATRIX)


def test_a_customer_reaches_their_own_conversations_alone() -> None:
    relations = {kind: relations_for("customer", kind) for kind in MATRIX}
    assert set().union(*relations.values()) == {"none", "own"}
    assert relations["history"] == {"own"}


def test_an_agent_reads_only_what_they_serve_or_joined() -> None:
    assert relations_for("agent", "history") == {"assigned", "joined", "earlier"}
    assert relations_for("agent", "conversation.end") == {"assigned"}


def test_an_unknown_role_may_nothing() -> None:
    assert not any(may_send("visitor", kind) for kind in MATRIX)
    assert not any(may_subscribe("visitor", topic) for topic in TOPIC_ROLES)


@pytest.mark.parametrize(
    ("topic", "roles"),
    [
        ("team:emea", {"agent", "supervisor", "service"}),
        ("agents", {"supervisor", "service"}),
        ("queue:billing", {"supervisor", "service"}),
        ("queues", {"agent", "supervisor", "service"}),
        ("board", {"supervisor", "service"}),
        ("secrets", set()),
    ],
)
def test_topics_are_for_staff(topic: str, roles: set[str]) -> None:
    assert {role for role in ROLES if may_subscribe(role, topic)} == roles
