"""What a person has to do with a conversation, and so what they may do with it.

Owns: finding the relation (own, assigned, joined, invited, ...) where a command has its place in
the order. Does not know: which relation which message needs (``router.rights``), or any message.
"""

from collections.abc import Iterator

from router.commands import Actor
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.rights import relations_for
from router.world import World

__all__ = ["theirs"]


def theirs(world: World, by: Actor, message_type: str, conversation_id: str) -> Conversation:
    """The conversation, if this person may do this with it.

    Raises:
        Refused: NOT_FOUND where it does not exist, and for a customer where it is another's;
            FORBIDDEN where staff have no relation to it.
    """
    conversation = world.conversations.find(conversation_id)
    needed = relations_for(by.role, message_type)
    if any(relation in needed for relation in _relations(world, by, conversation)):
        return conversation
    if by.role == "customer":
        raise Refused(Refusal.NOT_FOUND, "there is no such conversation")
    raise Refused(Refusal.FORBIDDEN, "this conversation is not yours")


def _relations(world: World, by: Actor, conversation: Conversation) -> Iterator[str]:
    if by.role == "customer" and conversation.customer == by.id:
        yield "own"
    if by.role == "agent" and _serves(by, conversation):
        yield "assigned"
    if by.key in conversation.joined:
        yield "joined"
    if by.key in conversation.invited:
        yield "invited"
    if by.role == "supervisor" and _is_of_teams(world, by, conversation):
        yield "team"
    if by.role == "service":
        yield "scope"


def _serves(by: Actor, conversation: Conversation) -> bool:
    """Whether the agent has it, or was the last to have it when it ended."""
    if conversation.agent:
        return conversation.agent == by.id
    return conversation.is_over and conversation.last_agent == by.id


def _is_of_teams(world: World, by: Actor, conversation: Conversation) -> bool:
    supervisor = world.people.by_key(by.key)
    teams = supervisor.teams if supervisor is not None else ()
    agent = world.people.agents.get(conversation.agent)
    return not teams or agent is None or any(team in agent.teams for team in teams)
