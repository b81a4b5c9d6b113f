"""The core's events as the plain tuples in which the naive router speaks."""

from collections.abc import Callable, Iterable
from typing import Any

from router import events as e
from router.core import Router
from tests.helpers.model import Model
from tests.helpers.model_line import Trace

__all__ = ["state_of_core", "state_of_model", "traced"]


def traced(events: Iterable[e.Event]) -> list[Trace]:
    """What of the events the naive router reports too, in order."""
    return [_TRACES[type(event)](event) for event in events if type(event) in _TRACES]


def _answered(event: e.CommandAnswered) -> Trace:
    answer = event.answer
    if answer.seq is not None:
        return ("done", "seq", answer.seq)
    if answer.conversation is None:
        return ("done",)
    return ("done", answer.conversation, answer.joined, answer.status, answer.ahead)


_TRACES: dict[type, Callable[[Any], Trace]] = {
    e.CommandAnswered: _answered,
    e.CommandRefused: lambda x: ("refused", int(x.code), x.outcome),
    e.ConversationQueued: lambda x: (
        "queued",
        x.conversation,
        x.status,
        x.queue,
        x.key_ms,
        x.cause,
    ),
    e.OfferMade: lambda x: ("offer", x.offer, x.conversation, x.agent, x.attempt, x.auto),
    e.OfferEnded: lambda x: ("offer_ended", x.offer, x.outcome),
    e.ConversationAssigned: lambda x: (
        "assigned",
        x.conversation,
        x.assignment,
        x.agent,
        x.waited_ms,
    ),
    e.ConversationEnded: lambda x: ("ended", x.conversation, x.reason),
    e.WrapUpStarted: lambda x: ("wrap_up", x.conversation, x.agent),
    e.ReplyMissed: lambda x: ("missed", x.conversation, x.agent, x.waited_ms, x.requeued),
    e.CustomerChanged: lambda x: ("customer", x.conversation, x.here),
    e.ConversationForgotten: lambda x: ("forgotten", x.conversation),
    e.MessageAdded: lambda x: ("message", x.conversation, x.seq),
}


def state_of_core(router: Router) -> dict[str, Trace]:
    """Every conversation and every agent, as far as both routers know them."""
    world = router.world
    state: dict[str, Trace] = {}
    for one in world.conversations:
        state[f"conversation {one.id}"] = (
            str(one.status),
            one.queue,
            one.key_ms,
            one.place,
            one.step,
            one.agent,
            one.wanted_agent,
            one.ended_reason,
            one.seq,
            dict(one.passed),
            one.is_quiet,
            world.ahead(one),
        )
    for agent in world.people.agents.values():
        state[f"agent {agent.id}"] = (
            str(agent.show),
            agent.load_cost,
            agent.shunned,
            agent.next_show,
            agent.missed_count,
            agent.soft_offers,
            agent.is_paced,
            agent.idle_since_ms,
            agent.is_signed_in,
        )
    return state


def state_of_model(model: Model) -> dict[str, Trace]:
    """The same of the naive router."""
    state: dict[str, Trace] = {}
    for one in model.conversations.values():
        state[f"conversation {one.name}"] = (
            one.status,
            one.queue,
            one.key,
            one.place,
            one.step,
            one.agent,
            one.only,
            one.reason,
            one.seq,
            one.passed,
            one.quiet,
            model.ahead(one),
        )
    for agent in model.agents.values():
        state[f"agent {agent.name}"] = (
            agent.show,
            model.load(agent.name),
            agent.shunned,
            agent.next,
            agent.missed,
            agent.soft,
            agent.paced,
            agent.idle[0],
            model.signed_in(agent.name),
        )
    return state
