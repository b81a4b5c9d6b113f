"""Ends: of offers, of conversations in line, of active ones, of wrap-ups; and what they free.

Owns: how an offer is closed and its conversation stands again, how a conversation ends and is
forgotten later, how an agent loses one. Does not know: who wants the end, or why.

Invariants: an offer that ended without acceptance leaves its conversation in line with its key,
or ended; an agent's capacity is given back exactly once; the readers of an end are those who
took part.
"""

from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.events import ConversationEnded, ConversationForgotten, OfferEnded, WrapUpStarted
from router.forgetting import let_rest
from router.guests import dismiss
from router.help_calls import settle_call
from router.holding import promote_next
from router.ids import AgentId, ConversationId, CustomerId, OfferId, PersonKey
from router.offering import let_go
from router.offers import Offer
from router.placing import leave_line, rejoin
from router.presence import Agent, Customer, Meeting
from router.quiet import wake
from router.replies import stop
from router.snoozes import forget_snooze
from router.states import FINAL_CONVERSATION, ConversationState, OfferState, Reachability
from router.world import World

__all__ = [
    "abandon",
    "close_offer",
    "complete_wrap_up",
    "end",
    "end_offer",
    "forget",
    "read_answers",
    "take_from_agent",
]

FORGET_MS = 600_000
"""An ended conversation stays in memory for this long, for ``seen``, ratings and late ``op``s."""

MEETINGS_MAX = 20
"""How many past assignments are remembered of a customer."""


def end_offer(world: World, offer_id: str, trigger: str) -> Offer:
    """Ends a pending offer for any reason but acceptance, and lets its conversation stand again.

    Nothing but the offer and the places change; whether the agent is blamed is the caller's.
    """
    offer, outcome = close_offer(world, offer_id, trigger)
    agent = world.people.agents[offer.agent]
    conversation = world.conversations.by_id[offer.conversation]
    let_go(world, agent, conversation)
    if outcome is not OfferState.WITHDRAWN:
        conversation.turn("lapse")
        rejoin(world, conversation, "returned")
    return offer


def close_offer(world: World, offer_id: str, trigger: str) -> tuple[Offer, OfferState]:
    """Ends a pending offer and tells its agent; the capacity is still taken."""
    offer, outcome = world.offers.end(offer_id, trigger)
    agent = world.people.agents[offer.agent]
    conversation = world.conversations.by_id[offer.conversation]
    agent.offer = conversation.offer = ""
    world.timers.cancel("offer_seen", offer_id)
    world.timers.cancel("offer_expire", offer_id)
    world.touch(agent)
    world.emit(
        OfferEnded(
            OfferId(offer.id), ConversationId(offer.conversation), AgentId(agent.id), outcome
        )
    )
    return offer, outcome


def take_from_agent(world: World, conversation: Conversation, outcome: str = "passed_on") -> Agent:
    """An ACTIVE or WRAP_UP conversation's agent has it no longer; ``outcome``: but for an end."""
    agent = world.people.agents[conversation.agent]
    stop(world, conversation)
    settle_call(world, conversation, "over")
    agent.serving.remove(conversation.id)
    _note_meeting(world, conversation, outcome)
    wake(world, conversation)
    let_go(world, agent, conversation)
    world.people.to_the_back(agent, world.now_ms)
    if conversation.status is ConversationState.ACTIVE:
        world.conversations.active_by_queue[conversation.queue] -= 1
    conversation.agent = ""
    conversation.wrap_up_due_ms = None
    world.timers.cancel("wrap_up", conversation.id)
    return agent


def _note_meeting(world: World, conversation: Conversation, outcome: str) -> None:
    met = world.customer_of(conversation).met
    if met:
        met[:] = [meeting for meeting in met if meeting.conversation != conversation.id]
    met.append(
        Meeting(
            conversation.id,
            conversation.agent,
            world.now_ms,
            conversation.topic,
            conversation.ended_reason or outcome,
            conversation.rating,
            conversation.wrap_up_code,
        )
    )
    if len(met) > MEETINGS_MAX:
        del met[:-MEETINGS_MAX]


def abandon(world: World, conversation: Conversation, reason: str) -> None:
    """The customer leaves the line, cancels, or is lost; a pending offer is withdrawn.

    Raises:
        Refused: INVALID_TRANSITION, where it is not held, waiting or offered.
    """
    trigger = "expire" if reason == "expired" else "abandon"
    if not conversation.can(trigger):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    if conversation.offer:
        end_offer(world, conversation.offer, "withdraw")
    conversation.turn(trigger)
    leave_line(world, conversation)
    _close(world, conversation, reason)


