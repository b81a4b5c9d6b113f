"""Makes a plan of one recorded day: who arrives when, how patient, how long served, by whom.

Owns: every draw of chance in a replay.
Does not know: sockets, the server, or the speed; all times here are seconds of the recorded day.
Invariants: the same log, day and seed give the same plan; cutting the day (``since``, ``until``)
changes nobody's draws; a customer who hung up has exactly the recorded patience, one who was
served is at least as patient as the recorded wait.

Patience. A served call shows only that the patience was longer than the wait. With exponential
patience the rest beyond the wait is again exponential with the same mean (it has no memory), so
``wait + Exp(mean)`` is the conditional law given the data; the mean is the log's own.

Service. A served call keeps its own length. For one that hung up it is drawn from the lengths
that the same type had that day (of the month, if the day has none of the type).

Agents. Sign-in times are not recorded: an agent is there from a margin before the first service
to the end of the last one, breaks unknown. So a replay has more agent time than the real day.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtest.log import Call, calls_of_day, patience_mean_s

__all__ = ["AgentPlan", "CustomerPlan", "DayPlan", "plan_day"]

SIGN_IN_MARGIN_S = 60.0
"""How long before the first service an agent signs in."""


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """One arrival. ``number`` counts the day's arrivals from 0 and names the customer."""

    number: int
    call: Call
    joins_s: float
    patience_s: float
    service_s: float

    @property
    def type(self) -> str:
        """What is asked for: the skill that an agent needs."""
        return self.call.type

    @property
    def has_priority(self) -> bool:
        """Carries the class with the head start."""
        return self.call.has_priority


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One agent's shift; ``skills`` are the types served at any time in the log, sorted."""

    id: str
    signs_in_s: float
    leaves_s: float
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Everything that will be done, before anything is done."""

    day: str
    customers: tuple[CustomerPlan, ...]
    agents: tuple[AgentPlan, ...]

    @property
    def begins_s(self) -> float:
        """The first moment at which anybody does anything."""
        signs_in = [agent.signs_in_s for agent in self.agents]
        return min([customer.joins_s for customer in self.customers] + signs_in)

    @property
    def over_s(self) -> float:
        """No customer can still be in line or in service after this, if the server routes."""
        longest_s = max(customer.service_s for customer in self.customers)
        return max(one.joins_s + one.patience_s for one in self.customers) + longest_s


def plan_day(
    calls: Sequence[Call],
    day: str,
    *,
    seed: int,
    since_s: float = 0.0,
    until_s: float = float("inf"),
) -> DayPlan:
    """Plans the arrivals of ``day`` between the two times, and the agents on shift then.

    Raises:
        ValueError: nobody arrives, or nobody is there to answer.
    """
    today = calls_of_day(calls, day)
    customers = [
        customer
        for customer in _customers(calls, today, random.Random(seed))
        if since_s <= customer.joins_s <= until_s
    ]
    agents = [
        agent
        for agent in _agents(calls, today)
        if agent.leaves_s > since_s and agent.signs_in_s <= until_s
    ]
    if not customers:
        raise ValueError(f"no call of {day} asked for an agent in the chosen time")
    if not agents:
        raise ValueError(f"no agent of {day} was there in the chosen time")
    begins_s = customers[0].joins_s - SIGN_IN_MARGIN_S
    return DayPlan(
        day=day,
        customers=tuple(customers),
        agents=tuple(_not_before(agent, begins_s) for agent in agents),
    )


def _not_before(agent: AgentPlan, begins_s: float) -> AgentPlan:
    """The same shift, cut to begin with the replay."""
    return AgentPlan(agent.id, max(agent.signs_in_s, begins_s), agent.leaves_s, agent.skills)


def _customers(
    calls: Sequence[Call], today: Iterable[Call], chance: random.Random
) -> Iterable[CustomerPlan]:
    """Yields the day's customers in order of joining; draws for each, cut or not."""
    patience_s = patience_mean_s(calls)
    today = list(today)
    lengths, month_lengths = _lengths_by_type(today), _lengths_by_type(calls)
    for number, call in enumerate(today):
        rest_s = chance.expovariate(1.0 / patience_s)
        drawn_s = chance.choice(lengths.get(call.type) or month_lengths.get(call.type) or [0])
        yield CustomerPlan(
            number=number,
            call=call,
            joins_s=float(call.joined_s),
            patience_s=call.wait_s + rest_s if call.is_served else float(call.wait_s),
            service_s=float(drawn_s if call.service_s is None else call.service_s),
        )


def _lengths_by_type(calls: Iterable[Call]) -> dict[str, list[int]]:
    """The lengths of the services of each type, in the order of the log."""
    lengths: dict[str, list[int]] = defaultdict(list)
    for call in calls:
        if call.is_served and call.service_s is not None:
            lengths[call.type].append(call.service_s)
    return lengths


def _agents(calls: Iterable[Call], today: Iterable[Call]) -> Iterable[AgentPlan]:
    """Yields the shift of each agent who served that day, by first service."""
    skills: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        if call.is_served and call.agent:
            skills[call.agent].add(call.type)
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for call in today:
        if call.is_served and call.agent:
            begin_s = float(call.joined_s if call.service_start_s is None else call.service_start_s)
            end_s = begin_s + (call.service_s or 0)
            first[call.agent] = min(first.get(call.agent, begin_s), begin_s)
            last[call.agent] = max(last.get(call.agent, end_s), end_s)
    for agent in sorted(first, key=lambda one: (first[one], one)):
        yield AgentPlan(
            id=agent,
            signs_in_s=first[agent] - SIGN_IN_MARGIN_S,
            leaves_s=last[agent],
            skills=tuple(sorted(skills[agent])),
        )
