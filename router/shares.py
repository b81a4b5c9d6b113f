"""How offers and work are shared among the agents: each one's figures beside those of their equals.

Owns: the rows and the groups. Does not know: how a figure is counted, who asks.

Invariants (tests/test_shares.py): a group holds agents of equal skills and languages alone, two at
least; an agent is told of a group only where no figure of it can be laid to one colleague; a read
changes nothing but what ``Measures`` has caught up with.

All figures are of the last 30 minutes. What an agent got depends on what others could take, so they
are compared with their equals only.
"""

from collections.abc import Iterable
from itertools import islice

from msgspec import Struct

from router.boards import agent_state
from router.core import Router
from router.figures import WORKED_MIN_MS, AgentMeasures
from router.measures import Measures
from router.presence import Agent
from router.states import Show
from router.tallies import jain

__all__ = [
    "GROUPED_MAX",
    "TOLD_MIN",
    "AgentShare",
    "Equals",
    "OwnShare",
    "Shares",
    "own_share",
    "shares",
]

GROUPED_MAX = 500
"""With more agents there are no groups: every one of them would have to be looked at."""

TOLD_MIN = 5
"""Agents learn of a group from so many on, themselves among them: of two, the ends of the range are
the other's own figure."""


class AgentShare(Struct, frozen=True, omit_defaults=True):
    """What an agent was offered and did; ``offers`` by outcome, a ratio is absent where it is none.

    ``idle_ms`` is how long they have been free for offers by now. ``group`` is the number of their
    group among ``groups``, absent where nobody is their equal.
    """

    agent: str
    state: str
    name: str = ""
    offers: dict[str, int] = {}
    services: int = 0
    handling_ms: int | None = None
    occupancy: float | None = None
    idle_ms: int | None = None
    group: int | None = None


class Equals(Struct, frozen=True):
    """Agents with the same skills and languages who were at work for a minute or more.

    ``even`` is Jain's index of their occupancy, 1 where all have the same; ``least`` and ``most``
    are the ends of it.
    """

    agents: int
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    even: float | None
    least: float
    most: float


class Shares(Struct, frozen=True):
    """A page of the agents who are here, by id; ``next`` is the cursor, or null at the end.

    ``groups`` are those of all who are here, and empty where there are more than 500.
    """

    agents: tuple[AgentShare, ...]
    groups: tuple[Equals, ...]
    next: str | None


class OwnShare(Struct, frozen=True):
    """An agent's own share, and their equals' without any name; null where they are too few."""

    mine: AgentShare
    equals: Equals | None


def own_share(router: Router, measures: Measures, now_ms: int, agent: str) -> OwnShare | None:
    """What an agent may know of the sharing; None while they are not here."""
    known = router.world.people.agents.get(agent)
    if known is None or known.seen_show() is Show.OFFLINE:
        return None
    here = [
        other
        for other in router.world.people.agents.values()
        if other.seen_show() is not Show.OFFLINE and other.profile == known.profile
    ]
    groups, group_of = _groups(here[:GROUPED_MAX], measures, now_ms)
    figures = measures.agent(agent, now_ms, recent=True)
    equals = groups[group_of[agent]] if agent in group_of else None
    return OwnShare(
        mine=_row(router, known, figures, now_ms, {}),
        equals=equals if equals is not None and equals.agents >= TOLD_MIN else None,
    )


def shares(
    router: Router, measures: Measures, now_ms: int, *, after: str = "", limit: int = 100
) -> Shares:
    """The shares of a page of agents, and the groups of equals."""
    people = router.world.people.agents.values()
    here = sorted(
        (agent for agent in people if agent.seen_show() is not Show.OFFLINE),
        key=lambda agent: agent.id,
    )
    groups, group_of = _groups(here, measures, now_ms) if len(here) <= GROUPED_MAX else ([], {})
    found = list(islice((agent for agent in here if agent.id > after), limit + 1))
    page = found[:limit]
    rows = tuple(
        _row(router, agent, measures.agent(agent.id, now_ms, recent=True), now_ms, group_of)
        for agent in page
    )
    return Shares(rows, tuple(groups), page[-1].id if len(found) > limit else None)


def _groups(
    here: Iterable[Agent], measures: Measures, now_ms: int
) -> tuple[list[Equals], dict[str, int]]:
    """The groups, the least even one first, and the number of each agent's."""
    worked: dict[object, list[tuple[Agent, float]]] = {}
    for agent in here:
        figures = measures.agent(agent.id, now_ms, recent=True)
        if figures.occupancy is not None and figures.available_ms >= WORKED_MIN_MS:
            worked.setdefault(agent.profile, []).append((agent, figures.occupancy))
    found = [(_equals(group), group) for group in worked.values() if len(group) > 1]
    found.sort(key=lambda one: one[0].even or 0.0)
    numbers = {agent.id: place for place, (_, group) in enumerate(found) for agent, _ in group}
    return [equals for equals, _ in found], numbers


def _equals(group: list[tuple[Agent, float]]) -> Equals:
    profile = group[0][0].profile
    busy = [occupancy for _, occupancy in group]
    return Equals(
        agents=len(group),
        skills=tuple(skill for skill, _ in profile.skills),
        languages=tuple(tag for tag, _ in profile.languages),
        even=jain(busy),
        least=min(busy),
        most=max(busy),
    )


def _row(
    router: Router, agent: Agent, figures: AgentMeasures, now_ms: int, group_of: dict[str, int]
) -> AgentShare:
    is_free = router.world.pool.is_free(agent.id)
    return AgentShare(
        agent=agent.id,
        state=agent_state(router.world, agent),
        name=agent.name,
        offers=figures.offers,
        services=figures.services,
        handling_ms=figures.handling_ms,
        occupancy=figures.occupancy,
        idle_ms=max(0, now_ms - agent.idle_since_ms) if is_free else None,
        group=group_of.get(agent.id),
    )
