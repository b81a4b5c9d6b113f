"""Section 3 of the protocol from outside: ``welcome``, devices, tokens on live sockets."""

import time

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Line, claims, sign
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

TENANTS = {
    "soon": {"token_ttl_max_s": 120},
    "wrapped": {
        "policy": {"queues": [{"id": "billing", "channels": ["chat"], "wrap_up_ms": 60_000}]}
    },
}


def served(server: Server, tenant: str) -> tuple[Line, Line, str]:
    """An agent and a customer who talk, and their conversation."""
    agent = server.ready_agent(tenant)
    customer = server.person(tenant, "customer", "carl", more={"name": "Carl"})
    request = customer.do("conversation.request", op="r1", channel="chat", body="m1")
    agent.do("offer.accept", offer=agent.wait("offer.new")["offer"])
    customer.wait("conversation.assigned")
    return agent, customer, request["conversation"]


def state_of(line: Line, conversation: str) -> dict[str, object]:
    found = [
        each
        for each in line.welcome["state"]["conversations"]
        if each["conversation"] == conversation
    ]
    assert len(found) == 1, line.welcome
    state: dict[str, object] = found[0]
    return state


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
@pytest.mark.parametrize("role", ["agent", "customer", "supervisor", "service"])
def test_welcome_has_its_fields_for_every_role(
    server: Server, tenant: str, encoding: str, role: str
) -> None:
    """Section 3."""
    before_ms = int(time.time() * 1000)
    line = server.person(tenant, role, "alice", encoding=encoding, more={"name": "Al"})
    welcome = line.welcome
    assert welcome.keys() == {
        "t", "id", "ok", "session", "pos", "you", "at", "beat_ms", "grace_ms", "limits", "server",
        "state",
    }  # fmt: skip
    you = welcome["you"]
    assert (you["id"], you["role"], you["name"], you["tenant"]) == ("alice", role, "Al", tenant)
    assert abs(welcome["at"] - before_ms) < 10_000
    assert (welcome["beat_ms"], welcome["grace_ms"]) == (25_000, 120_000)
    assert welcome["limits"].keys() == {"frame_bytes", "rate", "burst", "subs"}
    assert welcome["server"].keys() == {"node", "version"}
    state = welcome["state"]
    assert (state["offers"], state["conversations"]) == ([], [])
    assert ("presence" in state) == ("capacity" in state) == (role == "agent")
    assert ("queues" in state) == ("agents" in state) == (role in {"supervisor", "service"})


def test_an_agent_is_away_after_hello_and_never_available(server: Server, tenant: str) -> None:
    """Section 3: who was ``offline`` is ``away``; within the grace the show stands."""
    agent = server.person(tenant, "agent", "alice")
    assert agent.welcome["state"]["presence"]["show"] == "away"
    agent.do("presence.set", show="available")
    agent.cut()
    again = server.person(tenant, "agent", "alice")
    assert again.welcome["state"]["presence"]["show"] == "available"
    again.do("bye", leave=True)
    last = server.person(tenant, "agent", "alice")
    assert last.welcome["state"]["presence"]["show"] == "away"


def test_welcome_brings_the_pending_offer_again(server: Server, tenant: str) -> None:
    """Section 3: pending offers, as ``offer.new``."""
    agent = server.ready_agent(tenant)
    customer = server.person(tenant, "customer", "carl")
    customer.do("conversation.request", op="r1", channel="chat")
    offer = agent.wait("offer.new")
    agent.do("offer.seen", offer=offer["offer"])
    agent.cut()
    again = server.person(tenant, "agent", "alice")
    (pending,) = again.welcome["state"]["offers"]
    assert pending["offer"] == offer["offer"]
    assert 0 < pending["expires_ms"] <= offer["expires_ms"]
    again.do("offer.accept", offer=offer["offer"])


def test_both_sides_get_their_conversation_with_the_other_ones_card(
    server: Server, tenant: str
) -> None:
    """Section 3: agents see the customer's card, customers see who serves them."""
    _, _, conversation = served(server, tenant)
    agent = server.person(tenant, "agent", "alice")
    customer = server.person(tenant, "customer", "carl")
    theirs, own = state_of(agent, conversation), state_of(customer, conversation)
    for state in (theirs, own):
        assert (state["status"], state["queue"], state["channel"]) == ("active", "billing", "chat")
        assert (state["seq"], state["more"]) == (1, False)
    assert theirs["customer"]["id"] == "carl"  # type: ignore[index]
    assert own["agent"]["id"] == "alice"  # type: ignore[index]
    assert agent.welcome["state"]["load"]["total"] == 1


