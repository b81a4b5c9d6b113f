"""Sections 4 and 7 of the protocol from outside: liveness, goodbyes, what follows a lost device."""

import time

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Line, claims, sign
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

ALICE = {"id": "alice", "name": "Alice", "capacity": {"chat": 1, "total": 1}}
SHORT = {"policy": {"grace_ms": 1_200}}
TENANTS = {
    "agent_gone": SHORT,
    "offer_gone": {"policy": {"grace_ms": 1_000}},
    "customer_gone": SHORT,
    "waiting_gone": SHORT,
    "deferred": {"policy": {"grace_ms": 1_000}},
    "back_in_time": {"policy": {"grace_ms": 1_500}},
    "signed_out": SHORT,
}


def talk(server: Server, tenant: str) -> tuple[Line, Line, str]:
    """An agent and a customer who talk, and their conversation."""
    agent = server.ready_agent(tenant)
    customer = server.person(tenant, "customer", "carl")
    told = customer.do("conversation.request", op="r1", channel="chat", body="Hi")
    agent.do("offer.accept", offer=agent.wait("offer.new")["offer"])
    customer.wait("conversation.assigned")
    return agent, customer, told["conversation"]


def shown(boss: Line, agent: str, show: str) -> dict[str, object]:
    """Waits until the topic shows the agent so."""
    for _ in range(20):
        change = boss.wait("presence")
        for each in change["set"]:
            if (each["id"], each["show"]) == (agent, show):
                return dict(each)
        for each in change["gone"]:
            if each["id"] == agent and show == "offline":
                return dict(each)
    raise AssertionError(f"{agent} was never {show}")


# -- who goes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_leaving_skips_every_grace(server: Server, tenant: str, encoding: str) -> None:
    """Sections 4 and 7: ``bye {leave: true}`` of the last device ends the session."""
    agent = server.ready_agent(tenant, encoding=encoding)
    customer = server.person(tenant, "customer", "carl", encoding=encoding)
    boss = server.person(tenant, "supervisor", "sue", encoding=encoding)
    boss.do("sub", topic="agents")
    told = customer.do("conversation.request", op="r1", channel="chat")
    agent.wait("offer.new")
    assert agent.do("bye", leave=True)
    assert agent.closing() == 1000
    gone = shown(boss, "alice", "offline")
    assert gone["id"] == "alice"
    customer.do("bye", leave=True)
    assert customer.closing() == 1000
    again = server.person(tenant, "customer", "carl", seen={told["conversation"]: 0})
    (state,) = again.welcome["state"]["conversations"]
    assert (state["status"], state["reason"]) == ("ended", "abandoned")


def test_leaving_with_one_of_two_devices_changes_nothing(server: Server, tenant: str) -> None:
    """Section 4: if it was the person's last."""
    first = server.ready_agent(tenant)
    second = server.person(tenant, "agent", "alice")
    first.do("bye", leave=True)
    assert first.closing() == 1000
    customer = server.person(tenant, "customer", "carl")
    customer.do("conversation.request", op="r1", channel="chat")
    second.wait("offer.new")


def test_a_bye_without_leave_and_a_bare_close_start_the_grace(server: Server, tenant: str) -> None:
    """Section 4."""
    for code in (1000, 1001, None):
        agent = server.ready_agent(tenant)
        if code is None:
            agent.do("bye")
            assert agent.closing() == 1000
        else:
            agent.socket.close(code)
        again = server.person(tenant, "agent", "alice")
        assert again.welcome["state"]["presence"]["show"] == "available"
        again.close()


def test_a_ping_is_answered(server: Server, tenant: str) -> None:
    """Section 4: ping frames of clients are answered."""
    line = server.person(tenant, "customer", "carl")
    assert line.socket.ping(b"are you there").wait(2)


# -- the time after a loss -------------------------------------------------------------------------


def test_a_lost_agents_work_goes_back_in_line_when_the_grace_ends(server: Server) -> None:
    """Section 7: customer told, original age; the agent is signed out."""
    agent, customer, conversation = talk(server, "agent_gone")
    boss = server.person("agent_gone", "supervisor", "sue")
    boss.do("sub", topic="agents")
    lost = time.monotonic()
    agent.cut()
    customer.wait("conversation.updated", conversation=conversation, status="waiting")
    assert 1.0 < time.monotonic() - lost < 4
    assert shown(boss, "alice", "offline")["reason"] == "timeout"
    assert customer.do("message.send", conversation=conversation, op="m2", body="Hm?")["seq"] == 2
    bob = server.ready_agent("agent_gone", "bob")
    assert bob.wait("offer.new")["conversation"] == conversation
    again = server.person("agent_gone", "agent", "alice")
    assert again.welcome["state"]["presence"]["show"] == "away"
    assert again.welcome["state"]["conversations"] == []


def test_a_lost_agents_offer_moves_on_without_penalty(server: Server) -> None:
    """Section 7: with a shorter grace the later rows happen at its end."""
    agent = server.ready_agent("offer_gone")
    customer = server.person("offer_gone", "customer", "carl")
    customer.do("conversation.request", op="r1", channel="chat")
    agent.do("offer.seen", offer=agent.wait("offer.new")["offer"])
    bob = server.ready_agent("offer_gone", "bob")
    agent.cut()
    assert bob.wait("offer.new")["attempt"] == 2


