"""Section 6 of the protocol from outside: who sees what, and who may do what."""

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Line
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

TENANTS = {
    "purposes": {
        "policy": {"purposes": ["quality", {"id": "care", "roles": ["supervisor"], "per_hour": 2}]}
    },
}


def talk(server: Server, tenant: str, encoding: str = JSON) -> tuple[Line, Line, str]:
    """An agent and a customer who talk, and their conversation."""
    agent = server.ready_agent(tenant, encoding=encoding)
    customer = server.person(tenant, "customer", "carl", encoding=encoding, more={"name": "Carl"})
    told = customer.do("conversation.request", op="r1", channel="chat", body="Hi")
    agent.do("offer.accept", offer=agent.wait("offer.new")["offer"])
    customer.wait("conversation.assigned")
    return agent, customer, told["conversation"]


# -- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_a_message_reaches_the_other_side_and_the_senders_other_devices(
    server: Server, tenant: str, encoding: str
) -> None:
    """Section 6: the reply carries ``seq``; not the sending device."""
    agent, customer, conversation = talk(server, tenant, encoding)
    agents_other = server.person(tenant, "agent", "alice", encoding=encoding)
    own_other = server.person(tenant, "customer", "carl", encoding=encoding)
    body = "Grüße 😀 \u2028 <b> \"'"
    told = customer.do("message.send", conversation=conversation, op="m2", body=body)
    assert told["seq"] == 2
    for device in (agent, agents_other, own_other):
        said = device.wait("message")
        assert said.keys() == {"t", "pos", "conversation", "seq", "from", "body", "kind", "at"}
        assert said["from"] == {"id": "carl", "role": "customer", "name": "Carl"}
        assert (said["seq"], said["body"], said["kind"]) == (2, body, "text")
    customer.sync()
    assert customer.taken("message") == []


def test_a_note_is_seen_by_staff_alone_and_counted_apart(server: Server, tenant: str) -> None:
    """Section 6: a series of their own, between the messages by time."""
    agent, customer, conversation = talk(server, tenant)
    other = server.person(tenant, "agent", "alice")
    note = {"conversation": conversation, "body": "He is angry", "kind": "note"}
    assert agent.do("message.send", op="n1", **note)["seq"] == 1
    assert agent.do("message.send", conversation=conversation, op="m2", body="Yes?")["seq"] == 2
    seen = other.wait("message", kind="note")
    assert (seen["seq"], seen["body"]) == (1, "He is angry")
    assert customer.wait("message")["body"] == "Yes?"
    customer.sync()
    assert customer.taken("message") == []
    assert "angry" not in str(customer.do("history", conversation=conversation))
    again = server.person(tenant, "customer", "carl")
    assert "angry" not in str(again.welcome)
    bodies = [each["body"] for each in agent.do("history", conversation=conversation)["messages"]]
    assert bodies == ["Hi", "He is angry", "Yes?"]
    assert customer.fail("message.send", op="n1", **note) == 102


def test_reading_and_typing_reach_the_other_side(server: Server, tenant: str) -> None:
    """Section 6: ``message.read`` and ``typing``."""
    agent, customer, conversation = talk(server, tenant)
    agent.do("message.read", conversation=conversation, seq=1)
    read = customer.wait("message.read")
    assert (read["conversation"], read["by"]["id"], read["seq"]) == (conversation, "alice", 1)
    customer.do("typing", conversation=conversation, on=True)
    typing = agent.wait("typing")
    assert (typing["by"]["id"], typing["on"]) == ("carl", True)
    assert agent.fail("message.read", conversation=conversation, seq=99) in {105, 115}


@pytest.mark.parametrize(("letter", "fits"), [("x", 8192), ("é", 4096), ("😀", 2048)])
def test_a_body_is_at_most_8_kib(server: Server, tenant: str, letter: str, fits: int) -> None:
    """Section 6: bytes, not characters."""
    _, customer, conversation = talk(server, tenant)
    customer.do("message.send", conversation=conversation, op="1", body=letter * fits)
    reply = customer.ask(
        "message.send", conversation=conversation, op="2", body=letter * (fits + 1)
    )
    assert reply["err"]["code"] in {105, 106}
    assert customer.fail("message.send", conversation=conversation, op="3", body="") == 105


