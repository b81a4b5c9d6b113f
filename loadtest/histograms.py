"""Histograms of latencies: added up over processes, read at percentiles, as rows of a table.

Owns: what is asked of HdrHistogram, and the units: microseconds inside, ms in every figure.
Does not know: what was measured.

Invariant (tests/loadtest/test_histograms.py): adding up the histograms of several processes gives
the histogram of all their values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hdrh.histogram import HdrHistogram

from loadtest.notes import decoded, new_histogram

__all__ = ["CURVE", "at", "codes", "curve", "hlog", "merged", "record", "rows"]

CURVE = (0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 100)
QUANTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
Pair = tuple[HdrHistogram, HdrHistogram]
"""Corrected and uncorrected."""


def record(histogram: HdrHistogram, seconds: float) -> None:
    """Adds one; what is shorter than a microsecond counts as one."""
    histogram.record_value(max(1, round(1e6 * seconds)))


def at(histogram: HdrHistogram, point: float) -> float | None:
    """The value at a percentile, in ms; None of nothing."""
    if not histogram.get_total_count():
        return None
    value: int = histogram.get_value_at_percentile(point)
    return round(value / 1000, 3)


def codes(pair: Iterable[HdrHistogram]) -> list[str]:
    """As text that any HdrHistogram library reads."""
    return [each.encode().decode("ascii") for each in pair]


def hlog(texts: Mapping[str, str], *, seconds: float) -> str:
    """Histograms by tag as a log in HdrHistogram's own form (1.3), one interval each; max in ms."""
    lines = [
        "#[Fairline load test; microseconds]",
        "#[Histogram log format version 1.3]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]
    for tag, text in texts.items():
        top = at(decoded(text), 100) or 0.0
        lines.append(f"Tag={tag},0.000,{seconds:.3f},{top:.3f},{text}")
    return "\n".join(lines) + "\n"


def curve(histogram: HdrHistogram) -> list[list[float]]:
    """Pairs of percentile and ms."""
    if not histogram.get_total_count():
        return []
    return [[point, at(histogram, point) or 0.0] for point in CURVE]


def merged(sheets: Iterable[dict[str, list[str]]]) -> dict[str, Pair]:
    """By kind, all that several processes measured."""
    found: dict[str, Pair] = {}
    for latencies in sheets:
        for kind, texts in latencies.items():
            pair = found.setdefault(kind, (new_histogram(), new_histogram()))
            for histogram, text in zip(pair, texts, strict=True):
                histogram.add(decoded(text))
    return found


def rows(pairs: dict[str, Pair]) -> Sequence[dict[str, Any]]:
    """A table by kind."""
    return [
        {
            "type": kind,
            "count": pairs[kind][0].get_total_count(),
            **{name: at(pairs[kind][0], point) for name, point in QUANTILES.items()},
            "p99_uncorrected": at(pairs[kind][1], 99),
        }
        for kind in sorted(pairs)
    ]
