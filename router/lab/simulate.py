"""Plays a scenario: draws its people, runs them on a stage, once for each seed.

Owns: how a scenario becomes plans, and the report of ``fairline simulate``. Does not know: how the
core decides, or what a figure means.

Invariants: a seed repeats a run exactly; arrivals end at the scenario's length, and those who have
come by then are served to the end, so that no wait is cut off.
"""

import heapq
import json
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from msgspec import Struct

from router.commands import RequestConversation
from router.ids import ConversationId, CustomerId
from router.lab.book import Visit
from router.lab.draws import arrival_times, drawer, stream
from router.lab.figures import Estimate, estimates, figures_of, table
from router.lab.hands import Hands
from router.lab.picture import draw
from router.lab.scenario import AgentGroup, Demand, Scenario, load
from router.lab.stage import SERVICE, AgentPlan, Stage
from router.lab.watch import Watch
from router.policy import AgentEntry, Policy

__all__ = ["Run", "play", "run_simulate", "simulate"]

LINE_SAMPLES = 240


class Run(Struct):
    """One seed's run: everybody who came, what was seen, and its figures."""

    seed: int
    visits: list[Visit]
    watch: Watch
    groups: dict[str, str]
    line: list[tuple[float, int]]
    figures: dict[str, float]
    command_count: int


def simulate(scenario: Scenario, policy: Policy | None = None) -> dict[str, Estimate]:
    """The scenario's figures over all its seeds, under its own policy or another one."""
    return estimates([play(scenario, seed, policy).figures for seed in scenario.seeds])


def play(scenario: Scenario, seed: int, policy: Policy | None = None) -> Run:
    """One run of the scenario."""
    unit_ms = scenario.unit_ms
    used = scenario.policy if policy is None else policy
    watch = Watch(round(scenario.warm_up * unit_ms), round(scenario.length * unit_ms))
    groups: dict[str, str] = {}
    plans = []
    for group in scenario.agents:
        for plan in _agents(group, seed, unit_ms):
            groups[plan.entry.id] = group.id
            plans.append(plan)
    is_slower = any(demand.slower for demand in scenario.demand)
    stage = Stage(used, plans, watch, hands=Hands() if is_slower else None)
    line: list[tuple[float, int]] = []
    for index in range(1, LINE_SAMPLES + 1):
        at = index * scenario.length / LINE_SAMPLES
        stage.plan(round(at * unit_ms), lambda at: line.append((at, watch.line_length)), at)
    stage.run(_visits(scenario, seed))
    visits = list(stage.book.visits.values())
    within_ms = {queue.id: queue.service_level.within_ms for queue in used.queues}
    figures = figures_of(visits, watch, unit_ms=unit_ms, groups=groups, within_ms=within_ms)
    return Run(seed, visits, watch, groups, line, figures, stage.command_count)


def _agents(group: AgentGroup, seed: int, unit_ms: int) -> Iterator[AgentPlan]:
    shift = (
        round(group.starts * unit_ms),
        None if group.ends is None else round(group.ends * unit_ms),
    )
    for number in range(1, group.count + 1):
        name = f"{group.id}-{number}"
        yield AgentPlan(
            entry=AgentEntry(
                id=name,
                skills=group.skills,
                languages=group.languages,
                capacity=group.capacity,
            ),
            shifts=(shift,),
            speed=group.speed,
            answer_ms=_answers(group, f"{name}/answers", seed, unit_ms),
        )


def _answers(group: AgentGroup, name: str, seed: int, unit_ms: int) -> Callable[[], int] | None:
    if group.answers is None:
        return None
    draw_one = drawer(group.answers, stream(seed, name))
    return lambda: round(draw_one() * unit_ms)


def _visits(scenario: Scenario, seed: int) -> Iterator[Visit]:
    kinds = (_visits_of(demand, scenario, seed) for demand in scenario.demand)
    return heapq.merge(*kinds, key=lambda visit: visit.at_ms)