def test_nobody_writes_into_what_is_over_or_anothers(server: Server, tenant: str) -> None:
    """Section 6: own conversations only; a refused command changes nothing."""
    agent, customer, conversation = talk(server, tenant)
    bob = server.person(tenant, "agent", "bob")
    carla = server.person(tenant, "customer", "carla")
    for stranger, code in ((bob, 102), (carla, 103)):
        for kind, more in (
            ("message.send", {"op": "m1", "body": "Boo"}),
            ("message.read", {"seq": 1}),
            ("typing", {"on": True}),
            ("history", {}),
        ):
            refused = stranger.fail(kind, conversation=conversation, **more)
            assert refused in {code, 103}, (kind, refused)
    agent.do("conversation.end", conversation=conversation)
    assert customer.fail("message.send", conversation=conversation, op="m2", body="Wait") == 115
    assert len(customer.do("history", conversation=conversation)["messages"]) == 1


def test_history_pages_back_without_a_hole(server: Server, tenant: str) -> None:
    """Section 6: ``{messages, more}``, at most 500."""
    _, customer, conversation = talk(server, tenant)
    for number in range(2, 13):
        customer.do("message.send", conversation=conversation, op=f"{number}", body=f"m{number}")
    found: list[int] = []
    before: dict[str, int] = {}
    more = True
    while more:
        page = customer.do("history", conversation=conversation, limit=5, **before)
        found = [each["seq"] for each in page["messages"]] + found
        before = {"before_seq": found[0]}
        more = page["more"]
    assert found == list(range(1, 13))
    assert customer.fail("history", conversation=conversation, limit=501) == 105


def test_a_rating_is_from_1_to_5_and_of_ones_own(server: Server, tenant: str) -> None:
    """Section 6: ``rate``."""
    agent, customer, conversation = talk(server, tenant)
    agent.do("conversation.end", conversation=conversation)
    for score in (0, 6):
        assert customer.fail("rate", conversation=conversation, score=score) == 105
    customer.do("rate", conversation=conversation, score=5, comment="fine")
    carla = server.person(tenant, "customer", "carla")
    assert carla.fail("rate", conversation=conversation, score=1) == 103


def test_contact_wishes_are_taken(server: Server, tenant: str) -> None:
    """Section 6: ``contact.set``."""
    line = server.person(tenant, "customer", "carl")
    line.do("contact.set", prefs=[{"channel": "email", "prio": 1}], languages=["de", "en"])
    assert line.fail("contact.set", prefs=[{"prio": 1}]) == 105


def test_a_reopened_conversation_prefers_its_agent(server: Server, tenant: str) -> None:
    """Section 6: ``reopens``: an ended conversation of one's own."""
    bob = server.ready_agent(tenant, "bob")
    customer = server.person(tenant, "customer", "carl")
    first = customer.do("conversation.request", op="r1", channel="chat")["conversation"]
    bob.do("offer.accept", offer=bob.wait("offer.new")["offer"])
    bob.wait("offer.ended")
    bob.do("conversation.end", conversation=first)
    alice = server.ready_agent(tenant, "alice")
    customer.do("conversation.request", op="r2", channel="chat", reopens=first)
    assert bob.wait("offer.new")["attempt"] == 1
    alice.sync()
    assert alice.taken("offer.new") == []
    bob.do("presence.set", show="busy")
    bob.do("presence.set", show="available")
    carla = server.person(tenant, "customer", "carla")
    carla.do("conversation.request", op="r1", channel="chat", reopens=first)
    assert "knows_customer" not in alice.wait("offer.new")["why"]


# -- groups ----------------------------------------------------------------------------------------


