"""Section 6 of the protocol from outside: the line, offers and their outcomes, transfers."""

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Line
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

BILLING = {"id": "billing", "name": "Billing", "channels": ["chat", "email"]}
SKILLED = {"id": "skilled", "channels": ["chat"], "needs": [{"skill": "x", "level": 50}]}
ALICE = {"id": "alice", "name": "Alice", "capacity": {"chat": 1, "total": 1}}
BOB = {"id": "bob", "name": "Bob"}


def policy(**more: object) -> dict[str, object]:
    return {"policy": more}


TENANTS = {
    "unseen": policy(offer_seen_ms=100),
    "hasty": policy(offer_timeout_ms=1_000, offer_seen_ms=900, missed_offers_max=2),
    "direct": policy(queues=[{**BILLING, "assign": "direct"}]),
    "direct_unseen": policy(queues=[{**BILLING, "assign": "direct"}], offer_seen_ms=200),
    "terms": policy(terms={"id": "house", "version": 3}),
    "full": policy(queues=[{**BILLING, "waiting_max": 1}]),
    "message": policy(queues=[{**BILLING, "waiting_max": 1, "overflow": "leave_message"}]),
    "overflow": policy(
        queues=[{**BILLING, "waiting_max": 1, "overflow": "spare"}, {**BILLING, "id": "spare"}]
    ),
    "expiring": policy(queues=[{**BILLING, "wait_max_ms": 300}]),
    "two_queues": policy(queues=[BILLING, SKILLED], agents=[ALICE, BOB], transfer_wait_ms=500),
    "narrow": policy(agents=[ALICE, {**BOB, "capacity": {"chat": 1, "total": 1}}]),
    "narrow2": policy(agents=[ALICE, {**BOB, "capacity": {"chat": 1, "total": 1}}]),
    "narrow3": policy(agents=[ALICE, {**BOB, "capacity": {"chat": 1, "total": 1}}]),
    "narrow4": policy(agents=[ALICE, {**BOB, "capacity": {"chat": 1, "total": 1}}]),
}


def customer(server: Server, tenant: str, name: str = "carl", **fields: object) -> tuple[Line, str]:
    """A customer in line, and the conversation."""
    line = server.person(tenant, "customer", name)
    asked = {"op": "r1", "channel": "chat", **fields}
    conversation: str = line.do("conversation.request", **asked)["conversation"]
    return line, conversation


def accept(agent: Line) -> str:
    """Takes the next offer."""
    offer = agent.wait("offer.new")
    agent.do("offer.accept", offer=offer["offer"])
    agent.wait("offer.ended", outcome="accepted")
    conversation: str = offer["conversation"]
    return conversation


def outcome(agent: Line, offer: str) -> str:
    said: str = agent.wait("offer.ended", offer=offer)["outcome"]
    return said


# -- offers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_an_offer_is_made_seen_and_accepted(server: Server, tenant: str, encoding: str) -> None:
    """Section 6: ``offer.new``, to all the agent's devices; ``conversation.assigned`` to both."""
    agent = server.ready_agent(tenant, encoding=encoding)
    other = server.person(tenant, "agent", "alice", encoding=encoding)
    line = server.person(tenant, "customer", "carl", encoding=encoding, more={"name": "Carl"})
    told = line.do("conversation.request", op="r1", channel="chat", topic="refund", body="Hi")
    assert told["status"] == "offered"
    offer = agent.wait("offer.new")
    assert other.wait("offer.new") == offer
    assert (offer["conversation"], offer["queue"]) == (told["conversation"], "billing")
    assert (offer["channel"], offer["attempt"], offer["auto"]) == ("chat", 1, False)
    assert (offer["expires_ms"], offer["customer"]["name"]) == (20_000, "Carl")
    assert offer["why"]
    agent.do("offer.seen", offer=offer["offer"])
    agent.do("offer.accept", offer=offer["offer"])
    given = {}
    for device in (agent, other):
        assert outcome(device, offer["offer"]) == "accepted"
        given = device.wait("conversation.assigned")
        assert (given["conversation"], given["customer"]["id"]) == (told["conversation"], "carl")
    taken = line.wait("conversation.assigned")
    assert taken["agent"]["id"] == "alice"
    assert taken["assignment"] == given["assignment"]
    load = agent.wait("presence.self", load={"chat": 1, "total": 1})
    assert load["effective"] == "available"


def test_a_declined_offer_goes_to_the_next_agent(server: Server, tenant: str) -> None:
    """Section 6: outcome declined; the decliner is not asked again at once."""
    agent = server.ready_agent(tenant)
    customer(server, tenant)
    offer = agent.wait("offer.new")["offer"]
    agent.do("offer.decline", offer=offer, reason="lunch")
    assert outcome(agent, offer) == "declined"
    bob = server.ready_agent(tenant, "bob")
    assert bob.wait("offer.new")["attempt"] == 2
    agent.sync()
    assert agent.taken("offer.new") == []


