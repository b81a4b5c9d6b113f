"""Who may ask a colleague in, join and leave."""

from typing import Literal

import msgspec
import pytest

from router import outgoing
from router.commands import (
    Actor,
    InviteColleague,
    JoinConversation,
    LeaveConversation,
    ReadMessages,
    SendMessage,
    SetPolicy,
)
from router.errors import Refusal
from router.events import AuditRecorded
from router.ids import AgentId, ConversationId
from router.inviting import GUESTS_MAX
from router.views import typing_readers
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, service, supervisor
from tests.test_guests import ONE, TALK, invite, joined, talking


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (agent("bob"), Refusal.FORBIDDEN),
        (customer("c"), Refusal.NOT_FOUND),
        (service(), Refusal.FORBIDDEN),
    ],
)
def test_a_colleague_is_asked_in_by_the_agent_or_a_supervisor_alone(
    by: Actor, code: Refusal
) -> None:
    scene = talking()
    scene.sign_in("cy")
    assert scene.refused_in_vain(InviteColleague(by, TALK, AgentId("cy"))) == code


def test_a_supervisor_asks_in_too() -> None:
    scene = talking()
    scene.answered(InviteColleague(supervisor(), TALK, AgentId("bob"), "barge"))
    assert list(scene.conversation("c").invited) == ["agent:bob"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ann", Refusal.INVALID_TRANSITION),
        ("cy", Refusal.INVALID_TRANSITION),
        ("nobody", Refusal.NOT_FOUND),
    ],
)
def test_who_has_it_or_is_not_there_cannot_be_asked_in(name: str, code: Refusal) -> None:
    scene = talking()
    scene.sign_in("cy")
    scene.leave(agent("cy"), goodbye=True)
    assert scene.refused_in_vain(InviteColleague(agent("ann"), TALK, AgentId(name))) == code


def test_nobody_is_asked_into_what_is_not_active() -> None:
    scene = talking()
    scene.end("ann", "c")
    command = InviteColleague(agent("ann"), TALK, AgentId("bob"))
    assert scene.refused_in_vain(command) == Refusal.INVALID_TRANSITION


def test_a_conversation_has_room_for_so_many_guests() -> None:
    scene = talking()
    for number in range(GUESTS_MAX):
        scene.sign_in(f"a{number}")
        invite(scene, name=f"a{number}")
    command = InviteColleague(agent("ann"), TALK, AgentId("bob"))
    assert scene.refused_in_vain(command) == Refusal.LIMIT_EXCEEDED
    invite(scene, name="a0")


def test_an_invitation_that_is_sent_again_has_one_note_and_is_heard_once() -> None:
    scene = talking()
    invite(scene)
    due_ms = scene.conversation("c").invited[agent("bob").key].due_ms
    scene.to(10_000)
    # Its reply was lost, so the client sends it once more.
    invite(scene)
    assert len(scene.heard_by(agent("bob"), outgoing.ConversationInvited)) == 1
    notes = [one.body for one in scene.heard_by(agent("ann"), outgoing.MessageSent)]
    assert notes == ["lamps?"]
    assert scene.conversation("c").invited[agent("bob").key].due_ms == due_ms


def test_an_op_that_was_heard_is_answered_and_asks_nobody_again() -> None:
    scene = talking()
    asked = InviteColleague(agent("ann"), TALK, AgentId("bob"), note="lamps?", op="i1")
    scene.answered(asked)
    scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
    scene.answered(LeaveConversation(agent("bob"), TALK))
    scene.reborn()
    before = scene.router.digest()
    scene.answered(asked)
    assert scene.router.digest() == before
    other = msgspec.structs.replace(asked, mode="barge")
    assert scene.refused_in_vain(other) == Refusal.CONFLICT
    scene.answered(msgspec.structs.replace(asked, op="i2"))
    assert list(scene.conversation("c").invited) == ["agent:bob"]


@pytest.mark.parametrize(
    ("by", "mode", "note"),
    [
        (supervisor(), "consult", "lamps?"),
        (agent("ann"), "barge", "lamps?"),
        (agent("ann"), "consult", "fuses?"),
        (agent("ann"), "consult", ""),
    ],
)
def test_asking_in_other_words_or_another_mode_or_by_another_is_asking_again(
    by: Actor, mode: Literal["consult", "barge"], note: str
) -> None:
    scene = talking()
    invite(scene)
    due_ms = scene.conversation("c").invited[agent("bob").key].due_ms
    scene.to(10_000)
    scene.answered(InviteColleague(by, TALK, AgentId("bob"), mode, note))
    assert len(scene.heard_by(agent("bob"), outgoing.ConversationInvited)) == 2
    standing = scene.conversation("c").invited[agent("bob").key]
    assert (standing.by, standing.mode, standing.note) == (by.key, mode, note)
    assert standing.due_ms == due_ms + 10_000


def test_an_agent_joins_by_invitation_alone_and_in_its_mode() -> None:
    scene = talking()
    join = JoinConversation(agent("bob"), TALK, "consult")
    assert scene.refused_in_vain(join) == Refusal.FORBIDDEN
    invite(scene)
    barge = JoinConversation(agent("bob"), TALK, "barge")
    assert scene.refused_in_vain(barge) == Refusal.FORBIDDEN
    scene.answered(join)
    assert joined(scene) == {"agent:bob": "consult"}
    count = len(scene.log)
    scene.answered(join)
    assert len(scene.log) == count + 1
    assert scene.refused_in_vain(barge) == Refusal.FORBIDDEN
    assert [event.action for _, event in scene.seen(AuditRecorded)] == ["join.consult"]


