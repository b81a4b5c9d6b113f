"""Which of the core's events other systems may be told, under which name and with what.

Owns: the names, which are a contract with those systems, and what each carries: these Structs are
what ``/v1/openapi.json`` has under ``webhooks``.
Does not know: who is told, or how.

Invariants (tests/server/test_hook_events.py): what somebody wrote (a message, a note, a comment) is
in none; reading an event right after its command copies nothing of the core and changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from msgspec import Struct

from router import events
from router.server.sections import HookKind
from router.world import World

__all__ = ["DATA", "KINDS", "Told", "told_of"]


class ToldQueued(Struct, frozen=True):
    """A conversation stands in line, or waits for its customer's turn."""

    conversation: str
    customer: str
    queue: str
    channel: str
    topic: str
    status: str
    cause: str


class ToldAssigned(Struct, frozen=True):
    """An agent has it."""

    conversation: str
    customer: str
    queue: str
    agent: str
    waited_ms: int


class ToldWrapUp(Struct, frozen=True):
    """The customer is gone, and the agent writes up what was done."""

    conversation: str
    agent: str
    wrap_up_ms: int


class ToldEnded(Struct, frozen=True):
    """It is over for everybody, the wrap-up too; told once."""

    conversation: str
    customer: str
    queue: str
    agent: str | None
    reason: str
    code: str
    waited_ms: int
    handled_ms: int


class ToldRated(Struct, frozen=True):
    """The customer rated it; the comment is not told."""

    conversation: str
    score: int


class ToldReplyMissed(Struct, frozen=True):
    """The agent left the customer without an answer for too long."""

    conversation: str
    agent: str
    waited_ms: int
    requeued: bool


class ToldOffer(Struct, frozen=True):
    """It was offered to an agent."""

    offer: str
    conversation: str
    agent: str
    attempt: int


class ToldOfferEnded(Struct, frozen=True):
    """What became of an offer."""

    offer: str
    conversation: str
    agent: str
    outcome: str


class ToldPresence(Struct, frozen=True):
    """An agent is shown as something else."""

    agent: str
    show: str
    before: str
    reason: str


class ToldErased(Struct, frozen=True):
    """A customer was erased: erase there what you keep of them, too."""

    customer: str


class ToldNothing(Struct, frozen=True):
    """No more than that it happened."""


Data = (
    ToldQueued
    | ToldAssigned
    | ToldWrapUp
    | ToldEnded
    | ToldRated
    | ToldReplyMissed
    | ToldOffer
    | ToldOfferEnded
    | ToldPresence
    | ToldErased
    | ToldNothing
)

DATA: Mapping[str, type[Struct]] = {
    "conversation.queued": ToldQueued,
    "conversation.assigned": ToldAssigned,
    "conversation.wrap_up": ToldWrapUp,
    "conversation.ended": ToldEnded,
    "conversation.rated": ToldRated,
    "conversation.reply_missed": ToldReplyMissed,
    "offer.made": ToldOffer,
    "offer.ended": ToldOfferEnded,
    "agent.presence": ToldPresence,
    "customer.erased": ToldErased,
    "policy.changed": ToldNothing,
    "webhook.test": ToldNothing,
}
"""What each event carries, by its name; the last one is sent when somebody tries a hook."""


class Told(NamedTuple):
    """One event for others; ``customer`` is whom it is about, or empty."""

    kind: str
    data: Data
    customer: str = ""


def told_of(world: World, event: events.Event) -> Told | None:
    """What others are told of an event, if anything."""
    tell = _TELLINGS.get(type(event))
    return tell(world, event) if tell is not None else None


def _queued(world: World, event: events.ConversationQueued) -> Told:
    one = world.conversations.by_id[event.conversation]
    data = ToldQueued(
        conversation=event.conversation,
        customer=event.customer,
        queue=event.queue,
        channel=one.channel,
        topic=one.topic,
        status=event.status,
        cause=event.cause,
    )
    return Told("conversation.queued", data, event.customer)


def _assigned(_: World, event: events.ConversationAssigned) -> Told:
    data = ToldAssigned(
        conversation=event.conversation,
        customer=event.customer,
        queue=event.queue,
        agent=event.agent,
        waited_ms=event.waited_ms,
    )
    return Told("conversation.assigned", data, event.customer)


def _wrap_up(_: World, event: events.WrapUpStarted) -> Told:
    data = ToldWrapUp(event.conversation, event.agent, event.wrap_up_ms)
    return Told("conversation.wrap_up", data)


def _ended(world: World, event: events.ConversationEnded) -> Told | None:
    """Once, when it is over for its agent too."""
    if event.wrap_up:
        return None
    one = world.conversations.by_id[event.conversation]
    data = ToldEnded(
        conversation=event.conversation,
        customer=event.customer,
        queue=event.queue,
        agent=one.agent or one.last_agent or None,
        reason=event.reason,
        code=event.code,
        waited_ms=event.waited_ms,
        handled_ms=event.handled_ms,
    )
    return Told("conversation.ended", data, event.customer)


def _rated(_: World, event: events.ConversationRated) -> Told:
    return Told("conversation.rated", ToldRated(event.conversation, event.score))


def _reply_missed(_: World, event: events.ReplyMissed) -> Told:
    data = ToldReplyMissed(event.conversation, event.agent, event.waited_ms, event.requeued)
    return Told("conversation.reply_missed", data)


def _offered(_: World, event: events.OfferMade) -> Told:
    data = ToldOffer(event.offer, event.conversation, event.agent, event.attempt)
    return Told("offer.made", data)


def _offer_ended(_: World, event: events.OfferEnded) -> Told:
    data = ToldOfferEnded(event.offer, event.conversation, event.agent, event.outcome)
    return Told("offer.ended", data)


def _agent(_: World, event: events.AgentChanged) -> Told | None:
    if event.before == event.show:
        return None
    data = ToldPresence(event.agent, event.show, event.before, event.reason)
    return Told("agent.presence", data)


def _erased(_: World, event: events.CustomerErased) -> Told:
    return Told("customer.erased", ToldErased(event.customer))


def _policy(_: World, __: events.PolicyChanged) -> Told:
    return Told("policy.changed", ToldNothing())


_TELLINGS: Mapping[type, Callable[[World, Any], Told | None]] = {
    events.ConversationQueued: _queued,
    events.ConversationAssigned: _assigned,
    events.WrapUpStarted: _wrap_up,
    events.ConversationEnded: _ended,
    events.ConversationRated: _rated,
    events.ReplyMissed: _reply_missed,
    events.OfferMade: _offered,
    events.OfferEnded: _offer_ended,
    events.AgentChanged: _agent,
    events.CustomerErased: _erased,
    events.PolicyChanged: _policy,
}

KINDS = get_args(HookKind)
"""Every name that ``told_of`` gives."""
