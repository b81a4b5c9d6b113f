"""The order of things inside one command: time, outages, refusals, replay."""

from collections.abc import Callable

import msgspec
import pytest

from router.commands import (
    AcceptTerms,
    Actor,
    CancelConversation,
    Command,
    Connect,
    LoseNode,
    ReportActivity,
    RequestConversation,
    SendMessage,
    SetContact,
    SetPolicy,
    SetPresence,
    SkipCommand,
    Tick,
    TransferConversation,
)
from router.core import fingerprint
from router.errors import Refusal
from router.events import CommandAnswered
from router.ids import ConversationId
from router.policy import Policy, Queue, SkillNeed, Step
from tests.helpers.watched import Watched
from tests.helpers.worlds import Scene, agent, customer, needs, skilled, supervisor

STEPPED = Policy(
    queues=(
        Queue(
            id="q",
            needs=(SkillNeed("x", 50),),
            steps=(Step(after_ms=30_000, needs=needs(x=10)), Step(after_ms=60_000, needs=())),
        ),
    ),
    agents=(skilled("ann", x=80), skilled("bob", x=80)),
    capacity={"chat": 1, "total": 1},
)


def test_an_outage_moves_refusals_with_their_timers() -> None:
    """A refusal that ended during the outage, with its timer moved behind it, stalled the line:
    the decliner might be asked again, and nothing made the router ask."""
    scene = Scene(STEPPED)
    scene.sign_in("ann")
    scene.ask("c")
    scene.decline("ann")
    due_ms = scene.router.next_deadline_ms()
    scene.skip_to(100_000)
    scene.sign_in("bob")
    assert scene.offered("bob") == "c"
    assert scene.conversation("c").declined["ann"] == scene.start_ms + 160_000
    assert due_ms == scene.start_ms + 30_000


def test_an_outage_keeps_the_time_between_two_steps() -> None:
    scene = Scene(STEPPED)
    scene.ask("c")
    scene.skip_to(100_000)
    scene.arrive()
    scene.to(129_999)
    assert scene.conversation("c").step == 0
    scene.to(130_000)
    assert scene.conversation("c").step == 1
    scene.to(159_999)
    assert scene.conversation("c").step == 1
    scene.to(160_000)
    assert scene.conversation("c").step == 2


def test_a_refused_command_may_be_the_first_after_an_outage() -> None:
    """Graces that started over left marks, and the first refusal then stopped the core."""
    scene = Scene()
    scene.sign_in("ann")
    scene.arrive(customer("c"))
    scene.leave(agent("ann"))
    scene.skip_to(90_000)
    refusal = scene.refused(CancelConversation(customer("c"), ConversationId("none")))
    assert refusal.code is Refusal.NOT_FOUND
    scene.to(90_000 + 119_999)
    assert scene.agent("ann").is_signed_in
    scene.to(90_000 + 120_000)
    assert not scene.agent("ann").is_signed_in


TOO_EARLY: list[tuple[Actor, Callable[[Scene, Actor], Command]]] = [
    (agent("ann"), lambda _, by: ReportActivity(by)),
    (agent("ann"), lambda _, by: SetPresence(by)),
    (customer("c"), lambda _, by: SetContact(by)),
    (customer("c"), lambda scene, by: scene.request(by, "c")),
    (customer("c"), lambda _, by: AcceptTerms(by, "t", 1)),
    (supervisor("sue"), lambda _, by: AcceptTerms(by, "t", 1)),
]


@pytest.mark.parametrize(("by", "command"), TOO_EARLY)
def test_a_command_without_a_session_is_refused_and_crashes_nothing(
    by: Actor, command: Callable[[Scene, Actor], Command]
) -> None:
    """Most of these stopped the core: a poison command must be a refusal."""
    scene = Scene()
    assert scene.refused(command(scene, by)).code is Refusal.UNAUTHORIZED
    scene.arrive(by)
    scene.leave(by, goodbye=True)
    scene.do(Tick())
    before = scene.router.digest()
    assert scene.refused(command(scene, by)).code is Refusal.UNAUTHORIZED
    assert scene.router.digest() == before


def test_time_never_goes_back() -> None:
    scene = Scene()
    with pytest.raises(AssertionError, match="time went back"):
        scene.router.apply(Tick(), scene.now_ms - 1)


def test_the_answer_comes_before_the_events_of_its_command_and_after_those_of_timers() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.arrive(customer("d"))
    scene.now_ms += 4_500
    events = scene.do(scene.request(customer("d"), "d"))
    kinds = [type(event).__name__ for event in events]
    assert kinds[0] == "OfferEnded"
    answered = kinds.index("CommandAnswered")
    assert kinds.index("ConversationQueued", answered) > answered
    assert "OfferEnded" not in kinds[answered:]


