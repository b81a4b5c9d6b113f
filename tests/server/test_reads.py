"""What is answered from the state, without a place in the journal."""

from typing import Any

import msgspec
import pytest

from router import incoming
from router.commands import SetPolicy
from router.errors import Refusal, Refused
from router.incoming import Incoming
from router.outgoing import Reply
from router.policy import Purpose
from router.server.links import Link
from router.server.reads import Reads
from tests.helpers.cores import POLICY, actor, request
from tests.helpers.hubs import Audience


class Desk(Audience):
    """Alice serves Carl's chat; Sofia looks on."""

    def __init__(self, **policy: Any) -> None:  # noqa: ANN401 - as the policy has it
        super().__init__()
        self.do(SetPolicy(policy=msgspec.structs.replace(POLICY, **policy)))
        self.reads = Reads({"acme": self.core.router}, self.hub, lambda: self.core.now_ms)
        for person in ("agent:alice", "customer:carl", "supervisor:sofia"):
            self.join(person)
        self.core.show("alice", "available")
        self.do(request("customer:carl"))
        self.core.accept("alice", "o1")
        self.core.send("customer:carl", "c-carl-r1", "hello")

    def ask(self, person: str, message: Incoming) -> Reply:
        link: Link = self.links[f"x-{person.partition(':')[2]}"]
        return self.reads.answer(message, link, actor(person), "a name")

    def refusal(self, person: str, message: Incoming) -> Refusal:
        with pytest.raises(Refused) as caught:
            self.ask(person, message)
        return caught.value.code


def history(**changes: Any) -> incoming.History:  # noqa: ANN401 - as the message has it
    return incoming.History(**{"id": 7, "conversation": "c-carl-r1", **changes})


async def test_history_is_paged() -> None:
    desk = Desk()
    for number in range(5):
        desk.core.send("agent:alice", "c-carl-r1", f"m{number}")
    reply = desk.ask("customer:carl", history(limit=2, before_seq=4))
    assert reply.messages is not None
    assert ([message.seq for message in reply.messages], reply.more) == ([2, 3], True)


async def test_history_names_a_conversation_that_one_may_read() -> None:
    desk = Desk()
    desk.join("customer:dora")
    assert desk.refusal("customer:dora", history()) is Refusal.NOT_FOUND
    assert desk.refusal("agent:alice", history(conversation=None, customer="carl")) is (
        Refusal.BAD_REQUEST
    )


async def test_staff_needs_a_purpose_where_the_tenant_demands_one() -> None:
    desk = Desk(purposes=("quality", Purpose(id="complaint", roles=("supervisor",))))
    assert desk.refusal("agent:alice", history()) is Refusal.PURPOSE_REQUIRED
    assert desk.refusal("agent:alice", history(purpose="complaint")) is Refusal.PURPOSE_REQUIRED
    assert desk.ask("agent:alice", history(purpose="quality")).messages
    assert desk.ask("supervisor:sofia", history(purpose="complaint")).messages
    assert desk.ask("customer:carl", history()).messages


async def test_typing_reaches_the_others_of_the_conversation() -> None:
    desk = Desk()
    await desk.got("x-alice")
    await desk.got("x-carl")
    typing = incoming.Typing(id=8, conversation="c-carl-r1", on=True)
    assert desk.ask("customer:carl", typing) == Reply(id=8, ok=True)
    (seen,) = await desk.got("x-alice")
    assert seen == {
        "t": "typing",
        "conversation": "c-carl-r1",
        "by": {"id": "carl", "role": "customer", "name": "a name"},
        "on": True,
    }
    assert await desk.got("x-carl") == []
    strange = incoming.Typing(id=9, conversation="none", on=True)
    assert desk.refusal("customer:carl", strange) is Refusal.NOT_FOUND


async def test_a_supervisor_is_told_why() -> None:
    desk = Desk()
    reply = desk.ask("supervisor:sofia", incoming.Explain(id=5, agent="alice"))
    assert reply.explain is not None
    assert desk.refusal("supervisor:sofia", incoming.Explain(id=6)) is Refusal.BAD_REQUEST
    unknown = incoming.Explain(id=7, conversation="none")
    assert desk.refusal("supervisor:sofia", unknown) is Refusal.NOT_FOUND


async def test_topics_and_policy_are_answered_too() -> None:
    desk = Desk()
    board = desk.ask("supervisor:sofia", incoming.Sub(id=1, topic="board"))
    assert board.queues is not None
    assert desk.links["x-sofia"].topics == {"board": "full"}
    assert desk.ask("supervisor:sofia", incoming.Unsub(id=2, topic="board")) == Reply(id=2, ok=True)
    assert desk.links["x-sofia"].topics == {}
    policy = desk.ask("supervisor:sofia", incoming.PolicyGet(id=3)).policy
    assert policy == desk.core.router.policy
