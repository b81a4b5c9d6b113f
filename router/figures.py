"""The published figures of a queue and of an agent, and how they follow from counts.

Owns: names, ratios and means; the formula that goes with the service level. Does not know: where
the counts come from, or over what time they are.

Invariant (tests/test_figures.py): a ratio or mean of nothing is None, never 0.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from router.tallies import jain

__all__ = [
    "SERVICE_LEVEL_FORMULA",
    "WORKED_MIN_MS",
    "AgentMeasures",
    "FirstWait",
    "QueueMeasures",
    "agent_measures",
    "evenness",
    "queue_measures",
]

SERVICE_LEVEL_FORMULA = (
    "accepted within service_level.within_ms / (accepted + abandoned - short abandoned)"
)
"""Shown beside the number, for vendors divide by other things."""

WORKED_MIN_MS = 60_000
"""Who was available for less is left out of the evenness of load."""


class FirstWait(NamedTuple):
    """What became of a first wait, as known long after: ``accepted``, or why it ended."""

    queue: str
    at_ms: int
    waited_ms: int
    customer: str
    end: str


class QueueMeasures(Struct, frozen=True):
    """The figures of a queue, or of all; a ratio or mean of nothing is None.

    ``offers`` counts ended offers by outcome; ``overtakes`` by cause, over ``looked_at`` offers.
    """

    queue: str
    arrived: int
    accepted: int
    accepted_in_target: int
    abandoned: int
    abandoned_short: int
    expired: int
    assigned_by_hand: int
    service_level: float | None
    abandonment: float | None
    speed_of_answer_ms: int | None
    handled: int
    handling_ms: int | None
    offers: dict[str, int]
    overtakes: dict[str, int]
    looked_at: int
    jain_waits: float | None


class AgentMeasures(Struct, frozen=True):
    """The figures of an agent; ``short_services`` are those under 10 s."""

    agent: str
    offers: dict[str, int]
    services: int
    short_services: int
    handling_ms: int | None
    available_ms: int
    busy_ms: int
    occupancy: float | None


def queue_measures(
    queue: str, counts: Mapping[str, int], jain_waits: float | None
) -> QueueMeasures:
    """The figures of a queue from its counts."""
    accepted, abandoned = counts.get("accepted", 0), counts.get("abandoned", 0)
    short = counts.get("abandoned_short", 0)
    answerable = accepted + abandoned - short
    return QueueMeasures(
        queue=queue,
        arrived=counts.get("arrived", 0),
        accepted=accepted,
        accepted_in_target=counts.get("accepted_in_target", 0),
        abandoned=abandoned,
        abandoned_short=short,
        expired=counts.get("expired", 0),
        assigned_by_hand=counts.get("assigned_by_hand", 0),
        service_level=_ratio(counts.get("accepted_in_target", 0), answerable),
        abandonment=_ratio(abandoned - short, answerable),
        speed_of_answer_ms=_mean(counts.get("waited_ms", 0), accepted),
        handled=counts.get("handled", 0),
        handling_ms=_mean(counts.get("handling_ms", 0), counts.get("handled", 0)),
        offers=_named(counts, "offer."),
        overtakes=_named(counts, "overtake."),
        looked_at=counts.get("looked_at", 0),
        jain_waits=jain_waits,
    )


def agent_measures(agent: str, counts: Mapping[str, int]) -> AgentMeasures:
    """The figures of an agent from the counts."""
    busy_ms, available_ms = counts.get("busy_ms", 0), counts.get("available_ms", 0)
    services = counts.get("services", 0)
    return AgentMeasures(
        agent=agent,
        offers=_named(counts, "offer."),
        services=services,
        short_services=counts.get("short_services", 0),
        handling_ms=_mean(counts.get("handling_ms", 0), services),
        available_ms=available_ms,
        busy_ms=busy_ms,
        occupancy=_ratio(busy_ms, available_ms),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _mean(total: int, count: int) -> int | None:
    return total // count if count else None


def _named(counts: Mapping[str, int], kind: str) -> dict[str, int]:
    return {
        name.removeprefix(kind): count for name, count in counts.items() if name.startswith(kind)
    }


def evenness(worked: Iterable[tuple[Hashable, AgentMeasures]]) -> float | None:
    """Jain's index over the occupancy of agents of equal profile who were there for a minute.

    Returns:
        The mean over the groups of two and more, weighted by their size; None without any.
    """
    groups: dict[Hashable, list[float]] = {}
    for profile, figures in worked:
        if figures.occupancy is not None and figures.available_ms >= WORKED_MIN_MS:
            groups.setdefault(profile, []).append(figures.occupancy)
    compared = [group for group in groups.values() if len(group) > 1]
    size = sum(map(len, compared))
    return sum(len(group) * (jain(group) or 0.0) for group in compared) / size if size else None
