"""Turns a finished run into figures, a table and a verdict, beside those of the real day.

Owns: what is reported, its units, and when a run counts as failed.
Does not know: how anything was observed.
Invariants: waits are in seconds of the recorded day, response times in real milliseconds; every
error and violation appears with its count; the verdict is a failure if there is any of them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from loadtest.checks import Violation, judge
from loadtest.day import DayPlan
from loadtest.faults import EXAMPLES_MAX
from loadtest.ledger import Conversation, Ledger
from loadtest.replay import Outcome

__all__ = ["HEAD_START_S", "Report", "percentile", "report_on"]

HEAD_START_S = 90.0
"""The bank gave its priority customers this much waiting credit."""
LATE_MS_MAX = 50.0
"""Beyond this p99 of its own lateness the generator measures itself, not the server."""
CPU_SHARE_MAX = 0.9
QUANTILES = (50, 90, 99)


def percentile(values: Sequence[float], per_cent: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(per_cent / 100 * len(ordered)) - 1)]


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and quantiles, rounded for people."""
    figures = {f"p{q}": percentile(values, q) for q in QUANTILES}
    figures["mean"] = sum(values) / len(values) if values else None
    return {name: None if one is None else round(one, 2) for name, one in figures.items()}


@dataclass(frozen=True)
class Report:
    """Everything about one run, as plain values: ``figures`` is what ``--report-json`` writes."""

    figures: dict[str, Any]

    @property
    def has_failed(self) -> bool:
        """An error occurred, or something that must hold did not."""
        return bool(self.figures["errors"] or self.figures["violations"])

    def table(self) -> str:
        """The report for a terminal."""
        return "\n".join([*self._compared(), "", *self._measured(), *self._verdict()])

    def _compared(self) -> list[str]:
        """This run and the real day, side by side."""
        run, real = self.figures["run"], self.figures["real"]
        title = f"replay of {self.figures['day']} at speed {self.figures['speed']:g}"
        lines = [f"{title:<38}{'run':>10}{'real day':>12}"]
        lines.extend(
            f"{name:<38}{run[name]:>10}{real[name]:>12}"
            for name in ("requested", "served", "abandoned")
        )
        lines.append(f"{'still there':<38}{run['still_there']:>10}{'-':>12}")
        for who in ("served", "abandoned"):
            for name in ("p50", "p90", "p99", "mean"):
                label = f"wait of the {who}, {name} (s)"
                ours, theirs = run[f"wait_{who}_s"][name], real[f"wait_{who}_s"][name]
                lines.append(f"{label:<38}{_cell(ours):>10}{_cell(theirs):>12}")
        return lines

    def _measured(self) -> list[str]:
        """Figures that the real day has no counterpart for."""
        run, generator = self.figures["run"], self.figures["generator"]
        response = run["request_to_offer_ms"]
        lines = [
            f"offers {run['offers']}, crossed on the way {run['crossed']}, "
            f"overtaken within the head start {run['overtaken_by_head_start']}",
            f"request to offer, a free agent found (real ms, n={run['found_free']}): "
            + _row(response),
            f"connect and hello (real ms): {_row(generator['handshake_ms'])}",
            f"generator late (real ms): {_row(generator['late_ms'])}; "
            f"{generator['cpu_share']:.0%} of a core over {generator['elapsed_s']:.0f} s",
        ]
        if generator["is_bottleneck"]:
            lines.append("THE GENERATOR IS THE BOTTLENECK: its own figures, not the server's")
        return lines

    def _verdict(self) -> list[str]:
        """Errors and violations with their first examples, or that there are none."""
        lines = []
        for title in ("errors", "violations"):
            found = self.figures[title]
            lines.append(f"{title}: {sum(one['count'] for one in found.values())}")
            for kind, one in found.items():
                lines.append(f"  {kind}: {one['count']}")
                lines.extend(f"    {example}" for example in one["examples"])
        if self.figures["is_cut_off"]:
            lines.append("cut off: the server left people waiting beyond the end of the plan")
        lines.append("FAILED" if self.has_failed else "passed")
        return lines


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _row(spread: dict[str, float | None]) -> str:
    return "  ".join(f"{name} {_cell(spread[name])}" for name in ("p50", "p90", "p99"))


def report_on(plan: DayPlan, outcome: Outcome, speed: float) -> Report:
    """Computes all figures of a run and judges it."""
    ledger = outcome.ledger
    return Report(
        {
            "day": plan.day,
            "speed": speed,
            "run": _run(ledger, speed),
            "real": _real(plan),
            "by_type": _by_type(plan, ledger, speed),
            "generator": _generator(outcome),
            "errors": {
                kind: {"count": count, "examples": ledger.faults.examples[kind]}
                for kind, count in sorted(ledger.faults.counts.items())
            },
            "violations": _violations(judge(ledger, HEAD_START_S / speed)),
            "is_cut_off": outcome.is_cut_off,
        }
    )


