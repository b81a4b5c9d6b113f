"""Customers in a conversation who wait for an answer: since when, and until when that is fine.

Owns: the clock of the no-reply guard: when it starts, stops, and what staff are shown.
Does not know: what follows when it runs out (``router.guarding``), or how messages are kept.

Invariants (tests/test_guarding.py): the timer runs exactly while an active conversation of a queue
with ``reply_within_ms`` owes its customer an answer and is not flagged yet; further messages of
the customer never move it; nobody but staff whom the customer hears can stop it.
"""

from router.conversations import Conversation
from router.events import ConversationUpdated
from router.ids import ConversationId
from router.states import ConversationState
from router.world import World

__all__ = ["expect", "heard", "show", "stop"]


def expect(world: World, conversation: Conversation) -> None:
    """The conversation has an agent, or a message more: starts the clock where an answer is owed.

    What was said in line counts from the assignment on.
    """
    within_ms = world.in_force.queue(conversation.queue).reply_within_ms
    if (
        within_ms
        and conversation.unanswered_since_ms is not None
        and not conversation.is_overdue
        and conversation.status is ConversationState.ACTIVE
        and world.timers.due_ms("no_reply", conversation.id) is None
    ):
        world.timers.set("no_reply", conversation.id, world.now_ms + within_ms)


def heard(world: World, conversation: Conversation) -> None:
    """A message was added: the customer waits for an answer now, or has one."""
    if conversation.unanswered_since_ms is not None:
        expect(world, conversation)
        return
    world.timers.cancel("no_reply", conversation.id)
    if conversation.is_overdue:
        conversation.is_overdue = False
        show(world, conversation)


def stop(world: World, conversation: Conversation) -> None:
    """The agent has it no longer, or it is over."""
    world.timers.cancel("no_reply", conversation.id)
    conversation.is_overdue = False


def show(world: World, conversation: Conversation) -> None:
    """Tells staff whether the customer waits too long."""
    changes = (("unanswered", conversation.is_overdue),)
    readers = tuple(conversation.staff())
    world.emit(ConversationUpdated(ConversationId(conversation.id), changes, readers))
