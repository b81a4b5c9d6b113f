"""Soft start: who signs in gets the first offers one by one, and not the whole backlog.

Owns: how many offers of an agent still come at the bounded pace, and when the next one may.
Does not know: which conversation is offered, or what becomes of it.

Invariants (tests/test_soft_start.py): of the first ``offers`` offers after a sign-in each is
followed by at least ``per_ms`` without another one; whoever is held back has a timer, so the line
never stalls for longer; work given by hand is not held back.
"""

from router.presence import Agent
from router.world import World

__all__ = ["begin", "note_offer", "pace_over", "review", "stop"]


def begin(world: World, agent: Agent) -> None:
    """The agent has just signed in."""
    agent.soft_offers = world.policy.soft_start.offers


def note_offer(world: World, agent: Agent) -> None:
    """An offer was made to the agent: the next one may take its time."""
    if agent.soft_offers:
        agent.soft_offers -= 1
        agent.is_paced = True
        world.timers.set("agent_pace", agent.id, world.now_ms + world.in_force.soft_start_ms)


def pace_over(world: World, agent_id: str) -> None:
    """The agent may be asked again."""
    agent = world.people.agents[agent_id]
    agent.is_paced = False
    world.touch(agent)


def stop(world: World, agent: Agent) -> None:
    """The agent signs out, or nobody starts softly any more."""
    agent.soft_offers = 0
    if agent.is_paced:
        world.timers.cancel("agent_pace", agent.id)
        pace_over(world, agent.id)


def review(world: World) -> None:
    """After a change of policy: who is in a soft start has no more of it than the new one gives."""
    most = world.policy.soft_start.offers
    for agent in world.people.agents.values():
        if most:
            agent.soft_offers = min(agent.soft_offers, most)
        else:
            stop(world, agent)