def _run(ledger: Ledger, speed: float) -> dict[str, Any]:
    requested = [one for one in ledger.conversations if one.is_acknowledged]
    responses = [
        (one.file.offers[0].at_s - one.asked_s) * 1000
        for one in requested
        if one.has_found_free and one.file.offers
    ]
    return {
        "arrived": len(ledger.lateness_s),
        "requested": len(requested),
        "served": sum(one.is_served for one in requested),
        "abandoned": sum(one.is_abandoned for one in requested),
        "still_there": sum(not one.is_over for one in requested),
        "wait_served_s": _spread(_waits(requested, speed, is_served=True)),
        "wait_abandoned_s": _spread(_waits(requested, speed, is_served=False)),
        "offers": len(ledger.offers),
        "crossed": sum(one.is_crossed for one in requested),
        "overtaken_by_head_start": _overtaken_by_head_start(requested),
        "found_free": len(responses),
        "request_to_offer_ms": _spread(responses),
    }


def _waits(conversations: Iterable[Conversation], speed: float, *, is_served: bool) -> list[float]:
    """From asking to being assigned, or to the end of who left, in seconds of the recorded day."""
    if is_served:
        return [(one.assigned_s - one.asked_s) * speed for one in conversations if one.is_served]
    return [(one.ended_s - one.asked_s) * speed for one in conversations if one.is_abandoned]


def _real(plan: DayPlan) -> dict[str, Any]:
    calls = [customer.call for customer in plan.customers]
    served = [float(call.wait_s) for call in calls if call.is_served]
    abandoned = [float(call.wait_s) for call in calls if not call.is_served]
    return {
        "requested": len(calls),
        "served": len(served),
        "abandoned": len(abandoned),
        "wait_served_s": _spread(served),
        "wait_abandoned_s": _spread(abandoned),
    }


def _by_type(plan: DayPlan, ledger: Ledger, speed: float) -> dict[str, Any]:
    """The run's figures for each type of call, with the real day's counts beside them."""
    groups: dict[str, list[Conversation]] = defaultdict(list)
    for one in ledger.conversations:
        groups[one.plan.type].append(one)
    real = Counter((one.type, one.call.is_served) for one in plan.customers)
    return {
        kind: {
            "served": sum(one.is_served for one in group),
            "abandoned": sum(one.is_abandoned for one in group),
            "wait_served_s": _spread(_waits(group, speed, is_served=True)),
            "real_served": real[kind, True],
            "real_abandoned": real[kind, False],
        }
        for kind, group in sorted(groups.items())
    }


def _overtaken_by_head_start(requested: list[Conversation]) -> int:
    """How many without priority saw one with priority come later and be offered earlier.

    Allowed, up to the head start; the bank's own share was 28 per cent of those who waited.
    """
    count = 0
    groups: dict[str, list[Conversation]] = defaultdict(list)
    for one in requested:
        if one.file.offers:
            groups[one.plan.type].append(one)
    for group in groups.values():
        group.sort(key=lambda one: one.file.offers[0].pos)
        latest_s = -math.inf
        for one in group:
            if one.plan.has_priority:
                latest_s = max(latest_s, one.asked_s)
            elif latest_s > one.acknowledged_s:
                count += 1
    return count


def _generator(outcome: Outcome) -> dict[str, Any]:
    late_ms = [late * 1000 for late in outcome.ledger.lateness_s]
    share = outcome.cpu_s / outcome.elapsed_s if outcome.elapsed_s else 0.0
    late_p99 = percentile(late_ms, 99) or 0.0
    return {
        "late_ms": _spread(late_ms),
        "handshake_ms": _spread([one * 1000 for one in outcome.ledger.handshake_s]),
        "elapsed_s": round(outcome.elapsed_s, 2),
        "cpu_share": round(share, 3),
        "is_bottleneck": late_p99 > LATE_MS_MAX or share > CPU_SHARE_MAX,
    }


def _violations(found: Iterable[Violation]) -> dict[str, Any]:
    """Counts by kind, with the first examples."""
    kinds: dict[str, dict[str, Any]] = {}
    for violation in found:
        kind = kinds.setdefault(violation.kind, {"count": 0, "examples": []})
        kind["count"] += 1
        if len(kind["examples"]) < EXAMPLES_MAX:
            kind["examples"].append(violation.example)
    return kinds
