"""Plans who arrives when: every draw of chance about customers, before anything is sent.

Owns: the instants of arrival, which line, how patient, with priority or not, and to whom of the
generator's processes each falls.
Does not know: sockets or the server; seconds count from the beginning of the run.

Invariants (tests/loadtest/test_arrivals.py): the same scenario and seed give the same arrivals,
whatever the number of processes; each falls to one process.

The law is a Poisson process whose rate changes with time, by thinning (Lewis and Shedler 1979):
candidates come at the highest rate, and each is kept with the chance ``rate / highest``.
"""

import random
from collections.abc import Iterator

from msgspec import Struct

from loadtest.scenario import Scenario

__all__ = ["Arrival", "arrivals", "arrivals_of"]


class Arrival(Struct, frozen=True):
    """One customer who will ask. ``number`` counts from 0; ``at`` is when they mean to."""

    number: int
    at: float
    line: str
    tenant: int
    patience: float
    has_priority: bool

    @property
    def type(self) -> str:
        """Among those of one type the line decides alone, whoever is free."""
        return f"{self.tenant}.{self.line}"


def arrivals(scenario: Scenario) -> Iterator[Arrival]:
    """All of them, in the order of their instants."""
    load, law = scenario.load, scenario.arrivals
    chance = random.Random(f"arrivals {load.seed}")
    names = [line.id for line in scenario.lines]
    shares = [line.share for line in scenario.lines]
    patience = {line.id: line.patience for line in scenario.lines}
    at, number, highest = 0.0, 0, law.highest
    while True:
        at += chance.expovariate(highest)
        if at >= scenario.ends:
            return
        if chance.random() * highest > law.rate_at(at):
            continue
        (line,) = chance.choices(names, shares)
        yield Arrival(
            number=number,
            at=at,
            line=line,
            tenant=chance.randrange(load.tenants),
            patience=chance.expovariate(1 / patience[line]),
            has_priority=chance.random() < scenario.customers.priority_share,
        )
        number += 1


def arrivals_of(scenario: Scenario, process: int) -> list[Arrival]:
    """Those of one of the generator's processes."""
    count = scenario.load.processes
    return [one for one in arrivals(scenario) if one.number % count == process]
