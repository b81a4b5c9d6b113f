"""Each message as the command it asks for."""

from typing import Any, get_args

import msgspec
import pytest

from router import commands
from router.commands import Actor
from router.errors import Refusal, Refused
from router.ids import AgentId, ConnectionId, ConversationId, OfferId
from router.incoming import (
    Activity,
    Bye,
    Explain,
    Hello,
    History,
    Incoming,
    PolicyGet,
    Preview,
    Sub,
    TokenRefresh,
    Typing,
    Unsub,
)
from router.policy import LanguageWish, SkillNeed
from router.requests import BODY_BYTES_MAX, COMMANDS, command_for
from tests.helpers.samples import sample

ALICE, BOB = AgentId("alice"), AgentId("bob")
CHAT, NEW = ConversationId("c1"), ConversationId("new")
CONNECTION = ConnectionId("x1")
AGENT = Actor("agent", "alice", CONNECTION)
CUSTOMER = Actor("customer", "carl", CONNECTION)
SERVICE = Actor("service", "crm", CONNECTION)
SESSIONS_OWN = {
    Explain,
    Hello,
    TokenRefresh,
    Bye,
    Activity,
    Sub,
    Unsub,
    History,
    PolicyGet,
    Preview,
    Typing,
}


def ask(kind: str, by: Actor, **changes: Any) -> commands.Command:  # noqa: ANN401 - as JSON has it
    message = msgspec.convert(sample(kind, **changes), Incoming)
    return command_for(message, by, lambda: "new")


def refusal(kind: str, by: Actor, **changes: Any) -> Refused:  # noqa: ANN401 - as JSON has it
    with pytest.raises(Refused) as caught:
        ask(kind, by, **changes)
    return caught.value


def test_every_message_is_a_command_or_the_sessions_own() -> None:
    assert set(get_args(Incoming)) == set(COMMANDS) | SESSIONS_OWN
    assert not set(COMMANDS) & SESSIONS_OWN


def test_a_customers_request_becomes_the_command_with_a_new_id() -> None:
    assert ask("conversation.request", CUSTOMER) == commands.RequestConversation(
        by=CUSTOMER,
        conversation=NEW,
        op="r1",
        channel="chat",
        queue="support",
        topic="lamp",
        languages=(LanguageWish("en", 50), LanguageWish("fr")),
        needs=(SkillNeed("billing"),),
        agent=ALICE,
        avoid=(BOB,),
        brand="pro",
        reopens=ConversationId("c0"),
        attributes={"cart": "3", "page": "/lamps", "vip": "false", "share": "0.5"},
        body="hi",
    )


def test_a_service_asks_for_a_named_customer() -> None:
    asked = ask("conversation.request", SERVICE, customer="carl", priority="gold", deferrable=True)
    assert isinstance(asked, commands.RequestConversation)
    assert (asked.customer, asked.priority, asked.deferrable) == ("carl", "gold", True)
    assert refusal("conversation.request", SERVICE).code is Refusal.BAD_REQUEST


@pytest.mark.parametrize("changes", [{"customer": "x"}, {"priority": "gold"}])
def test_a_customer_cannot_ask_as_a_service_does(changes: dict[str, Any]) -> None:
    assert refusal("conversation.request", CUSTOMER, **changes).code is Refusal.FORBIDDEN


def test_a_customer_may_ask_to_leave_a_message_and_the_core_says_whether() -> None:
    asked = ask("conversation.request", CUSTOMER, deferrable=True)
    assert isinstance(asked, commands.RequestConversation)
    assert (asked.deferrable, asked.customer) == (True, None)


@pytest.mark.parametrize("to", [{}, {"queue": "a", "agent": "b"}, {"skill": "a", "agent": "b"}])
def test_a_transfer_goes_to_one_place(to: dict[str, str]) -> None:
    refused = refusal("conversation.transfer", AGENT, to=to)
    assert (refused.code, refused.message[:3]) == (Refusal.BAD_REQUEST, "to:")


