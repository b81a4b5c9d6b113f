"""Calls of agents for a supervisor: that one stands, why, and how it ended.

Owns: raising a call and settling it, and who hears of either. Does not know: who may call
(``router.inviting``), or what a supervisor does then.

Invariants (tests/test_help_calls.py): a conversation has one call at a time, and only while it is
active with the agent who called; each call ends once: ``joined``, ``dismissed``, ``withdrawn`` or
``over``.
"""

from router.conversations import Conversation
from router.events import HelpChanged
from router.ids import AgentId, ConversationId, PersonKey
from router.world import World

__all__ = ["raise_call", "settle_call"]


def raise_call(world: World, conversation: Conversation, note: str) -> None:
    """The agent calls, or says it in other words."""
    if conversation.help_since_ms is None:
        conversation.help_since_ms = world.now_ms
    conversation.help_note = note
    world.conversations.calling[conversation.id] = None
    world.emit(HelpChanged(ConversationId(conversation.id), AgentId(conversation.agent)))


def settle_call(
    world: World, conversation: Conversation, outcome: str, by: PersonKey | None = None
) -> None:
    """The call is over, if there was one; ``by`` is who saw to it."""
    if conversation.help_since_ms is None:
        return
    conversation.help_since_ms = None
    conversation.help_note = ""
    world.conversations.calling.pop(conversation.id, None)
    name, agent = ConversationId(conversation.id), AgentId(conversation.agent)
    world.emit(HelpChanged(name, agent, outcome, by))
