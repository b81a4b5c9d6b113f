"""What is answered from the state, without a place in the journal."""

from typing import Any

import msgspec
import pytest

from router import incoming
from router.commands import SetPolicy
from router.errors import Refusal, Refused
from router.incoming import Incoming
from router.outgoing import Reply
from router.previewed import SkillsPreview
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


async def test_a_preview_is_of_one_thing_and_says_what_would_be() -> None:
    desk = Desk()
    sofia = "supervisor:sofia"
    told = desk.ask(sofia, incoming.Preview(id=1, agent="alice", skills={"lamps": 40})).preview
    assert isinstance(told, SkillsPreview)
    assert (told.skills, told.set_by_hand) == ({"lamps": 40}, False)
    for agent, conversation in (("", ""), ("alice", "c")):
        message = incoming.Preview(id=2, agent=agent, conversation=conversation)
        assert desk.refusal(sofia, message) is Refusal.BAD_REQUEST
    unknown = incoming.Preview(id=3, conversation="c", priority="gold")
    assert desk.refusal(sofia, unknown) is Refusal.NOT_FOUND
