"""How many agents each half hour needs: theory first, then what the router makes of them.

Owns: the arithmetic by slot, the table, the report. Does not know: formulas, the core, or how seats
are corrected. Times in a plan are minutes.

For each slot the load is the offered one, which lags behind the arrivals by about a mean handling
time (a plan that takes each slot for itself is short after a peak); the fewest agents then follow
from Erlang A, or from Erlang C where nobody leaves, with chats where agents have several at once.
Theory staffs skills one by one, as if nobody had two of them. What agents with several skills,
languages, classes, steps and the router's choice change, the played days show; the corrected rows
have the seats that meet the target there.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from msgspec import Struct, structs

from router.lab.correcting import Corrected, Played, correct
from router.lab.erlang import offered_loads
from router.lab.figures import table
from router.lab.plan import Curve, Plan, load
from router.lab.seats import Floor, Seats, apart, under
from router.lab.staff_picture import Row, draw_staff
from router.lab.theory import house, need
from router.policy import Policy

__all__ = ["Slot", "run_staff", "slots", "verify"]

ROUNDS = 10
SEEDS = (1, 2, 3, 4, 5, 6, 7, 8)


class Slot(Struct, frozen=True):
    """What one skill needs in one slot; ``paid`` adds the shrinkage to ``agents``.

    ``by`` says who says so; ``error`` is the standard error of a played level, 0 of theory's.
    """

    skill: str
    starts: float
    by: str
    arrivals: float
    load: float
    agents: int
    paid: int
    level: float
    error: float
    left: float
    wait: float
    busy: float


def slots(plan: Plan, at_once: dict[str, int] | None = None) -> list[Slot]:
    """The need of every skill in every slot, by theory.

    ``at_once`` is how many conversations an agent has at most, by skill; as many as the plan has
    handling times where it is left out.
    """
    return [
        _by_theory(plan, curve, index, _minutes(curve, at_once))
        for curve in plan.curves
        for index in range(len(curve.arrivals))
    ]


def _minutes(curve: Curve, at_once: dict[str, int] | None) -> tuple[float, ...]:
    return curve.minutes(len(curve.measured) if at_once is None else at_once[curve.skill])


@lru_cache(maxsize=256)
def _loads(arrivals: tuple[float, ...], slot: float, handling: float) -> tuple[float, ...]:
    """The offered load of each slot; the house is empty before the day."""
    rates = [count / slot for count in arrivals]
    night = [0.0] * math.ceil(40 * handling / slot)
    return tuple(offered_loads([*night, *rates], slot, handling)[len(night) :])


def _rate(plan: Plan, curve: Curve, index: int, minutes: Sequence[float]) -> float:
    """The rate that carries a slot's load: the load's own, not that of the slot's arrivals."""
    offered = _loads(curve.arrivals, plan.slot, minutes[-1])[index]
    return offered / minutes[-1] if offered > 1e-9 else 0.0


def _by_theory(plan: Plan, curve: Curve, index: int, minutes: tuple[float, ...]) -> Slot:
    rate = _rate(plan, curve, index, minutes)
    agents = need(rate, minutes, within=curve.within, target=curve.target, patience=curve.patience)
    found = house(agents, rate, minutes, within=curve.within, patience=curve.patience)
    return Slot(
        skill=curve.skill,
        starts=plan.starts + index * plan.slot,
        by=found.by,
        arrivals=curve.arrivals[index],
        load=rate * minutes[-1],
        agents=agents,
        paid=_paid(agents, plan),
        level=found.level,
        error=0.0,
        left=found.left,
        wait=found.wait,
        busy=found.busy,
    )


def _paid(agents: int, plan: Plan) -> int:
    return math.ceil(agents / (1 - plan.shrinkage) - 1e-9)


def verify(
    floor: Floor,
    needs: Sequence[Slot],
    *,
    seeds: Sequence[int] = SEEDS,
    rounds: int = ROUNDS,
    show: Callable[[int, int], None] = lambda *_: None,
) -> Corrected:
    """Plays whole days with these agents, and corrects them until each slot meets its target."""
    plan = floor.plan

    def level(curve: Curve, index: int, agents: int) -> float:
        minutes = _minutes(curve, floor.at_once)
        rate = _rate(plan, curve, index, minutes)
        return house(agents, rate, minutes, within=curve.within, patience=curve.patience).level

    seats: Seats = {
        curve.skill: [need.agents for need in needs if need.skill == curve.skill]
        for curve in plan.curves
    }
    return correct(floor, seats, level, seeds=seeds, rounds=rounds, show=show)


def _rows(plan: Plan, needs: Sequence[Slot], found: Corrected | None) -> Iterator[Slot]:
    """By slot: what theory says, what was played, what was corrected."""
    index_of = {curve.skill: 0 for curve in plan.curves}
    for one in needs:
        yield one
        if found is None:
            continue
        index = index_of[one.skill]
        index_of[one.skill] += 1
        yield _by_play(plan, one, found.first, index, "simulated")
        yield _by_play(plan, one, found.best, index, "corrected")


def _by_play(plan: Plan, theory: Slot, played: Played, index: int, by: str) -> Slot:
    one, agents = played.slots[theory.skill][index], played.seats[theory.skill][index]
    return structs.replace(
        theory,
        by=by,
        agents=agents,
        paid=_paid(agents, plan),
        level=one.level,
        error=one.error,
        left=one.left,
        wait=one.wait,
        busy=math.nan,
    )


