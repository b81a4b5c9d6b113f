"""The matching step that ends every command: who is asked next, and what giving work means.

Owns: pairing what the command touched, making offers, taking and giving back capacity, making a
conversation active with an agent. Does not know: what an answer to an offer leads to.

Invariants: after ``settle`` no conversation in line has a free agent who may take it; capacity is
taken before an offer is made; an agent has at most one pending offer.
"""

import heapq
from typing import Final

from router.assignments import pack
from router.choices import Choice, only
from router.conversations import Conversation
from router.events import ConversationAssigned, OfferMade
from router.groups import Shares, Special
from router.guests import recall
from router.holding import promote_next
from router.ids import AgentId, ConversationId, CustomerId, OfferId, PersonKey
from router.overtaking import is_sampled, look
from router.placing import preferred_lane, refused_agents
from router.presence import Agent
from router.queue import Lane, Place
from router.quiet import start
from router.replies import expect
from router.room import drop_void, note_pass
from router.scores import history_of, special_of, weights_of
from router.soft_start import note_offer
from router.world import World

__all__ = ["give", "hold", "let_go", "settle"]


_pack: Final = pack
_OfferMade: Final = OfferMade
"""What is final is not looked up by name where the core is compiled."""

_NOBODY: Final[frozenset[str]] = frozenset()


def settle(world: World) -> None:
    """Offers whatever can be offered now, smallest key first.

    Before a command no waiting conversation has a free agent who may take it, so only what the
    command touched needs looking at: conversations that came to stand in a lane, and agents who
    became free. Each free agent brings the smallest key that it may take; of all these the
    smallest is matched with the best agent for it, until nothing is left.
    """
    queue = _first_looks(world)
    while queue:
        place, agent = heapq.heappop(queue)
        if place[2] in world.line:
            _match(world, world.conversations.by_id[place[2]])
            if world.keepers:
                _bring_all(world, drop_void(world), queue)
        if agent and world.pool.is_free(agent):
            _bring(world, agent, queue)


def _first_looks(world: World) -> list[tuple[Place, str]]:
    """Who may be matched first, as a heap: what came to stand, and what those who are free bring.

    Where that is one conversation or one agent and nothing else, it is dealt with at once.
    """
    line = world.line
    freed = drop_void(world) if world.in_force.passed_over_max else []
    if len(world.unsettled) == 1 and not (freed or world.keepers or world.touched):
        return _match_one(world)
    queue = [(line.where(name)[1], "") for name in world.unsettled if name in line]
    world.unsettled.clear()
    line.let_in()
    is_plain = not freed and not world.keepers
    if is_plain and len(world.touched) == 1 and not queue:
        _serve_one(world, world.people.agents[next(iter(world.touched))], queue)
    else:
        for name in world.touched:
            if world.refresh(world.people.agents[name]):
                _bring(world, name, queue)
        _bring_all(world, freed, queue)
        heapq.heapify(queue)
    return queue


def _match_one(world: World) -> list[tuple[Place, str]]:
    """Nothing but one conversation is to be looked at."""
    queue: list[tuple[Place, str]] = []
    name = next(iter(world.unsettled))
    world.unsettled.clear()
    if name not in world.line:
        return queue
    _match(world, world.conversations.by_id[name])
    if world.keepers:
        _bring_all(world, drop_void(world), queue)
    return queue


def _serve_one(world: World, agent: Agent, queue: list[tuple[Place, str]]) -> None:
    """Nothing but one agent is to be looked at: the head of the line is theirs without a choice.

    Nobody else is free who may take it, or they would have it already. So the agent, who holds an
    offer in the end, need not be listed among the free ones before. Where it is not as plain as
    that, they are listed, and what they bring goes into the queue.
    """
    name, pool, by_id = agent.id, world.pool, world.conversations.by_id
    if pool.is_free(name):
        if world.refresh(agent):
            _bring(world, name, queue)
        return
    room = world.room_of(agent)
    if room is None:
        return
    channels, load = room
    idle = (agent.idle_since_ms, agent.idle_order)
    place = pool.next_for(name, channels, lambda one: refused_agents(world, by_id[one]))
    if place is not None and not is_sampled(world):
        conversation = by_id[place[2]]
        if not conversation.asks_around:
            lane = world.line.lane_of(conversation.id)
            history, weights, special = _known_of(world, conversation)
            group, idle_place = pool.group_of(name), (*idle, name)
            choice = only(group, lane, idle_place, load, history, weights, special)
            _offer(world, conversation, choice, weights)
            if world.keepers:
                _bring_all(world, drop_void(world), queue)
            return
    pool.free(name, channels, load, idle)
    if place is not None:
        queue.append((place, name))


def _bring_all(world: World, freed: list[Agent], queue: list[tuple[Place, str]]) -> None:
    """Agents who keep room no longer, as if they had become free."""
    for agent in freed:
        if world.refresh(agent):
            _bring(world, agent.id, queue)


def _bring(world: World, agent: str, queue: list[tuple[Place, str]]) -> None:
    by_id, pool = world.conversations.by_id, world.pool
    channels = pool.channels_for(agent)
    place = pool.next_for(agent, channels, lambda name: refused_agents(world, by_id[name]))
    if place is not None:
        heapq.heappush(queue, (place, agent))


