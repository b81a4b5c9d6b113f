"""How many agents each half hour needs: theory first, then the simulator's word.

Owns: the staffing plan's file, the arithmetic by slot, the table. Does not know: formulas or the
core. Times in a plan are minutes.

For each slot the load is the offered one, which lags behind the arrivals by about a mean handling
time (a plan that takes each slot for itself is short after a peak); the fewest agents then follow
from Erlang A, or from Erlang C where nobody leaves. Skills are staffed one by one, as if nobody
had two of them: agents with several skills make the plan safer, never less safe.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from router.lab.draws import Exponential, Rates
from router.lab.erlang import ErlangA, ErlangC, offered_loads, staff_for
from router.lab.figures import Estimate, estimates, table
from router.lab.files import convert, read, refuse
from router.lab.scenario import AgentGroup, Demand, Scenario
from router.lab.simulate import Run, play
from router.policy import Policy, Queue, ServiceLevel, SkillNeed

__all__ = ["Curve", "Plan", "Slot", "run_staff", "slots", "verify"]

Minutes = Annotated[float, Meta(gt=0)]
Count = Annotated[float, Meta(ge=0)]


class Curve(Struct, frozen=True, forbid_unknown_fields=True):
    """One skill's day: arrivals in each slot, beginning at ``starts`` (minutes after midnight)."""

    skill: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    arrivals: Annotated[tuple[Count, ...], Meta(min_length=1)]
    handling: Minutes
    patience: Minutes | None = None
    within: Annotated[float, Meta(ge=0)] = 1 / 3
    target: Annotated[float, Meta(gt=0, lt=1)] = 0.8


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A staffing question."""

    curves: tuple[Curve, ...]
    slot: Minutes = 30.0
    starts: Annotated[float, Meta(ge=0, lt=1440)] = 0.0
    shrinkage: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """The part of paid time in which agents do not serve: breaks, training, illness."""


class Slot(Struct, frozen=True):
    """What one skill needs in one slot; ``paid`` adds the shrinkage to ``agents``."""

    skill: str
    starts: float
    arrivals: float
    load: float
    agents: int
    paid: int
    level: float
    left: float
    wait: float
    busy: float


def slots(plan: Plan) -> list[Slot]:
    """The need of every skill in every slot."""
    found = []
    for curve in plan.curves:
        rates = [count / plan.slot for count in curve.arrivals]
        night = [0.0] * math.ceil(40 * curve.handling / plan.slot)  # the house is empty before
        loads = offered_loads([*night, *rates], plan.slot, curve.handling)[len(night) :]
        for index, load in enumerate(loads):
            starts = plan.starts + index * plan.slot
            found.append(_slot(curve, starts, curve.arrivals[index], load, plan.shrinkage))
    return found


def _slot(curve: Curve, starts: float, arrivals: float, load: float, shrinkage: float) -> Slot:
    """The need at a load; the rate that carries it is the load's, not the slot's own."""
    rate = load / curve.handling if load > 1e-9 else 0.0
    agents = staff_for(
        rate,
        curve.handling,
        within=curve.within,
        target=curve.target,
        mean_patience=curve.patience,
    )
    level, left, wait = 1.0, 0.0, 0.0
    if agents and curve.patience is not None:
        impatient = ErlangA(agents, rate, 1 / curve.handling, 1 / curve.patience)
        level = impatient.offered_within(curve.within)
        left, wait = impatient.p_abandon, impatient.mean_wait
    elif agents:
        patient = ErlangC(agents, rate, 1 / curve.handling)
        level, wait = patient.service_level(curve.within), patient.mean_wait
    return Slot(
        skill=curve.skill,
        starts=starts,
        arrivals=arrivals,
        load=load,
        agents=agents,
        paid=math.ceil(agents / (1 - shrinkage) - 1e-9),
        level=level,
        left=left,
        wait=wait,
        busy=load * (1 - left) / agents if agents else 0.0,
    )


def verify(plan: Plan, needs: Sequence[Slot], *, seeds: Sequence[int]) -> dict[str, Estimate]:
    """Plays whole days with these agents, and gives each skill's figures of the day.

    Agents sign in and out at the slots' ends and finish what they have. Services and patience are
    exponential, as in the theory.
    """
    scenario = Scenario(
        name="staffing",
        policy=_rules(plan),
        agents=tuple(_shifts(plan, needs)),
        demand=tuple(_demand(curve, plan.slot) for curve in plan.curves),
        length=plan.slot * max(len(curve.arrivals) for curve in plan.curves),
        seeds=tuple(seeds),
    )
    return estimates([_by_skill(play(scenario, seed), plan) for seed in scenario.seeds])


def _rules(plan: Plan) -> Policy:
    return Policy(
        queues=tuple(
            Queue(
                id=curve.skill,
                needs=(SkillNeed(curve.skill),),
                assign="direct",
                waiting_max=1_000_000,
                service_level=ServiceLevel(within_ms=round(curve.within * 60_000)),
            )
            for curve in plan.curves
        ),
        capacity={"chat": 1, "total": 1},
        score_band=1000,
    )


def _demand(curve: Curve, slot: float) -> Demand:
    return Demand(
        id=curve.skill,
        queue=curve.skill,
        arrivals=Rates(tuple(count / slot for count in curve.arrivals), slot),
        service=Exponential(curve.handling),
        patience=Exponential(curve.patience) if curve.patience is not None else None,
    )


def _shifts(plan: Plan, needs: Sequence[Slot]) -> list[AgentGroup]:
    """One group for each seat and stretch of slots in which it is taken."""
    groups = []
    for curve in plan.curves:
        counts = [need.agents for need in needs if need.skill == curve.skill]
        for seat in range(max(counts)):
            taken = [count > seat for count in counts]
            for number, (first, behind) in enumerate(_stretches(taken)):
                group = AgentGroup(
                    id=f"{curve.skill}-{seat}-{number}"[-32:],
                    skills={curve.skill: 50},
                    starts=first * plan.slot,
                    ends=None if behind == len(counts) else behind * plan.slot,
                )
                groups.append(group)
    return groups


def _stretches(taken: Sequence[bool]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for index, is_taken in enumerate(taken):
        if is_taken and found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        elif is_taken:
            found.append((index, index + 1))
    return found


def _by_skill(run: Run, plan: Plan) -> dict[str, float]:
    """Level and share of the left by skill; where there is one skill its figures have no prefix."""
    alone = len(plan.curves) == 1
    names = ("level", "left", "wait.mean")
    return {
        f"{curve.skill}.{name}": run.figures[name if alone else f"{curve.skill}.{name}"]
        for curve in plan.curves
        for name in names
        if alone or f"{curve.skill}.{name}" in run.figures
    }


def run_staff(
    path: Path,
    *,
    verified: bool = False,
    seeds: Sequence[int] = (1, 2, 3, 4),
    as_json: bool = False,
) -> str:
    """The table of a plan's file, verified by the simulator if asked for.

    Raises:
        SettingsError: for a plan that is not right.
    """
    plan = convert(read(path), Plan, path, (Curve,))
    skills = [curve.skill for curve in plan.curves]
    twice = sorted({skill for skill in skills if skills.count(skill) > 1})
    refuse([(f"curves.{skill}", "is there twice") for skill in twice], path)
    if not skills:
        refuse([("curves", "add at least one [[curves]]")], path)
    needs = slots(plan)
    played = verify(plan, needs, seeds=seeds) if verified else {}
    if as_json:
        return _json(needs, played)
    return _report(needs, played)


def _json(needs: Sequence[Slot], played: dict[str, Estimate]) -> str:
    document = {
        "slots": [{name: getattr(need, name) for name in need.__struct_fields__} for need in needs],
        "verified": {name: one.mean for name, one in played.items()},
    }
    return json.dumps(document, indent=2)


def _report(needs: Sequence[Slot], played: dict[str, Estimate]) -> str:
    rows = [
        ("skill", "from", "arrivals", "load", "agents", "paid", "level", "left", "wait", "busy")
    ]
    rows += [
        (
            need.skill,
            f"{int(need.starts) // 60 % 24:02d}:{int(need.starts) % 60:02d}",
            f"{need.arrivals:g}",
            f"{need.load:.2f}",
            str(need.agents),
            str(need.paid),
            f"{need.level:.1%}",
            f"{need.left:.1%}",
            f"{need.wait * 60:.1f} s",
            f"{need.busy:.1%}",
        )
        for need in needs
    ]
    lines = [table(rows)]
    if played:
        lines += ["", "whole days in the simulator (mean, standard error):"]
        lines += [f"  {name}  {one.mean:.4f}  {one.error:.4f}" for name, one in played.items()]
    return "\n".join(lines)
