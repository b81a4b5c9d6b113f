"""What a run showed, in figures; and what several runs show, with their error.

Owns: the figures' names and definitions, means over runs with standard errors, the table. Does not
know: how a run was made.

Invariants: a figure counts those who arrived within the observation window, whenever they were
answered; the standard error of a mean over runs is that of independent runs, and nan for one.

Names: ``wait.*`` over everybody who asked and was not refused, those who left included (Erlang
A's E[W]); ``answer.*`` over those who were answered; ``left``, ``refused`` shares of those who
asked; ``level`` the service level (answered in time over answered and left); then the same
for each kind as ``kind.figure``; ``share.kind.group`` who served whom; ``busy.group`` occupancy;
``overtakes.*`` per answered conversation; ``fair.*`` Jain's index, 1 where all fare alike.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from msgspec import Struct

from router.lab.book import Visit
from router.lab.watch import Watch

__all__ = [
    "Estimate",
    "estimates",
    "figures_of",
    "jain",
    "occupancies",
    "quantile",
    "table",
    "waits",
]


class Estimate(Struct, frozen=True):
    """A mean over runs, and its standard error."""

    mean: float
    error: float

    def is_near(self, expected: float, *, relative: float = 0.0, errors: float = 3.0) -> bool:
        """Whether it differs from ``expected`` by no more than tolerance and chance allow."""
        allowed = relative * abs(expected) + errors * self.error
        return abs(self.mean - expected) <= allowed


def jain(values: Sequence[float]) -> float:
    """Jain's index: 1 where all are equal, 1/n where one has everything."""
    squares = math.fsum(value * value for value in values)
    return math.fsum(values) ** 2 / (len(values) * squares) if squares else 1.0


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that ``share`` of the sorted values do not exceed."""
    if not ordered:
        return math.nan
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def figures_of(
    visits: Iterable[Visit],
    watch: Watch,
    *,
    unit_ms: int,
    groups: Mapping[str, str],
    within_ms: Mapping[str, int],
) -> dict[str, float]:
    """The figures of one run.

    Args:
        visits: Everybody who came.
        watch: What was seen.
        unit_ms: The unit of the times that come out.
        groups: The group of each agent.
        within_ms: The time of each queue's service level.
    """
    seen = [visit for visit in visits if watch.begins_ms <= visit.at_ms < watch.ends_ms]
    figures = {"asked": float(len(seen))}
    figures.update(waits(seen, "", unit_ms, within_ms))
    kinds: dict[str, list[Visit]] = defaultdict(list)
    for visit in seen:
        kinds[visit.kind].append(visit)
    for kind in sorted(kinds):
        if len(kinds) > 1:
            figures.update(waits(kinds[kind], f"{kind}.", unit_ms, within_ms))
        figures.update(_shares(kinds[kind], kind, groups))
    figures.update(_work(watch, groups))
    figures["line.max"] = float(watch.line_length_max)
    answered = sum(visit.answered_ms >= 0 for visit in seen)
    for cause, count in watch.overtakes.items():
        figures[f"overtakes.{cause}"] = count / answered if answered else 0.0
    figures["fair.customers"] = _fairness(seen)
    return figures


def waits(
    visits: Sequence[Visit], prefix: str, unit_ms: int, within_ms: Mapping[str, int]
) -> dict[str, float]:
    """How some of the visits fared; each figure's name begins with ``prefix``."""
    stood = [visit for visit in visits if visit.outcome not in ("refused", "joined")]
    answered = sorted(visit.waited_ms / unit_ms for visit in stood if visit.answered_ms >= 0)
    left = sum(visit.outcome in ("left", "expired") for visit in stood)
    in_time = sum(
        visit.answered_ms >= 0 and visit.waited_ms <= within_ms[visit.queue] for visit in stood
    )
    count = len(stood) or 1
    over = [visit for visit in stood if visit.answered_ms >= 0 or visit.outcome]
    return {
        f"{prefix}wait.mean": math.fsum(visit.waited_ms for visit in over) / unit_ms / count,
        f"{prefix}wait.share": sum(visit.waited_ms > 0 for visit in over) / count,
        f"{prefix}answer.mean": fmean(answered) if answered else math.nan,
        f"{prefix}answer.p50": quantile(answered, 0.5),
        f"{prefix}answer.p90": quantile(answered, 0.9),
        f"{prefix}answer.p99": quantile(answered, 0.99),
        f"{prefix}left": left / count,
        f"{prefix}refused": sum(visit.outcome == "refused" for visit in visits)
        / (len(visits) or 1),
        f"{prefix}level": in_time / ((len(answered) + left) or 1),
    }


def _shares(visits: Sequence[Visit], kind: str, groups: Mapping[str, str]) -> dict[str, float]:
    served: dict[str, int] = dict.fromkeys(groups.values(), 0)
    for visit in visits:
        if visit.agent:
            served[groups[visit.agent]] += 1
    total = sum(served.values()) or 1
    return {f"share.{kind}.{group}": count / total for group, count in served.items()}


def occupancies(watch: Watch, groups: Mapping[str, str]) -> dict[str, float]:
    """By agent, conversations at a time while signed in."""
    shares = {}
    for agent in groups:
        signed_ms = watch.signed.total_ms(agent)
        shares[agent] = watch.busy.total_ms(agent) / signed_ms if signed_ms else 0.0
    return shares


def _work(watch: Watch, groups: Mapping[str, str]) -> dict[str, float]:
    by_group: dict[str, list[float]] = defaultdict(list)
    for agent, share in occupancies(watch, groups).items():
        by_group[groups[agent]].append(share)
    everybody = [share for shares in by_group.values() for share in shares]
    figures = {
        "busy": fmean(everybody) if everybody else math.nan,  # a house that nobody worked in
        "fair.agents": jain(everybody),
    }
    for group, shares in by_group.items():
        figures[f"busy.{group}"] = fmean(shares)
        figures[f"fair.{group}"] = jain(shares)
    return figures


def _fairness(visits: Iterable[Visit]) -> float:
    """Jain's index over the customers' mean waits."""
    waits: dict[str, list[int]] = defaultdict(list)
    for visit in visits:
        if visit.answered_ms >= 0:
            waits[visit.customer].append(visit.waited_ms)
    return jain([fmean(each) for each in waits.values()]) if waits else 1.0


def estimates(runs: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    """The mean of each figure over the runs, with its standard error."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: _estimate([run[name] for run in runs if name in run]) for name in names}


def _estimate(values: Sequence[float]) -> Estimate:
    mean = fmean(values)
    if len(values) < 2:
        return Estimate(mean, math.nan)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Estimate(mean, math.sqrt(variance / len(values)))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lines with aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)
