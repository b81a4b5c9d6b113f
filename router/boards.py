"""What wallboards and presence topics show: queues in figures, agents by what they are shown as.

Owns: the rows. Does not know: who listens, how often a board is sent, or conversations' content.

Invariant: a read changes nothing; nobody is shown or counted who is offline.
"""

from router import outgoing
from router.core import Router
from router.masks import bits
from router.presence import Agent
from router.states import ConversationState, Show

__all__ = [
    "agents_by_show",
    "presence_entries",
    "presence_entry",
    "queue_figures",
    "queues_beside",
]


def queues_beside(router: Router, name: str) -> tuple[str, ...]:
    """The queue, and the others in which places change with its line: agents serve both."""
    line, pool = router.world.line, router.world.pool
    shared = 0
    for lane in line.lanes.values():
        if lane.key[0] == name:
            shared |= pool.overlapping(lane)
    found = {name: None}
    for index in bits(shared & line.occupied):
        found[line.lane_at(index).key[0]] = None
    return tuple(found)


def queue_figures(router: Router, now_ms: int) -> tuple[outgoing.QueueFigures, ...]:
    """The wallboard's row of each queue."""
    world = router.world
    rows = []
    for name in world.queues:
        theirs_waiting = world.conversations.waiting_by_queue.get(name, {})
        in_line = [world.conversations.by_id[one] for one in theirs_waiting]
        offered = sum(one.status is ConversationState.OFFERED for one in in_line)
        oldest_ms = min((one.start_ms for one in in_line), default=now_ms)
        rows.append(
            outgoing.QueueFigures(
                queue=name,
                waiting=len(in_line) - offered,
                oldest_ms=max(0, now_ms - oldest_ms),
                offered=offered,
                active=world.conversations.active_by_queue.get(name, 0),
                closed=name in world.closed_queues,
            )
        )
    return tuple(rows)


def agents_by_show(router: Router) -> tuple[outgoing.AgentsByShow, ...]:
    """How many agents are shown as what; nobody is counted as offline."""
    counts: dict[str, int] = {}
    for agent in router.world.people.agents.values():
        show = agent.seen_show()
        if show is not Show.OFFLINE:
            counts[show] = counts.get(show, 0) + 1
    return tuple(outgoing.AgentsByShow(show, counts[show]) for show in Show if show in counts)


def presence_entries(router: Router, topic: str) -> tuple[outgoing.PresenceEntry, ...]:
    """Who is in a presence topic (``agents`` or ``team:<id>``) and not offline."""
    kind, _, name = topic.partition(":")
    return tuple(
        presence_entry(agent)
        for agent in router.world.people.agents.values()
        if agent.seen_show() is not Show.OFFLINE and (kind == "agents" or name in agent.teams)
    )


def presence_entry(agent: Agent) -> outgoing.PresenceEntry:
    """One agent as a presence topic shows them."""
    return outgoing.PresenceEntry(
        id=agent.id,
        show=agent.seen_show(),
        since_at=agent.since_ms,
        name=agent.name,
        reason=agent.reason,
        load=agent.load_cost,
    )
