"""Answers why: why a conversation waits, why an agent was chosen, why one gets nothing.

Owns: the explanations of protocol section 8, from the state and the kept decisions.
Does not know: sockets, sessions, encodings.

Invariants (tests/test_explain.py): a read changes nothing; every agent is counted under exactly
one reason; while a conversation waits nobody is ``free`` for it, unless its customer is away; what
is said of a decision is what was decided, not what would be decided now.

Reasons are told in the order in which they would have to change: first what the agent can do at
all, then presence, then room, then the offer under way and the answer given before.
Counting agents looks at each once (about 1 µs); abilities are compared once for each profile.
"""

from collections.abc import Callable

import msgspec

from router.assignments import Decision
from router.commands import Actor
from router.conversations import Conversation
from router.core import Router
from router.errors import Refusal, Refused
from router.explained import (
    Explained,
    ExplainedAgent,
    ExplainedAssignment,
    ExplainedCandidate,
    ExplainedConversation,
    ExplainedWait,
)
from router.holding import first_in_line
from router.outlook import outlook
from router.placing import requirement_of
from router.policy import Weights
from router.presence import Agent
from router.queue import NOBODY
from router.relations import theirs, watches
from router.room import is_kept_from
from router.skills import Profile, shortfall
from router.states import ConversationState, Reachability, Show
from router.world import World

__all__ = ["explain", "explain_agent", "explain_assignment", "explain_conversation"]


def explain(
    router: Router,
    actor: Actor,
    now_ms: int,
    *,
    conversation: str = "",
    agent: str = "",
    assignment: str = "",
) -> Explained:
    """Explains what a message names, if this person may ask.

    Raises:
        Refused: BAD_REQUEST where nothing is named, NOT_FOUND, or FORBIDDEN.
    """
    world = router.world
    if actor.role == "customer":
        return _explain_to_customer(world, actor, conversation, agent or assignment)
    if agent:
        _must_be_of_teams(world, actor, agent)
    if conversation:
        theirs(world, actor, "explain", conversation)
        return _for(actor, explain_conversation(router, conversation, agent or None, now_ms))
    if assignment:
        found = explain_assignment(router, assignment)
        if found.conversation in world.conversations.by_id:
            theirs(world, actor, "explain", found.conversation)
        else:
            _must_be_of_teams(world, actor, found.agent)
        return _for(actor, found)
    if agent:
        return explain_agent(router, agent, now_ms)
    raise Refused(Refusal.BAD_REQUEST, "conversation: name a conversation, agent or assignment")


def _explain_to_customer(world: World, actor: Actor, conversation: str, other: str) -> Explained:
    """What a customer may know of their own conversation."""
    if other:
        raise Refused(Refusal.FORBIDDEN, "customers ask about their own conversations alone")
    found = theirs(world, actor, "explain", conversation)
    if found.is_in_line or found.status is ConversationState.HELD:
        return outlook(world, found)
    status = "ended" if found.is_over else found.status
    return ExplainedConversation(found.id, status, found.ended_reason or None)


def _for(actor: Actor, found: Explained) -> Explained:
    """As this person may read it: to an agent the others who were considered have no names."""
    if actor.role != "agent" or not isinstance(found, ExplainedAssignment):
        return found
    candidates = tuple(
        one if one.agent == actor.id else msgspec.structs.replace(one, agent="")
        for one in found.candidates
    )
    return msgspec.structs.replace(found, candidates=candidates)


def _must_be_of_teams(world: World, actor: Actor, agent: str) -> None:
    if actor.role == "agent":
        if agent != actor.id:
            raise Refused(Refusal.FORBIDDEN, "agents ask about themselves")
        return
    known = world.agent(agent)
    if actor.role == "supervisor" and not watches(world, actor, known.id):
        raise Refused(Refusal.FORBIDDEN, "this agent is not of your teams")


