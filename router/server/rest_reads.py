"""What back ends read over HTTP from the core, one function for each path.

Owns: which parameters a read takes, and which view answers it. Does not know: HTTP, tokens, who may
ask what but for what the views themselves see to.

Invariant (tests/server/test_rest_reads.py): a read changes nothing, and what it cannot find or
understand is a refusal that names it.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from router import boards, listings, outgoing
from router.core import Router
from router.errors import Refusal, Refused
from router.explain import explain
from router.server.calls import Caller, Office
from router.shares import shares

__all__ = [
    "PAGE_MAX",
    "Answer",
    "Queues",
    "Reading",
    "read_agent",
    "read_agents",
    "read_conversation",
    "read_conversations",
    "read_explain",
    "read_policy",
    "read_queue",
    "read_queues",
    "read_shares",
]

PAGE_MAX = 500


class Queues(Struct, frozen=True):
    """Every queue with its figures of now."""

    queues: tuple[outgoing.QueueFigures, ...]


class Reading(NamedTuple):
    """A read under way."""

    caller: Caller
    office: Office
    router: Router
    now_ms: int
    path: dict[str, str]
    query: dict[str, str]


Answer = Callable[[Reading], object]
"""Makes the answer of a read."""


def read_conversations(reading: Reading) -> object:
    """Those of now and of the last minutes, a page."""
    query = reading.query
    return listings.conversations(
        reading.router,
        reading.caller.actor,
        status=query.get("status", ""),
        queue=query.get("queue", ""),
        customer=query.get("customer", ""),
        agent=query.get("agent", ""),
        channel=query.get("channel", ""),
        after=query.get("after", ""),
        limit=_limit(query),
    )


def read_conversation(reading: Reading) -> object:
    """One of them."""
    return listings.conversation_row(
        reading.router, reading.caller.actor, reading.path["conversation"]
    )


def read_explain(reading: Reading) -> object:
    """Why one waits or went to whom, or why an agent gets what."""
    return explain(
        reading.router,
        reading.caller.actor,
        reading.now_ms,
        conversation=reading.path.get("conversation", ""),
        agent=reading.path.get("agent") or reading.query.get("agent", ""),
    )


def read_agents(reading: Reading) -> object:
    """The agents, a page."""
    query = reading.query
    return listings.agents(
        reading.router,
        show=query.get("show", ""),
        state=query.get("state", ""),
        name=query.get("name", ""),
        after=query.get("after", ""),
        limit=_limit(query),
    )


def read_agent(reading: Reading) -> object:
    """One of them."""
    agent = reading.router.world.people.agents.get(reading.path["agent"])
    if agent is None:
        raise Refused(Refusal.NOT_FOUND, f"there is no agent {reading.path['agent']!r}")
    return listings.agent_row(reading.router, agent)


def read_shares(reading: Reading) -> object:
    """How work was shared among agents, a page."""
    measures = reading.office.measures(reading.caller.tenant)
    query = reading.query
    after, limit = query.get("after", ""), _limit(query)
    return shares(reading.router, measures, reading.now_ms, after=after, limit=limit)


def read_queues(reading: Reading) -> object:
    """Every queue with its figures."""
    return Queues(boards.queue_figures(reading.router, reading.now_ms))


def read_queue(reading: Reading) -> object:
    """One of them."""
    name = reading.path["queue"]
    found = boards.queue_figures(reading.router, reading.now_ms)
    for figures in found:
        if figures.queue == name:
            return figures
    raise Refused(Refusal.NOT_FOUND, f"there is no queue {name!r}")


def read_policy(reading: Reading) -> object:
    """The policy in force."""
    return reading.router.policy


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", "100")
    is_short = len(text) <= len(str(PAGE_MAX))
    if not (text.isdecimal() and is_short and 1 <= int(text) <= PAGE_MAX):
        raise Refused(Refusal.BAD_REQUEST, f"limit: expected 1 to {PAGE_MAX}")
    return int(text)
