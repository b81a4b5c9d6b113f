"""From an offer to an agent's loss: every consequence on the agents' side.

Owns: what an agent does with an offer and what follows, assignment by hand, transfers, orphans.
Does not know: connections, what customers ask for, or where the line puts anybody.

Invariants: whoever loses an agent keeps the key; a decliner or a misser goes to the back of the
idle order, and nobody else does for an offer that came to nothing.
"""

from router.assignments import Decision, pack
from router.closing import close_offer, complete_wrap_up, end_offer, take_from_agent
from router.commands import TransferConversation
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.events import ConversationUpdated, OfferSeen
from router.ids import AgentId, ConversationId, OfferId, PersonKey
from router.offering import give, hold
from router.offers import Offer
from router.placing import come_back, enqueue, leave_line, refuse_agent
from router.presence import Agent
from router.skills import Requirement, SkillLevels
from router.snoozes import forget_snooze
from router.states import ConversationState
from router.world import World

__all__ = [
    "accept",
    "assign_by_hand",
    "decline",
    "expire",
    "orphan_all",
    "revoke_pending",
    "see",
    "send_back",
    "transfer",
    "undeliver",
]

SHUN_MS = 30_000
"""After an undelivered offer an agent is not asked for this long, unless a device speaks up."""


def see(world: World, agent: Agent, offer_id: str) -> None:
    """The offer is on the agent's screen; a direct one is accepted by that.

    Raises:
        Refused: OFFER_GONE or NOT_FOUND.
    """
    offer = world.offers.pending_of(offer_id, agent.id)
    if offer.auto:
        accept(world, agent, offer_id)
        return
    _mark_seen(world, offer)


def _mark_seen(world: World, offer: Offer) -> None:
    if not offer.is_seen:
        offer.is_seen = True
        world.timers.cancel("offer_seen", offer.id)
        world.emit(OfferSeen(OfferId(offer.id), AgentId(offer.agent)))


def accept(world: World, agent: Agent, offer_id: str) -> None:
    """The agent takes the offered conversation.

    Raises:
        Refused: OFFER_GONE or NOT_FOUND.
    """
    offer = world.offers.pending_of(offer_id, agent.id)
    conversation = world.conversations.by_id[offer.conversation]
    conversation.turn("accept")
    close_offer(world, offer_id, "accept")
    leave_line(world, conversation)
    give(world, conversation, agent)
    world.assignments.keep(conversation.assignment, offer.decision)


def decline(world: World, agent: Agent, offer_id: str) -> None:
    """The agent does not take it: back of the idle order, and another one is asked.

    Raises:
        Refused: OFFER_GONE, NOT_FOUND, or INVALID_TRANSITION for a direct assignment.
    """
    offer = world.offers.pending_of(offer_id, agent.id)
    if offer.auto:
        raise Refused(Refusal.INVALID_TRANSITION, "a direct assignment cannot be declined")
    refuse_agent(world, world.conversations.by_id[offer.conversation], agent.id)
    world.people.to_the_back(agent, world.now_ms)
    agent.missed_count = 0
    end_offer(world, offer_id, "decline")


def expire(world: World, offer_id: str) -> None:
    """The agent saw the offer and did not answer in time: a missed one."""
    offer = world.offers.pending[offer_id]
    if not offer.is_seen:
        undeliver(world, offer_id)
        return
    agent = world.people.agents[offer.agent]
    refuse_agent(world, world.conversations.by_id[offer.conversation], agent.id)
    world.people.to_the_back(agent, world.now_ms)
    agent.missed_count += 1
    if agent.missed_count >= world.policy.missed_offers_max:
        agent.missed_count = 0
        agent.trigger("miss_offer", "missed", world.now_ms)
        world.timers.cancel("agent_until", agent.id)
    end_offer(world, offer_id, "expire")


def undeliver(world: World, offer_id: str) -> None:
    """The offer never reached a screen: the next agent is asked, without penalty for this one."""
    agent = world.people.agents[world.offers.pending[offer_id].agent]
    agent.shunned = True
    world.timers.set("agent_shunned", agent.id, world.now_ms + SHUN_MS)
    end_offer(world, offer_id, "lose")


def revoke_pending(world: World, agent: Agent) -> None:
    """The agent is no longer available, so a pending offer goes to the next one."""
    if agent.offer:
        end_offer(world, agent.offer, "revoke")