def test_a_waiting_customer_gets_the_place_in_line(server: Server, tenant: str) -> None:
    """Section 3: ``position`` and ``ahead`` while waiting."""
    first = server.person(tenant, "customer", "first")
    first.do("conversation.request", op="r1", channel="chat")
    customer = server.person(tenant, "customer", "carl")
    agent = server.person(tenant, "agent", "alice")
    agent.sync()
    told = customer.do("conversation.request", op="r1", channel="chat", topic="refund")
    again = server.person(tenant, "customer", "carl")
    state = state_of(again, told["conversation"])
    assert (state["status"], state["topic"]) == ("waiting", "refund")
    assert (state["position"], state["ahead"]) == (told["position"], told["ahead"]) == (2, 1)


def test_seen_leaves_out_what_the_client_has(server: Server, tenant: str) -> None:
    """Section 3: the messages after the ``seq`` named in ``seen``."""
    agent, customer, conversation = served(server, tenant)
    for number in range(2, 6):
        customer.do("message.send", conversation=conversation, op=f"m{number}", body=f"m{number}")
    again = server.person(tenant, "agent", "alice", seen={conversation: 3, "unknown": 9})
    state = state_of(again, conversation)
    assert [each["seq"] for each in state["messages"]] == [4, 5]  # type: ignore[attr-defined]
    assert (state["seq"], state["more"]) == (5, False)
    all_of_it = state_of(server.person(tenant, "agent", "alice", seen={}), conversation)
    assert [each["body"] for each in all_of_it["messages"]] == [  # type: ignore[attr-defined]
        "m1", "m2", "m3", "m4", "m5",
    ]  # fmt: skip
    agent.sync()


def test_a_long_conversation_comes_with_its_newest_and_more(server: Server, tenant: str) -> None:
    """Section 3: at most 200 and 64 KiB a conversation; page back with ``history``."""
    _, _, conversation = served(server, tenant)
    service = server.person(tenant, "service", "robot")
    for number in range(2, 252):
        service.send("message.send", conversation=conversation, op=f"m{number}", body=f"m{number}")
    service.sync()
    customer = server.person(tenant, "customer", "carl", seen={conversation: 1})
    state = state_of(customer, conversation)
    seqs = [each["seq"] for each in state["messages"]]  # type: ignore[attr-defined]
    assert seqs == list(range(52, 252))
    assert (state["seq"], state["more"]) == (251, True)
    page = customer.do("history", conversation=conversation, before_seq=52, limit=40)
    assert [each["seq"] for each in page["messages"]] == list(range(12, 52))
    assert page["more"] is True
    page = customer.do("history", conversation=conversation, before_seq=12)
    assert [each["body"] for each in page["messages"]] == [f"m{n}" for n in range(1, 12)]
    assert page["more"] is False


def test_big_messages_come_as_many_as_fit_into_64_kib(server: Server, tenant: str) -> None:
    """Section 3; a frame from the server is at most 1 MiB."""
    _, _, conversation = served(server, tenant)
    service = server.person(tenant, "service", "robot")
    for number in range(2, 22):
        body = "x" * 8_192
        service.send("message.send", conversation=conversation, op=f"m{number}", body=body)
    service.sync()
    state = state_of(server.person(tenant, "customer", "carl"), conversation)
    seqs = [each["seq"] for each in state["messages"]]  # type: ignore[attr-defined]
    assert state["more"] is True
    assert seqs == list(range(22 - len(seqs), 22))
    assert 6 <= len(seqs) <= 8


def test_a_conversation_in_seen_that_is_over_comes_once_more(server: Server, tenant: str) -> None:
    """Section 3: ``ended`` with its ``reason``; to both."""
    agent, customer, conversation = served(server, tenant)
    customer.do("message.send", conversation=conversation, op="m2", body="m2")
    agent.do("conversation.end", conversation=conversation)
    for role, subject in (("customer", "carl"), ("agent", "alice")):
        line = server.person(tenant, role, subject, seen={conversation: 1})
        state = state_of(line, conversation)
        assert (state["status"], state["reason"]) == ("ended", "agent")
        assert server.person(tenant, role, subject).welcome["state"]["conversations"] == []
    stranger = server.person(tenant, "customer", "carla", seen={conversation: 1})
    assert stranger.welcome["state"]["conversations"] == []


