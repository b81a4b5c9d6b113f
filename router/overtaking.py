"""Looks at a decision from the line's side: who was passed over, and why.

Owns: the sample of offers that is looked at, and the causes. Does not know: why the agent was
chosen, or what becomes of the counts.

Invariant: ``violations`` is 0 at every offer (design, section 4); a look changes nothing.

Looking at everybody who waits would cost more than deciding, so:
- Of the offers only one in ``EVERY`` plus a quarter of the occupied lanes is looked at, chosen by
  the offer's number: the same ones on every node and in every replay.
- Of a lane that the agent can serve only those are looked at who stand before the one chosen (in a
  line that keeps its promise those whom this agent declined, or who avoid the agent) and, where a
  head start was used, those whom it jumped; at most ``LOOKED_AT_MAX`` each.
- Those in all other lanes are one number: everybody before, less those just counted.
Who is not asked now because the customer is away does not stand in a lane and is not counted.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from router.conversations import Conversation
from router.events import Overtaken
from router.placing import refused_agents
from router.queue import Lane, Place
from router.world import World

__all__ = ["is_sampled", "look"]

EVERY: Final = 16
LOOKED_AT_MAX = 100


def is_sampled(world: World) -> bool:
    """Whether the next offer is one of those that are looked at."""
    every = 1 if world.looks_at_each else EVERY + world.line.occupied_count // 4
    return world.offers.made_count % every == 0


def look(world: World, conversation: Conversation, agent: str) -> Overtaken | None:
    """Counts whom an offer that is about to be made passes over; None where it is not sampled."""
    if not is_sampled(world):
        return None
    line = world.line
    _, place = line.where(conversation.id)
    channels = world.pool.channels_for(agent)
    by_class = violations = 0
    for lane in world.pool.lanes_for(agent):
        if lane.channel in channels:
            violations += sum(_may_take(world, earlier, agent) for earlier in _before(lane, place))
            by_class += sum(
                _may_take(world, jumped, agent) for jumped in _jumped(world, lane, conversation)
            )
    not_taken = line.ranks.count_before(place) - violations
    return Overtaken(by_class=by_class, not_taken=not_taken, violations=violations)


def _may_take(world: World, place: Place, agent: str) -> bool:
    return agent not in refused_agents(world, world.conversations.by_id[place[2]])


def _before(lane: Lane, place: Place) -> list[Place]:
    end = min(lane.count_before(place), LOOKED_AT_MAX)
    return lane.entries[lane.start : lane.start + end]


def _jumped(world: World, lane: Lane, conversation: Conversation) -> Iterator[Place]:
    """Those who came before the conversation and stand behind it all the same."""
    start_ms = conversation.start_ms
    if conversation.key_ms >= start_ms:
        return
    own = (conversation.key_ms, conversation.place, conversation.id)
    at = bisect_left(lane.entries, own, lane.start)
    for place in lane.entries[at : at + LOOKED_AT_MAX]:
        if place[0] >= start_ms:
            return
        if world.conversations.by_id[place[2]].start_ms < start_ms:
            yield place