def _match(world: World, conversation: Conversation) -> None:
    lane = world.line.lane_of(conversation.id)
    history, weights, special = _known_of(world, conversation)
    band = world.in_force.score_band
    if not conversation.asks_around and not world.keepers:
        choice = world.pool.choose(lane, _NOBODY, history, weights, band, special)
        if choice is None or world.big or is_sampled(world):
            world.line.let_in()
        if choice is not None:
            _offer(world, conversation, choice, weights)
        return
    world.line.let_in()
    refused = refused_agents(world, conversation)
    for one, apart in _attempts(world, conversation, lane, refused):
        choice = world.pool.choose(one, apart, history, weights, band, special)
        if choice is not None:
            _offer(world, conversation, choice, weights)
            return


def _known_of(world: World, conversation: Conversation) -> tuple[dict[str, int], Shares, Special]:
    """By agent the history, the weights, and what stands in the place of other parts."""
    weights = weights_of(world, conversation)
    history = history_of(world.customer_of(conversation), world.now_ms)
    if conversation.preferred_agent:
        history[conversation.preferred_agent] = 1000
    return history, weights, special_of(world, conversation)


def _attempts(
    world: World, conversation: Conversation, lane: Lane, refused: frozenset[str]
) -> list[tuple[Lane, frozenset[str]]]:
    """Whom to look among, and without whom: those preferred first, decliners after all others."""
    preferred = preferred_lane(world, conversation)
    lanes = [lane] if preferred is None else [preferred, lane]
    attempts = [(one, refused) for one in lanes]
    if conversation.declined:
        fresh = refused.union(conversation.declined)
        attempts = [*((one, fresh) for one in lanes), *attempts]
    return attempts


def _offer(world: World, conversation: Conversation, choice: Choice, weights: Shares) -> None:
    agent = world.people.agents[choice.agent]
    policy, now_ms, why = world.in_force, world.now_ms, choice.why
    overtaken = look(world, conversation, agent.id)
    if world.big:
        note_pass(world, agent, conversation)
    hold(world, agent, conversation)
    conversation.turn("offer")
    world.line.leave(conversation.id)
    conversation.attempt_count += 1
    offer = world.offers.make(
        conversation.id,
        agent.id,
        now_ms,
        now_ms + policy.offer_timeout_ms,
        conversation.attempt_count,
        auto=policy.queue(conversation.queue).is_direct,
    )
    offer.why = why
    # The fields of a ``Decision``, in their order: as a row it packs into the same bytes.
    offer.decision = _pack(
        (
            conversation.id,
            agent.id,
            world.position,
            now_ms,
            choice.rule,
            choice.rows,
            weights,
            policy.score_band,
        )
    )
    conversation.offer = agent.offer = offer.id
    world.timers.set("offer_seen", offer.id, now_ms + policy.offer_seen_ms)
    world.timers.set("offer_expire", offer.id, offer.due_ms)
    note_offer(world, agent)
    world.pool.occupy(agent.id)
    world.touch(agent)
    world.move(conversation.queue)
    world.emit(
        _OfferMade(
            OfferId(offer.id),
            ConversationId(conversation.id),
            AgentId(agent.id),
            policy.offer_timeout_ms,
            offer.attempt,
            why,
            offer.auto,
            overtaken,
        )
    )


def hold(world: World, agent: Agent, conversation: Conversation) -> None:
    """Takes the capacity that a conversation needs of an agent."""
    channel = conversation.channel
    policy = world.in_force
    agent.reserve(channel, world.cost(channel), policy.capacity, channel in policy.interrupts)


def let_go(world: World, agent: Agent, conversation: Conversation) -> None:
    """Gives back the capacity that a conversation took of an agent."""
    agent.release(conversation.channel, world.cost(conversation.channel))
    world.touch(agent)


def _is_no_guest(world: World, conversation: Conversation, key: PersonKey) -> None:
    """Who joined, or was asked to, has it as their own now."""
    if key in conversation.invited:
        recall(world, conversation, key, "withdrawn")
    if conversation.joined.pop(key, None) is not None:
        world.conversations.drop_guest(key, conversation.id)


def give(world: World, conversation: Conversation, agent: Agent) -> None:
    """The conversation is ACTIVE with this agent, whose capacity is taken already."""
    now_ms = world.now_ms
    world.assignment_count += 1
    conversation.agent = conversation.last_agent = agent.id
    conversation.assignment = f"a{world.assignment_count}"
    conversation.assigned_at_ms = now_ms
    if conversation.first_assigned_at_ms is None:
        conversation.first_assigned_at_ms = now_ms
    conversation.wanted_agent = ""
    conversation.waits_for_last = False
    if conversation.invited or conversation.joined:
        _is_no_guest(world, conversation, agent.key)
    agent.serving.append(conversation.id)
    start(world, conversation)
    active = world.conversations.active_by_queue
    active[conversation.queue] = active.get(conversation.queue, 0) + 1
    agent.missed_count = 0
    world.people.to_the_back(agent, now_ms)
    world.touch(agent)
    world.emit(
        ConversationAssigned(
            ConversationId(conversation.id),
            conversation.assignment,
            AgentId(agent.id),
            CustomerId(conversation.customer),
            conversation.queue,
            max(0, now_ms - conversation.start_ms),
        )
    )
    expect(world, conversation)
    if world.in_force.holds_until_assigned and world.conversations.held:
        promote_next(world, world.customer_of(conversation), deferrable=conversation.deferrable)