def explain_conversation(
    router: Router, conversation: str, agent: str | None, now_ms: int
) -> Explained:
    """Why a conversation waits; where it has an agent, why this one.

    Raises:
        Refused: NOT_FOUND for an unknown conversation or agent.
    """
    world = router.world
    found = world.conversations.find(conversation)
    if found.is_in_line or found.status is ConversationState.HELD:
        return _explain_wait(world, found, agent, now_ms)
    decision = world.assignments.find(found.assignment)
    if decision is not None:
        return _explain_decision(found.assignment, decision)
    return ExplainedConversation(found.id, found.status, found.ended_reason or None)


def _explain_wait(
    world: World, conversation: Conversation, agent: str | None, now_ms: int
) -> ExplainedWait:
    queue = world.queues.get(conversation.queue)
    asked = requirement_of(world, conversation)
    offer = world.offers.pending.get(conversation.offer)
    ahead = world.ahead(conversation)
    deferred_ms = queue.defer_ms if queue is not None and conversation.deferrable else 0
    why_not = _reasoner(world, conversation)
    timer = world.timers.due_ms
    return ExplainedWait(
        conversation=conversation.id,
        status=conversation.status,
        queue=conversation.queue,
        channel=conversation.channel,
        key_ms=conversation.key_ms,
        arrived_at=conversation.arrived_ms,
        waited_ms=max(0, now_ms - conversation.arrived_ms),
        start_at=conversation.start_ms,
        head_start_ms=conversation.start_ms - conversation.key_ms,
        klass=conversation.klass,
        step=conversation.step,
        steps=len(queue.steps) if queue is not None else 0,
        needs=dict(asked.needs),
        languages=dict(asked.languages),
        agents={} if agent is not None else _count(world, why_not),
        promoted=conversation.start_ms - deferred_ms > conversation.arrived_ms,
        deferred_ms=deferred_ms,
        lent_ms=_lent_ms(world, conversation),
        capped_class=conversation.capped_class,
        preferred=dict((*conversation.preferred_needs, *conversation.preferred_languages)),
        avoid=conversation.avoid,
        expires_at=timer("wait_max", conversation.id),
        position=None if ahead is None else ahead + 1,
        ahead=ahead,
        away=conversation.parked,
        next_step_at=timer("step", conversation.id),
        only_agent=conversation.wanted_agent or None,
        only_agent_until=timer("transfer_wait", conversation.id) if asked.agent else None,
        offered_to=offer.agent if offer is not None else None,
        held_behind=_held_behind(world, conversation),
        rules=conversation.rules,
        agent=agent,
        why_not=None if agent is None else why_not(world.agent(agent)),
    )


def _lent_ms(world: World, conversation: Conversation) -> int:
    """What of its head start is not its own class's."""
    head_start_ms = conversation.start_ms - conversation.key_ms
    return max(0, head_start_ms - world.head_start_ms(conversation.klass))


def _held_behind(world: World, conversation: Conversation) -> str | None:
    if conversation.status is not ConversationState.HELD:
        return None
    customer = world.customer_of(conversation)
    first = first_in_line(world, customer, deferrable=conversation.deferrable)
    return first.id if first is not None else None