def test_a_monitor_hears_and_says_nothing(server: Server, tenant: str) -> None:
    """Section 6: ``conversation.join`` monitor, and ``.leave``."""
    agent, customer, conversation = talk(server, tenant)
    boss = server.person(tenant, "supervisor", "sue")
    boss.do("conversation.join", conversation=conversation, mode="monitor")
    customer.do("message.send", conversation=conversation, op="m2", body="Hello?")
    assert boss.wait("message")["body"] == "Hello?"
    said = {"conversation": conversation, "op": "s1", "body": "Boo"}
    assert boss.fail("message.send", **said) == 102
    customer.sync()
    assert customer.taken("conversation.updated") == []
    boss.do("conversation.leave", conversation=conversation)
    customer.do("message.send", conversation=conversation, op="m3", body="Anybody?")
    agent.wait("message", seq=3)
    boss.sync()
    assert boss.taken("message") == []


def test_a_whisper_reaches_the_agent_and_a_barge_everybody(server: Server, tenant: str) -> None:
    """Section 6: whispered words are notes; who barges in is seen and heard."""
    agent, customer, conversation = talk(server, tenant)
    boss = server.person(tenant, "supervisor", "sue", more={"name": "Sue"})
    boss.do("conversation.join", conversation=conversation, mode="whisper")
    boss.do("message.send", conversation=conversation, op="s1", body="Refund", kind="note")
    assert agent.wait("message")["body"] == "Refund"
    assert boss.fail("message.send", conversation=conversation, op="s2", body="Hi") == 102
    boss.do("conversation.join", conversation=conversation, mode="barge")
    boss.do("message.send", conversation=conversation, op="s3", body="I am Sue")
    said = customer.wait("message")
    assert (said["seq"], said["from"]["id"], said["from"]["role"]) == (2, "sue", "supervisor")
    assert agent.wait("message", seq=2)["body"] == "I am Sue"


def test_only_invited_agents_and_supervisors_join(server: Server, tenant: str) -> None:
    """Section 6: supervisor, or an invited colleague."""
    _, customer, conversation = talk(server, tenant)
    bob = server.person(tenant, "agent", "bob")
    for mode in ("monitor", "whisper", "barge", "consult"):
        assert bob.fail("conversation.join", conversation=conversation, mode=mode) in {102, 103}
    assert customer.fail("conversation.join", conversation=conversation, mode="barge") == 102
    boss = server.person(tenant, "supervisor", "sue", more={"teams": ["apac"]})
    assert boss.fail("conversation.join", conversation=conversation, mode="monitor") == 102
    assert boss.fail("conversation.join", conversation="nowhere", mode="monitor") == 103
    assert boss.fail("conversation.leave", conversation=conversation) in {102, 115}


def test_a_purpose_is_asked_for_where_the_tenant_demands_one(server: Server) -> None:
    """Sections 5 and 6: 110."""
    _, customer, conversation = talk(server, "purposes")
    boss = server.person("purposes", "supervisor", "sue")
    assert boss.fail("history", conversation=conversation) == 110
    assert boss.fail("history", conversation=conversation, purpose="gossip") == 110
    boss.do("history", conversation=conversation, purpose="quality")
    for _ in range(2):
        boss.do("history", conversation=conversation, purpose="care")
    error = boss.ask("history", conversation=conversation, purpose="care")["err"]
    assert error["code"] == 107
    assert 0 < error["retry_ms"] <= 3_600_000
    service = server.person("purposes", "service", "robot")
    assert service.fail("history", conversation=conversation, purpose="care") == 110
    customer.do("history", conversation=conversation)


# -- topics ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_a_topic_gives_a_snapshot_and_then_what_changes(
    server: Server, tenant: str, encoding: str
) -> None:
    """Section 6: a topic holds who is not ``offline``."""
    agent = server.ready_agent(tenant, encoding=encoding)
    boss = server.person(tenant, "supervisor", "sue", encoding=encoding)
    first = boss.do("sub", topic="agents")
    (entry,) = first["set"]
    assert {"id", "show", "since_at"} <= entry.keys()
    assert (entry["id"], entry["show"], first["topic"]) == ("alice", "available", "agents")
    agent.do("presence.set", show="dnd")
    change = boss.wait("presence", topic="agents")
    assert [(each["id"], each["show"]) for each in change["set"]] == [("alice", "dnd")]
    agent.do("bye", leave=True)
    gone = boss.wait("presence", topic="agents")
    assert [each["id"] for each in gone["gone"]] == ["alice"]
    boss.do("unsub", topic="agents")
    server.person(tenant, "agent", "alice", encoding=encoding)
    boss.sync()
    assert boss.taken("presence") == []