def test_an_offer_not_seen_is_undelivered_and_moves_on(server: Server) -> None:
    """Section 6: next agent, no penalty."""
    agent = server.ready_agent("unseen")
    customer(server, "unseen")
    offer = agent.wait("offer.new")["offer"]
    assert outcome(agent, offer) == "undelivered"
    error = agent.ask("offer.accept", offer=offer)["err"]
    assert (error["code"], error["outcome"]) == (113, "undelivered")
    assert agent.wait("presence.self", load={"total": 0})["show"] == "available"
    bob = server.ready_agent("unseen", "bob")
    assert bob.wait("offer.new")["attempt"] == 2


def test_two_seen_offers_without_answer_make_the_agent_away(server: Server) -> None:
    """Sections 6 and 7: expired; after 2 missed in a row ``away``, reason ``missed``."""
    agent = server.ready_agent("hasty")
    customer(server, "hasty", "one")
    customer(server, "hasty", "two")
    for _ in range(2):
        offer = agent.wait("offer.new")["offer"]
        agent.do("offer.seen", offer=offer)
        assert outcome(agent, offer) == "expired"
    missed = agent.wait("presence.self", show="away")
    assert (missed["reason"], missed["effective"]) == ("missed", "away")


def test_leaving_available_revokes_the_pending_offer(server: Server, tenant: str) -> None:
    """Section 6: outcome revoked; by the agent, or by a supervisor."""
    agent = server.ready_agent(tenant)
    customer(server, tenant)
    offer = agent.wait("offer.new")["offer"]
    agent.do("presence.set", show="busy", reason="coffee")
    assert outcome(agent, offer) == "revoked"
    bob = server.ready_agent(tenant, "bob")
    offer = bob.wait("offer.new")["offer"]
    boss = server.person(tenant, "supervisor", "sue")
    boss.do("agent.presence", agent="bob", show="dnd", reason="training")
    assert outcome(bob, offer) == "revoked"
    assert bob.wait("presence.self", show="dnd")["reason"] == "training"


def test_a_customer_who_leaves_withdraws_the_offer(server: Server, tenant: str) -> None:
    """Section 6: outcome withdrawn; the conversation ends ``cancelled``."""
    agent = server.ready_agent(tenant)
    line, conversation = customer(server, tenant)
    offer = agent.wait("offer.new")["offer"]
    line.do("conversation.cancel", conversation=conversation)
    assert outcome(agent, offer) == "withdrawn"
    assert line.wait("conversation.ended")["reason"] == "cancelled"
    error = agent.ask("offer.accept", offer=offer)["err"]
    assert (error["code"], error["outcome"]) == (113, "withdrawn")


def test_a_direct_queue_takes_seen_for_accepted(server: Server) -> None:
    """Section 6: ``auto: true``; it cannot be declined (115)."""
    agent = server.ready_agent("direct")
    line, conversation = customer(server, "direct")
    offer = agent.wait("offer.new")
    assert offer["auto"] is True
    assert agent.fail("offer.decline", offer=offer["offer"]) == 115
    agent.do("offer.seen", offer=offer["offer"])
    assert outcome(agent, offer["offer"]) == "accepted"
    assert line.wait("conversation.assigned")["conversation"] == conversation


def test_a_direct_offer_that_nobody_sees_is_undelivered(server: Server) -> None:
    """Section 6: the delivery check stays."""
    agent = server.ready_agent("direct_unseen")
    customer(server, "direct_unseen")
    assert outcome(agent, agent.wait("offer.new")["offer"]) == "undelivered"


# -- the line --------------------------------------------------------------------------------------


def test_places_are_counted_and_only_fall(server: Server) -> None:
    """Section 6: ``position`` = ``ahead`` + 1; it grows only with a ``why``."""
    agent = server.ready_agent("narrow")
    busy, _ = customer(server, "narrow", "busy")
    accept(agent)
    lines = [customer(server, "narrow", f"c{number}") for number in range(3)]
    welcomed = server.person("narrow", "customer", "c2").welcome["state"]["conversations"][0]
    assert (welcomed["position"], welcomed["ahead"]) == (3, 2)
    lines[0][0].do("conversation.cancel", conversation=lines[0][1])
    fell = lines[2][0].wait("queue.position", position=2)
    assert (fell["ahead"], "why" in fell) == (1, False)
    boss = server.person("narrow", "supervisor", "sue")
    boss.do(
        "conversation.priority", conversation=lines[2][1], priority="urgent", reason="a child waits"
    )
    assert lines[2][0].wait("queue.position", position=1)["ahead"] == 0
    grew = lines[1][0].wait("queue.position", position=2)
    assert grew["why"] == "priority"
    assert boss.fail("conversation.priority", conversation=lines[1][1], priority="royal") in {
        103,
        105,
    }
    busy.sync()