def _count(world: World, why_not: Callable[[Agent], str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for agent in world.people.agents.values():
        reason = why_not(agent)
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def _reasoner(world: World, conversation: Conversation) -> Callable[[Agent], str]:
    """Makes the function that says why an agent does not take a conversation now."""
    asked = requirement_of(world, conversation)
    unable: dict[Profile, str | None] = {}
    channel = conversation.channel

    def why_not(agent: Agent) -> str:
        if asked.agent and agent.id != asked.agent:
            return "other_agent"
        profile = agent.profile
        if profile not in unable:
            unable[profile] = shortfall(profile, asked)
        ability = unable[profile]
        if ability is not None and not asked.agent:
            return ability
        if agent.id in conversation.avoid:
            return "avoided"
        reason = _not_there(agent) or _no_room(world, agent, channel)
        return reason or _not_now(world, agent, conversation) or "free"

    return why_not


def _not_now(world: World, agent: Agent, conversation: Conversation) -> str | None:
    if agent.offer:
        return "offer_pending"
    if agent.is_paced:
        return "soft_start"
    if conversation.declined.get(agent.id, 0) > world.now_ms:
        return "declined"
    return "keeps_room" if is_kept_from(world, agent.id, conversation) else None


def _not_there(agent: Agent) -> str | None:
    if agent.reach is not Reachability.REACHABLE or agent.shunned:
        return "unreachable"
    if agent.show is not Show.AVAILABLE or agent.next_show is not None:
        return "not_available"
    return None


def _no_room(world: World, agent: Agent, channel: str) -> str | None:
    if not agent.channels.get(channel, True):
        return "channel_off"
    policy = world.policy
    interrupts = channel in policy.interrupts
    if agent.may_hold(channel, world.cost(channel), policy.capacity, interrupts):
        return None
    return "offer_pending" if agent.offer else "full"


def explain_assignment(router: Router, assignment: str) -> ExplainedAssignment:
    """Why this agent was chosen.

    Raises:
        Refused: NOT_FOUND, where there was none, or too many came after it.
    """
    decision = router.world.assignments.find(assignment)
    if decision is None:
        raise Refused(Refusal.NOT_FOUND, "there is no such assignment, or it is too old")
    return _explain_decision(assignment, decision)


def _explain_decision(assignment: str, decision: Decision) -> ExplainedAssignment:
    return ExplainedAssignment(
        assignment=assignment,
        conversation=decision.conversation,
        agent=decision.agent,
        position=decision.position,
        chosen_at=decision.at_ms,
        rule=decision.rule,
        candidates=tuple(
            ExplainedCandidate(
                agent=one.agent,
                score=one.score,
                language=one.language,
                proficiency=one.proficiency,
                history=one.history,
                load=one.load,
                flexibility=one.flexibility,
                idle_since_at=one.idle_since_ms,
                relation=one.relation,
                topic=one.topic,
            )
            for one in decision.candidates
        ),
        weights=dict(zip(Weights.__struct_fields__, decision.weights, strict=False)),
        band=decision.band,
    )


def explain_agent(router: Router, agent: str, now_ms: int) -> ExplainedAgent:
    """Why an agent gets no offers, and which conversation would be next.

    Raises:
        Refused: NOT_FOUND.
    """
    world = router.world
    known = world.agent(agent)
    away = _not_there(known)
    defaults = world.policy.capacity
    could_take, following = _prospects(world, known)
    return ExplainedAgent(
        agent=known.id,
        show=known.show,
        effective=known.seen_show(),
        reason=known.seen_reason(),
        channels={channel: _no_room(world, known, channel) or "free" for channel in world.channels},
        load={**known.load, "total": known.load_cost},
        capacity={name: known.capacity_of(name, defaults) for name in (*world.channels, "total")},
        could_take=could_take,
        serving=tuple(known.serving),
        why_not=away or known.why_not(),
        offer=known.offer or None,
        next=following,
        next_show=known.next_show,
        idle_ms=max(0, now_ms - known.idle_since_ms) if world.pool.is_free(known.id) else None,
        keeps_room_for=tuple(world.keepers.get(known.id, ())),
        soft_offers=known.soft_offers,
        quiet_per_mille=dict(known.eased),
    )


def _prospects(world: World, agent: Agent) -> tuple[int, str | None]:
    """How many in line the agent could serve, and the first of them who may be asked."""
    if not world.pool.knows(agent.id):
        return 0, None
    count = 0
    first = NOBODY
    for lane in world.pool.lanes_for(agent.id):
        if not agent.channels.get(lane.channel, True):
            continue
        count += len(lane)
        for place in lane:
            if place >= first:
                break
            one = world.conversations.by_id[place[2]]
            if agent.id not in one.avoid and one.declined.get(agent.id, 0) <= world.now_ms:
                first = place
                break
    return count, first[2] or None
