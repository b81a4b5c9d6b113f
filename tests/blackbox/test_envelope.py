"""Sections 2 and 5 of the protocol from outside: ids, ``op``, repeats, errors."""

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Line
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

ENCODINGS = pytest.mark.parametrize("encoding", [JSON, MSGPACK])


def served(server: Server, tenant: str, encoding: str = JSON) -> tuple[Line, Line, str]:
    """An agent and a customer who talk, and their conversation."""
    agent = server.ready_agent(tenant, encoding=encoding)
    customer = server.person(tenant, "customer", "carl", encoding=encoding)
    request = customer.do("conversation.request", op="r1", channel="chat", body="Good day")
    agent.do("offer.accept", offer=agent.wait("offer.new")["offer"])
    customer.wait("conversation.assigned")
    return agent, customer, request["conversation"]


# -- ids -------------------------------------------------------------------------------------------


@ENCODINGS
@pytest.mark.parametrize("number", [0, -1, "7", 1.5, True, None, 2**53, [1], {}])
def test_an_id_that_is_no_positive_integer_gets_id_0_and_105(
    server: Server, tenant_once: str, encoding: str, number: object
) -> None:
    """Section 2: what cannot be decoded gets a reply with ``id: 0`` and 105."""
    line = server.person(tenant_once, "agent", "alice", encoding=encoding)
    line.put({"t": "presence.set", "id": number, "show": "busy"})
    reply = line.reply(0)
    assert (reply["ok"], reply["err"]["code"], reply["err"]["name"]) == (False, 105, "bad_request")
    assert "id" in reply["err"]["msg"]
    line.do("presence.set", show="busy")


@ENCODINGS
def test_ids_must_rise_on_a_connection(server: Server, tenant: str, encoding: str) -> None:
    """Section 2: increasing on the connection; gaps are fine."""
    line = server.person(tenant, "agent", "alice", encoding=encoding)
    for number, code in ((40, None), (41, None), (20, 105), (100, None)):
        line.put({"t": "presence.set", "id": number, "show": "busy"})
        assert line.reply(number).get("err", {}).get("code") == code


@ENCODINGS
def test_what_is_no_map_gets_id_0(server: Server, tenant: str, encoding: str) -> None:
    """Section 2: every message is a map."""
    line = server.person(tenant, "agent", "alice", encoding=encoding)
    contents: tuple[object, ...] = (5, "hello", None, True, [[]], [5], [None])
    for content in contents:
        line.put(content)
        assert line.reply(0)["err"]["code"] == 105
    line.do("presence.set", show="busy")


def test_an_unknown_type_an_absent_field_and_a_foreign_role_are_told_apart(
    server: Server, tenant: str
) -> None:
    """Section 5: 104, 105 that names the field, 102."""
    line = server.person(tenant, "customer", "carl")
    assert line.fail("fly.away") == 104
    reply = line.ask("message.send", conversation="c", op="1")
    assert reply["err"]["code"] == 105
    assert "body" in reply["err"]["msg"]
    assert line.fail("presence.set", show="available") == 102
    assert line.fail("history", conversation="nowhere") == 103


def test_unknown_fields_are_ignored(server: Server, tenant: str) -> None:
    """The preamble: anything may be added."""
    line = server.person(tenant, "agent", "alice")
    line.do("presence.set", show="busy", colour={"deep": [1, {"er": 2}]})


@ENCODINGS
def test_twenty_errors_in_a_minute_end_the_connection(
    server: Server, tenant: str, encoding: str
) -> None:
    """Section 5: 20 errors of 104/105 -> 4508."""
    line = server.person(tenant, "agent", "alice", encoding=encoding)
    codes = [line.fail("fly.away") for _ in range(19)]
    line.do("presence.set", show="busy")
    assert line.fail("fly.away") == 104
    assert codes == [104] * 19
    assert line.wait("disconnect")["action"] == "stop"
    assert line.closing() == 4508