def test_a_lost_customers_active_conversation_ends(server: Server) -> None:
    """Section 7: ``customer_lost``; before it the customer is shown gone."""
    agent, customer, conversation = talk(server, "customer_gone")
    customer.cut()
    gone = agent.wait("conversation.updated", conversation=conversation)
    assert gone["here"] is False
    assert agent.wait("conversation.ended")["reason"] == "customer_lost"
    again = server.person("customer_gone", "customer", "carl", seen={conversation: 1})
    (state,) = again.welcome["state"]["conversations"]
    assert (state["status"], state["reason"]) == ("ended", "customer_lost")


def test_a_lost_customers_place_is_dropped_when_the_grace_ends(server: Server) -> None:
    """Section 7: ``abandoned``; skipped while away, nobody is offered an absent customer."""
    customer = server.person("waiting_gone", "customer", "carl")
    told = customer.do("conversation.request", op="r1", channel="chat")
    customer.cut()
    agent = server.ready_agent("waiting_gone")
    boss = server.person("waiting_gone", "supervisor", "sue")
    boss.do("sub", topic="board")
    boss.next(lambda each: each["t"] == "board" and each["queues"][0]["waiting"] == 0)
    agent.sync()
    assert agent.taken("offer.new") == []
    again = server.person("waiting_gone", "customer", "carl", seen={told["conversation"]: 0})
    (state,) = again.welcome["state"]["conversations"]
    assert (state["status"], state["reason"]) == ("ended", "abandoned")


def test_a_deferrable_conversation_does_not_need_its_customer(server: Server) -> None:
    """Section 7: deferrable ones stay."""
    service = server.person("deferred", "service", "robot")
    asked = {"channel": "email", "customer": "carl", "deferrable": True}
    told = service.do("conversation.request", op="r1", **asked)
    customer = server.person("deferred", "customer", "carl")
    assert len(customer.welcome["state"]["conversations"]) == 1
    customer.do("bye", leave=True)
    agent = server.ready_agent("deferred")
    assert agent.wait("offer.new")["conversation"] == told["conversation"]


def test_who_is_back_within_the_grace_lost_nothing(server: Server) -> None:
    """Section 7: the place in line and the conversation stand."""
    agent, customer, conversation = talk(server, "back_in_time")
    for _ in range(3):
        customer.cut()
        customer = server.person("back_in_time", "customer", "carl", seen={conversation: 1})
        (state,) = customer.welcome["state"]["conversations"]
        assert state["status"] == "active"
    agent.cut()
    agent = server.person("back_in_time", "agent", "alice")
    agent.do("message.send", conversation=conversation, op="m2", body="Still here")
    assert customer.wait("message")["seq"] == 2


def test_an_agent_who_says_offline_is_gone_at_once(server: Server) -> None:
    """Section 6: ``offline`` is declared; section 4: a person may stay connected."""
    agent = server.ready_agent("signed_out")
    boss = server.person("signed_out", "supervisor", "sue")
    boss.do("sub", topic="agents")
    agent.do("presence.set", show="offline")
    shown(boss, "alice", "offline")
    agent.do("presence.set", show="available")
    shown(boss, "alice", "available")


def test_two_tabs_make_no_presence_noise(server: Server, tenant: str) -> None:
    """Section 7: the best device wins, and opening one never raises availability."""
    boss = server.person(tenant, "supervisor", "sue")
    boss.do("sub", topic="agents")
    first = server.person(tenant, "agent", "alice")
    shown(boss, "alice", "away")
    first.do("presence.set", show="available")
    shown(boss, "alice", "available")
    second = server.person(tenant, "agent", "alice")
    third = server.person(tenant, "agent", "alice")
    second.cut()
    third.close()
    first.do("presence.set", show="dnd")
    shown(boss, "alice", "dnd")
    assert boss.taken("presence") == []


def test_until_ends_and_next_waits_for_the_load(server: Server, tenant: str) -> None:
    """Section 6: ``until_ms``: then the show before; ``next``: once the load is 0."""
    agent, _, conversation = talk(server, tenant)
    agent.do("presence.set", show="available", next="away")
    agent.sync()
    other = server.person(tenant, "customer", "carla")
    other.do("conversation.request", op="r1", channel="chat")
    agent.sync()
    assert agent.taken("offer.new") == []
    agent.taken("presence.self")
    agent.do("conversation.end", conversation=conversation)
    assert agent.wait("presence.self", show="away")["load"]["total"] == 0
    agent.do("presence.set", show="dnd", until_ms=200)
    agent.wait("presence.self", show="dnd")
    agent.wait("presence.self", show="away")


def test_channels_can_be_switched_off(server: Server, tenant: str) -> None:
    """Section 6: ``channels``."""
    agent = server.person(tenant, "agent", "alice")
    agent.do("presence.set", show="available", channels={"chat": False})
    assert agent.wait("presence.self")["channels"] == {"chat": False, "email": True}
    customer = server.person(tenant, "customer", "carl")
    customer.do("conversation.request", op="r1", channel="chat")
    agent.sync()
    assert agent.taken("offer.new") == []
    agent.do("presence.set", show="available", channels={"chat": True})
    agent.wait("offer.new")


def test_a_stranger_to_pings_is_cut_only_after_its_time(server: Server, tenant: str) -> None:
    """Section 4: any frame counts as life; nothing is closed while a client answers."""
    line = server.line()
    assert line.hello(sign(claims(tenant, "agent", "alice")), "agent")["ok"]
    line.do("presence.set", show="busy")
    assert line.code is None
