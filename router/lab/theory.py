"""Which formula fits a house: Erlang C or A, or their like for agents with several chats.

Owns: the choice of the formula, and one set of figures for all of them. Does not know: the
formulas themselves, plans, or the router.

Rates are per unit of time, and times in that same unit.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from router.lab.erlang import Chats, ErlangA, ErlangC, ImpatientChats, fewest

__all__ = ["House", "house", "need"]


class House(Struct, frozen=True):
    """What theory says of a number of agents.

    ``level`` is the share of arrivals who, had they no end of patience, would be answered in time;
    so leaving early improves nothing. ``left`` is the share who leave, ``wait`` the mean over all,
    ``busy`` the share of places with agents that are taken.
    """

    by: str
    level: float
    left: float
    wait: float
    busy: float


def house(
    agents: int, rate: float, minutes: Sequence[float], *, within: float, patience: float | None
) -> House:
    """The figures of so many agents.

    Args:
        agents: How many there are.
        rate: Arrivals in a unit of time.
        minutes: The mean handling time, by how many conversations an agent has; one for each.
        within: The time of the service level.
        patience: Its mean; None where nobody leaves.
    """
    several = len(minutes) > 1
    by = f"{'chats, ' if several else ''}Erlang {'C' if patience is None else 'A'}"
    if rate <= 0:
        return House(by, 1.0, 0.0, 0.0, 0.0)
    if agents == 0:
        return House(by, 0.0, 1.0, patience or math.inf, 0.0)
    if patience is not None:
        found = (
            ImpatientChats(agents, rate, minutes, 1 / patience)
            if several
            else ErlangA(agents, rate, 1 / minutes[0], 1 / patience)
        )
        level = found.offered_within(within)
        return House(by, level, found.p_abandon, found.mean_wait, found.utilisation)
    if rate >= agents * len(minutes) / minutes[-1]:
        return House(by, 0.0, 0.0, math.inf, 1.0)
    patient = Chats(agents, rate, minutes) if several else ErlangC(agents, rate, 1 / minutes[0])
    return House(by, patient.service_level(within), 0.0, patient.mean_wait, patient.utilisation)


def need(
    rate: float,
    minutes: Sequence[float],
    *,
    within: float,
    target: float,
    patience: float | None,
) -> int:
    """The fewest agents whose level reaches the target; nobody where nobody comes."""
    if rate <= 0:
        return 0

    def level(agents: int) -> float:
        return house(agents, rate, minutes, within=within, patience=patience).level

    return fewest(level, target)