def _visits_of(demand: Demand, scenario: Scenario, seed: int) -> Iterator[Visit]:
    """One kind's customers; chance comes from a stream for each of the things it decides."""
    unit_ms = scenario.unit_ms
    name = demand.id
    service = drawer(demand.service, stream(seed, f"{name}/service"))
    patience = (
        drawer(demand.patience, stream(seed, f"{name}/patience")) if demand.patience else None
    )
    who = stream(seed, f"{name}/people")
    times = arrival_times(demand.arrivals, stream(seed, f"{name}/arrivals"), scenario.length)
    for number, at in zip(count(1), times):
        visit = f"{name}-{number}"
        person = f"{name}/{who.randrange(demand.people)}" if demand.people else visit
        yield Visit(
            kind=name,
            at_ms=round(at * unit_ms),
            request=_request(demand, visit, person),
            service_ms=round(service() * unit_ms),
            patience_ms=round(patience() * unit_ms) if patience is not None else None,
            slower=demand.slower,
        )


def _request(demand: Demand, visit: str, customer: str) -> RequestConversation:
    return RequestConversation(
        by=SERVICE,
        conversation=ConversationId(visit),
        op=visit,
        channel=demand.channel,
        queue=demand.queue,
        customer=CustomerId(customer),
        needs=demand.needs,
        languages=demand.languages or None,
        priority=demand.klass,
        topic=visit if demand.new_topics else "",
    )


def run_simulate(
    path: Path, *, seeds: Sequence[int] = (), out: Path | None = None, as_json: bool = False
) -> str:
    """Plays a scenario file, draws a picture if asked for one, and returns the report.

    Raises:
        SettingsError: for a scenario that is not right.
    """
    scenario = load(path)
    runs = [play(scenario, seed) for seed in tuple(seeds) or scenario.seeds]
    found = estimates([run.figures for run in runs])
    if out is not None:
        out.write_text(draw(scenario.name, scenario.unit, runs[0], scenario.unit_ms), "utf-8")
    if as_json:
        figures = {name: {"mean": one.mean, "error": one.error} for name, one in found.items()}
        document = {
            "scenario": scenario.name,
            "unit": scenario.unit,
            "seeds": [run.seed for run in runs],
            "figures": figures,
        }
        return json.dumps(_without_nan(document), indent=2)
    return _report(scenario, runs, found)


def _without_nan(value: object) -> object:
    """JSON has no nan: such a figure is null."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


_BY_KIND = ("wait.mean", "answer.p50", "answer.p90", "answer.p99", "left", "refused", "level")


def _report(scenario: Scenario, runs: Sequence[Run], found: dict[str, Estimate]) -> str:
    """Three tables: how each kind fared, who worked how much for whom, and the line as a whole."""
    asked = round(sum(run.figures["asked"] for run in runs))
    seeds = ", ".join(str(run.seed) for run in runs)
    return "\n".join(
        [
            f"{scenario.name}: {asked} conversations, seeds {seeds}; times in {scenario.unit}",
            "mean over the runs, and its standard error",
            "",
            table(_kinds(scenario, found)),
            "",
            table(_work(scenario, found)),
            "",
            table(_rest(found)),
        ]
    )


def _kinds(scenario: Scenario, found: dict[str, Estimate]) -> list[list[str]]:
    rows = [["who", *_BY_KIND], ["everybody", *(_cell(found[name]) for name in _BY_KIND)]]
    for demand in scenario.demand:
        mine = [found.get(f"{demand.id}.{name}") for name in _BY_KIND]
        if any(mine):
            rows.append([demand.id, *(_cell(one) for one in mine)])
    return rows


def _work(scenario: Scenario, found: dict[str, Estimate]) -> list[list[str]]:
    kinds = [demand.id for demand in scenario.demand]
    rows = [["agents", "busy", "alike", *(f"of {kind}" for kind in kinds)]]
    for group in scenario.agents:
        shares = [found.get(f"share.{kind}.{group.id}") for kind in kinds]
        mine = [found[f"busy.{group.id}"], found[f"fair.{group.id}"], *shares]
        rows.append([group.id, *(_cell(one) for one in mine)])
    return rows


def _rest(found: dict[str, Estimate]) -> list[list[str]]:
    names = [name for name in found if name.startswith(("overtakes.", "fair.customers", "line."))]
    return [["the line", ""], *([name, _cell(found[name])] for name in names)]


def _cell(one: Estimate | None) -> str:
    if one is None:
        return "-"
    error = "" if math.isnan(one.error) else f" ±{_number(one.error)}"
    return f"{_number(one.mean)}{error}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3f}"