def test_leaving_before_joining_is_declining() -> None:
    scene = talking()
    invite(scene)
    scene.answered(LeaveConversation(agent("bob"), TALK))
    ended = scene.heard_by(agent("ann"), outgoing.InvitationEnded)
    assert [(one.agent.id, one.outcome) for one in ended] == [("bob", "declined")]
    assert scene.refused_in_vain(LeaveConversation(agent("bob"), TALK)) == Refusal.FORBIDDEN


def test_a_consulted_colleague_reads_and_writes_notes_and_is_unheard() -> None:
    scene = talking()
    invite(scene)
    scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
    text = SendMessage(agent("bob"), TALK, "m1", "hello")
    assert scene.refused_in_vain(text) == Refusal.FORBIDDEN
    scene.answered(SendMessage(agent("bob"), TALK, "n1", "try the fuse", "note"))
    # The first is her own, from the invitation, whose reply has no number for it.
    heard = [one.body for one in scene.heard_by(agent("ann"), outgoing.MessageSent)]
    assert heard == ["lamps?", "try the fuse"]
    assert scene.heard_by(customer("c"), outgoing.MessageSent) == []


def test_in_a_conference_the_colleague_is_heard() -> None:
    scene = talking()
    invite(scene, "barge")
    scene.answered(JoinConversation(agent("bob"), TALK, "barge"))
    scene.answered(SendMessage(agent("bob"), TALK, "m1", "hello, I am Bob"))
    (heard,) = scene.heard_by(customer("c"), outgoing.MessageSent)
    assert (heard.body, heard.sender.id) == ("hello, I am Bob", "bob")


def test_it_all_goes_through_the_wire() -> None:
    scene: Watched = talking()
    fields = {"conversation": "c", "agent": "bob", "mode": "consult", "note": "x"}
    asked = scene.wire(agent("ann"), "conversation.invite", **fields)
    assert asked == InviteColleague(
        agent("ann"), ConversationId("c"), AgentId("bob"), "consult", "x"
    )
    scene.answered(asked)
    scene.answered(scene.wire(agent("bob"), "conversation.join", conversation="c", mode="consult"))
    scene.answered(scene.wire(agent("bob"), "conversation.leave", conversation="c"))
    assert joined(scene) == {}


def test_a_supervisor_joins_for_a_purpose_where_policy_demands_one() -> None:
    scene = talking()
    scene.do(SetPolicy(msgspec.structs.replace(ONE, purposes=("quality",))))
    join = JoinConversation(supervisor(), TALK, "monitor")
    assert scene.refused_in_vain(join) == Refusal.PURPOSE_REQUIRED
    scene.answered(msgspec.structs.replace(join, purpose="quality"))
    audited = [(event.action, event.reason) for _, event in scene.seen(AuditRecorded)]
    assert audited == [("join.monitor", "quality")]


def _in_secret(*, shown: bool) -> Watched:
    scene = talking()
    scene.answered(SetPolicy(msgspec.structs.replace(ONE, listeners_shown=shown)))
    return scene


def _others_heard(scene: Watched) -> list[object]:
    """What the agent and the customer were told, but for where in the journal it stands."""
    heard = [one for one in scene.told if one.to in ("agent:ann", "customer:c")]
    return [msgspec.structs.replace(one.message, pos=0) for one in heard]


def test_nobody_can_tell_a_conversation_from_one_that_somebody_listens_to_unseen() -> None:
    alone, heard = _in_secret(shown=False), _in_secret(shown=False)
    heard.answered(JoinConversation(supervisor(), TALK, "monitor"))
    heard.answered(ReadMessages(supervisor(), TALK, 1))
    assert typing_readers(heard.router, supervisor(), "c") == ()
    note = SendMessage(supervisor(), TALK, "n1", "psst", "note")
    assert heard.refused_in_vain(note) == Refusal.FORBIDDEN
    heard.reborn()
    for scene in (alone, heard):
        scene.answered(SendMessage(customer("c"), TALK, "m2", "and now?"))
    heard.answered(LeaveConversation(supervisor(), TALK))
    assert _others_heard(heard) == _others_heard(alone)
    said = [one.body for one in heard.heard_by(supervisor(), outgoing.MessageSent)]
    assert said == ["and now?"]
    assert [event.action for _, event in heard.seen(AuditRecorded)] == ["join.unseen"]


def test_who_whispers_is_seen_and_who_goes_back_to_listening_unseen_has_left() -> None:
    scene = _in_secret(shown=False)
    for mode in ("monitor", "whisper", "monitor"):
        scene.answered(JoinConversation(supervisor(), TALK, mode))
    told = scene.heard_by(agent("ann"), outgoing.ConversationUpdated)
    assert [(bool(one.joined), bool(one.left), one.mode) for one in told] == [
        (True, False, "whisper"),
        (False, True, "whisper"),
    ]
    assert scene.heard_by(customer("c"), outgoing.ConversationUpdated) == []
    own = scene.heard_by(supervisor(), outgoing.ConversationUpdated)
    assert [one.mode for one in own if one.joined] == ["monitor", "whisper", "monitor"]


def test_where_listeners_are_shown_the_agent_sees_them_come_and_go() -> None:
    scene = _in_secret(shown=True)
    scene.answered(JoinConversation(supervisor(), TALK, "monitor"))
    scene.answered(LeaveConversation(supervisor(), TALK))
    told = scene.heard_by(agent("ann"), outgoing.ConversationUpdated)
    assert [(bool(one.joined), bool(one.left)) for one in told] == [(True, False), (False, True)]
    assert [event.action for _, event in scene.seen(AuditRecorded)] == ["join.monitor"]


def test_a_colleague_who_was_asked_in_needs_no_purpose() -> None:
    scene = talking()
    scene.do(SetPolicy(msgspec.structs.replace(ONE, purposes=("quality",))))
    invite(scene)
    scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
    assert joined(scene) == {"agent:bob": "consult"}
