"""What theory says of waiting lines: delay formulas, staffing, chats, loads that change.

Owns: Erlang B, C and A, their many-server limits, waits' tails, two-class priorities, agents with
several chats, the offered load of a changing arrival rate. Does not know: the router, scenarios,
or randomness.

Invariants: everything is a pure function of its arguments; rates are per unit of time and waits in
that same unit, whichever the caller chose; a load is in erlang (arrival rate x mean service).

Sources: the Erlang formulas are A. K. Erlang's (1917) and C. Palm's (1946), in the notation of
Gans, Koole and Mandelbaum (2003); limits by Halfin and Whitt (1981) and by Garnett, Mandelbaum
and Reiman (2002); priorities by Cobham (1954) and Kleinrock (1964).
"""

import math
from collections.abc import Callable, Sequence
from functools import cached_property

__all__ = [
    "Chats",
    "ErlangA",
    "ErlangC",
    "ImpatientChats",
    "accumulating_waits",
    "erlang_b",
    "erlang_c",
    "fewest",
    "garnett",
    "garnett_abandonment",
    "halfin_whitt",
    "limited_sharing_wait",
    "offered_loads",
    "square_root_staffing",
    "staff_for",
    "strict_waits",
    "wave_load",
]


def erlang_b(agents: int, load: float) -> float:
    """The share of arrivals that is lost where nobody may wait (M/G/n/n)."""
    blocked = 1.0
    for count in range(1, agents + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """The share of arrivals that must wait where everybody does so for ever; needs load < agents.

    Raises:
        ValueError: for a load that the agents cannot carry.
    """
    if load >= agents:
        raise ValueError(f"{agents} agents cannot carry {load} erlang: the line has no end")
    blocked = erlang_b(agents, load)
    return agents * blocked / (agents - load * (1 - blocked))


class ErlangC:
    """M/M/n: Poisson arrivals, exponential services, endless patience."""

    def __init__(self, agents: int, arrival_rate: float, service_rate: float) -> None:
        self.agents = agents
        self.load = arrival_rate / service_rate
        self.p_wait = erlang_c(agents, self.load)
        self.drain = agents * service_rate - arrival_rate
        """How much faster a full house serves than people come."""
        self.mean_wait = self.p_wait / self.drain
        self.mean_line = arrival_rate * self.mean_wait
        self.utilisation = self.load / agents

    def wait_tail(self, wait: float) -> float:
        """P(W > wait): waits of those who wait are exponential."""
        return self.p_wait * math.exp(-self.drain * wait)

    def service_level(self, within: float) -> float:
        """P(W <= within)."""
        return 1 - self.wait_tail(within)

    def wait_quantile(self, share: float) -> float:
        """The wait that ``share`` of all customers do not exceed."""
        return max(0.0, math.log(self.p_wait / (1 - share)) / self.drain)


class _Impatient:
    """A house in which each who waits leaves at rate ``patience_rate``.

    ``finish_rate`` gives how many services end a unit of time where so many are under way, up to
    ``room`` of them. The number in the house is a birth-death chain, born at the arrival rate. Its
    weights are kept as logarithms, for at a thousand agents they span more than a float does, and
    cut off where nothing is left.

    The wait that an endlessly patient arrival would have, finding j in line, is the sum of j + 1
    exponentials of rates ``f + i theta``, i = 0..j, f being the full house's finish rate. With
    c = f / theta, exp(-theta V) is then distributed as Beta(c, j + 1), whose tail grows by one
    positive term from j to j + 1.
    """

    def __init__(
        self,
        room: int,
        arrival_rate: float,
        finish_rate: Callable[[int], float],
        patience_rate: float,
    ) -> None:
        self.arrival_rate = arrival_rate
        self.patience_rate = patience_rate
        self._full_rate = finish_rate(room)
        shares = _shares(
            arrival_rate,
            lambda count: finish_rate(min(count, room)) + max(count - room, 0) * patience_rate,
            room + int(3 * arrival_rate / patience_rate + 20 * math.sqrt(arrival_rate)) + 50,
        )
        self._line = shares[room:]
        self.p_wait = math.fsum(self._line)
        self.mean_line = math.fsum(index * share for index, share in enumerate(self._line))
        self.mean_wait = self.mean_line / arrival_rate
        """Over all customers, those who leave included."""
        self.p_abandon = patience_rate * self.mean_line / arrival_rate
        served = math.fsum(min(count, room) * share for count, share in enumerate(shares))
        self.utilisation = served / room

    def offered_within(self, within: float) -> float:
        """P(V <= within), V being the wait of an arrival who would never leave."""
        return 1 - self._line_sum(within, self._full_rate / self.patience_rate, served=False)

    def served_within(self, within: float) -> float:
        """The share of all arrivals that is answered, and within that time."""
        ratio = self._full_rate / self.patience_rate
        late = self._line_sum(within, ratio + 1, served=True)
        would = math.fsum(
            share * ratio / (ratio + index + 1) for index, share in enumerate(self._line)
        )
        return 1 - self.p_wait + would - late

    def _line_sum(self, within: float, shape: float, *, served: bool) -> float:
        """The sum over the line of P(Beta(shape, j + 1) < x), weighted by who stays to be served.

        E[B; B >= x] of B = Beta(c, j + 1) is c / (c + j + 1) times P(Beta(c + 1, j + 1) >= x).
        """
        stay = math.exp(-self.patience_rate * within)
        leave = -math.expm1(-self.patience_rate * within)
        tail = 0.0
        total = 0.0
        for index, share in enumerate(self._line):
            log_term = (
                math.lgamma(index + shape)
                - math.lgamma(index + 1)
                - math.lgamma(shape)
                + shape * math.log(stay)
            )
            if index:
                log_term += index * math.log(leave) if leave else -math.inf
            tail += math.exp(log_term)
            weight = (shape - 1) / (shape + index) if served else 1.0
            total += share * weight * min(tail, 1.0)
        return total


class ErlangA(_Impatient):
    """M/M/n+M: like Erlang C, but each who waits leaves at rate ``patience_rate``."""

    def __init__(
        self, agents: int, arrival_rate: float, service_rate: float, patience_rate: float
    ) -> None:
        super().__init__(agents, arrival_rate, lambda count: count * service_rate, patience_rate)


def _shares(birth: float, death: Callable[[int], float], count_max: int) -> list[float]:
    """The long-run shares of time that a birth-death chain spends in 0..count_max."""
    logs = [0.0]
    for count in range(1, count_max + 1):
        logs.append(logs[-1] + math.log(birth) - math.log(death(count)))
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _density(beta: float) -> float:
    return math.exp(-beta * beta / 2) / math.sqrt(2 * math.pi)


def _below(beta: float) -> float:
    return 0.5 * math.erfc(-beta / math.sqrt(2))


def _hazard(beta: float) -> float:
    return _density(beta) / _below(-beta)


def halfin_whitt(beta: float) -> float:
    """P(W > 0) of a large Erlang C house with ``load + beta sqrt(load)`` agents; beta >= 0."""
    return 1 / (1 + beta * _below(beta) / _density(beta))


def garnett(beta: float, impatience: float) -> float:
    """P(W > 0) of a large Erlang A house; ``impatience`` is patience rate over service rate."""
    root = math.sqrt(impatience)
    return 1 / (1 + root * _hazard(beta / root) / _hazard(-beta))


def garnett_abandonment(beta: float, impatience: float, agents: int) -> float:
    """P(leave | W > 0) of a large Erlang A house."""
    root = math.sqrt(impatience)
    return root * (_hazard(beta / root) - beta / root) / math.sqrt(agents)


def square_root_staffing(load: float, beta: float) -> int:
    """Agents for a load at a grade of service: the load and ``beta`` of its standard deviations."""
    return math.ceil(load + beta * math.sqrt(load))


def staff_for(
    arrival_rate: float,
    mean_service: float,
    *,
    within: float,
    target: float,
    mean_patience: float | None = None,
) -> int:
    """The fewest agents of whom ``target`` (0..1) of the arrivals need wait at most ``within``.

    With patience, the wait counted is the offered one, so that leaving early improves nothing.
    """
    if arrival_rate <= 0:
        return 0
    service_rate = 1 / mean_service

    def level(agents: int) -> float:
        if mean_patience is not None:
            house = ErlangA(agents, arrival_rate, service_rate, 1 / mean_patience)
            return house.offered_within(within)
        if agents <= arrival_rate * mean_service:
            return 0.0
        return ErlangC(agents, arrival_rate, service_rate).service_level(within)

    return fewest(level, target)


def fewest(level: Callable[[int], float], target: float) -> int:
    """The fewest agents, from one on, at whom a level that grows with them reaches the target."""
    low, high = 0, 1
    while level(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if level(middle) < target:
            low = middle
        else:
            high = middle
    return high


def strict_waits(agents: int, rates: tuple[float, float], service_rate: float) -> tuple[float, ...]:
    """Mean waits of two classes of which the first always goes first (Cobham; one service law)."""
    free = erlang_c(agents, sum(rates) / service_rate) / (agents * service_rate)
    first = rates[0] / (agents * service_rate)
    both = sum(rates) / (agents * service_rate)
    return free / (1 - first), free / ((1 - first) * (1 - both))


def accumulating_waits(
    agents: int, rates: tuple[float, float], service_rate: float, slope: float
) -> tuple[float, ...]:
    """Mean waits where the first class gathers priority ``slope`` times as fast (Kleinrock)."""
    fair = ErlangC(agents, sum(rates), service_rate).mean_wait
    first, second = (rate / (agents * service_rate) for rate in rates)
    patient = fair / (1 - first * (1 - 1 / slope))
    return fair - second * patient * (1 - 1 / slope), patient


class Chats:
    """Agents with several chats at once, each new one given to the least loaded.

    ``minutes`` holds the mean handling time of a chat by how many its agent has, from one on, so
    an agent with j of them finishes ``j / minutes[j - 1]`` a unit of time. Loads of agents then
    differ by one at most, and the number in the house is a birth-death chain.
    """

    def __init__(self, agents: int, arrival_rate: float, minutes: Sequence[float]) -> None:
        self.arrival_rate = arrival_rate
        finish_rate = _chats_finish(agents, minutes)
        room = agents * len(minutes)
        top = finish_rate(room)
        if arrival_rate >= top:
            raise ValueError(f"{agents} agents finish {top} a unit at most, {arrival_rate} come")
        ratio = arrival_rate / top
        shares = _shares(arrival_rate, finish_rate, room)
        full = shares[-1]
        whole = 1 + full * ratio / (1 - ratio)
        self.p_wait = full / (1 - ratio) / whole
        self.mean_line = full * ratio / (1 - ratio) ** 2 / whole
        self.drain = top - arrival_rate
        """How much faster a full house finishes than people come."""
        self._mean_served = (
            math.fsum(count * share for count, share in enumerate(shares))
            + room * full * ratio / (1 - ratio)
        ) / whole
        self.utilisation = self._mean_served / room

    @cached_property
    def mean_wait(self) -> float:
        """Mean wait for a place with an agent."""
        return self.mean_line / self.arrival_rate

    @cached_property
    def mean_stay(self) -> float:
        """Mean time from arrival to the end of the chat."""
        return (self.mean_line + self._mean_served) / self.arrival_rate

    def service_level(self, within: float) -> float:
        """P(W <= within): who waits stands behind a full house, which drains at one rate."""
        return 1 - self.p_wait * math.exp(-self.drain * within)


class ImpatientChats(_Impatient):
    """``Chats`` whose customers leave the line at rate ``patience_rate``."""

    def __init__(
        self, agents: int, arrival_rate: float, minutes: Sequence[float], patience_rate: float
    ) -> None:
        super().__init__(
            agents * len(minutes), arrival_rate, _chats_finish(agents, minutes), patience_rate
        )


def _chats_finish(agents: int, minutes: Sequence[float]) -> Callable[[int], float]:
    """How many of so many chats end a unit of time, spread as evenly as can be."""
    rates = [0.0, *(count / mean for count, mean in enumerate(minutes, start=1))]
    room = agents * len(minutes)

    def finish_rate(count: int) -> float:
        each, more = divmod(min(count, room), agents)
        spare = rates[each + 1] if more else 0.0
        return more * spare + (agents - more) * rates[each]

    return finish_rate


def limited_sharing_wait(limit: int, arrival_rate: float, service_rate: float) -> float:
    """Mean wait for one agent who shares equally among up to ``limit`` customers.

    The mean stay is ``1 / (mu - lambda)`` for every limit: sharing only moves the wait.
    """
    return (arrival_rate / service_rate) ** limit / (service_rate - arrival_rate)


def wave_load(
    at: float, mean_rate: float, amplitude: float, period: float, mean_service: float
) -> float:
    """The offered load at a time, of arrivals at ``mean_rate + amplitude sin(2 pi t / period)``.

    Of exponential services; the load lags behind the arrivals by about a mean service.
    """
    turn = 2 * math.pi / period
    lag = turn * mean_service
    swing = math.sin(turn * at) - lag * math.cos(turn * at)
    return mean_service * (mean_rate + amplitude * swing / (1 + lag * lag))


def offered_loads(rates: Sequence[float], slot: float, mean_service: float) -> list[float]:
    """The mean offered load in each slot of a day that repeats itself, with constant slot rates.

    Exponential services; within a slot the load nears ``rate x mean_service`` exponentially, which
    is solved exactly. A plan by slot alone is wrong by this lag where services are long.
    """
    decay = math.exp(-slot / mean_service)
    load = _start_of_day(rates, decay, mean_service)
    means = []
    for rate in rates:
        aim = rate * mean_service
        means.append(aim + (load - aim) * (1 - decay) * mean_service / slot)
        load = aim + (load - aim) * decay
    return means


def _start_of_day(rates: Sequence[float], decay: float, mean_service: float) -> float:
    """The load at which the day begins if it ended with the same."""
    load = 0.0
    for rate in rates:
        load = rate * mean_service + (load - rate * mean_service) * decay
    return load / (1 - decay ** len(rates))
