"""Adds up what all processes of a run saw: the figures of its report, as plain values.

Owns: what is counted, over which time, in which unit. Does not know: how it is drawn, what it is
held against (``targets``), how anything was observed.

Invariants (tests/loadtest/test_figures.py): only arrivals between the warm-up and the end count;
``offer_ms`` runs from the moment at which customer and agent were both there, the later of the
arrival that was meant and the command that made the agent able; every figure of a page is here.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from loadtest.costs import cpu_ms, redis_cores
from loadtest.histograms import CURVE, at, codes, curve, merged, record, rows
from loadtest.knee import LATE_MS_MAX, knee_of
from loadtest.notes import Offer, Stint, decoded, new_histogram
from loadtest.report import percentile
from loadtest.running import Outcome
from loadtest.sampling import Sample
from loadtest.verdicts import Seen, judge_run

__all__ = ["Figures", "figures_of", "jain"]

Figures = dict[str, Any]

SERVICE_LEVEL_S = 20.0
CPU_SHARE_MAX = 0.9
EXAMPLES_MAX = 3
PAIRS_MAX = 600
NEAR_S = 3.0
NO_REPLIES = frozenset({"hello", "message", "offer"})
BINS = 20


def figures_of(outcome: Outcome) -> Figures:
    """All of them."""
    run = _Run(outcome)
    measures = run.measures()
    return {
        "scenario": outcome.scenario.name,
        "about": outcome.scenario.about,
        "measures": measures,
        "windows": run.windows(),
        "faults": [
            {"at": each.at, "kind": each.kind, "share": each.share}
            for each in outcome.scenario.faults
        ],
        "curve": run.curve(),
        "lines": run.lines(),
        "estimates": run.estimates(),
        "occupancy": run.occupancy(),
        "samples": msgspec.to_builtins(outcome.samples),
        "generator": run.generator(),
        "knee": run.knee(),
        "messages": run.messages(),
        "errors": run.errors(),
        "excused": dict(sum((Counter(each.excused) for each in outcome.sheets), Counter())),
        "violations": run.violations(),
        "latencies": {"offer": codes(run.offer_histograms)},
        "memory": {
            "empty_mib": outcome.empty_mib,
            "connected_mib": outcome.connected_mib,
            "connections": run.connections,
        },
    }


def jain(values: Sequence[float]) -> float | None:
    """Jain's index: 1 where all have the same, 1/n where one has all (Jain, Chiu, Hawe 1984)."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else None


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