def test_every_error_says_whether_to_try_again(server: Server, tenant: str) -> None:
    """Section 2: ``retry`` is ``no``, ``now`` or ``after``."""
    line = server.person(tenant, "customer", "carl")
    error = line.ask("rate", conversation="nowhere", score=5)["err"]
    assert (error["code"], error["name"], error["retry"]) == (103, "not_found", "no")
    numbers = [line.send("rate", conversation="nowhere", score=5) for _ in range(20)]
    hasty = [line.reply(number)["err"] for number in numbers]
    late = [error for error in hasty if error["code"] == 107]
    assert late
    assert all(each["retry"] == "after" and each["retry_ms"] > 0 for each in late)


# -- op --------------------------------------------------------------------------------------------


@ENCODINGS
def test_the_same_op_gives_the_first_answer_and_does_nothing_twice(
    server: Server, tenant: str, encoding: str
) -> None:
    """Section 2: on any connection of the same person, through any reconnect."""
    agent, customer, conversation = served(server, tenant, encoding)
    words = {"conversation": conversation, "op": "m1", "body": "Hello?"}
    first = customer.do("message.send", **words)
    assert customer.do("message.send", **words)["seq"] == first["seq"] == 2
    again = server.person(tenant, "customer", "carl", encoding=encoding)
    assert again.do("message.send", **words)["seq"] == 2
    assert customer.do("message.send", **{**words, "op": "m2"})["seq"] == 3
    agent.wait("message", seq=3)
    agent.wait("message", seq=2)
    agent.sync()
    assert agent.taken("message") == []


def test_the_same_op_with_other_content_is_a_conflict(server: Server, tenant: str) -> None:
    """Section 2: -> 111; nothing happens."""
    _, customer, conversation = served(server, tenant)
    customer.do("message.send", conversation=conversation, op="m1", body="One")
    assert customer.fail("message.send", conversation=conversation, op="m1", body="Two") == 111
    assert customer.fail("conversation.request", op="r1", channel="email") == 111
    assert customer.do("message.send", conversation=conversation, op="m2", body="Two")["seq"] == 3


def test_an_op_is_of_one_person_alone(server: Server, tenant: str) -> None:
    """Section 2: from the same person."""
    agent, customer, conversation = served(server, tenant)
    customer.do("message.send", conversation=conversation, op="m1", body="One")
    assert agent.do("message.send", conversation=conversation, op="m1", body="Two")["seq"] == 3


def test_a_request_repeated_after_a_reconnect_is_the_first_one(server: Server, tenant: str) -> None:
    """Section 2: the first answer again."""
    customer = server.person(tenant, "customer", "carl")
    request = {"op": "r1", "channel": "chat", "body": "Good day"}
    first = customer.do("conversation.request", **request)
    customer.cut()
    again = server.person(tenant, "customer", "carl")
    assert again.do("conversation.request", **request)["conversation"] == first["conversation"]
    assert [each["seq"] for each in again.welcome["state"]["conversations"]] == [1]


def test_a_refused_op_may_be_tried_again(server: Server, tenant: str) -> None:
    """Section 2: a refused ``op`` is not remembered."""
    customer = server.person(tenant, "customer", "carl")
    assert customer.fail("conversation.request", op="r1", channel="chat", queue="nowhere") == 103
    customer.do("conversation.request", op="r1", channel="chat", queue="billing")


@pytest.mark.parametrize("op", [None, "", "x" * 65, 7, "a\x00b"])
def test_what_creates_something_must_carry_a_good_op(
    server: Server, tenant_once: str, op: object
) -> None:
    """Section 2: a string of at most 64 characters."""
    customer = server.person(tenant_once, "customer", "carl")
    fields = {} if op is None else {"op": op}
    reply = customer.ask("conversation.request", channel="chat", **fields)
    assert reply["err"]["code"] == 105
    assert "op" in reply["err"]["msg"]


def test_an_op_of_64_characters_of_any_script_is_good(server: Server, tenant: str) -> None:
    """Section 2: characters, not bytes."""
    customer = server.person(tenant, "customer", "carl")
    customer.do("conversation.request", op="é" * 63 + "𝄞", channel="chat")