def assign_by_hand(
    world: World, conversation: Conversation, agent: Agent, *, supervised: bool = True
) -> None:
    """The conversation is given to an agent without being asked.

    What another agent was asked for is then revoked by the supervisor; where it was no supervisor,
    a service brings what an agent took on a way of their own, and so was first.

    Raises:
        Refused: CAPACITY_FULL, where the agent has no room; INVALID_TRANSITION, where the
            conversation is over, the agent has it already or is not signed in.
    """
    if not conversation.can("assign") or conversation.agent == agent.id:
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    if not world.pool.knows(agent.id):
        raise Refused(Refusal.INVALID_TRANSITION, f"{agent.id} is not signed in")
    is_snoozed = conversation.status is ConversationState.SNOOZED
    before = conversation.last_agent if is_snoozed else conversation.agent
    offered_here = bool(conversation.offer) and conversation.offer == agent.offer
    channel, policy = conversation.channel, world.policy
    if not offered_here and not agent.may_hold(
        channel, world.cost(channel), policy.capacity, channel in policy.interrupts
    ):
        raise Refused(Refusal.CAPACITY_FULL, f"{agent.id} has no room for another {channel}")
    if offered_here:
        conversation.turn("assign")
        close_offer(world, conversation.offer, "revoke")
    else:
        if conversation.offer:
            end_offer(world, conversation.offer, "revoke" if supervised else "lose_race")
        if conversation.agent:
            take_from_agent(world, conversation)
        conversation.turn("assign")
        forget_snooze(world, conversation)
        hold(world, agent, conversation)
    leave_line(world, conversation)
    give(world, conversation, agent)
    decision = Decision(conversation.id, agent.id, world.position, world.now_ms, "by_hand", ())
    world.assignments.keep(conversation.assignment, pack(decision))
    if before and before != agent.id:
        _tell_former(world, conversation, before)


def _tell_former(world: World, conversation: Conversation, before: str) -> None:
    """The agent who had it learns who has it now."""
    changes: tuple[tuple[str, str | int | bool | None], ...] = (
        ("agent", conversation.agent),
        ("why", "assigned"),
    )
    reader = PersonKey(f"agent:{before}")
    world.emit(ConversationUpdated(ConversationId(conversation.id), changes, (reader,)))


def transfer(world: World, conversation: Conversation, command: TransferConversation) -> None:
    """Back in line with its original age: in a queue, for a skill, or for one agent for a while.

    Raises:
        Refused: NOT_FOUND for an unknown queue or agent, or a skill that nobody here has;
            INVALID_TRANSITION where the conversation is not active; BAD_REQUEST where the queue
            does not take its channel; CLOSED.
    """
    if not conversation.can("transfer"):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    agent, queue = command.agent or "", command.queue
    if agent:
        if agent not in world.directory:
            world.agent(agent)
        if agent == conversation.agent:
            raise Refused(Refusal.BAD_REQUEST, "to: it is with this agent already")
    elif queue:
        _check_queue(world, conversation, queue)
    needs: SkillLevels = ((command.skill, command.level),) if command.skill else ()
    if needs and not world.pool.can_meet(Requirement(needs)):
        raise Refused(Refusal.NOT_FOUND, f"to: nobody here has the skill {command.skill!r}")
    giver = world.people.agents[conversation.agent]
    if command.note:
        conversation.check_room()
    _pass_to(world, conversation, queue, agent, needs)
    refuse_agent(world, conversation, giver.id)


def _check_queue(world: World, conversation: Conversation, queue: str) -> None:
    if conversation.channel not in world.queue(queue).channels:
        raise Refused(Refusal.BAD_REQUEST, f"to: {queue} does not take {conversation.channel}")
    if queue in world.closed_queues:
        raise Refused(Refusal.CLOSED, f"to: {queue} is closed", fallback="")


def _pass_to(
    world: World, conversation: Conversation, queue: str, agent: str, needs: SkillLevels
) -> None:
    readers = conversation.readers()
    take_from_agent(world, conversation)
    conversation.turn("transfer")
    if queue:
        conversation.queue = queue
    if queue or needs or conversation.own_alone:
        conversation.own_needs = needs
    conversation.own_alone = bool(needs)
    conversation.wanted_agent = agent
    conversation.declined.pop(agent, None)  # who is named is asked, whatever they said before
    enqueue(world, conversation, "transferred")
    if agent:
        due_ms = world.now_ms + world.policy.transfer_wait_ms
        world.timers.set("transfer_wait", conversation.id, due_ms)
    _tell_waiting(world, conversation, "transferred", readers)


def send_back(world: World, conversation: Conversation, why: str) -> None:
    """Takes an active conversation from its agent and puts it back in line with its key."""
    readers = conversation.readers()
    take_from_agent(world, conversation)
    conversation.turn("orphan")
    come_back(world, conversation)
    _tell_waiting(world, conversation, why, readers)


def _tell_waiting(
    world: World, conversation: Conversation, cause: str, readers: tuple[PersonKey, ...]
) -> None:
    changes: tuple[tuple[str, str | int | bool | None], ...] = (
        ("status", conversation.status),
        ("queue", conversation.queue),
        ("why", cause),
    )
    world.emit(ConversationUpdated(ConversationId(conversation.id), changes, readers))


def orphan_all(world: World, agent: Agent) -> None:
    """The agent is gone: active conversations go back in line, wrap-ups are closed."""
    for name in list(agent.serving):
        conversation = world.conversations.by_id[name]
        if conversation.status is ConversationState.ACTIVE:
            send_back(world, conversation, "returned")
        elif conversation.status is ConversationState.WRAP_UP:
            complete_wrap_up(world, conversation)
