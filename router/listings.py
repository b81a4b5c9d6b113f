"""What back ends read over HTTP: conversations and agents as rows, in pages.

Owns: the rows, the order of pages, the cursor. Does not know: HTTP, tokens, transcripts.

Invariants (tests/test_listings.py): following the cursor shows every row that was there all the
time exactly once; a supervisor of teams sees their agents' conversations and those that nobody has;
a read changes nothing.
"""

from collections.abc import Collection
from itertools import islice

from msgspec import Struct

from router.boards import AGENT_STATES, agent_state
from router.commands import Actor
from router.conversations import Conversation
from router.core import Router
from router.errors import Refusal, Refused
from router.fields import ID_MAX
from router.presence import Agent
from router.relations import theirs
from router.states import Show
from router.suggestions import did_you_mean

__all__ = [
    "AgentRow",
    "Agents",
    "ConversationRow",
    "Conversations",
    "agent_row",
    "agents",
    "conversation_row",
    "conversations",
]


WORDS_MAX = 20
"""So many are named where another was asked for."""
STATUSES = ("held", "waiting", "offered", "active", "snoozed", "wrap_up", "ended")


class ConversationRow(Struct, frozen=True, omit_defaults=True):
    """A conversation without what was said in it; instants in ms since 1970 UTC."""

    conversation: str
    status: str
    queue: str
    channel: str
    customer: str
    arrived_at: int
    topic: str = ""
    priority: str = ""
    agent: str = ""
    attempt: int = 0
    assigned_at: int | None = None
    ended_at: int | None = None
    reason: str = ""
    rating: int | None = None


class AgentRow(Struct, frozen=True, omit_defaults=True):
    """An agent as back ends see them; ``capacity`` by channel and in ``total``.

    ``state`` is what they are doing, as in presence topics, and empty while they are offline;
    ``load`` counts the places that are used of the total.
    """

    agent: str
    show: str
    since_at: int
    name: str = ""
    reason: str = ""
    teams: tuple[str, ...] = ()
    skills: dict[str, int] = {}
    languages: dict[str, int] = {}
    serving: tuple[str, ...] = ()
    capacity: dict[str, int] = {}
    state: str = ""
    load: int = 0


class Conversations(Struct, frozen=True):
    """A page of conversations, oldest first; ``next`` is the cursor, or null at the end."""

    conversations: tuple[ConversationRow, ...]
    next: str | None


class Agents(Struct, frozen=True):
    """A page of agents by id; ``next`` is the cursor, or null at the end."""

    agents: tuple[AgentRow, ...]
    next: str | None


def conversation_row(router: Router, by: Actor, conversation: str) -> ConversationRow:
    """One conversation.

    Raises:
        Refused: NOT_FOUND or FORBIDDEN, as for ``explain``.
    """
    return _row(theirs(router.world, by, "explain", conversation))


def conversations(
    router: Router,
    by: Actor,
    *,
    status: str = "",
    queue: str = "",
    customer: str = "",
    agent: str = "",
    channel: str = "",
    after: str = "",
    limit: int = 100,
) -> Conversations:
    """A page of the conversations that the core remembers, by arrival.

    Args:
        router: The tenant's core.
        by: Who reads.
        status: Only those in it.
        queue: Only those of it.
        customer: Only theirs.
        agent: Only those that the agent has, or had last.
        channel: Only those of it.
        after: The cursor of the page before.
        limit: How many at most.

    Raises:
        Refused: BAD_REQUEST for a status or queue that there is not, or a cursor that is none.
    """
    _check_word("status", status, STATUSES)
    _check_word("queue", queue, router.world.queues)
    start_ms, start_id = _cursor(after)
    found: list[Conversation] = []
    for one in router.world.conversations:
        # They stand in the order of their arrival, but for those of one millisecond.
        if len(found) > limit and one.arrived_ms > found[-1].arrived_ms:
            break
        is_wanted = (
            (one.arrived_ms, one.id) > (start_ms, start_id)
            and (not status or _status(one) == status)
            and (not queue or one.queue == queue)
            and (not customer or one.customer == customer)
            and (not agent or (one.agent or one.last_agent) == agent)
            and (not channel or one.channel == channel)
        )
        if is_wanted and _may_see(router, by, one):
            found.append(one)
    found.sort(key=lambda one: (one.arrived_ms, one.id))
    page = found[:limit]
    more = f"{page[-1].arrived_ms}.{page[-1].id}" if len(found) > limit else None
    return Conversations(tuple(map(_row, page)), more)


