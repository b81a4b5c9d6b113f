"""What wallboards and presence topics show: queues in figures, agents by what they are shown as.

Owns: the rows. Does not know: who listens, how often a board is sent, or conversations' content.

Invariant: a read changes nothing; nobody is shown or counted who is offline.
"""

from functools import lru_cache
from typing import NamedTuple

from router import outgoing
from router.core import Router
from router.masks import bits
from router.presence import Agent
from router.skills import Profile, Requirement, meets
from router.states import ConversationState, Reachability, Show
from router.world import World

__all__ = [
    "AGENT_STATES",
    "FloorFigures",
    "able_agents",
    "agent_state",
    "agents_by_show",
    "floor_figures",
    "presence_entries",
    "presence_entry",
    "presence_entry_in",
    "queue_figures",
    "queues_beside",
    "skill_figures",
]


class FloorFigures(NamedTuple):
    """What all agents do: by state, and places of conversations that are used and free."""

    agents: dict[str, int]
    used: int
    free: int


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
    for name, queue in world.queues.items():
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
                name=queue.name,
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
    agents = router.world.people.agents.values()
    return tuple(presence_entry(router, agent) for agent in agents if _is_in(agent, topic))


def presence_entry_in(router: Router, topic: str, agent: str) -> outgoing.PresenceEntry | None:
    """The agent as this topic shows them, or None where they are not in it."""
    known = router.world.people.agents[agent]
    return presence_entry(router, known) if _is_in(known, topic) else None


def _is_in(agent: Agent, topic: str) -> bool:
    kind, _, name = topic.partition(":")
    return agent.seen_show() is not Show.OFFLINE and (kind == "agents" or name in agent.teams)


def presence_entry(router: Router, agent: Agent) -> outgoing.PresenceEntry:
    """One agent as a presence topic shows them."""
    return outgoing.PresenceEntry(
        id=agent.id,
        show=agent.seen_show(),
        since_at=agent.since_ms,
        name=agent.name,
        reason=agent.seen_reason(),
        load=agent.load_cost,
        capacity=agent.capacity_of("total", router.policy.capacity),
        languages=_tags(agent.profile.languages),
        state=agent_state(router.world, agent),
    )


AGENT_STATES = ("free", "offered", "serving", "wrap_up", "busy", "away", "dnd", "lost")
"""What an agent who is not offline may be doing: every word of ``agent_state``."""


def agent_state(world: World, agent: Agent) -> str:
    """What an agent who is not offline is doing, in one word."""
    if agent.reach is not Reachability.REACHABLE:
        return "lost"
    if agent.offer:
        return "offered"
    if agent.serving:
        here = (world.conversations.by_id[name].status for name in agent.serving)
        is_active = any(status is ConversationState.ACTIVE for status in here)
        return "serving" if is_active else "wrap_up"
    return "free" if agent.show is Show.AVAILABLE else agent.show


def floor_figures(router: Router) -> FloorFigures:
    """What all agents are doing, and how many conversations they hold and could hold."""
    agents: dict[str, int] = {}
    used = free = 0
    for agent in router.world.people.agents.values():
        if agent.seen_show() is Show.OFFLINE:
            continue
        state = agent_state(router.world, agent)
        agents[state] = agents.get(state, 0) + 1
        used += agent.load_cost
        if agent.show is Show.AVAILABLE and state != "lost":
            capacity = agent.capacity_of("total", router.policy.capacity)
            free += max(0, capacity - agent.load_cost)
    return FloorFigures(agents, used, free)


def able_agents(router: Router) -> dict[str, tuple[int, int]]:
    """By queue, how many agents are at work who meet what it asks for, and how many idle."""
    working: dict[Profile, list[int]] = {}
    for agent in router.world.people.agents.values():
        if agent.is_at_work:
            counts = working.setdefault(agent.profile, [0, 0])
            counts[0] += 1
            counts[1] += router.world.pool.is_free(agent.id)
    found = {}
    for name, queue in router.world.queues.items():
        asked = Requirement(needs=tuple((need.skill, need.level) for need in queue.needs))
        fit = [counts for profile, counts in working.items() if _meets(profile, asked)]
        found[name] = (sum(one[0] for one in fit), sum(one[1] for one in fit))
    return found


def skill_figures(router: Router, now_ms: int) -> tuple[outgoing.SkillFigures, ...]:
    """Every skill that somebody has who is signed in, by its id."""
    here: dict[str, list[int]] = {}
    for profile, counts in _by_profile(router).items():
        for skill, _ in profile.skills:
            sums = here.setdefault(skill, [0, 0, 0])
            for at, count in enumerate(counts):
                sums[at] += count
    waiting = _waiting_by_skill(router, now_ms)
    figures = []
    for skill in sorted(here):
        signed_in, available, free = here[skill]
        count, oldest_ms = waiting.get(skill, (0, 0))
        one = outgoing.SkillFigures(skill, signed_in, available, free, count, oldest_ms)
        figures.append(one)
    return tuple(figures)


def _by_profile(router: Router) -> dict[Profile, list[int]]:
    """By what they can do, how many agents are signed in and at work, and their free places."""
    found: dict[Profile, list[int]] = {}
    defaults = router.policy.capacity
    for agent in router.world.people.agents.values():
        if agent.is_signed_in:
            counts = found.setdefault(agent.profile, [0, 0, 0])
            counts[0] += 1
            if agent.is_at_work:
                counts[1] += 1
                counts[2] += max(0, agent.capacity_of("total", defaults) - agent.load_cost)
    return found


def _waiting_by_skill(router: Router, now_ms: int) -> dict[str, tuple[int, int]]:
    """By skill, how many in line ask for it, and how long the first of them has waited."""
    world = router.world
    found: dict[str, tuple[int, int]] = {}
    for lane in world.line.lanes.values():
        if len(lane):
            first_ms = max(0, now_ms - world.conversations.by_id[lane.head[2]].start_ms)
            for skill, _ in lane.key[2].needs:
                count, oldest_ms = found.get(skill, (0, 0))
                found[skill] = count + len(lane), max(oldest_ms, first_ms)
    return found


_meets = lru_cache(maxsize=20_000)(meets)


@lru_cache(maxsize=1_000)
def _tags(languages: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    """The languages without their levels; few lists of them are spoken by many agents."""
    return tuple(tag for tag, _ in languages)
