"""What people do with a conversation that is there: end it, pass it on, judge it.

Owns: ends, transfers, ratings, assignment and priority by hand.
Does not know: how a conversation came to be, or what follows for agents and the line.

Invariant: everything is checked before anything changes; what a supervisor does is audited.
"""

import msgspec

from router.closing import abandon, end
from router.commands import (
    Actor,
    AssignConversation,
    CancelConversation,
    EndConversation,
    RateConversation,
    SetPriority,
    TransferConversation,
)
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.events import Answer, AuditRecorded, ConversationRated
from router.holding import lend_to_first
from router.ids import ConnectionId, ConversationId
from router.placing import improve_key
from router.relations import theirs
from router.saying import add_message
from router.serving import assign_by_hand, transfer
from router.states import ConversationState
from router.world import World

__all__ = [
    "assign",
    "cancel",
    "finish",
    "pass_on",
    "rate",
    "set_priority",
]


def cancel(world: World, command: CancelConversation) -> None:
    """The customer gives the place up.

    Raises:
        Refused: NOT_FOUND, or INVALID_TRANSITION where it is active or over.
    """
    conversation = theirs(world, command.by, "conversation.cancel", command.conversation)
    if conversation.ended_reason == "cancelled":
        return
    abandon(world, conversation, "cancelled")


def finish(world: World, command: EndConversation) -> None:
    """Somebody who may ends the conversation; one's own end twice is fine.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, or INVALID_TRANSITION where it is not active.
    """
    by = command.by
    conversation = theirs(world, by, "conversation.end", command.conversation)
    role = by.role
    reason = "customer" if role == "customer" else "agent"
    if conversation.ended_reason == reason:
        return
    if role == "customer" and conversation.can("abandon"):
        abandon(world, conversation, "cancelled")
        return
    end(world, conversation, reason, no_wrap_up=role == "agent" and not command.wrap_up)
    if role == "supervisor":
        _note_down(world, by, "end", conversation, command.reason)


def pass_on(world: World, command: TransferConversation) -> Answer:
    """Transfers a conversation to a queue, a skill or an agent, with a note for who takes it.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, BAD_REQUEST, or INVALID_TRANSITION.
    """
    conversation = theirs(world, command.by, "conversation.transfer", command.conversation)
    by = command.by
    transfer(world, conversation, command)
    if command.note:
        # A supervisor may be listening; the reply has no number for the note.
        add_message(world, conversation, by.key, ConnectionId(""), command.note, "note")
    target = f"to {command.agent or _line_of(command)}"
    _note_down(world, by, "transfer", conversation, target)
    return Answer(conversation=ConversationId(conversation.id), status=conversation.status)


def _line_of(command: TransferConversation) -> str:
    skill = f"skill {command.skill}" if command.skill else ""
    return " for ".join(filter(None, (command.queue, skill)))


def _note_down(
    world: World, by: Actor, action: str, conversation: Conversation, reason: str
) -> None:
    """What a supervisor did to an agent's conversation; agents do it all day."""
    if by.role == "supervisor":
        world.emit(AuditRecorded(by.key, action, f"conversation:{conversation.id}", reason))


def rate(world: World, command: RateConversation) -> None:
    """The customer's rating; a later one counts.

    Raises:
        Refused: NOT_FOUND, or BAD_REQUEST for a score that is not 1 to 5.
    """
    conversation = theirs(world, command.by, "rate", command.conversation)
    if not 1 <= command.score <= 5:
        raise Refused(Refusal.BAD_REQUEST, "score: from 1 to 5")
    conversation.rating = command.score
    met = world.customer_of(conversation).met
    for index, meeting in enumerate(met):
        if meeting.conversation == conversation.id:
            met[index] = msgspec.structs.replace(meeting, rating=command.score)
    world.emit(ConversationRated(ConversationId(conversation.id), command.score, command.comment))


def assign(world: World, command: AssignConversation) -> None:
    """A supervisor, or a service, gives a conversation to an agent by hand; audited.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, CAPACITY_FULL, INVALID_TRANSITION.
    """
    conversation = theirs(world, command.by, "conversation.assign", command.conversation)
    agent = world.agent(command.agent)
    assign_by_hand(world, conversation, agent, supervised=command.by.role == "supervisor")
    by = command.by.key
    world.emit(AuditRecorded(by, "assign", f"conversation:{conversation.id}", f"to {agent.id}"))


def set_priority(world: World, command: SetPriority) -> None:
    """A supervisor gives a class to a conversation in line; audited, and never a worse key.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, BAD_REQUEST for an unknown class, INVALID_TRANSITION where
            it is not in line.
    """
    conversation = theirs(world, command.by, "conversation.priority", command.conversation)
    if command.priority not in world.policy.classes:
        raise Refused(Refusal.BAD_REQUEST, f"priority: no class {command.priority!r}")
    if not (conversation.is_in_line or conversation.status is ConversationState.HELD):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    conversation.klass = command.priority
    improve_key(
        world, conversation, conversation.start_ms - world.head_start_ms(conversation.klass)
    )
    if conversation.status is ConversationState.HELD:
        lend_to_first(world, conversation)
    subject = f"conversation:{conversation.id}"
    world.emit(AuditRecorded(command.by.key, "priority", subject, command.reason))