def test_a_second_conversation_is_held_and_promoted(server: Server) -> None:
    """Section 6: no place while ``held``; promoted when the first is assigned."""
    agent = server.ready_agent("narrow2")
    line, first = customer(server, "narrow2", topic="a")
    held = line.do("conversation.request", op="r2", channel="chat", topic="b")
    assert held["status"] == "held"
    assert not held.keys() & {"position", "ahead", "wait_ms"}
    joined = line.do("conversation.request", op="r3", channel="chat", topic="b", body="More")
    assert (joined["conversation"], joined["joined"]) == (held["conversation"], True)
    assert accept(agent) == first
    promoted = line.wait("conversation.updated", conversation=held["conversation"])
    assert promoted["status"] == "waiting"
    agent.do("conversation.end", conversation=first)
    offer = agent.wait("offer.new")
    assert offer["conversation"] == held["conversation"]
    agent.do("offer.accept", offer=offer["offer"])
    given = agent.wait("conversation.assigned", conversation=held["conversation"])
    assert [each["body"] for each in given["state"]["messages"]] == ["More"]


def test_a_held_conversation_can_be_cancelled(server: Server, tenant: str) -> None:
    """Section 6: held, waiting or offered."""
    server.ready_agent(tenant)
    line, _ = customer(server, tenant)
    held = line.do("conversation.request", op="r2", channel="email")["conversation"]
    line.do("conversation.cancel", conversation=held)
    assert line.wait("conversation.ended", conversation=held)["reason"] == "cancelled"


def test_messages_may_be_sent_while_waiting(server: Server, tenant: str) -> None:
    """Section 6: ``body`` is message 1; the agent gets all with the assignment."""
    line, conversation = customer(server, tenant, body="one")
    assert line.do("message.send", conversation=conversation, op="m2", body="two")["seq"] == 2
    agent = server.ready_agent(tenant)
    agent.do("offer.accept", offer=agent.wait("offer.new")["offer"])
    state = agent.wait("conversation.assigned")["state"]
    assert [(each["seq"], each["body"]) for each in state["messages"]] == [(1, "one"), (2, "two")]


def test_who_waits_too_long_is_told(server: Server) -> None:
    """Section 6: reason ``expired``."""
    line, conversation = customer(server, "expiring")
    assert line.wait("conversation.ended")["reason"] == "expired"
    assert line.fail("conversation.cancel", conversation=conversation) == 115


@pytest.mark.parametrize(
    ("tenant_name", "fallback"), [("full", ""), ("message", "leave_message"), ("overflow", None)]
)
def test_a_full_queue_says_where_to_go(
    server: Server, tenant_name: str, fallback: str | None
) -> None:
    """Section 5: 120 carries ``fallback``: a queue, ``leave_message`` or empty."""
    customer(server, tenant_name, "first")
    second = server.person(tenant_name, "customer", "second")
    answer = second.ask("conversation.request", op="r1", channel="chat", queue="billing")
    if fallback is None:
        agreed = answer["ok"] or answer["err"].get("fallback") == "spare"
        assert agreed, answer
    else:
        assert answer["err"]["code"] == 120
        assert answer["err"].get("fallback", "") == fallback


def test_terms_come_before_the_first_conversation_and_before_available(server: Server) -> None:
    """Sections 5 and 6: 119 carries ``terms`` and ``version``."""
    line = server.person("terms", "customer", "carl")
    agent = server.person("terms", "agent", "alice")
    for who, kind, fields in (
        (line, "conversation.request", {"op": "r1", "channel": "chat"}),
        (agent, "presence.set", {"show": "available"}),
    ):
        error = who.ask(kind, **fields)["err"]
        assert (error["code"], error["terms"], error["version"]) == (119, "house", 3)
        assert who.fail("consent.accept", terms="other", version=3) in {103, 105, 115}
        who.do("consent.accept", terms="house", version=3)
        who.do(kind, **fields)


def test_what_no_queue_takes_is_refused(server: Server, tenant: str) -> None:
    """Section 6: no ``queue``: the first that takes the channel."""
    line = server.person(tenant, "customer", "carl")
    assert line.fail("conversation.request", op="r1", channel="fax") in {103, 105, 120}
    assert line.fail("conversation.request", op="r1", channel="fax", queue="billing") in {103, 105}
    line.do("conversation.request", op="r1", channel="email")


