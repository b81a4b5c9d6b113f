"""What people do to take part in a conversation that is another's.

Owns: who may ask a colleague in or call a supervisor, join and leave, and in which mode.
Does not know: what follows of it (``router.guests``, ``router.help_calls``), what a guest says.

Invariants (tests/test_inviting.py): everything is checked before anything changes; who joins is
audited; an agent joins by invitation alone, in the mode of that invitation; an invitation that is
sent again while it stands is answered and changes nothing.
"""

from router.commands import (
    AskForHelp,
    EndHelp,
    InviteColleague,
    JoinConversation,
    LeaveConversation,
)
from router.conversations import UNSEEN, Conversation, Invitation
from router.errors import Refusal, Refused
from router.events import AuditRecorded
from router.guests import call_in, let_in, let_out, recall
from router.help_calls import raise_call, settle_call
from router.ids import ConnectionId, PersonKey
from router.looking import purpose_for
from router.relations import theirs
from router.saying import add_message
from router.states import ConversationState
from router.world import World

__all__ = ["ask_for_help", "end_help", "invite", "join", "leave"]

GUESTS_MAX = 16
"""So many may be in one conversation, or asked into it, beside its agent."""

VISITS_MAX = 50
"""So many conversations may one agent be in, or be asked into, beside their own."""


def invite(world: World, command: InviteColleague) -> None:
    """A colleague is asked to help: unheard (consult) or heard by the customer (barge).

    The same words again, from whom they stand, are a client's that did not hear the reply: the
    note is not written twice. Without words, asking again moves the deadline.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, LIMIT_EXCEEDED, or INVALID_TRANSITION where it is not active
            or the colleague is not there, has it or is in it already.
    """
    conversation = theirs(world, command.by, "conversation.invite", command.conversation)
    agent = world.agent(command.agent)
    if conversation.status is not ConversationState.ACTIVE:
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    if not agent.is_signed_in:
        raise Refused(Refusal.INVALID_TRANSITION, f"{agent.id} is not signed in")
    if agent.id == conversation.agent or agent.key in conversation.joined:
        raise Refused(Refusal.INVALID_TRANSITION, f"{agent.id} is in this conversation")
    by = command.by
    if command.note and _stands(conversation.invited.get(agent.key), command):
        return
    _check_room(world, conversation, agent.key)
    if command.note:
        conversation.check_room()
        # The reply has no number for it, so whoever asks hears of the note as everybody does.
        add_message(world, conversation, by.key, ConnectionId(""), command.note, "note")
    due_ms = world.now_ms + world.policy.invite_ms
    call_in(
        world, conversation, command.agent, Invitation(by.key, command.mode, due_ms, command.note)
    )


def _stands(invitation: Invitation | None, command: InviteColleague) -> bool:
    """Whether they are asked by the same person, in the same mode and words, already."""
    if invitation is None:
        return False
    known = (invitation.by, invitation.mode, invitation.note)
    return known == (command.by.key, command.mode, command.note)


def _check_room(world: World, conversation: Conversation, key: PersonKey) -> None:
    if key in conversation.invited:
        return
    if len(conversation.joined) + len(conversation.invited) >= GUESTS_MAX:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"at most {GUESTS_MAX} take part beside the agent")
    if len(world.conversations.visited_by(key)) >= VISITS_MAX:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"agent: is in {VISITS_MAX} conversations already")


def join(world: World, command: JoinConversation) -> None:
    """A supervisor listens in, whispers or speaks, or an invited colleague comes; audited.

    Where policy shows no listeners, who monitors is unseen, and that is what the audit says.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, PURPOSE_REQUIRED, or INVALID_TRANSITION where it is over.
    """
    conversation = theirs(world, command.by, "conversation.join", command.conversation)
    if command.by.role == "supervisor":
        purpose_for(world.policy, command.by.role, command.purpose)
    if conversation.is_over:
        raise Refused(Refusal.INVALID_TRANSITION, "the conversation is over")
    by = command.by.key
    if command.by.role == "agent":
        invitation = conversation.invited.get(by)
        allowed = conversation.joined.get(by) if invitation is None else invitation.mode
        if command.mode != allowed:
            raise Refused(Refusal.FORBIDDEN, f"mode: the invitation is to {allowed}")
    is_unseen = command.mode == "monitor" and not world.policy.listeners_shown
    mode = UNSEEN if is_unseen else command.mode
    if conversation.joined.get(by) == mode:
        return
    let_in(world, conversation, by, mode)
    if command.by.role == "supervisor" and not is_unseen:
        settle_call(world, conversation, "joined", by)
    subject = f"conversation:{conversation.id}"
    world.emit(AuditRecorded(by, f"join.{mode}", subject, command.purpose))


def leave(world: World, command: LeaveConversation) -> None:
    """Somebody who joined is out again; who was invited does not come.

    Raises:
        Refused: NOT_FOUND or FORBIDDEN.
    """
    conversation = theirs(world, command.by, "conversation.leave", command.conversation)
    by = command.by.key
    if by in conversation.invited:
        recall(world, conversation, by, "declined")
    if by in conversation.joined:
        let_out(world, conversation, by)


def ask_for_help(world: World, command: AskForHelp) -> None:
    """The agent calls for a supervisor; the same words again change nothing.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, LIMIT_EXCEEDED, or INVALID_TRANSITION where it is not active.
    """
    conversation = theirs(world, command.by, "help.ask", command.conversation)
    if conversation.status is not ConversationState.ACTIVE:
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    if conversation.help_since_ms is not None and conversation.help_note == command.note:
        return
    by = command.by.key
    if command.note:
        conversation.check_room()
        add_message(world, conversation, by, ConnectionId(""), command.note, "note")
    raise_call(world, conversation, command.note)
    world.emit(AuditRecorded(by, "help", f"conversation:{conversation.id}", ""))


def end_help(world: World, command: EndHelp) -> None:
    """The call is over; one that is over already is fine.

    Raises:
        Refused: NOT_FOUND or FORBIDDEN.
    """
    conversation = theirs(world, command.by, "help.end", command.conversation)
    outcome = "withdrawn" if command.by.role == "agent" else "dismissed"
    settle_call(world, conversation, outcome, command.by.key)
