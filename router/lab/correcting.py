"""Seats by slot, corrected until the days that are played meet the target.

Owns: what a played slot says with which certainty, and the next step of a correction. Does not
know: formulas, or how a day is made.

A played slot's level is the same figure as the theory's: the share who would have been answered in
time if they had had no end of patience. Those who left hide their wait beyond that moment, so it is
estimated as times that were cut off are (``router.lab.survival``).

A slot is short where its level is more than a standard error below the target; it gets more seats,
as many as theory says that the distance is worth. One that is as far above loses some, but never
again once it was given some. The same seeds are played every time: the same customers come. Of all
rounds the one with the fewest slots short, and then the fewest seats, is the result. With more
seeds the errors are smaller, and the levels nearer to the target.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from msgspec import Struct

from router.lab.book import Visit
from router.lab.figures import Estimate, estimates, waits
from router.lab.plan import Curve
from router.lab.seats import Floor, Seats, day_of
from router.lab.simulate import play
from router.lab.survival import Spell, lasting

__all__ = ["Corrected", "Level", "Played", "PlayedSlot", "correct", "play_out"]

STEP = 0.2
"""Seats that are added or taken away at once, as a share of those that are there."""

Level = Callable[[Curve, int, int], float]
"""The level that theory gives a curve in a slot with so many seats."""


class PlayedSlot(Struct, frozen=True):
    """What the runs showed of those who came in one slot; ``error`` is a standard error."""

    arrivals: int
    level: float
    error: float
    left: float
    wait: float


class Played(Struct, frozen=True):
    """Days with the same seats, by skill: each slot, and figures of the whole day."""

    seats: Seats
    slots: dict[str, list[PlayedSlot]]
    day: dict[str, Estimate]


class Corrected(Struct, frozen=True):
    """The first days and the best ones, and the slots in which the best are still short.

    ``unproved`` are those that are not short and of which these days do not show that the target is
    met: nobody came, or the level is less than a standard error above it.
    """

    first: Played
    best: Played
    rounds: int
    short: list[tuple[str, int]]
    unproved: list[tuple[str, int]]


def play_out(floor: Floor, seats: Seats, seeds: Sequence[int]) -> Played:
    """Plays a day with these seats for each seed."""
    scenario, skills = day_of(floor, seats, seeds)
    slot_ms = floor.plan.slot * scenario.unit_ms
    within_ms = {queue.id: queue.service_level.within_ms for queue in floor.policy.queues}
    came: dict[tuple[str, int], list[list[Visit]]] = defaultdict(list)
    days = []
    for seed in scenario.seeds:
        visits = play(scenario, seed).visits
        day: dict[str, float] = {}
        for curve in floor.plan.curves:
            mine = [visit for visit in visits if skills[visit.kind] == curve.skill]
            figures = waits(mine, f"{curve.skill}.", scenario.unit_ms, within_ms)
            names = ("level", "left", "wait.mean")
            day.update(
                {f"{curve.skill}.{name}": figures[f"{curve.skill}.{name}"] for name in names}
            )
            for index in range(len(curve.arrivals)):
                came[curve.skill, index].append(
                    [visit for visit in mine if visit.at_ms // slot_ms == index]
                )
        days.append(day)
    slots = {
        curve.skill: [
            _played_slot(came[curve.skill, index], curve.within, scenario.unit_ms)
            for index in range(len(curve.arrivals))
        ]
        for curve in floor.plan.curves
    }
    return Played(seats, slots, estimates(days))


def _played_slot(runs: Sequence[Sequence[Visit]], within: float, unit_ms: int) -> PlayedSlot:
    visits = [visit for run in runs for visit in run]
    if not visits:
        return PlayedSlot(0, math.nan, math.nan, math.nan, math.nan)
    within_ms = within * unit_ms
    level = 1 - lasting(map(_spell, visits), within_ms)
    by_run = [{"level": 1 - lasting(map(_spell, run), within_ms)} for run in runs if run]
    between = estimates(by_run)["level"].error
    pulled = (level * len(visits) + 1) / (len(visits) + 2)
    chance = math.sqrt(pulled * (1 - pulled) / len(visits))
    over = [visit for visit in visits if visit.answered_ms >= 0 or visit.outcome]
    return PlayedSlot(
        arrivals=len(visits),
        level=level,
        error=chance if math.isnan(between) else max(chance, between),
        left=sum(visit.outcome in ("left", "expired") for visit in visits) / len(visits),
        wait=math.fsum(visit.waited_ms for visit in over) / unit_ms / max(1, len(over)),
    )


def _spell(visit: Visit) -> Spell:
    """The wait that somebody would have had who never leaves; not seen to its end of who left."""
    if visit.answered_ms >= 0:
        return float(visit.waited_ms), True
    return (float(visit.waited_ms) if visit.outcome in ("left", "expired") else math.inf), False


def correct(
    floor: Floor,
    seats: Seats,
    level: Level,
    *,
    seeds: Sequence[int],
    rounds: int,
    show: Callable[[int, int], None] = lambda *_: None,
) -> Corrected:
    """Changes seats for at most so many rounds, or until nothing is left to change.

    Args:
        floor: The plan and who may sit.
        seats: Where to begin.
        level: What theory expects of a number of seats, as the measure of a step.
        seeds: Those of the days, the same in each round.
        rounds: How often to change; 0 plays the seats as they are.
        show: Called after each round, with its number and how many slots are short.
    """
    first = best = now = play_out(floor, seats, seeds)
    given: set[tuple[str, int]] = set()
    done = 0
    while done < rounds:
        following = _next(floor, now, level, given)
        if following == now.seats:
            break
        done += 1
        now = play_out(floor, following, seeds)
        show(done, len(_short(floor, now)))
        if _worth(floor, now) < _worth(floor, best):
            best = now
    return Corrected(first, best, done, _short(floor, best), _unproved(floor, best))


def _worth(floor: Floor, played: Played) -> tuple[int, int]:
    return len(_short(floor, played)), sum(map(sum, played.seats.values()))


def _short(floor: Floor, played: Played) -> list[tuple[str, int]]:
    return [
        (curve.skill, index)
        for curve in floor.plan.curves
        for index, one in enumerate(played.slots[curve.skill])
        if _is_short(one, curve)
    ]


def _unproved(floor: Floor, played: Played) -> list[tuple[str, int]]:
    return [
        (curve.skill, index)
        for curve in floor.plan.curves
        for index, one in enumerate(played.slots[curve.skill])
        if not _is_short(one, curve) and not one.level - one.error >= curve.target
    ]


def _is_short(one: PlayedSlot, curve: Curve) -> bool:
    """A slot without arrivals has no level, and is not short."""
    return one.level + one.error < curve.target


def _next(floor: Floor, played: Played, level: Level, given: set[tuple[str, int]]) -> Seats:
    seats: Seats = {}
    for curve in floor.plan.curves:
        counts = list(played.seats[curve.skill])
        for index, one in enumerate(played.slots[curve.skill]):
            if _is_short(one, curve):
                given.add((curve.skill, index))
                counts[index] += _more(curve, index, counts[index], one, level)
            elif (curve.skill, index) not in given:
                counts[index] -= _fewer(curve, index, counts[index], one, level)
        seats[curve.skill] = counts
    return seats


def _more(curve: Curve, index: int, count: int, one: PlayedSlot, level: Level) -> int:
    """The fewest seats that theory says are worth what is missing; one at least."""
    here, most = level(curve, index, count), max(1, int(STEP * count))
    for more in range(1, most):
        if level(curve, index, count + more) - here >= curve.target - one.level:
            return more
    return most


def _fewer(curve: Curve, index: int, count: int, one: PlayedSlot, level: Level) -> int:
    """The most seats that can go, by theory, while the level keeps its distance."""
    spare = one.level - one.error - curve.target
    here, fewer = level(curve, index, count), 0
    while fewer < min(count - 1, max(1, int(STEP * count))):
        if not here - level(curve, index, count - fewer - 1) <= spare:
            break
        fewer += 1
    return fewer
