"""What a person has to do with a conversation, and so what they may do with it.

Owns: finding the relation (own, assigned, joined, invited, ...) where a command has its place in
the order. Does not know: which relation which message needs (``router.rights``), or any message.
"""

from collections.abc import Iterator

from msgspec import UNSET

from router.commands import Actor
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.rights import relations_for
from router.states import ConversationState
from router.world import World

__all__ = ["hidden_agents", "theirs", "theirs_in_archive", "watches"]

_PASSING = frozenset({"earlier"})


def theirs(
    world: World,
    by: Actor,
    message_type: str,
    conversation_id: str,
    *,
    confidential: bool = False,
) -> Conversation:
    """The conversation, if this person may do this with it.

    To serve its customer now is no relation to what is ``confidential``.

    Raises:
        Refused: NOT_FOUND where it does not exist, and for a customer where it is another's;
            FORBIDDEN where staff have no relation to it.
    """
    conversation = world.conversations.find(conversation_id)
    role = by.role
    needed = relations_for(role, message_type)
    if role == "agent" and "assigned" in needed and _serves(by, conversation):  # nearly always
        return conversation
    if confidential:
        needed -= _PASSING
    if any(relation in needed for relation in _relations(world, by, conversation)):
        return conversation
    if role == "customer":
        raise Refused(Refusal.NOT_FOUND, "there is no such conversation")
    raise Refused(Refusal.FORBIDDEN, "this conversation is not yours")


def hidden_agents(world: World, by: Actor) -> frozenset[str]:
    """The agents whose conversations a supervisor does not look into; for others nobody."""
    if by.role != "supervisor":
        return frozenset()
    return frozenset(name for name in world.people.agents if not watches(world, by, name))


def theirs_in_archive(
    world: World, by: Actor, customer: str, agent: str | None, *, confidential: bool = False
) -> None:
    """Allows staff to read what the core forgot: what ``agent`` had, or all of the customer's.

    Raises:
        Refused: FORBIDDEN.
    """
    served = agent is not None and by.id == agent
    allowed = {
        "agent": served or (not confidential and _serves_now(world, by, customer)),
        "supervisor": agent is None or watches(world, by, agent),
        "service": True,
    }
    if not allowed.get(by.role, False):
        raise Refused(Refusal.FORBIDDEN, "this conversation is not yours")


def _relations(world: World, by: Actor, conversation: Conversation) -> Iterator[str]:
    if by.role == "customer" and conversation.customer == by.id:
        yield "own"
    if by.role == "agent" and _serves(by, conversation):
        yield "assigned"
    if by.role == "agent" and _serves_now(world, by, conversation.customer):
        yield "earlier"
    if by.key in conversation.joined:
        yield "joined"
    if by.key in conversation.invited:
        yield "invited"
    if by.role == "supervisor" and _is_of_teams(world, by, conversation):
        yield "team"
    if by.role == "service":
        yield "scope"


def _serves(by: Actor, conversation: Conversation) -> bool:
    """Whether the agent has it, put it aside, or was the last to have it when it ended."""
    if conversation.agent:
        return conversation.agent == by.id
    is_kept = conversation.is_over or conversation.status is ConversationState.SNOOZED
    return is_kept and conversation.last_agent == by.id


def _serves_now(world: World, by: Actor, customer: str) -> bool:
    """Whether the agent serves this customer, and policy lets them read back for it."""
    agent = world.people.agents.get(by.id)
    if agent is None or not world.policy.earlier_history:
        return False
    serving = (world.conversations.by_id[name] for name in agent.serving)
    return any(conversation.customer == customer for conversation in serving)


def _is_of_teams(world: World, by: Actor, conversation: Conversation) -> bool:
    return watches(world, by, conversation.agent)


def watches(world: World, by: Actor, agent_id: str) -> bool:
    """Whether an agent is of the supervisor's teams, or there is none.

    Of one who was never here the directory says the teams.
    """
    teams = by.teams
    if teams is UNSET:
        supervisor = world.people.by_key(by.key)
        teams = supervisor.teams if supervisor is not None else ()
    agent = world.people.agents.get(agent_id) or world.directory.get(agent_id)
    return not teams or agent is None or any(team in agent.teams for team in teams)
