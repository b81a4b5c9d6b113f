"""What follows when an agent leaves a customer without an answer."""

import msgspec

from router import outgoing
from router.events import ReplyMissed
from router.policy import Queue
from router.views import welcome_state
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer
from tests.test_replies import GUARDED, say, scene_with_a_conversation

REQUEUED = msgspec.structs.replace(
    GUARDED, queues=(Queue(id="q", reply_within_ms=30_000, no_reply="requeue"),)
)


def flags(scene: Watched, name: str) -> list[bool | None]:
    told = scene.heard_by(agent(name), outgoing.ConversationUpdated)
    return [one.unanswered for one in told if one.unanswered is not None]


def test_staff_are_told_once_and_again_when_the_answer_comes() -> None:
    scene = scene_with_a_conversation(body="hello")
    scene.to(29_999)
    assert flags(scene, "ann") == []
    scene.to(300_000)
    say(scene, "c")
    assert flags(scene, "ann") == [True]
    scene.reborn()
    state = welcome_state(scene.router, agent("ann").key, {}, scene.now_ms)
    assert state.conversations[0].unanswered
    say(scene, "ann")
    assert flags(scene, "ann") == [True, False]
    assert [(at, e.waited_ms, e.requeued) for at, e in scene.seen(ReplyMissed)] == [
        (30_000, 30_000, False)
    ]


def test_the_agent_knows_the_rule_from_the_assignment_on_and_nobody_else_does() -> None:
    scene = scene_with_a_conversation(body="hello")
    (assigned,) = scene.heard_by(agent("ann"), outgoing.ConversationAssigned)
    assert assigned.state is not None
    assert assigned.state.reply == outgoing.ReplyRule(30_000, "flag")
    state = welcome_state(scene.router, agent("ann").key, {}, scene.now_ms)
    assert state.conversations[0].reply == outgoing.ReplyRule(30_000, "flag")
    state = welcome_state(scene.router, customer("c").key, {}, scene.now_ms)
    assert state.conversations[0].reply is None


def test_the_customer_is_not_told_of_the_flag() -> None:
    scene = scene_with_a_conversation(body="hello")
    scene.to(60_000)
    assert all(
        one.unanswered is None
        for one in scene.heard_by(customer("c"), outgoing.ConversationUpdated)
    )
    state = welcome_state(scene.router, customer("c").key, {}, scene.now_ms)
    assert not state.conversations[0].unanswered


def test_a_silent_agent_loses_the_conversation_to_a_colleague_at_once() -> None:
    """The place is kept: it stands before somebody who came after it, whoever waited since."""
    scene = scene_with_a_conversation(REQUEUED, body="hello")
    key_ms = scene.conversation("c").key_ms
    scene.to(10_000)
    scene.ask("later")
    scene.to(20_000)
    scene.sign_in("bob")
    scene.accept("bob")
    scene.end("bob", "later")
    scene.reborn()
    scene.to(30_000)
    assert (scene.offered("bob"), scene.offered("ann")) == ("c", "")
    assert scene.conversation("c").key_ms == key_ms
    told = scene.heard_by(customer("c"), outgoing.ConversationUpdated)
    assert (told[-1].why, told[-1].status) == ("no_reply", "waiting")


def test_a_silent_agent_who_is_alone_is_asked_again_after_a_minute() -> None:
    scene = scene_with_a_conversation(REQUEUED, body="hello")
    scene.to(30_000)
    assert (scene.status("c"), scene.offered("ann")) == ("waiting", "")
    scene.to(89_999)
    assert scene.offered("ann") == ""
    scene.to(90_000)
    assert scene.offered("ann") == "c"
    scene.accept("ann")
    scene.to(120_000)
    assert scene.status("c") == "waiting"


def test_an_answer_in_time_keeps_the_conversation() -> None:
    scene = scene_with_a_conversation(REQUEUED, body="hello")
    scene.to(29_999)
    say(scene, "ann")
    scene.to(200_000)
    assert scene.status("c") == "active"
    assert scene.seen(ReplyMissed) == []