def test_a_conversation_in_wrap_up_is_the_agents_still(server: Server) -> None:
    """Section 3: open conversations; section 6: end -> wrap-up -> closed."""
    agent, customer, conversation = served(server, "wrapped")
    agent.do("conversation.end", conversation=conversation)
    assert 0 < agent.wait("wrapup.started")["wrap_up_ms"] <= 60_000
    assert customer.wait("conversation.ended")["reason"] == "agent"
    again = server.person("wrapped", "agent", "alice")
    assert state_of(again, conversation)["status"] == "wrap_up"
    gone = server.person("wrapped", "customer", "carl")
    assert gone.welcome["state"]["conversations"] == []
    agent.do("wrapup.complete", conversation=conversation, code="solved", note="fine")
    agent.do("wrapup.complete", conversation=conversation)
    agent.wait("conversation.ended", reason="agent")
    last = server.person("wrapped", "agent", "alice")
    assert last.welcome["state"]["conversations"] == []
    assert last.welcome["state"]["load"]["total"] == 0


def test_a_supervisor_gets_figures_and_no_conversation(server: Server, tenant: str) -> None:
    """Section 3: ``queues`` and ``agents`` counted by show."""
    server.ready_agent(tenant)
    server.person(tenant, "agent", "bob")
    server.person(tenant, "customer", "carl").do("conversation.request", op="1", channel="email")
    state = server.person(tenant, "supervisor", "sue").welcome["state"]
    (queue,) = state["queues"]
    assert {"queue", "waiting", "oldest_ms", "offered", "active"} <= queue.keys()
    assert (queue["queue"], queue["waiting"] + queue["offered"]) == ("billing", 1)
    shows = {each["show"]: each["count"] for each in state["agents"]}
    assert (shows["available"], shows["away"]) == (1, 1)


def test_a_second_socket_of_a_device_replaces_the_first(server: Server, tenant: str) -> None:
    """Section 3: 4504; another device, or the same name of another person, does not."""
    client = {"name": "outsider", "version": "1", "device": "page-1"}
    first = server.person(tenant, "agent", "alice", client=client)
    other = server.person(tenant, "agent", "alice", client={**client, "device": "page-2"})
    stranger = server.person(tenant, "agent", "bob", client=client)
    second = server.person(tenant, "agent", "alice", client=client)
    ending = first.wait("disconnect")
    assert (ending["code"], ending["action"]) == (4504, "stop")
    assert first.closing() == 4504
    for line in (other, stranger, second):
        line.sync()


# -- tokens on a live socket -----------------------------------------------------------------------


def test_a_token_that_ends_is_announced_and_ends_the_connection(server: Server) -> None:
    """Section 3: ``token.expiring`` 60 s before, and 4303 at the end."""
    now = int(time.time())
    line, kept = server.line(), server.line()
    for each in (line, kept):
        token = sign(claims("soon", "agent", "alice", iat=now - 100, exp=now + 3))
        assert each.hello(token, "agent")["t"] == "welcome"
        assert 0 < each.wait("token.expiring")["expires_ms"] <= 3_000
    kept.do("token.refresh", token=sign(claims("soon", "agent", "alice", exp=now + 100)))
    assert line.wait("disconnect")["action"] == "reconnect"
    assert line.closing() == 4303
    kept.sync()


def test_only_a_good_token_of_the_same_person_refreshes(server: Server, tenant: str) -> None:
    """Section 3: the connection goes on with the one it has."""
    line = server.person(tenant, "agent", "alice")
    for bad in (
        claims(tenant, "agent", "bob"),
        claims(tenant, "supervisor", "alice"),
        claims("soon", "agent", "alice", exp=int(time.time()) + 60),
    ):
        assert line.fail("token.refresh", token=sign(bad)) == 102
    assert line.fail("token.refresh", token="a.b.c") == 101
    line.do("token.refresh", token=sign(claims(tenant, "agent", "alice")))
    line.do("presence.set", show="busy")


def test_no_tenant_sees_another_ones_conversation(
    server: Server, tenant: str, plain_tenants: object
) -> None:
    """Section 10 and the design: every id is looked up inside the token's tenant."""
    _, _, conversation = served(server, tenant)
    agent = server.person("soon", "agent", "alice", more={"exp": int(time.time()) + 60})
    for kind in ("conversation.end", "history", "conversation.leave"):
        assert agent.fail(kind, conversation=conversation) in {102, 103}
    again = server.person(
        "soon", "customer", "carl", more={"exp": int(time.time()) + 60}, seen={conversation: 0}
    )
    assert again.welcome["state"]["conversations"] == []
