"""Who takes part in a conversation beside its customer and its agent, and who is asked to.

Owns: joining, leaving and invitations as facts, their index by person, who is told. Does not know:
who may do any of it (``router.inviting``), or what a guest says.

Invariants (tests/test_guests.py): an invitation ends once, at its deadline at the latest; when a
conversation is over nobody is in it or asked into it; a customer learns of those alone whom they
may hear, and nobody of who listens unseen; the index says what the conversations say.
"""

from collections.abc import Iterator

from router.conversations import UNSEEN, Conversation, Invitation
from router.events import ColleagueInvited, ConversationUpdated, InvitationEnded
from router.ids import AgentId, ConversationId, PersonKey
from router.world import World

__all__ = ["call_in", "dismiss", "expire_calls", "leave_all", "let_in", "let_out", "recall"]


def call_in(
    world: World, conversation: Conversation, agent: AgentId, invitation: Invitation
) -> None:
    """An agent is asked to join; asking again moves the deadline."""
    key = PersonKey(f"agent:{agent}")
    conversation.invited[key] = invitation
    world.conversations.note_guest(key, conversation.id)
    _arm(world, conversation)
    world.emit(
        ColleagueInvited(
            ConversationId(conversation.id),
            agent,
            invitation.by,
            invitation.mode,
            (key, *conversation.staff()),
        )
    )


def _arm(world: World, conversation: Conversation) -> None:
    deadlines = [invitation.due_ms for invitation in conversation.invited.values()]
    if deadlines:
        world.timers.set("invitation", conversation.id, min(deadlines))
    else:
        world.timers.cancel("invitation", conversation.id)


def expire_calls(world: World, conversation: Conversation) -> None:
    """Whoever has not joined by now is not asked any longer."""
    for key in _late(conversation, world.now_ms):
        recall(world, conversation, key, "expired")
    _arm(world, conversation)


def _late(conversation: Conversation, now_ms: int) -> list[PersonKey]:
    return [key for key, asked in conversation.invited.items() if asked.due_ms <= now_ms]


def recall(world: World, conversation: Conversation, key: PersonKey, outcome: str) -> None:
    """An invitation is over: joined, declined, expired or withdrawn."""
    readers = (key, *(one for one in conversation.staff() if one != key))
    del conversation.invited[key]
    _arm(world, conversation)
    if key not in conversation.joined:
        world.conversations.drop_guest(key, conversation.id)
    world.emit(InvitationEnded(ConversationId(conversation.id), key, outcome, readers))


def let_in(world: World, conversation: Conversation, key: PersonKey, mode: str) -> None:
    """Somebody takes part from now on; unseen: for all others they leave, if they were there."""
    before = conversation.joined.get(key, UNSEEN)
    if mode == UNSEEN and before != UNSEEN:
        _tell(world, conversation, key, before, "left")
    conversation.joined[key] = mode
    world.conversations.note_guest(key, conversation.id)
    if key in conversation.invited:
        recall(world, conversation, key, "joined")
    _tell(world, conversation, key, mode, "joined")


def let_out(world: World, conversation: Conversation, key: PersonKey) -> None:
    """Somebody takes part no longer."""
    _tell(world, conversation, key, conversation.joined[key], "left")
    del conversation.joined[key]
    world.conversations.drop_guest(key, conversation.id)


def _tell(world: World, conversation: Conversation, key: PersonKey, mode: str, what: str) -> None:
    """The customer learns of it only where the mode lets them be heard, nobody of who is unseen."""
    readers = conversation.readers() if mode == "barge" else tuple(conversation.staff())
    if mode == UNSEEN:
        readers, mode = (key,), "monitor"
    changes: tuple[tuple[str, str | int | bool | None], ...] = ((what, key), ("mode", mode))
    world.emit(ConversationUpdated(ConversationId(conversation.id), changes, readers))


def dismiss(world: World, conversation: Conversation) -> None:
    """The conversation is over, as all who took part were told: nobody is in it any longer."""
    if not conversation.invited and not conversation.joined:
        return
    for key in list(conversation.invited):
        recall(world, conversation, key, "withdrawn")
    for key in conversation.joined:
        world.conversations.drop_guest(key, conversation.id)
    conversation.took_part = tuple(conversation.joined)
    conversation.joined.clear()


def leave_all(world: World, key: PersonKey) -> None:
    """The person went: out of whatever they joined, and asked into nothing."""
    for conversation in _of(world, key):
        if key in conversation.invited:
            recall(world, conversation, key, "withdrawn")
        if key in conversation.joined:
            let_out(world, conversation, key)


def _of(world: World, key: PersonKey) -> Iterator[Conversation]:
    for name in world.conversations.visited_by(key):
        yield world.conversations.by_id[name]
