"""What is said in a conversation: messages, notes, and what was read."""

import pytest

from router.commands import JoinConversation, JoinMode, ReadMessages, SendMessage
from router.errors import Refusal
from router.events import MessageAdded, MessagesRead
from router.ids import ConversationId
from tests.helpers.worlds import Scene, agent, customer, of_kind, supervisor

TALK = ConversationId("c")


def talking() -> Scene:
    """Ann serves c, and the supervisor sue is there."""
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.arrive(supervisor())
    return scene


@pytest.mark.parametrize("mode", ["monitor", "whisper", "consult"])
def test_who_joined_unheard_never_reaches_the_customer(mode: JoinMode) -> None:
    """A whisper went to the customer as a message, and reading told who was listening."""
    scene = talking()
    scene.answered(SendMessage(customer("c"), TALK, "m1", "hello"))
    joined = scene.do(JoinConversation(supervisor(), TALK, mode))
    said = scene.refused(SendMessage(supervisor(), TALK, "m2", "give a discount"))
    noted = scene.do(SendMessage(supervisor(), TALK, "m3", "give a discount", "note"))
    read = scene.do(ReadMessages(supervisor(), TALK, 1))
    assert said.code is Refusal.FORBIDDEN
    for event in (*joined, *noted, *read):
        assert "customer:c" not in getattr(event, "readers", ())
    assert of_kind(noted, MessageAdded)[0].readers == ("agent:ann", "supervisor:sue")
    assert of_kind(read, MessagesRead) == []


def test_who_joined_by_barge_is_heard_by_all() -> None:
    scene = talking()
    scene.answered(JoinConversation(supervisor(), TALK, "barge"))
    said = scene.do(SendMessage(supervisor(), TALK, "m1", "hello both"))
    assert of_kind(said, MessageAdded)[0].readers == (
        "customer:c",
        "agent:ann",
        "supervisor:sue",
    )


def test_numbers_have_no_hole_and_notes_count_apart() -> None:
    scene = talking()
    said = [
        SendMessage(customer("c"), TALK, "m1", "one"),
        SendMessage(agent("ann"), TALK, "m2", "a note", "note"),
        SendMessage(agent("ann"), TALK, "m3", "two"),
        SendMessage(agent("ann"), TALK, "m4", "another note", "note"),
        SendMessage(customer("c"), TALK, "m5", "three"),
    ]
    assert [scene.answered(command).seq for command in said] == [1, 1, 2, 2, 3]
    again = scene.do(said[2])
    assert of_kind(again, MessageAdded) == []
    assert scene.answered(said[2]).seq == 2
    assert scene.refused(SendMessage(agent("ann"), TALK, "m3", "other")).code is Refusal.CONFLICT
