"""What one node has taken so far, and how its page of metrics says so.

Owns: the figures of a node at one moment, the reading of them out of a page, what lies between two
looks. Does not know: whose node it is, when anybody looks.

Invariants (tests/loadtest/test_readings.py): between two looks nothing grows backwards: a node that
began anew is counted from its beginning; of no look at all no quantile is made up; a page that is
endless or drips holds nobody up.
"""

import http.client
import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit

__all__ = [
    "NOTHING",
    "Buckets",
    "Reading",
    "buckets_of",
    "grown",
    "page_at",
    "quantile_ms",
    "summed",
]

WITHIN_S = 2.0
"""In which the whole page must be there."""
PAGE_MAX = 16 * 2**20
"""Bytes; one that is longer is none."""
PIECE = 2**16
QUANTILE = 0.99
NOTHING = -1.0
"""A quantile of nothing."""

Buckets = Mapping[float, float]
"""A histogram as Prometheus has it: how many were at most so long, by seconds."""


class Reading(NamedTuple):
    """A node at one moment; what grows is counted from its first start on."""

    node: str
    cpu_s: float
    resident_bytes: int
    lag: Buckets
    """How late its loop was."""
    appends: Buckets
    """How long its appends to the journal took."""

    @classmethod
    def of(cls, node: str, cpu_s: float, resident_bytes: int, page: str) -> Self:
        """With the histograms of its page of metrics."""
        lag = buckets_of(page, "fairline_loop_lag_seconds")
        return cls(
            node, cpu_s, resident_bytes, lag, buckets_of(page, "fairline_journal_append_seconds")
        )


def page_at(url: str) -> str:
    """A page of metrics; empty where there is none, or it is too long or too slow."""
    end = time.monotonic() + WITHIN_S
    parts = urlsplit(url)
    kind: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    )
    try:
        door = kind(parts.netloc, timeout=WITHIN_S)
    except http.client.InvalidURL:
        return ""
    try:
        door.request("GET", (parts.path or "/metrics") + (f"?{parts.query}" if parts.query else ""))
        answer = door.getresponse()
        page = b""
        while piece := answer.read1(PIECE):
            page += piece
            if len(page) > PAGE_MAX or time.monotonic() > end:
                return ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        door.close()
    return page.decode(errors="replace") if answer.status == http.client.OK else ""


def buckets_of(page: str, name: str) -> dict[float, float]:
    """A histogram without labels of its own; empty where the page has none of that name."""
    rows = re.findall(rf'^{name}_bucket\{{le="([^"]+)"\}} ([0-9.e+]+)', page, re.MULTILINE)
    return {float(bound): float(count) for bound, count in rows}


def grown(before: Buckets, after: Buckets) -> dict[float, float]:
    """What came between two looks."""
    has_begun_anew = any(count < before.get(bound, 0.0) for bound, count in after.items())
    earlier = {} if has_begun_anew else before
    return {bound: count - earlier.get(bound, 0.0) for bound, count in after.items()}


def summed(histograms: list[dict[float, float]]) -> dict[float, float]:
    """Those of several nodes together."""
    found: dict[float, float] = {}
    for histogram in histograms:
        for bound, count in histogram.items():
            found[bound] = found.get(bound, 0.0) + count
    return found


def quantile_ms(came: Buckets) -> float:
    """The bound that 99 of 100 stayed below; ``NOTHING`` of none."""
    rows = sorted(came.items())
    total = rows[-1][1] if rows else 0.0
    if total <= 0:
        return NOTHING
    bound = next(bound for bound, count in rows if count >= QUANTILE * total)
    largest = max((each for each, _ in rows if each != float("inf")), default=NOTHING / 1e3)
    return round(1e3 * min(bound, largest), 2)