def test_counts_say_how_many_and_not_who(server: Server, tenant: str) -> None:
    """Section 6: ``mode: counts``."""
    agent = server.ready_agent(tenant)
    boss = server.person(tenant, "supervisor", "sue")
    first = boss.do("sub", topic="agents", mode="counts")
    assert "set" not in first or first["set"] == []
    counted = {each["show"]: each["count"] for each in first["agents"]}
    assert counted["available"] == 1
    agent.do("presence.set", show="dnd")
    change = boss.next(lambda each: each["t"] in {"presence", "board"})
    assert "alice" not in str(change)


def test_the_board_changes_at_most_once_a_second(server: Server, tenant: str) -> None:
    """Section 6: coalesced."""
    boss = server.person(tenant, "supervisor", "sue")
    first = boss.do("sub", topic="board")
    assert [each["queue"] for each in first["queues"]] == ["billing"]
    assert boss.do("sub", topic="queue:billing")["queues"][0]["waiting"] == 0
    server.person(tenant, "customer", "carl").do("conversation.request", op="r1", channel="chat")
    change = boss.wait("board", topic="board")
    assert change["queues"][0]["waiting"] == 1
    assert boss.wait("board", topic="queue:billing")["queues"][0]["waiting"] == 1


def test_subscribing_twice_or_unsubscribing_from_nothing_is_116(
    server: Server, tenant: str
) -> None:
    """Section 5."""
    boss = server.person(tenant, "supervisor", "sue", subs=["board", "agents", "nonsense"])
    assert boss.fail("sub", topic="board") == 116
    assert boss.fail("sub", topic="agents") == 116
    assert boss.fail("unsub", topic="queue:billing") == 116
    assert boss.fail("sub", topic="nonsense") == 103
    assert boss.fail("sub", topic="queue:nowhere") == 103


def test_who_may_subscribe_to_what(server: Server, tenant: str) -> None:
    """Section 7 of the design: own teams for agents, nothing for customers."""
    agent = server.person(tenant, "agent", "alice")
    for topic in ("team:emea", "queues"):
        agent.do("sub", topic=topic)
    for topic in ("team:apac", "agents", "board", "queue:billing"):
        assert agent.fail("sub", topic=topic) == 102
    customer = server.person(tenant, "customer", "carl")
    for topic in ("team:emea", "agents", "board", "queue:billing"):
        assert customer.fail("sub", topic=topic) == 102


def test_a_team_topic_shows_that_team_alone(server: Server, tenant: str) -> None:
    """Section 6: ``team:<id>``."""
    server.person(tenant, "agent", "alice")
    server.person(tenant, "agent", "zoe", more={"teams": ["apac"]})
    boss = server.person(tenant, "supervisor", "sue")
    first = boss.do("sub", topic="team:apac")
    assert [each["id"] for each in first["set"]] == ["zoe"]


# -- policy ----------------------------------------------------------------------------------------


def test_a_policy_is_read_and_set_whole(server: Server, tenant: str) -> None:
    """Section 6: ``policy.get``, ``policy.set``; a wrong one changes nothing."""
    boss = server.person(tenant, "supervisor", "sue")
    policy = boss.do("policy.get")["policy"]
    assert policy["queues"][0]["id"] == "billing"
    boss.do("policy.set", policy={**policy, "offer_timeout_ms": 7_000})
    assert boss.do("policy.get")["policy"]["offer_timeout_ms"] == 7_000
    assert boss.fail("policy.set", policy={**policy, "offer_timeout_ms": -1}) == 105
    assert boss.fail("policy.set", policy={**policy, "queues": []}) == 105
    agent = server.ready_agent(tenant)
    customer = server.person(tenant, "customer", "carl")
    customer.do("conversation.request", op="r1", channel="chat")
    assert agent.wait("offer.new")["expires_ms"] == 7_000
    for stranger in (agent, customer):
        assert stranger.fail("policy.get") == 102
