"""Looks over the cores' state for what must never be, while the node runs.

Owns: what is looked at, a few at a time. Does not know: who is told, or why it is broken.

Invariants (tests/server/test_auditing.py): a sound core is found sound at every command; a look
changes nothing and holds up the loop for ``AT_ONCE`` at most.

A core asserts what it can at each command. What it cannot see at one command is looked for here:

    lost            somebody whom nothing will ever serve: waiting but in no lane (or in one that
                    nobody looks at), held behind nobody, offered without an offer that can end,
                    asleep without an hour, with an agent who does not know of it
    double_assign   what two agents could think is theirs: in an agent's hands though not theirs,
                    or in line though somebody has it
    over_capacity   an agent whose ledger is not what they hold, or who was given more than they
                    may hold

An agent may well hold more than their capacity, since it may be lowered and quiet conversations
wake up. So a look remembers who held what under which rules, and finds only those who were given
something since, under the same rules, that there was no room for. (Rules that change twice within
a minute, there and back, would look the same; nothing in the server does that by itself.)
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

import trio

from router.conversations import Conversation
from router.placing import requirement_of
from router.policy import Policy
from router.presence import Agent
from router.queue import Lane, Place
from router.states import FINAL_CONVERSATION, ConversationState, Reachability
from router.world import World

__all__ = ["AT_ONCE", "KINDS", "Auditor", "Found"]

AT_ONCE = 1_000
KINDS = ("lost", "double_assign", "over_capacity")

Found = dict[str, list[str]]
"""By kind, the conversations or (``over_capacity``) the agents of which it is true."""

_Held = tuple[dict[str, int], frozenset[str]]
"""An agent's own capacity, and what they held under it."""

_SERVED = frozenset({ConversationState.ACTIVE, ConversationState.WRAP_UP})
_HOLDING = frozenset(
    {ConversationState.ACTIVE, ConversationState.WAITING, ConversationState.OFFERED}
)


class Auditor:
    """Looks over one tenant's core again and again."""

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._before: dict[str, _Held] = {}
        """By agent, what the look before found."""

    async def look(self, world: World) -> Found:
        """What must never be and is, by ``KINDS``; others have their turns in between."""
        found: Found = {kind: [] for kind in KINDS}
        for count, one in enumerate(list(world.conversations), start=1):
            kind = _fault_of(world, one)
            if kind:
                found[kind].append(one.id)
            if count % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        if world.policy is not self._policy:
            self._policy = world.policy
            self._before.clear()
        seen: dict[str, _Held] = {}
        for count, agent in enumerate(list(world.people.agents.values()), start=1):
            found["double_assign"] += _not_theirs(world, agent)
            if not self._is_within(world, agent, seen):
                found["over_capacity"].append(agent.id)
            if count % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        self._before = seen if self._policy is world.policy else {}
        await trio.lowlevel.checkpoint()
        return found

    def _is_within(self, world: World, agent: Agent, seen: dict[str, _Held]) -> bool:
        held = [one for name in _names_of(world, agent) if (one := _known(world, name)) is not None]
        if not _is_counted(world, agent, held):
            return False
        if not held:
            return True
        names = frozenset(one.id for one in held)
        seen[agent.id] = (dict(agent.capacity), names)
        before = self._before.get(agent.id)
        if before is None or before[0] != agent.capacity or names <= before[1]:
            return True
        return _has_room(world, agent, held)


def _fault_of(world: World, one: Conversation) -> str:
    """Which kind of breach a conversation is, or nothing."""
    if _known(world, one.id) is not one:
        return ""  # forgotten since the look began
    if one.id in world.line and (one.status is not ConversationState.WAITING or one.parked):
        return "double_assign"
    return "lost" if _is_lost(world, one) else ""


def _is_lost(world: World, one: Conversation) -> bool:
    """Whether nothing will ever bring it to an agent or to its end."""
    status = one.status
    if one.agent or status in _SERVED:
        agent = world.people.agents.get(one.agent)
        return agent is None or one.id not in agent.serving
    if status in FINAL_CONVERSATION:
        return False
    customer = world.people.customers.get(one.customer)
    if customer is None or one.id not in customer.open:
        return True
    if status is ConversationState.WAITING:
        if one.parked:  # its customer comes back, or is given up in a while
            return customer.reach is not Reachability.LAPSING
        return not _stands(world, one)
    if status is ConversationState.OFFERED:
        offer = world.offers.pending.get(one.offer)
        can_end = world.timers.due_ms("offer_expire", one.offer) is not None
        return offer is None or offer.conversation != one.id or not can_end
    if status is ConversationState.HELD:
        return one.id not in world.conversations.held or not _is_held_back(world, one)
    return world.timers.due_ms("snooze", one.id) is None


def _stands(world: World, one: Conversation) -> bool:
    """Whether it stands in the lane of what it asks for, and that lane is looked at."""
    line = world.line
    if one.id not in line:
        return False
    lane, place = line.where(one.id)
    asked = (one.queue, one.channel, requirement_of(world, one))
    return (
        lane.key == asked
        and line.lanes.get(asked) is lane
        and bool(line.occupied >> lane.index & 1)
        and line.heads[lane.index] == lane.head <= place
        and place == (one.key_ms, one.place, one.id)
        and _is_in(lane, place)
    )


def _is_in(lane: Lane, place: Place) -> bool:
    at = bisect_left(lane.entries, place, lane.start)
    return at < len(lane.entries) and lane.entries[at] == place


def _is_held_back(world: World, one: Conversation) -> bool:
    """Whether its customer has another one whose way promotes this one in the end."""
    by_id = world.conversations.by_id
    for person in world.people.same_as(world.customer_of(one)):
        for name in person.open:
            other = by_id.get(name)
            if other is None or other.deferrable != one.deferrable:
                continue
            if other.status in _HOLDING:
                return True
    return False


def _not_theirs(world: World, agent: Agent) -> Iterator[str]:
    """What the agent thinks to have, or to be asked for, though it is not so."""
    for name in agent.serving:
        one = _known(world, name)
        if one is None or one.agent != agent.id or one.status not in _SERVED:
            yield name
    if agent.offer:
        offer = world.offers.pending.get(agent.offer)
        asked = None if offer is None else _known(world, offer.conversation)
        if offer is None or offer.agent != agent.id or asked is None or asked.offer != offer.id:
            yield agent.offer if offer is None else offer.conversation


def _names_of(world: World, agent: Agent) -> Iterator[str]:
    yield from agent.serving
    offer = world.offers.pending.get(agent.offer)
    if offer is not None:
        yield offer.conversation


def _known(world: World, name: str) -> Conversation | None:
    return world.conversations.by_id.get(name)


def _is_counted(world: World, agent: Agent, held: list[Conversation]) -> bool:
    """Whether the agent's ledger says what they hold."""
    by_channel = Counter(one.channel for one in held)
    cost = sum(world.cost(one.channel) for one in held)
    return by_channel == {k: n for k, n in agent.load.items() if n} and cost == agent.load_cost


def _has_room(world: World, agent: Agent, held: list[Conversation]) -> bool:
    """Whether the agent may hold as much, were all of it as quiet as the policy lets it be.

    What interrupts may come on top of a full total.
    """
    policy = world.policy
    share = policy.quiet_share if policy.quiet_ms else 1000
    plain = sum(world.cost(one.channel) for one in held if one.channel not in policy.interrupts)
    if share * plain > 1000 * agent.capacity_of("total", policy.capacity):
        return False
    return all(
        share * count <= 1000 * agent.capacity_of(channel, policy.capacity)
        for channel, count in Counter(one.channel for one in held).items()
    )
