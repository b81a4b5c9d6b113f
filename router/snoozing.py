"""What agents do to put a conversation aside, and to take it up again.

Owns: who may snooze and resume, for how long, how many. Does not know: how a snoozed conversation
comes back (``router.snoozes``).

Invariants (tests/test_snoozing.py): everything is checked before anything changes; the same again
is answered and does nothing; what an agent takes back goes by no offer and never above capacity.
"""

from router.closing import take_from_agent
from router.commands import ResumeConversation, SnoozeConversation
from router.errors import Refusal, Refused
from router.ids import ConnectionId
from router.relations import theirs
from router.saying import add_message
from router.serving import assign_by_hand
from router.snoozes import fall_asleep
from router.states import ConversationState
from router.world import World

__all__ = ["SNOOZED_MAX", "resume", "snooze"]

SNOOZED_MAX = 50
"""So many may one agent have put aside at a time."""


def snooze(world: World, command: SnoozeConversation) -> None:
    """An agent puts a conversation aside, until a time or until its customer writes.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, INVALID_TRANSITION where it is not active, LIMIT_EXCEEDED
            for too long a time or too many.
    """
    conversation = theirs(world, command.by, "conversation.snooze", command.conversation)
    if conversation.status is ConversationState.SNOOZED:
        return
    if not conversation.can("snooze"):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    most_ms = world.policy.snooze_max_ms
    for_ms = most_ms if command.for_ms is None else command.for_ms
    if not 0 < for_ms <= most_ms:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"for_ms: at most {most_ms} here")
    if len(world.conversations.put_aside_by(conversation.agent)) >= SNOOZED_MAX:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"at most {SNOOZED_MAX} are put aside at a time")
    if command.note:
        conversation.check_room()
        # As for a transfer, the reply has no number for the note.
        by = command.by.key
        add_message(world, conversation, by, ConnectionId(""), command.note, "note")
    take_from_agent(world, conversation, "snoozed")
    fall_asleep(world, conversation, for_ms)


def resume(world: World, command: ResumeConversation) -> None:
    """An agent takes back at once what they put aside.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, CAPACITY_FULL, or INVALID_TRANSITION where it is not
            snoozed or the agent is not signed in.
    """
    conversation = theirs(world, command.by, "conversation.resume", command.conversation)
    if conversation.status is ConversationState.ACTIVE:
        return
    if conversation.status is not ConversationState.SNOOZED:
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    assign_by_hand(world, conversation, world.agent(command.by.id))