def agents(
    router: Router,
    *,
    show: str = "",
    state: str = "",
    name: str = "",
    after: str = "",
    limit: int = 100,
) -> Agents:
    """A page of the agents whom the core knows, by id.

    Args:
        router: The tenant's core.
        show: Only those shown as this.
        state: Only those who are doing this; who is offline does nothing.
        name: Only those whose name or id has this in it, in capitals or not.
        after: The cursor of the page before.
        limit: How many at most.

    Raises:
        Refused: BAD_REQUEST for a show or a state that there is not.
    """
    _check_word("show", show, tuple(Show))
    _check_word("state", state, AGENT_STATES)
    people = router.world.people.agents
    known = (people[one] for one in sorted(one for one in people if one > after))
    wanted = (
        agent
        for agent in known
        if (not show or agent.seen_show() == show)
        and (not state or _state(router, agent) == state)
        and (not name or name.casefold() in f"{agent.name} {agent.id}".casefold())
    )
    found = list(islice(wanted, limit + 1))
    page = found[:limit]
    rows = tuple(agent_row(router, agent) for agent in page)
    return Agents(rows, page[-1].id if len(found) > limit else None)


def _check_word(name: str, word: str, known: Collection[str]) -> None:
    """Nothing where there is such a word, or none was said."""
    if word and word not in known:
        text = f"{name}: there is no {word!r}{did_you_mean(word, known)}; there are"
        raise Refused(Refusal.BAD_REQUEST, f"{text} {', '.join(islice(known, WORDS_MAX))}")


def agent_row(router: Router, agent: Agent) -> AgentRow:
    """One agent."""
    return AgentRow(
        agent=agent.id,
        show=agent.seen_show(),
        since_at=agent.since_ms,
        name=agent.name,
        reason=agent.seen_reason(),
        teams=agent.teams,
        skills=dict(agent.profile.skills),
        languages=dict(agent.profile.languages),
        serving=tuple(agent.serving),
        capacity={**agent.capacity, "total": agent.capacity_of("total", router.policy.capacity)},
        state=_state(router, agent),
        load=agent.load_cost,
    )


def _state(router: Router, agent: Agent) -> str:
    return "" if agent.seen_show() is Show.OFFLINE else agent_state(router.world, agent)


def _may_see(router: Router, by: Actor, one: Conversation) -> bool:
    try:
        theirs(router.world, by, "explain", one.id)
    except Refused:
        return False
    return True


def _status(one: Conversation) -> str:
    """The protocol's word."""
    return "ended" if one.is_over else one.status


def _cursor(text: str) -> tuple[int, str]:
    if not text:
        return -1, ""
    number, _, name = text.partition(".")
    if not number.isdecimal() or len(number) > len(str(ID_MAX)) or not name:
        raise Refused(Refusal.BAD_REQUEST, "after: expected the next of an earlier answer")
    return int(number), name


def _row(one: Conversation) -> ConversationRow:
    return ConversationRow(
        conversation=one.id,
        status=_status(one),
        queue=one.queue,
        channel=one.channel,
        customer=one.customer,
        arrived_at=one.arrived_ms,
        topic=one.topic,
        priority=one.klass,
        agent=one.agent or one.last_agent,
        attempt=one.attempt_count,
        assigned_at=one.first_assigned_at_ms,
        ended_at=one.ended_at_ms,
        reason=one.ended_reason,
        rating=one.rating,
    )