# -- repeats ---------------------------------------------------------------------------------------


def test_accepting_ending_and_completing_again_is_ok_again(server: Server, tenant: str) -> None:
    """Section 2: without ``op``, repeating what took effect."""
    agent, customer, conversation = served(server, tenant)
    offer = agent.wait("offer.ended")["offer"]
    assert agent.do("offer.accept", offer=offer)["ok"]
    assert agent.do("conversation.end", conversation=conversation)["ok"]
    assert agent.do("conversation.end", conversation=conversation)["ok"]
    assert agent.do("offer.accept", offer=offer)["ok"]
    assert customer.wait("conversation.ended")["reason"] == "agent"
    customer.sync()
    assert customer.taken("conversation.ended") == []


def test_declining_again_is_ok_and_accepting_after_it_is_too_late(
    server: Server, tenant: str
) -> None:
    """Sections 2 and 5: 113 carries the ``outcome``."""
    agent = server.ready_agent(tenant)
    customer = server.person(tenant, "customer", "carl")
    customer.do("conversation.request", op="r1", channel="chat")
    offer = agent.wait("offer.new")["offer"]
    agent.do("offer.decline", offer=offer, reason="lunch")
    agent.do("offer.decline", offer=offer)
    error = agent.ask("offer.accept", offer=offer)["err"]
    assert (error["code"], error["outcome"]) == (113, "declined")
    assert agent.wait("offer.ended")["outcome"] == "declined"


def test_cancelling_and_ending_again_is_ok_for_the_customer(server: Server, tenant: str) -> None:
    """Section 2; section 6: cancelling what is not in line any more is 115."""
    customer = server.person(tenant, "customer", "carl")
    first = customer.do("conversation.request", op="r1", channel="chat")["conversation"]
    customer.do("conversation.cancel", conversation=first)
    customer.do("conversation.cancel", conversation=first)
    assert customer.wait("conversation.ended")["reason"] == "cancelled"
    agent = server.ready_agent(tenant)
    second = customer.do("conversation.request", op="r2", channel="chat")["conversation"]
    agent.do("offer.accept", offer=agent.wait("offer.new")["offer"])
    assert customer.fail("conversation.cancel", conversation=second) == 115
    customer.do("conversation.end", conversation=second)
    customer.do("conversation.end", conversation=second)
    assert agent.wait("conversation.ended")["reason"] == "customer"


def test_nobody_repeats_what_another_person_did(server: Server, tenant: str) -> None:
    """Section 2: of one's own."""
    agent, _, conversation = served(server, tenant)
    agent.do("conversation.end", conversation=conversation)
    bob = server.person(tenant, "agent", "bob")
    assert bob.fail("conversation.end", conversation=conversation) in {102, 103}
    offer = agent.wait("offer.ended")["offer"]
    assert bob.fail("offer.accept", offer=offer) in {102, 103, 113}
    carla = server.person(tenant, "customer", "carla")
    assert carla.fail("conversation.end", conversation=conversation) == 103


# -- order -----------------------------------------------------------------------------------------


def test_a_reply_comes_before_the_events_of_its_command(server: Server, tenant: str) -> None:
    """Section 2."""
    agent = server.person(tenant, "agent", "alice")
    numbers = [agent.send("presence.set", show=show) for show in ("busy", "dnd", "available")]
    agent.sync()
    agent.sync()
    order = [each["id"] if each["t"] == "reply" else each["show"] for each in agent.kept]
    assert order == [numbers[0], "busy", numbers[1], "dnd", numbers[2], "available"]


def test_every_command_but_activity_gets_one_reply(server: Server, tenant: str) -> None:
    """Section 2."""
    agent = server.person(tenant, "agent", "alice")
    agent.put([{"t": "activity", "idle_ms": 0, "view": "active"} for _ in range(5)])
    agent.put([{"t": "activity", "id": 0, "idle_ms": 400_000, "view": "background"}])
    agent.sync()
    assert [each for each in agent.kept if each["t"] == "reply"] == []
