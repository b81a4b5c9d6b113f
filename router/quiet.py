"""Quiet conversations: what they leave of an agent's capacity, and what happens when they wake.

Owns: when a conversation falls quiet and wakes, and how much of the agent's load it then keeps.
Does not know: who speaks, how an agent gets or loses a conversation, or who gets the room.

Invariants (tests/test_quiet.py): only an active conversation is quiet; what an agent's quiet
conversations do not count is the sum over them, per channel and in all; a wake-up may leave an
agent above capacity, and such an agent gets nothing new until below.

    quiet_ms without a message  ->  counts quiet_share of 1000, of its channel and of the total
    any message or note         ->  counts whole again

A message only notes the time. The timer of a conversation finds at its end that somebody spoke
since, and starts over for what is left: one timer for each ``quiet_ms`` and not one a message.
"""

from router.conversations import Conversation
from router.events import ConversationUpdated
from router.ids import ConversationId
from router.presence import Agent
from router.states import ConversationState
from router.world import World

__all__ = ["fall_quiet", "hear", "review", "start", "wake"]


def start(world: World, conversation: Conversation) -> None:
    """The conversation has an agent from now on."""
    conversation.heard_at_ms = world.now_ms
    quiet_ms = world.in_force.quiet_ms
    if quiet_ms:
        world.timers.set("quiet", conversation.id, world.now_ms + quiet_ms)


def hear(world: World, conversation: Conversation) -> None:
    """Somebody said something."""
    conversation.heard_at_ms = world.now_ms
    if conversation.is_quiet:
        wake(world, conversation)
        _tell(world, conversation)
        world.timers.set("quiet", conversation.id, world.now_ms + world.policy.quiet_ms)


def wake(world: World, conversation: Conversation) -> None:
    """It counts whole again, and its timer stops."""
    world.timers.cancel("quiet", conversation.id)
    if conversation.is_quiet:
        conversation.is_quiet = False
        agent = world.people.agents[conversation.agent]
        _count(world, agent, conversation, -1)
        world.touch(agent)


def fall_quiet(world: World, conversation: Conversation) -> None:
    """Its timer is over: quiet for long enough, or somebody spoke since it was set."""
    due_ms = conversation.heard_at_ms + world.policy.quiet_ms
    if due_ms > world.now_ms:
        world.timers.set("quiet", conversation.id, due_ms)
        return
    conversation.is_quiet = True
    agent = world.people.agents[conversation.agent]
    _count(world, agent, conversation, 1)
    world.touch(agent)
    _tell(world, conversation)


def review(world: World) -> None:
    """After a change of policy: everything is counted anew by the new rules."""
    for agent in world.people.agents.values():
        agent.eased = {}
    quiet_ms = world.policy.quiet_ms
    for conversation in world.conversations:
        if conversation.status is not ConversationState.ACTIVE:
            continue
        due_ms = conversation.heard_at_ms + quiet_ms
        was_quiet = conversation.is_quiet
        conversation.is_quiet = was_quiet and bool(quiet_ms) and due_ms <= world.now_ms
        if conversation.is_quiet:
            _count(world, world.people.agents[conversation.agent], conversation, 1)
            continue
        if was_quiet:
            _tell(world, conversation)
        world.timers.cancel("quiet", conversation.id)
        if quiet_ms:
            world.timers.set("quiet", conversation.id, max(due_ms, world.now_ms))


def _count(world: World, agent: Agent, conversation: Conversation, sign: int) -> None:
    """Adds to what the agent's quiet conversations do not count, in thousandths, or takes away."""
    kept = sign * (1000 - world.policy.quiet_share)
    cost = world.cost(conversation.channel)
    for name, eased in ((conversation.channel, kept), ("total", kept * cost)):
        left = agent.eased.get(name, 0) + eased
        assert left >= 0, f"{agent.id} gave back more ease than it had"
        if left:
            agent.eased[name] = left
        else:
            agent.eased.pop(name, None)


def _tell(world: World, conversation: Conversation) -> None:
    changes = (("quiet", conversation.is_quiet),)
    readers = tuple(conversation.staff())
    world.emit(ConversationUpdated(ConversationId(conversation.id), changes, readers))