def test_every_command_counts_one_position_also_a_refused_one() -> None:
    scene = Scene()
    assert scene.router.position == 1
    scene.refused(CancelConversation(customer("c"), ConversationId("none")))
    scene.do(SkipCommand(2))
    assert scene.router.position == 3
    assert scene.router.now_ms == scene.now_ms


def test_lives_are_those_that_hold_a_connection() -> None:
    scene = Scene()
    scene.answered(Connect(agent("ann"), life="n1"))
    scene.answered(Connect(customer("c"), life="n2"))
    scene.answered(Connect(customer("c", "2"), life="n1"))
    assert scene.router.lives() == ("n1", "n2")
    scene.leave(customer("c"))
    assert scene.router.lives() == ("n1",)
    assert [type(event) for event in scene.do(LoseNode("n1"))][:1] == [CommandAnswered]
    assert scene.router.lives() == ()


def test_a_policy_in_force_moves_who_waits_and_offers_at_once() -> None:
    scene = Scene(STEPPED)
    scene.arrive(agent("ann"))
    scene.answered(SetPresence(agent("ann")))
    scene.ask("c", needs=needs(rare=1))
    assert scene.offered("ann") == ""
    richer = (skilled("ann", x=80, rare=5), skilled("bob", x=80))
    scene.answered(SetPolicy(msgspec.structs.replace(STEPPED, agents=richer)))
    scene.leave(agent("ann"))
    scene.arrive(agent("ann"))
    assert (scene.offered("ann"), scene.router.policy.agents) == ("c", richer)


def test_each_field_but_who_asks_and_the_new_id_is_part_of_what_is_asked() -> None:
    by, other = customer("c"), supervisor("sue")
    plain = RequestConversation(by, ConversationId("c"), "op", "chat")
    again = msgspec.structs.replace(plain, by=other, conversation=ConversationId("d"))
    assert fingerprint(plain) == fingerprint(again)
    assert fingerprint(plain) == fingerprint(msgspec.structs.replace(plain, attributes={}))
    others = {
        "op": "po",
        "channel": "email",
        "queue": "x",
        "topic": "x",
        "languages": (),
        "needs": (SkillNeed("x"),),
        "agent": "x",
        "avoid": ("x",),
        "brand": "x",
        "reopens": "x",
        "attributes": {"x": "y"},
        "body": "x",
        "customer": "x",
        "priority": "x",
        "deferrable": True,
    }
    asked = [msgspec.structs.replace(plain, **{name: value}) for name, value in others.items()]
    assert {"by", "conversation", *others} == set(RequestConversation.__struct_fields__)
    assert len({fingerprint(one) for one in (plain, *asked)}) == 1 + len(others)
    moved = TransferConversation(by, ConversationId("c"), "op")
    elsewhere = msgspec.structs.replace(moved, conversation=ConversationId("d"))
    assert fingerprint(moved) != fingerprint(elsewhere)
    said = SendMessage(by, ConversationId("c"), "op", "")
    assert len({fingerprint(moved), fingerprint(said), fingerprint(plain)}) == 3


def test_an_op_is_one_persons_for_whatever_they_ask() -> None:
    """A message, another conversation's message, a request: one op, one deed, else a conflict."""
    scene = Watched()
    scene.sign_in("ann")
    scene.ask("c", op="asked")
    scene.accept("ann")
    scene.ask("c", "second", op="again")

    def say(conversation: str, op: str, body: str = "Hello") -> SendMessage:
        return SendMessage(customer("c"), ConversationId(conversation), op, body)

    assert scene.answered(say("c", "said")).seq == 1
    for _ in range(2):
        assert scene.answered(say("c", "said")).seq == 1
        for clash in (
            say("second", "said"),
            say("c", "asked"),
            say("c", "said", "Something else"),
            scene.request(customer("c"), "third", op="said"),
        ):
            before = scene.router.digest()
            assert scene.refused(clash).code is Refusal.CONFLICT
            assert scene.router.digest() == before
        scene.reborn()
    assert (
        scene.answered(
            SendMessage(agent("ann"), ConversationId("c"), "said", "Another person's op")
        ).seq
        == 2
    )


def test_the_op_of_a_forgotten_conversation_is_free_again() -> None:
    scene = Scene()
    scene.ask("c")
    scene.answered(SendMessage(customer("c"), ConversationId("c"), "said", "Hello"))
    scene.answered(CancelConversation(customer("c"), ConversationId("c")))
    scene.to(600_000)
    assert scene.world.conversations.op_home == {}
    scene.ask("c", "next")
    told = SendMessage(customer("c"), ConversationId("next"), "said", "Hello")
    assert scene.answered(told).seq == 1