def end(world: World, conversation: Conversation, reason: str, *, no_wrap_up: bool = False) -> None:
    """Ends an active conversation; where its queue has a wrap-up, the agent keeps that.

    Args:
        world: The state.
        conversation: Which.
        reason: In the protocol's word.
        no_wrap_up: The agent wants none, which counts where it is optional.

    Raises:
        Refused: INVALID_TRANSITION, where it is neither active nor snoozed.
    """
    if not conversation.can("close"):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    if conversation.status is ConversationState.SNOOZED:  # nobody has it, so nobody works it up
        forget_snooze(world, conversation)
        conversation.turn("close")
        _close(world, conversation, reason)
        return
    rules = world.in_force.queue(conversation.queue)
    is_free, wrap_up_ms = rules.wrap_up == "free", rules.wrap_up_ms
    conversation.ended_reason = reason
    if not (is_free or wrap_up_ms) or (no_wrap_up and rules.wrap_up == "optional"):
        conversation.wrap_up_code = rules.wrap_up_default if rules.wrap_up == "optional" else ""
        take_from_agent(world, conversation)
        conversation.turn("close")
        _close(world, conversation, reason)
        return
    wake(world, conversation)
    agent = AgentId(conversation.agent)
    world.conversations.active_by_queue[conversation.queue] -= 1
    stop(world, conversation)
    settle_call(world, conversation, "over")
    conversation.turn("wrap_up")
    conversation.wrap_up_since_ms = world.now_ms
    if not is_free:
        conversation.wrap_up_due_ms = world.now_ms + wrap_up_ms
        world.timers.set("wrap_up", conversation.id, conversation.wrap_up_due_ms)
    customer = PersonKey(f"customer:{conversation.customer}")
    others = tuple(key for key in conversation.readers() if key != f"agent:{agent}")
    _tell_end(world, conversation, reason, (customer, *others[1:]))
    dismiss(world, conversation)
    world.emit(WrapUpStarted(ConversationId(conversation.id), agent, wrap_up_ms))
    _leave_customer(world, conversation)


def complete_wrap_up(world: World, conversation: Conversation) -> None:
    """The agent is done, or the time over: it is closed, under a code, and the capacity free.

    Raises:
        Refused: INVALID_TRANSITION, where it is not in wrap-up.
    """
    if not conversation.can("complete"):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")
    reader = PersonKey(f"agent:{conversation.agent}")
    if not conversation.wrap_up_code:
        conversation.wrap_up_code = world.in_force.queue(conversation.queue).wrap_up_default
    take_from_agent(world, conversation)
    conversation.turn("complete")
    _tell_end(world, conversation, conversation.ended_reason, (reader,))
    _schedule_forgetting(world, conversation)


def _close(world: World, conversation: Conversation, reason: str) -> None:
    conversation.ended_reason = reason
    _tell_end(world, conversation, reason, _last_readers(conversation))
    dismiss(world, conversation)
    _leave_customer(world, conversation)
    _schedule_forgetting(world, conversation)


def _last_readers(conversation: Conversation) -> tuple[PersonKey, ...]:
    """Everybody who took part, the agent included who has just been freed."""
    readers, last = conversation.readers(), conversation.last_agent
    if not last or last == conversation.agent:
        return readers
    return (*readers, PersonKey(f"agent:{last}"))


def _tell_end(
    world: World, conversation: Conversation, reason: str, readers: tuple[PersonKey, ...]
) -> None:
    accepted_ms = conversation.first_assigned_at_ms
    waited_until_ms = world.now_ms if accepted_ms is None else accepted_ms
    world.emit(
        ConversationEnded(
            ConversationId(conversation.id),
            CustomerId(conversation.customer),
            conversation.queue,
            reason,
            waited_until_ms - conversation.arrived_ms,
            0 if accepted_ms is None else world.now_ms - accepted_ms,
            readers,
            conversation.status is ConversationState.WRAP_UP,
            conversation.wrap_up_code,
        )
    )


def _leave_customer(world: World, conversation: Conversation) -> None:
    """It is no longer among the customer's open ones, so the next one held may stand."""
    customer = world.customer_of(conversation)
    customer.open.remove(conversation.id)
    if _is_news(conversation, customer):
        customer.answered.append(conversation.id)
    promote_next(world, customer, deferrable=conversation.deferrable)


def _schedule_forgetting(world: World, conversation: Conversation) -> None:
    assert conversation.status in FINAL_CONVERSATION
    conversation.ended_at_ms = world.now_ms
    world.timers.cancel("refusal", conversation.id)
    kept_ms = FORGET_MS
    customer = world.customer_of(conversation)
    is_here = customer.reach is Reachability.REACHABLE
    if conversation.id in customer.answered and not is_here:
        kept_ms = max(FORGET_MS, world.in_force.answer_kept_ms)
    world.timers.set("forget", conversation.id, world.now_ms + kept_ms)


def _is_news(conversation: Conversation, customer: Customer) -> bool:
    """Whether a message was answered that its customer, who is not there, has not seen."""
    answered_later = conversation.is_message or conversation.was_snoozed
    if not answered_later or customer.reach is Reachability.REACHABLE:
        return False
    return conversation.read.get(customer.key, 0) < conversation.seq


def read_answers(world: World, customer: Customer) -> None:
    """The customer is back and is shown what was answered: from now on it is like any other."""
    soon_ms = world.now_ms + FORGET_MS
    for name in customer.answered:
        if (world.timers.due_ms("forget", name) or 0) > soon_ms:
            world.timers.set("forget", name, soon_ms)


def forget(world: World, conversation_id: str) -> None:
    """An ended conversation leaves the memory; its customer may follow, when there are too many."""
    conversation = world.conversations.forget(conversation_id)
    customer = world.customer_of(conversation)
    if conversation_id in customer.answered:
        customer.answered.remove(conversation_id)
    let_rest(world, customer)
    world.emit(ConversationForgotten(ConversationId(conversation.id)))
