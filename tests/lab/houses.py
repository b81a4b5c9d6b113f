"""Builds the houses of theory: mean service 1, no rounding, no scores, one conversation a head."""

from collections.abc import Mapping

from router.lab.draws import Arrivals, Exponential, Law, Poisson
from router.lab.scenario import AgentGroup, Demand, Scenario
from router.policy import Policy, Queue, SkillNeed

UNIT_MS = 3_600_000
"""An hour: a millisecond is nothing beside it."""

LEVEL_TWO = {"xa": 100, "xb": 100}
"""Two languages that nobody asks for: who can serve one queue counts as flexible as who can two."""


def group(
    name: str, skills: str, count: int = 1, *, languages: Mapping[str, int] | None = None
) -> AgentGroup:
    """Agents with the skills of these letters."""
    return AgentGroup(
        id=name,
        count=count,
        skills=dict.fromkeys(skills, 50),
        languages=dict(languages or {}),
    )


def demand(
    kind: str,
    rate: float | Arrivals,
    *,
    queue: str = "",
    klass: str = "",
    service: Law | None = None,
    patience: float | None = None,
    people: int = 0,
    needs: str = "",
) -> Demand:
    """Customers of a kind; their queue has the kind's name unless another one is given."""
    return Demand(
        id=kind,
        queue=queue or kind,
        arrivals=Poisson(rate) if isinstance(rate, int | float) else rate,
        service=service or Exponential(1.0),
        patience=Exponential(patience) if patience is not None else None,
        klass=klass,
        people=people,
        new_topics=people > 0,
        needs=tuple(SkillNeed(need) for need in needs),
    )


def policy(
    queues: str,
    *,
    needs: bool = True,
    classes: Mapping[str, int] | None = None,
    waiting_max: int = 10_000_000,
) -> Policy:
    """A queue for each letter, which needs the skill of that letter."""
    return Policy(
        queues=tuple(
            Queue(
                id=name,
                needs=(SkillNeed(name),) if needs else (),
                assign="direct",
                waiting_max=waiting_max,
            )
            for name in queues
        ),
        score_band=1000,
        capacity={"chat": 1, "total": 1},
        classes=dict(classes or {"regular": 0}),
        head_start_max_ms=10 * UNIT_MS,
    )


def house(
    rules: Policy,
    agents: tuple[AgentGroup, ...],
    customers: tuple[Demand, ...],
    *,
    length: float,
    seeds: int = 4,
    warm_up: float | None = None,
) -> Scenario:
    """A scenario of theory, a tenth of which warms it up."""
    return Scenario(
        name="house",
        policy=rules,
        agents=agents,
        demand=customers,
        length=length,
        warm_up=length / 10 if warm_up is None else warm_up,
        unit="services",
        unit_ms=UNIT_MS,
        seeds=tuple(range(1, seeds + 1)),
    )
