"""A recorded day under another policy, or with more agents: what would have differed.

Owns: playing a record on the stage, and the comparison. Does not know: how a record becomes plans
(``router.lab.record`` says what that assumes) or how a journal is kept.

Three columns stand side by side, because a play is not the day itself: ``recorded`` is what
happened; ``again`` is the same people played under the recorded policy, so its distance from
``recorded`` is the error of the mapping; ``other`` is the same play under the other policy, or with
more agents. What that changes is the step from ``again`` to ``other``.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, islice
from statistics import median_low

from msgspec import Struct, structs

from router.journal.base import Record
from router.lab.book import Visit
from router.lab.figures import figures_of, table
from router.lab.record import Recorded, follow
from router.lab.stage import AgentPlan, Stage
from router.lab.watch import Watch
from router.policy import AgentEntry, Policy

__all__ = ["Comparison", "More", "compare", "run_replay"]

_SHOWN = ("asked", "answer.mean", "answer.p50", "answer.p90", "answer.p99", "left", "refused")
_LINE = ("level", "overtakes.class", "overtakes.skill", "overtakes.violation", "fair.customers")


class Comparison(Struct):
    """Figures by column, over all and by queue; times in seconds."""

    columns: dict[str, dict[str, float]]
    another_agent: dict[str, float]
    """By queue, and ``all``: of those answered both times, the share with another agent."""
    changed_policy: bool

    def text(self) -> str:
        """The report for people."""
        names = list(self.columns)
        rows = [("", *names)]
        queues = sorted(queue for queue in self.another_agent if queue != "all")
        figures = [*_SHOWN, *_LINE]
        figures += [f"{queue}.{name}" for queue in queues for name in ("level", *_SHOWN[1:])]
        for name in figures:
            cells = [self.columns[column].get(name) for column in names]
            if any(cell is not None for cell in cells):
                rows.append((name, *(_cell(cell) for cell in cells)))
        lines = ["times in s; 'again' plays the recorded people under the recorded policy", ""]
        lines.append(table(rows))
        if "other" in self.columns:
            lines += ["", "answered by another agent than in 'again':"]
            lines += [f"  {queue}: {share:.1%}" for queue, share in self.another_agent.items()]
        if self.changed_policy:
            lines += ["", "The policy changed during the record; 'again' uses the last one."]
        return "\n".join(lines)

    def json(self) -> str:
        """The report for machines; what is no figure is null."""
        columns = {
            column: {name: None if math.isnan(value) else value for name, value in found.items()}
            for column, found in self.columns.items()
        }
        document = {
            "columns": columns,
            "another_agent": self.another_agent,
            "changed_policy": self.changed_policy,
        }
        return json.dumps(document, indent=2)


class More(Struct, frozen=True):
    """So many agents more, alike, there for all of the record and as quick as the usual one."""

    count: int
    skills: dict[str, int] = {}
    languages: dict[str, int] = {}

    def plans(self, recorded: Recorded) -> list[AgentPlan]:
        """The agents, as the stage wants them."""
        usual_ms = [plan.answer_ms() for plan in recorded.agents if plan.answer_ms is not None]
        answer_ms = median_low(usual_ms) if usual_ms else 0
        known = {plan.entry.id for plan in recorded.agents}
        names = (name for n in count(1) if (name := f"more-{n}") not in known)
        return [
            AgentPlan(
                entry=AgentEntry(id=name, skills=self.skills, languages=self.languages),
                shifts=((recorded.begins_ms, None),),
                answer_ms=(lambda: answer_ms) if answer_ms else None,
            )
            for name in islice(names, self.count)
        ]


def compare(recorded: Recorded, other: Policy | None, more: More | None = None) -> Comparison:
    """Plays the record again: under its own policy, under the other one, with more agents.

    The other policy and the agents count together where both are given.
    """
    columns = {"recorded": _figures(recorded.visits, recorded.watch, recorded.policy)}
    again, columns["again"] = _play(recorded, recorded.policy, ())
    shares: dict[str, float] = {"all": 0.0}
    if other is not None or more is not None:
        added = () if more is None else more.plans(recorded)
        policy = recorded.policy if other is None else other
        visits, columns["other"] = _play(recorded, policy, added)
        shares = _another_agent(again, visits)
    return Comparison(columns, shares, recorded.changed_policy)


def _play(
    recorded: Recorded, policy: Policy, more: Sequence[AgentPlan]
) -> tuple[list[Visit], dict[str, float]]:
    watch = Watch(recorded.begins_ms, recorded.ends_ms)
    capacities = {entry.id: entry.capacity for entry in policy.agents}
    agents = [*(_under(plan, capacities) for plan in recorded.agents), *more]
    stage = Stage(policy, agents, watch)
    stage.run(recorded.plans(policy))
    visits = list(stage.book.visits.values())
    return visits, _figures(visits, watch, policy)


def _under(plan: AgentPlan, capacities: Mapping[str, dict[str, int]]) -> AgentPlan:
    """The agent with the capacity that a policy's directory gives, where it knows them."""
    capacity = capacities.get(plan.entry.id, plan.entry.capacity)
    return structs.replace(plan, entry=structs.replace(plan.entry, capacity=capacity))


def _figures(visits: Sequence[Visit], watch: Watch, policy: Policy) -> dict[str, float]:
    agents = sorted({visit.agent for visit in visits if visit.agent})
    within_ms = {queue.id: queue.service_level.within_ms for queue in policy.queues}
    for visit in visits:
        within_ms.setdefault(visit.queue, 20_000)
    groups = dict.fromkeys(agents, "agents")
    return figures_of(visits, watch, unit_ms=1000, groups=groups, within_ms=within_ms)


def _another_agent(again: Sequence[Visit], other: Sequence[Visit]) -> dict[str, float]:
    agents = {visit.id: visit.agent for visit in again}
    both = [visit for visit in other if visit.agent and agents.get(visit.id)]
    shares = {"all": _share_moved(both, agents)}
    for queue in sorted({visit.queue for visit in both}):
        shares[queue] = _share_moved([visit for visit in both if visit.queue == queue], agents)
    return shares


def _share_moved(visits: Sequence[Visit], agents: Mapping[str, str]) -> float:
    moved = sum(visit.agent != agents[visit.id] for visit in visits)
    return moved / len(visits) if visits else 0.0


def _cell(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.3f}"


def run_replay(
    records: Iterable[Record],
    tenant: str,
    policy: Policy | None = None,
    *,
    more: More | None = None,
    as_json: bool = False,
) -> str:
    """Compares what a journal has, from its beginning, with its play otherwise; the report.

    Raises:
        StorageError: where the journal cannot be read.
        SettingsError: where it has nothing of the tenant.
    """
    recorded = follow(records, tenant)
    comparison = compare(recorded, policy, more)
    return comparison.json() if as_json else comparison.text()
