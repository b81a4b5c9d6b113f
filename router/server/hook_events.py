"""Which of the core's events other systems may be told, under which name and with what.

Owns: the names, which are a contract with those systems, and what each carries.
Does not know: who is told, or how.

Invariants (tests/server/test_hook_events.py): what somebody wrote (a message, a note, a comment) is
in none; reading an event right after its command copies nothing of the core and changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from router import events
from router.server.sections import HookKind
from router.world import World

__all__ = ["KINDS", "Told", "told_of"]


class Told(NamedTuple):
    """One event for others; ``customer`` is whom it is about, or empty."""

    kind: str
    data: dict[str, Any]
    customer: str = ""


def told_of(world: World, event: events.Event) -> Told | None:
    """What others are told of an event, if anything."""
    tell = _TELLINGS.get(type(event))
    return tell(world, event) if tell is not None else None


def _queued(world: World, event: events.ConversationQueued) -> Told:
    one = world.conversations.by_id[event.conversation]
    data = {
        "conversation": event.conversation,
        "customer": event.customer,
        "queue": event.queue,
        "channel": one.channel,
        "topic": one.topic,
        "status": event.status,
        "cause": event.cause,
    }
    return Told("conversation.queued", data, event.customer)


def _assigned(_: World, event: events.ConversationAssigned) -> Told:
    data = {
        "conversation": event.conversation,
        "customer": event.customer,
        "queue": event.queue,
        "agent": event.agent,
        "waited_ms": event.waited_ms,
    }
    return Told("conversation.assigned", data, event.customer)


def _wrap_up(_: World, event: events.WrapUpStarted) -> Told:
    data = {
        "conversation": event.conversation,
        "agent": event.agent,
        "wrap_up_ms": event.wrap_up_ms,
    }
    return Told("conversation.wrap_up", data)


def _ended(world: World, event: events.ConversationEnded) -> Told | None:
    """Once, when it is over for its agent too."""
    if event.wrap_up:
        return None
    one = world.conversations.by_id[event.conversation]
    data = {
        "conversation": event.conversation,
        "customer": event.customer,
        "queue": event.queue,
        "agent": one.agent or one.last_agent or None,
        "reason": event.reason,
        "code": event.code,
        "waited_ms": event.waited_ms,
        "handled_ms": event.handled_ms,
    }
    return Told("conversation.ended", data, event.customer)


def _rated(_: World, event: events.ConversationRated) -> Told:
    return Told("conversation.rated", {"conversation": event.conversation, "score": event.score})


def _reply_missed(_: World, event: events.ReplyMissed) -> Told:
    data = {
        "conversation": event.conversation,
        "agent": event.agent,
        "waited_ms": event.waited_ms,
        "requeued": event.requeued,
    }
    return Told("conversation.reply_missed", data)


def _offered(_: World, event: events.OfferMade) -> Told:
    data = {
        "offer": event.offer,
        "conversation": event.conversation,
        "agent": event.agent,
        "attempt": event.attempt,
    }
    return Told("offer.made", data)


def _offer_ended(_: World, event: events.OfferEnded) -> Told:
    data = {
        "offer": event.offer,
        "conversation": event.conversation,
        "agent": event.agent,
        "outcome": event.outcome,
    }
    return Told("offer.ended", data)


def _agent(_: World, event: events.AgentChanged) -> Told | None:
    if event.before == event.show:
        return None
    data = {"agent": event.agent, "show": event.show, "before": event.before}
    return Told("agent.presence", {**data, "reason": event.reason})


def _erased(_: World, event: events.CustomerErased) -> Told:
    return Told("customer.erased", {"customer": event.customer})


def _policy(_: World, __: events.PolicyChanged) -> Told:
    return Told("policy.changed", {})


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
