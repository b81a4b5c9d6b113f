"""Room for the big ones: who keeps capacity free for a conversation that was passed over.

Owns: how often which agent passed over a conversation that costs more than the room left, and who
takes nothing behind such a conversation any more. Does not know: how an agent is chosen.

Invariants (tests/test_room.py): after ``passed_over_max`` passes an agent takes nothing that stands
behind, until the conversation leaves the line or the agent could not serve it even with room;
``keepers`` follows from the counts, so it is no part of a snapshot.

    room left 2, cost 3 stands first   ->  a conversation of cost 1 behind it is taken: one pass
    passed over as often as allowed    ->  the agent keeps room: waits until 3 are free
    after KEEP_MS without success      ->  the counts start over, so nothing can stick

Passed over is whoever is first in line of those that this agent may serve and that are too big.
What takes no room of the total, by its cost or because it interrupts, neither passes anybody over
nor is held back.
"""

from router.conversations import Conversation
from router.presence import Agent
from router.queue import NOBODY, Place
from router.world import World

__all__ = ["drop_void", "forget_passes", "is_kept_from", "keepers_against", "note_pass", "review"]

KEEP_MS = 600_000
"""So long an agent keeps room for one conversation, for others may end late or never."""


def note_pass(world: World, agent: Agent, taken: Conversation) -> None:
    """The agent is about to be offered ``taken``: counts whom that passes over."""
    if not world.big or _takes_no_room(world, taken):
        return
    tight = [channel for channel in world.big if _is_too_big(world, agent, channel)]
    if not tight:
        return
    first = _first_in(world, agent, tight, world.line.where(taken.id)[1])
    if first is not None:
        passed = world.conversations.by_id[first].passed
        passed[agent.id] = passed.get(agent.id, 0) + 1
        _keep(world, world.conversations.by_id[first])


def _takes_no_room(world: World, conversation: Conversation) -> bool:
    channel = conversation.channel
    return channel in world.policy.interrupts or not world.cost(channel)


def _is_too_big(world: World, agent: Agent, channel: str) -> bool:
    """Whether nothing but the room left keeps the agent from one more of this channel."""
    total = agent.capacity_of("total", world.policy.capacity)
    left = 1000 * total - agent.held_total()
    return 1000 * world.cost(channel) > left and _would_fit(world, agent, channel)


def _would_fit(world: World, agent: Agent, channel: str) -> bool:
    """Whether the agent could take one with enough of the total free."""
    defaults = world.policy.capacity
    is_open = agent.channels.get(channel, True)
    is_small_enough = world.cost(channel) <= agent.capacity_of("total", defaults)
    return is_open and is_small_enough and agent.may_hold(channel, 0, defaults, free=True)


def _first_in(world: World, agent: Agent, channels: list[str], before: Place) -> str | None:
    best = before
    for lane in world.pool.lanes_for(agent.id):
        if lane.channel not in channels:
            continue
        for place in lane:
            if place >= best:
                break
            if _may_ask(world, agent, world.conversations.by_id[place[2]]):
                best = place
                break
    return best[2] if best != before else None


def _may_ask(world: World, agent: Agent, conversation: Conversation) -> bool:
    is_avoided = agent.id in conversation.avoid
    return not is_avoided and conversation.declined.get(agent.id, 0) <= world.now_ms


def _keep(world: World, conversation: Conversation) -> None:
    """Who passed it over often enough keeps room for it, while it stands in line."""
    most = world.policy.passed_over_max
    for agent, count in conversation.passed.items():
        if most and count >= most and conversation.id in world.line:
            world.keepers.setdefault(agent, {})[conversation.id] = None
            if world.timers.due_ms("keep_room", conversation.id) is None:
                world.timers.set("keep_room", conversation.id, world.now_ms + KEEP_MS)


def drop_void(world: World) -> list[Agent]:
    """Brings ``keepers`` up to date; the agents who hold something back no longer."""
    for name in world.unsettled:
        if world.conversations.by_id[name].passed:
            _keep(world, world.conversations.by_id[name])
    if not world.keepers:
        return []
    freed = []
    for agent_id in list(world.keepers):
        names = world.keepers[agent_id]
        void = [name for name in names if not _is_worth_it(world, agent_id, name)]
        for name in void:
            del names[name]
        if not names:
            del world.keepers[agent_id]
        if void:
            freed.append(world.people.agents[agent_id])
    return freed


def _is_worth_it(world: World, agent_id: str, name: str) -> bool:
    """Whether the agent could take it if there were room; if not, the passes are forgotten."""
    if name not in world.line:
        return False
    conversation = world.conversations.by_id[name]
    agent = world.people.agents[agent_id]
    lane, _ = world.line.where(name)
    could = (
        agent_id in conversation.passed
        and world.pool.can(agent_id, lane)
        and _would_fit(world, agent, conversation.channel)
        and _may_ask(world, agent, conversation)
    )
    if not could:
        conversation.passed.pop(agent_id, None)
    return could


def keepers_against(world: World, conversation: Conversation) -> list[str]:
    """The free agents who keep their room for somebody before this conversation."""
    if _takes_no_room(world, conversation):
        return []
    place = (conversation.key_ms, conversation.place, conversation.id)
    return [
        agent
        for agent, names in world.keepers.items()
        if world.pool.is_free(agent) and _first_kept(world, names) < place
    ]


def _first_kept(world: World, names: dict[str, None]) -> Place:
    line = world.line
    return min((line.where(name)[1] for name in names if name in line), default=NOBODY)


def is_kept_from(world: World, agent: str, conversation: Conversation) -> bool:
    """Whether the agent is not asked for this conversation because of the room kept."""
    return bool(world.keepers) and agent in keepers_against(world, conversation)


def forget_passes(world: World, conversation: Conversation) -> None:
    """The time is over, or it left the line: nobody keeps room for it."""
    conversation.passed.clear()
    world.timers.cancel("keep_room", conversation.id)


def review(world: World) -> None:
    """After a change of policy or a restart: ``keepers`` from the counts."""
    world.keepers.clear()
    for conversation in world.conversations:
        if not world.policy.passed_over_max:
            forget_passes(world, conversation)
        elif conversation.passed:
            _keep(world, conversation)