# -- transfer, by hand -----------------------------------------------------------------------------


def test_a_transfer_to_an_agent_waits_for_that_agent_alone(server: Server) -> None:
    """Section 6: theirs alone for ``transfer_wait_ms``, then the queue's."""
    agent = server.ready_agent("two_queues")
    bob = server.person("two_queues", "agent", "bob")
    line, conversation = customer(server, "two_queues")
    accept(agent)
    fields = {"conversation": conversation, "to": {"agent": "bob"}, "note": "yours", "op": "t1"}
    agent.do("conversation.transfer", **fields)
    agent.do("conversation.transfer", **fields)
    assert line.wait("conversation.updated")["status"] == "waiting"
    bob.do("presence.set", show="available")
    offer = bob.wait("offer.new")
    bob.do("offer.accept", offer=offer["offer"])
    given = bob.wait("conversation.assigned")
    assert "yours" in str(given["state"]["messages"])
    assert line.wait("conversation.assigned", conversation=conversation)
    line.wait("conversation.assigned", agent=given["state"]["agent"])
    bob.do("conversation.transfer", conversation=conversation, to={"queue": "skilled"}, op="t2")
    boss = server.person("two_queues", "supervisor", "sue")
    (shown,) = [q for q in boss.welcome["state"]["queues"] if q["queue"] == "skilled"]
    assert shown["waiting"] == 1
    history = line.do("history", conversation=conversation)
    assert history["messages"] == [], "the note is the staff's"


def test_a_transfer_names_one_goal_that_there_is(server: Server, tenant: str) -> None:
    """Section 6: to a queue or to an agent."""
    agent = server.ready_agent(tenant)
    line, conversation = customer(server, tenant)
    accept(agent)
    base = {"conversation": conversation, "op": "t1"}
    assert agent.fail("conversation.transfer", **base, to={}) == 105
    both = {"queue": "billing", "agent": "bob"}
    assert agent.fail("conversation.transfer", **base, to=both) == 105
    assert agent.fail("conversation.transfer", **base, to={"queue": "nowhere"}) == 103
    assert agent.fail("conversation.transfer", **base, to={"agent": "nobody"}) == 103
    bob = server.person(tenant, "agent", "bob")
    assert bob.fail("conversation.transfer", **base, to={"queue": "billing"}) in {102, 103}
    line.sync()


def test_a_supervisor_assigns_by_hand_up_to_the_capacity(server: Server) -> None:
    """Section 6: 114 if full."""
    agent = server.ready_agent("narrow3")
    line, first = customer(server, "narrow3", "one")
    agent.do("presence.set", show="busy")
    boss = server.person("narrow3", "supervisor", "sue")
    boss.do("conversation.assign", conversation=first, agent="alice")
    assert agent.wait("conversation.assigned")["conversation"] == first
    assert line.wait("conversation.assigned")["agent"]["id"] == "alice"
    _, second = customer(server, "narrow3", "two")
    assert boss.fail("conversation.assign", conversation=second, agent="alice") == 114
    assert boss.fail("conversation.assign", conversation=second, agent="nobody") == 103
    assert boss.fail("conversation.assign", conversation="nowhere", agent="alice") == 103


def test_an_offer_taken_by_hand_for_another_ends_for_the_first(server: Server) -> None:
    """Section 6: the conversation goes to bob while alice is asked."""
    agent = server.ready_agent("narrow4")
    _, conversation = customer(server, "narrow4")
    offer = agent.wait("offer.new")["offer"]
    server.person("narrow4", "agent", "bob")
    boss = server.person("narrow4", "supervisor", "sue")
    boss.do("conversation.assign", conversation=conversation, agent="bob")
    assert outcome(agent, offer) in {"taken", "revoked"}


def test_a_service_asks_for_a_customer_who_is_not_there(server: Server, tenant: str) -> None:
    """Section 6: may set ``priority``, ``deferrable`` and ``customer``; a customer may not."""
    service = server.person(tenant, "service", "robot")
    asked = {"channel": "email", "customer": "zoe", "priority": "gold", "body": "by post"}
    told = service.do("conversation.request", op="r1", **asked)
    assert told["status"] == "waiting"
    service.do("conversation.request", op="r2", channel="email", customer="yan", deferrable=True)
    agent = server.ready_agent(tenant)
    offer = agent.wait("offer.new")
    assert (offer["conversation"], offer["customer"]["id"]) == (told["conversation"], "zoe")
    line = server.person(tenant, "customer", "carl")
    for extra in ({"customer": "zoe"}, {"priority": "gold"}, {"deferrable": True}):
        assert line.fail("conversation.request", op="r1", channel="chat", **extra) in {102, 105}