class _Run:
    """The rows of all processes together, and what follows from them."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._scenario = outcome.scenario
        self._from = outcome.begins + self._scenario.load.warm_up
        self._to = outcome.begins + self._scenario.ends
        sheets = outcome.sheets
        self._all_visits = [each for sheet in sheets for each in sheet.visits]
        self._offers = [each for sheet in sheets for each in sheet.offers]
        self._stints = [each for sheet in sheets for each in sheet.stints]
        self.connections = outcome.scenario.agents + outcome.scenario.customers.connected
        loud = outcome.scenario.customers.loud
        self.connections += loud.count * loud.tabs
        self._visits = [
            each
            for each in self._all_visits
            if not each.is_loud and self._from <= each.due < self._to
        ]
        self._first_offer = self._first_offers()
        self.offer_ms: list[tuple[float, float]] = []
        """When it was due, from the beginning, and how long the offer took."""
        self.offer_histograms = (new_histogram(), new_histogram())
        self._time_offers()

    def _first_offers(self) -> dict[str, Offer]:
        found: dict[str, Offer] = {}
        for offer in sorted(self._offers, key=lambda each: each.pos):
            found.setdefault(offer.conversation, offer)
        return found

    def _time_offers(self) -> None:
        corrected, uncorrected = self.offer_histograms
        for visit in self._visits:
            offer = self._first_offer.get(visit.id)
            if offer is None or visit.was_away or not offer.not_before or offer.is_untimed:
                continue
            took = offer.at - max(visit.due, offer.not_before)
            record(corrected, took)
            record(uncorrected, offer.at - max(visit.sent, offer.not_before))
            self.offer_ms.append((visit.due - self._outcome.begins, 1e3 * took))

    # The measures that targets may be about

    def measures(self) -> dict[str, float | None]:
        """By name; None where nothing was measured."""
        waits = [each.assigned - each.due for each in self._visits if each.assigned]
        gone = [each for each in self._visits if not each.assigned and each.cancelled]
        in_time = sum(wait <= SERVICE_LEVEL_S for wait in waits)
        handled = len(waits) + len(gone)
        span = self._to - self._from
        back = [each for sheet in self._outcome.sheets for each in sheet.back_s]
        corrected, uncorrected = self.offer_histograms
        found = self.violations()
        took = {row["type"]: row for row in self.messages()}
        shares = self.occupancy()["jain"]
        knee = self.knee()
        values: dict[str, float | None] = {
            "connections": float(self.connections),
            "conversations": float(len(self._visits)),
            "conversations_per_s": len(self._visits) / span,
            "offers_per_s": sum(self._from <= each.at < self._to for each in self._offers) / span,
            "offer_p50_ms": at(corrected, 50),
            "offer_p99_ms": at(corrected, 99),
            "offer_p999_ms": at(corrected, 99.9),
            "offer_max_ms": at(corrected, 100),
            "offer_p99_uncorrected_ms": at(uncorrected, 99),
            "message_p99_ms": took.get("message", {}).get("p99"),
            "reply_p99_ms": max(
                (row["p99"] for kind, row in took.items() if kind not in NO_REPLIES and row["p99"]),
                default=None,
            ),
            "served_share": len(waits) / len(self._visits) if self._visits else None,
            "service_level": in_time / handled if handled else None,
            "abandoned": float(len(gone)),
            "wait_p90_s": percentile(waits, 90),
            "violations": float(sum(each["count"] for each in found.values())),
            "lost": float(sum(each["count"] for kind, each in found.items() if "lost" in kind)),
            "errors": float(sum(each["count"] for each in self.errors().values())),
            "jain": shares,
            "knee_per_s": knee["per_s"] if knee else None,
            "back_s": max(back, default=None),
            "loud_wait_ratio": self._loud_wait_ratio(),
            "cpu_ms_per_conversation": self._cpu_ms(lambda each: each.cpu),
            "redis_cpu_ms_per_conversation": self._cpu_ms(redis_cores),
        }
        return {name: _rounded(value, 4) for name, value in values.items()}

    def _loud_wait_ratio(self) -> float | None:
        """The loud beside quiet ones of the same line who came within a few seconds of them."""
        line = self._scenario.customers.loud.line or self._scenario.lines[0].id
        others = [
            each
            for each in self._visits
            if each.assigned and each.line == line and not each.has_priority
        ]
        pairs = [
            (loud.assigned - loud.due, sum(near) / len(near))
            for loud in self._all_visits
            if loud.is_loud
            and loud.assigned
            and (
                near := [
                    each.assigned - each.due
                    for each in others
                    if abs(each.due - loud.due) <= NEAR_S
                ]
            )
        ]
        quiet = sum(wait for _, wait in pairs)
        return sum(wait for wait, _ in pairs) / quiet if quiet else None

    def _cpu_ms(self, cores: Callable[[Sample], float | None]) -> float | None:
        if not self._outcome.has_server_figures:
            return None
        begins = self._outcome.begins
        answered = [each.assigned - begins for each in self._all_visits if each.assigned]
        load = self._scenario.load
        return cpu_ms(self._outcome.samples, cores, answered, load.warm_up, self._scenario.ends)

    # What is drawn

    def windows(self) -> list[Figures]:
        """Second by second: arrivals, answers, and how long offers took, in ms."""
        seconds = math.ceil(self._outcome.over_at - self._outcome.begins)
        found: list[Figures] = [
            {"at": second, "arrivals": 0, "answers": 0, "offer_ms": []}
            for second in range(seconds + 1)
        ]
        begins = self._outcome.begins
        for visit in self._all_visits:
            if not visit.is_loud:
                found[int(visit.due - begins)]["arrivals"] += 1
            if visit.assigned:
                found[int(visit.assigned - begins)]["answers"] += 1
        for due, took_ms in self.offer_ms:
            found[int(due)]["offer_ms"].append(round(took_ms, 2))
        while found and not (found[-1]["arrivals"] or found[-1]["answers"]):
            found.pop()
        return found

    def curve(self) -> dict[str, list[list[float]]]:
        """Percentile and ms, corrected and not."""
        corrected, uncorrected = self.offer_histograms
        return {"corrected": curve(corrected), "uncorrected": curve(uncorrected)}

    def lines(self) -> list[Figures]:
        """By queue: who was served after how long, who left, how good the estimates were."""
        found = []
        for line in self._scenario.lines:
            visits = [each for each in self._visits if each.line == line.id]
            waits = [each.assigned - each.due for each in visits if each.assigned]
            told = [
                (each.estimate_p50_ms / 1000, each.estimate_p90_ms / 1000, each.assigned - each.due)
                for each in visits
                if each.assigned and each.estimate_p90_ms > 0
            ]
            found.append(
                {
                    "line": line.id,
                    "asked": len(visits),
                    "served": len(waits),
                    "left": sum(bool(each.cancelled) and not each.assigned for each in visits),
                    **{f"p{q}_s": _rounded(percentile(waits, q), 3) for q in (50, 90, 99)},
                    "curve": [[q, _rounded(percentile(waits, q), 3)] for q in CURVE if waits],
                    "told": len(told),
                    "off_by_s": _rounded(percentile([abs(m - w) for m, _, w in told], 50), 3),
                    "within_p90": _rounded(
                        sum(wait <= high for _, high, wait in told) / len(told) if told else None
                    ),
                }
            )
        return found

    def estimates(self) -> list[list[float]]:
        """Pairs of what was told and what it was, in seconds; thinned evenly."""
        pairs = [
            [each.estimate_p50_ms / 1000, round(each.assigned - each.due, 3)]
            for each in self._visits
            if each.assigned and each.estimate_p50_ms >= 0
        ]
        return pairs[:: max(1, len(pairs) // PAIRS_MAX)]

    def occupancy(self) -> Figures:
        """How much of the time agents were at work, and how evenly among those who are equal."""
        busy: dict[str, float] = defaultdict(float)
        for stint in self._stints:
            busy[stint.agent] += self._overlap(stint)
        span = self._to - self._from
        shares, indices, weights = [], [], []
        for group in self._scenario.desks:
            names = [f"{group.id}-{number}" for number in range(group.count)]
            own = [busy[name] / span / group.capacity for name in names]
            shares += own
            for tenant in range(self._scenario.load.tenants):
                index = jain(self._of_tenant(own, tenant))
                if index is not None:
                    indices.append(index * group.count)
                    weights.append(group.count)
        bins = [0] * BINS
        for share in shares:
            bins[min(BINS - 1, max(0, int(share * BINS)))] += 1
        return {
            "bins": bins,
            "mean": _rounded(sum(shares) / len(shares), 3) if shares else None,
            "jain": _rounded(sum(indices) / sum(weights), 4) if weights else None,
        }

    def _of_tenant(self, own: Sequence[float], tenant: int) -> list[float]:
        load = self._scenario.load
        return [
            share
            for number, share in enumerate(own)
            if number // load.processes % load.tenants == tenant
        ]

    def _overlap(self, stint: Stint) -> float:
        until = stint.until or self._outcome.over_at
        return max(0.0, min(until, self._to) - max(stint.at, self._from))

    def knee(self) -> Figures | None:
        """The highest rate before two windows in a row were too slow; of a rising load alone."""
        load, points = self._scenario.load, self._scenario.arrivals.points
        rates = [rate for _, rate in points]
        if len(set(rates)) < 2 or rates != sorted(rates):
            return None
        found, second = [], load.warm_up
        while second + load.knee_window <= self._scenario.ends + 1e-9:
            found.append(self._knee_window(second, load.knee_window))
            second += load.knee_window
        return knee_of(found, load.knee_p99_ms)

    def _knee_window(self, second: float, width: float) -> Figures:
        begins = self._outcome.begins
        due = [each for each in self._visits if second <= each.due - begins < second + width]
        took = [ms for when, ms in self.offer_ms if second <= when < second + width]
        offered = sum(each.id in self._first_offer for each in due)
        has_nearly_all = offered >= 0.99 * len(due)
        own = [each for each in self._outcome.samples if second <= each.at < second + width]
        health = [each for sheet in self._outcome.sheets for each in sheet.health]
        late = [each.lag_ms for each in health if second <= each.at < second + width]
        return {
            "at": round(second, 2),
            "per_s": round(len(due) / width, 1),
            "p99_ms": _rounded(percentile(took, 99)) if has_nearly_all else None,
            "cpu": _rounded(sum(each.cpu for each in own) / len(own)) if own else None,
            "others": _rounded(sum(each.others_cpu for each in own) / len(own)) if own else None,
            "late_ms": _rounded(max(late, default=0.0)),
            "cpu_max": max((each.cpu for each in own), default=0.0),
        }

    def messages(self) -> Sequence[Figures]:
        """By type of message: how long its reply took, or its way to the other side."""
        sheets = self._outcome.sheets
        pairs = merged([sheet.latencies for sheet in sheets])
        pairs["offer"] = self.offer_histograms
        handshakes = new_histogram()
        for sheet in sheets:
            handshakes.add(decoded(sheet.handshakes))
        pairs["hello"] = (handshakes, handshakes)
        return rows(pairs)

    def generator(self) -> Figures:
        """How the generator itself was, and whether it was the bottleneck."""
        sheets = self._outcome.sheets
        late = [each for sheet in sheets for each in sheet.lateness_ms]
        health = [
            each for sheet in sheets for each in sheet.health if 0 <= each.at <= self._scenario.ends
        ]
        shares = sorted(each.cpu for each in health)
        late_p99 = percentile(late, 99) or 0.0
        busiest = percentile(shares, 95) or 0.0
        within = [each for each in self._outcome.samples if 0 <= each.at <= self._scenario.ends]
        count, has_cpu = max(1, len(within)), self._outcome.has_server_figures
        return {
            "processes": len(sheets),
            "late_p99_ms": _rounded(late_p99),
            "lag_p99_ms": _rounded(percentile([each.lag_ms for each in health], 99)),
            "busiest_cpu": _rounded(busiest),
            "others_cpu": _rounded(sum(each.others_cpu for each in within) / count),
            "server_cpu": _rounded(sum(each.cpu for each in within) / count if has_cpu else None),
            "generators_cpu": _rounded(sum(each.generators_cpu for each in within) / count),
            "is_bottleneck": late_p99 > LATE_MS_MAX or busiest > CPU_SHARE_MAX,
            "is_cut_off": any(sheet.is_cut_off for sheet in sheets),
            "newcomers": sum(sheet.newcomers for sheet in sheets),
            "hushed": sum(sheet.hushed for sheet in sheets),
        }

    # What went wrong

    def errors(self) -> dict[str, Any]:
        """By kind, with examples."""
        found: dict[str, Any] = {}
        for sheet in self._outcome.sheets:
            for kind, count in sheet.errors.items():
                row = found.setdefault(kind, {"count": 0, "examples": []})
                row["count"] += count
                row["examples"] = (row["examples"] + sheet.examples[kind])[:EXAMPLES_MAX]
        return found

    def violations(self) -> dict[str, Any]:
        """By kind, with examples."""
        seen = Seen(self._all_visits, self._offers, self._stints, self._outcome.over_at)
        found: dict[str, Any] = {}
        for each in judge_run(seen, self._scenario.load.head_start):
            row = found.setdefault(each.kind, {"count": 0, "examples": []})
            row["count"] += 1
            if len(row["examples"]) < EXAMPLES_MAX:
                row["examples"].append(each.example)
        return found
