"""What the pages about the fair line show: the router's own core played beside theory.

Owns: which houses are played, and the figures that come of it. Does not know: how they are drawn
(``proof_pictures``).

Invariant (tests/lab/test_proofs.py): the figures that are kept are what playing gives, with their
seeds; theory lies within four standard errors of what was played.

Times are in mean service times.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from router.lab.draws import Exponential, Poisson
from router.lab.scenario import AgentGroup, Demand, Scenario
from router.lab.simulate import simulate
from router.policy import Policy, Queue

__all__ = ["POINTS", "Point", "played"]

UNIT_MS = 3_600_000
"""An hour: a millisecond is nothing beside it."""

HEAD_STARTS = (0.0, 0.5, 1.0, 2.0, 5.0)
LOUD_RATES = (0.0, 2.0, 4.0, 6.0)
TEAMS = (40, 44, 48, 52, 56)
SIZES = {"head-start": (800.0, 6), "loud": (600.0, 3), "erlang-a": (120.0, 3)}
"""By picture the length of a run, and how many there are."""


class Point(Struct, frozen=True):
    """One house that was played: by figure its mean and its standard error."""

    at: float
    figures: Mapping[str, tuple[float, float]]


def played(picture: str, at: float) -> Point:
    """Plays one house of a picture, once for each seed.

    Raises:
        KeyError: there is no such picture.
    """
    scenario, wanted = POINTS[picture][1](at)
    length, seeds = SIZES[picture]
    found = simulate(
        structs.replace(
            scenario, length=length, warm_up=length / 6, seeds=tuple(range(1, seeds + 1))
        )
    )
    figures = {
        name: (round(found[name].mean, 6), round(found[name].error, 6))
        for name in wanted
        if name in found
    }
    return Point(at, figures)


def _head_start(at: float) -> tuple[Scenario, tuple[str, ...]]:
    """Ten agents at a load of eight, a third of it with the head start."""
    classes = {"regular": 0, "gold": round(at * UNIT_MS)}
    gold, regular = _demand("gold", 8 / 3, klass="gold"), _demand("regular", 16 / 3)
    wanted = ("gold.wait.mean", "regular.wait.mean", "wait.mean")
    return _house(10, (gold, regular), classes), wanted


def _loud(at: float) -> tuple[Scenario, tuple[str, ...]]:
    """Twenty agents at a load of seventeen, and one customer who asks as often beside it."""
    quiet = _demand("quiet", 17.0)
    if not at:
        return _house(20, (quiet,)), ("wait.mean",)
    loud = _demand("loud", at, people=1)
    return _house(20, (quiet, loud)), ("quiet.wait.mean", "loud.wait.mean")


def _team(at: float) -> tuple[Scenario, tuple[str, ...]]:
    """So many agents at a load of 48; patience is two services on average."""
    return _house(round(at), (_demand("all", 48.0, patience=2.0),)), ("wait.share", "left")


POINTS: Mapping[
    str, tuple[tuple[float, ...], Callable[[float], tuple[Scenario, tuple[str, ...]]]]
] = {
    "head-start": (HEAD_STARTS, _head_start),
    "loud": (LOUD_RATES, _loud),
    "erlang-a": (tuple(map(float, TEAMS)), _team),
}
"""By picture, where it is played, and the house of one place."""


def _demand(
    kind: str, rate: float, *, klass: str = "", patience: float | None = None, people: int = 0
) -> Demand:
    return Demand(
        id=kind,
        queue="one",
        arrivals=Poisson(rate),
        service=Exponential(1.0),
        patience=None if patience is None else Exponential(patience),
        klass=klass,
        people=people,
        new_topics=people > 0,
    )


def _house(
    agents: int, demand: tuple[Demand, ...], classes: Mapping[str, int] | None = None
) -> Scenario:
    policy = Policy(
        queues=(Queue(id="one", assign="direct", waiting_max=10_000_000),),
        score_band=1000,
        capacity={"chat": 1, "total": 1},
        classes=dict(classes or {"regular": 0}),
        head_start_max_ms=10 * UNIT_MS,
    )
    return Scenario(
        name="proof",
        policy=policy,
        agents=(AgentGroup(id="team", count=agents, skills={}, languages={}),),
        demand=demand,
        length=1.0,
        unit="services",
        unit_ms=UNIT_MS,
    )