def run_staff(
    path: Path,
    *,
    policy: Policy | None = None,
    verified: bool = False,
    seeds: Sequence[int] = SEEDS,
    rounds: int = ROUNDS,
    out: Path | None = None,
    as_json: bool = False,
    show: Callable[[int, int], None] = lambda *_: None,
) -> str:
    """The table of a plan's file.

    Args:
        path: The plan.
        policy: Rules and people to play under; without them each skill is a house of its own.
        verified: Whether days are played and seats corrected.
        seeds: Those of the days.
        rounds: How often seats are corrected at most.
        out: Where to draw it, as SVG.
        as_json: For machines.
        show: Called after each round of a correction.

    Raises:
        SettingsError: for a plan that is not right, in itself or under the policy.
    """
    plan = load(path)
    floor = apart(plan) if policy is None else under(plan, policy, path)
    needs = slots(plan, floor.at_once)
    found = verify(floor, needs, seeds=seeds, rounds=rounds, show=show) if verified else None
    if out is not None:
        out.write_text(_picture(path.stem, plan, _rows(plan, needs, found)), "utf-8")
    if as_json:
        return _json(plan, needs, found)
    return "\n".join([_report(plan, needs, found), "", *_not_proved(floor, found)])


def _picture(name: str, plan: Plan, rows: Iterable[Slot]) -> str:
    targets = {curve.skill: curve.target for curve in plan.curves}
    drawn = [
        Row(one.skill, one.starts, one.by, one.load, one.agents, one.level, one.error)
        for one in rows
    ]
    return draw_staff(f"Agents needed: {name}", drawn, targets, plan.slot)


def _json(plan: Plan, needs: Sequence[Slot], found: Corrected | None) -> str:
    document: dict[str, object] = {
        "slots": [
            {name: _or_null(getattr(one, name)) for name in one.__struct_fields__}
            for one in _rows(plan, needs, found)
        ],
        "verified": {name: one.mean for name, one in found.first.day.items()} if found else {},
    }
    if found is not None:
        document["corrected"] = {name: one.mean for name, one in found.best.day.items()}
        for name, some in (("short", found.short), ("unproved", found.unproved)):
            document[name] = [
                {"skill": skill, "starts": plan.starts + index * plan.slot} for skill, index in some
            ]
    return json.dumps(document, indent=2)


def _or_null(value: object) -> object:
    """JSON has no nan."""
    return None if isinstance(value, float) and math.isnan(value) else value


_COLUMNS = "skill from by arrivals load agents paid level ± left wait busy"


def _report(plan: Plan, needs: Sequence[Slot], found: Corrected | None) -> str:
    rows = [_COLUMNS.split()]
    rows += [
        [
            one.skill,
            _clock(one.starts),
            one.by,
            f"{one.arrivals:g}",
            f"{one.load:.2f}",
            str(one.agents),
            str(one.paid),
            _per_cent(one.level),
            _per_cent(2 * one.error) if one.error else "-",
            _per_cent(one.left),
            "-" if math.isnan(one.wait) else f"{one.wait * 60:.1f} s",
            _per_cent(one.busy),
        ]
        for one in _rows(plan, needs, found)
    ]
    lines = [table(rows)]
    if found is not None:
        lines += _corrections(plan, found)
    return "\n".join(lines)


def _corrections(plan: Plan, found: Corrected) -> Iterator[str]:
    """What the table does not say: the day as a whole, and what is not met."""
    yield ""
    yield f"corrected in {found.rounds} rounds; level ± two standard errors"
    for word, played in (("by theory", found.first), ("corrected", found.best)):
        hours = sum(map(sum, played.seats.values())) * plan.slot / 60
        paid = hours / (1 - plan.shrinkage)
        yield f"  agents {word}: {hours:.1f} h there, {paid:.1f} h paid"
    for skill, index in found.short:
        one = found.best.slots[skill][index]
        at = _clock(plan.starts + index * plan.slot)
        yield f"  STILL SHORT: {skill} at {at}, {_per_cent(one.level)}; try more --rounds"
    for word, played in (("theory's", found.first), ("the corrected", found.best)):
        yield f"whole days with {word} agents (mean, standard error):"
        for name, over_day in played.day.items():
            yield f"  {name}  {over_day.mean:.4f}  {over_day.error:.4f}"


def _not_proved(floor: Floor, found: Corrected | None) -> Iterator[str]:
    """What these figures do not show, in sentences."""
    if found is None:
        yield "Not proved: nothing was played; --verify plays whole days with these agents."
        return
    plan = floor.plan
    yield "Not proved by these days:"
    if floor.is_shared:
        yield (
            "  the seats of one skill without the others': some of their agents serve several"
            " skills, and all were played together"
        )
    elif len(plan.curves) > 1:
        yield "  what agents who serve several of the skills would change: none of these does"
    if any(curve.languages or curve.classes for curve in plan.curves):
        yield "  the level of one language or class: a skill's is that of all who ask for the skill"
    for curve in plan.curves:
        begins = [
            plan.starts + at * plan.slot for skill, at in found.unproved if skill == curve.skill
        ]
        if begins:
            yield (
                f"  the target of {curve.skill} in {len(begins)} of {len(curve.arrivals)} slots:"
                " nobody came, or the level is within a standard error of it (more --seeds tell"
                f" more): {', '.join(map(_clock, begins))}"
            )
    yield "  days unlike the plan: other arrivals and times, agents who let offers pass"


def _clock(minutes: float) -> str:
    return f"{int(minutes) // 60 % 24:02d}:{int(minutes) % 60:02d}"


def _per_cent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}"
