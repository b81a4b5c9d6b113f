"""Snoozed conversations: those that an agent put aside, and how they come back.

Owns: how a conversation falls asleep and wakes, for whom it then waits first. Does not know: who
may snooze (``router.snoozing``), what a customer says, or how anybody is chosen.

Invariants (tests/test_snoozes.py, tests/properties): whoever sleeps holds nobody's capacity, stands
in no line and has a deadline; the key stays, so who comes back stands where they stood; it waits
for its agent alone only where that agent is free then, and for ``transfer_wait_ms`` at most.

    active --snooze--> snoozed --its time, a word of the customer's--> waiting, for its agent first
                               --its agent takes it back, a supervisor gives it--> active
                               --an end by either side--> closed

It needs its customer's presence no longer: an answer that was promised is given though nobody
looks, and is shown at the next visit, as one to a message that was left.
"""

from router.conversations import Conversation
from router.events import ConversationSnoozed, ConversationUpdated
from router.ids import AgentId, ConversationId, PersonKey
from router.placing import come_back
from router.world import World

__all__ = ["fall_asleep", "forget_snooze", "wake"]


def fall_asleep(world: World, conversation: Conversation, for_ms: int) -> None:
    """An ACTIVE conversation that was just taken from its agent sleeps for so long at most."""
    conversation.turn("snooze")
    conversation.needs_presence = False
    conversation.was_snoozed = True
    world.conversations.put_aside(conversation)
    world.narrowed[conversation.id] = None  # what is held behind it need not wait for it
    due_ms = world.now_ms + for_ms
    world.timers.set("snooze", conversation.id, due_ms)
    agent = AgentId(conversation.last_agent)
    readers = (PersonKey(f"agent:{agent}"), *conversation.joined)
    name = ConversationId(conversation.id)
    world.emit(ConversationSnoozed(name, agent, due_ms, tuple(dict.fromkeys(readers))))


def forget_snooze(world: World, conversation: Conversation) -> None:
    """It is awake, or over: its time counts no longer."""
    world.timers.cancel("snooze", conversation.id)
    world.conversations.take_up(conversation)


def wake(world: World, conversation: Conversation) -> None:
    """Back in line with its key: for its agent alone for a while, if that agent is free."""
    forget_snooze(world, conversation)
    last = conversation.last_agent
    conversation.declined.pop(last, None)
    conversation.preferred_agent = last
    conversation.turn("wake")
    is_free = _is_free(world, conversation, last)
    if is_free:
        conversation.wanted_agent = last
    come_back(world, conversation)
    if is_free:
        due_ms = world.now_ms + world.policy.transfer_wait_ms
        world.timers.set("transfer_wait", conversation.id, due_ms)
    changes: tuple[tuple[str, str | int | bool | None], ...] = (
        ("status", conversation.status),
        ("queue", conversation.queue),
        ("why", "returned"),
    )
    readers = dict.fromkeys((*conversation.readers(), PersonKey(f"agent:{last}")))
    world.emit(ConversationUpdated(ConversationId(conversation.id), changes, tuple(readers)))


def _is_free(world: World, conversation: Conversation, name: str) -> bool:
    """Whether its agent could be offered it now."""
    agent = world.people.agents[name]
    channel, policy = conversation.channel, world.policy
    return (
        agent.takes_offers()
        and name not in conversation.avoid
        and agent.channels.get(channel, True)
        and agent.may_hold(
            channel, world.cost(channel), policy.capacity, channel in policy.interrupts
        )
    )
