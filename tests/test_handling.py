"""What people do with a conversation that is there: end it, pass it on, join it, judge it."""

import msgspec

from router.commands import (
    AssignConversation,
    CompleteWrapUp,
    EndConversation,
    JoinConversation,
    LeaveConversation,
    RateConversation,
    SetPriority,
    TransferConversation,
)
from router.errors import Refusal
from router.events import AuditRecorded, ConversationUpdated, MessageAdded
from router.ids import AgentId, ConversationId
from router.policy import Queue
from tests.helpers.worlds import SIMPLE, Scene, agent, customer, of_kind, supervisor


def test_priority_for_a_held_conversation_is_lent_to_the_first() -> None:
    scene = Scene()
    scene.ask("c", "first")
    scene.to(1_000)
    scene.ask("c", "second")
    scene.answered(SetPriority(supervisor(), ConversationId("second"), "gold", "known to us"))
    assert scene.conversation("first").key_ms == scene.start_ms + 1_000 - 30_000


def test_a_rating_out_of_range_is_refused() -> None:
    """It was kept, and the customer's next request stopped the core."""
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.end("ann", "c")
    for score in (0, 6):
        command = RateConversation(customer("c"), ConversationId("c"), score)
        assert scene.refused(command).code is Refusal.BAD_REQUEST
    scene.answered(RateConversation(customer("c"), ConversationId("c"), 5))
    scene.ask("c", "again")
    assert scene.offered("ann") == "again"


TALK = ConversationId("c")


def talking() -> Scene:
    """Ann serves c, and the supervisor sue is there."""
    scene = Scene(msgspec.structs.replace(SIMPLE, queues=(Queue(id="q", wrap_up_ms=9_000),)))
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    return scene


def test_a_supervisor_gives_a_class_to_who_waits_and_never_a_worse_key() -> None:
    scene = Scene()
    scene.ask("c")
    scene.to(1_000)
    scene.ask("d")
    unknown = scene.refused(SetPriority(supervisor(), ConversationId("d"), "royal"))
    assert unknown.code is Refusal.BAD_REQUEST
    events = scene.do(SetPriority(supervisor(), ConversationId("d"), "urgent", "ill"))
    assert of_kind(events, AuditRecorded)[0].reason == "ill"
    scene.answered(SetPriority(supervisor(), ConversationId("d"), "regular"))
    assert scene.conversation("d").key_ms == scene.start_ms + 1_000 - 90_000
    scene.sign_in("ann")
    assert scene.offered("ann") == "d"


def test_who_listens_in_is_known_to_staff_alone_and_written_down() -> None:
    scene = talking()
    events = scene.do(JoinConversation(supervisor(), TALK, "monitor"))
    told = of_kind(events, ConversationUpdated)
    assert [event.readers for event in told] == [("agent:ann", "supervisor:sue")]
    assert [event.action for event in of_kind(events, AuditRecorded)] == ["join.monitor"]
    gone = of_kind(scene.do(LeaveConversation(supervisor(), TALK)), ConversationUpdated)
    assert [event.readers for event in gone] == [("agent:ann", "supervisor:sue")]
    assert scene.refused(LeaveConversation(supervisor(), TALK)).code is Refusal.FORBIDDEN


def test_who_barges_in_is_shown_to_the_customer() -> None:
    scene = talking()
    told = of_kind(scene.do(JoinConversation(supervisor(), TALK, "barge")), ConversationUpdated)
    assert "customer:c" in told[0].readers


def test_nobody_joins_what_is_over() -> None:
    scene = talking()
    scene.end("ann", "c")
    refusal = scene.refused(JoinConversation(supervisor(), TALK, "monitor"))
    assert refusal.code is Refusal.INVALID_TRANSITION


def test_notes_of_transfers_and_wrap_ups_never_reach_the_customer() -> None:
    scene = talking()
    scene.do(TransferConversation(agent("ann"), TALK, "t", "q", note="knows lamps"))
    scene.sign_in("bob")
    scene.accept("bob")
    scene.end("bob", "c")
    scene.do(CompleteWrapUp(agent("bob"), TALK, note="called back"))
    notes = [event for _, event in scene.seen(MessageAdded)]
    assert [(event.kind, event.seq, event.readers) for event in notes] == [
        ("note", 1, ("agent:ann",)),
        ("note", 2, ("agent:bob",)),
    ]


def test_a_later_rating_counts() -> None:
    scene = talking()
    scene.end("ann", "c")
    scene.do(CompleteWrapUp(agent("ann"), TALK))
    for score in (1, 4):
        scene.answered(RateConversation(customer("c"), TALK, score))
    assert [meeting.rating for meeting in scene.customer("c").met] == [4]


def test_a_supervisors_transfer_and_end_are_audited_and_the_agents_own_are_not() -> None:
    for by, audited in (
        (supervisor(), [("transfer", "to q"), ("end", "spam")]),
        (agent("ann"), []),
    ):
        scene = talking()
        scene.answered(TransferConversation(by, TALK, "1", "q"))
        scene.answered(AssignConversation(supervisor(), TALK, AgentId("ann")))
        scene.answered(EndConversation(by, TALK, "spam"))
        told = [(event.action, event.reason) for _, event in scene.seen(AuditRecorded)]
        assert [one for one in told if one[0] != "assign"] == audited