def test_a_transfer_names_a_queue_or_an_agent() -> None:
    assert ask("conversation.transfer", AGENT) == commands.TransferConversation(
        by=AGENT, conversation=CHAT, op="t1", queue="billing", note="a bill"
    )
    assert ask("conversation.transfer", AGENT, to={"agent": "bob"}) == (
        commands.TransferConversation(
            by=AGENT, conversation=CHAT, op="t1", agent=BOB, note="a bill"
        )
    )


def test_a_transfer_for_a_skill_may_name_the_level_and_the_queue() -> None:
    asked = ask("conversation.transfer", AGENT, to={"skill": "lamps", "level": 60, "queue": "a"})
    assert isinstance(asked, commands.TransferConversation)
    assert (asked.queue, asked.skill, asked.level, asked.agent) == ("a", "lamps", 60, None)


def test_a_body_is_measured_in_bytes() -> None:
    exactly = "ü" * (BODY_BYTES_MAX // 2)
    assert ask("message.send", AGENT, body=exactly) is not None
    refused = refusal("message.send", AGENT, body=exactly + "x")
    assert (refused.code, refused.message[:5]) == (Refusal.BAD_REQUEST, "body:")


def test_notes_are_for_staff() -> None:
    assert ask("message.send", AGENT) == commands.SendMessage(
        by=AGENT, conversation=CHAT, op="m1", body="hello", kind="note"
    )
    assert refusal("message.send", CUSTOMER).code is Refusal.FORBIDDEN


def test_a_policy_with_a_breach_is_refused_by_its_path() -> None:
    refused = refusal("policy.set", SERVICE, policy={"queues": []})
    assert (refused.code, refused.message[:14]) == (Refusal.BAD_REQUEST, "policy.queues:")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "presence.set",
            commands.SetPresence(
                by=AGENT,
                show="available",
                reason="back",
                channels={"chat": True},
                until_ms=60_000,
                next="away",
            ),
        ),
        ("offer.seen", commands.SeeOffer(by=AGENT, offer=OfferId("o1"))),
        ("offer.accept", commands.AcceptOffer(by=AGENT, offer=OfferId("o1"))),
        ("offer.decline", commands.DeclineOffer(by=AGENT, offer=OfferId("o1"), reason="busy")),
        ("message.read", commands.ReadMessages(by=AGENT, conversation=CHAT, seq=3)),
        ("conversation.cancel", commands.CancelConversation(by=AGENT, conversation=CHAT)),
        (
            "conversation.end",
            commands.EndConversation(by=AGENT, conversation=CHAT, reason="solved"),
        ),
        (
            "wrapup.complete",
            commands.CompleteWrapUp(by=AGENT, conversation=CHAT, code="sold", note="two lamps"),
        ),
        (
            "conversation.join",
            commands.JoinConversation(by=AGENT, conversation=CHAT, mode="monitor"),
        ),
        ("conversation.leave", commands.LeaveConversation(by=AGENT, conversation=CHAT)),
        (
            "conversation.assign",
            commands.AssignConversation(by=AGENT, conversation=CHAT, agent=ALICE),
        ),
        (
            "conversation.priority",
            commands.SetPriority(
                by=AGENT, conversation=CHAT, priority="gold", reason="asked twice"
            ),
        ),
        (
            "contact.set",
            commands.SetContact(
                by=AGENT, prefs=(commands.ContactWish("chat", 1),), languages=("en",)
            ),
        ),
        (
            "rate",
            commands.RateConversation(by=AGENT, conversation=CHAT, score=5, comment="quick"),
        ),
        ("consent.accept", commands.AcceptTerms(by=AGENT, terms="pro", version=2)),
        (
            "agent.presence",
            commands.SetAgentPresence(by=AGENT, agent=ALICE, show="away", reason="left the desk"),
        ),
    ],
)
def test_each_message_becomes_its_command(kind: str, expected: commands.Command) -> None:
    assert ask(kind, AGENT) == expected
