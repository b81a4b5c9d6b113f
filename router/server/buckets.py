"""A histogram that costs a look-up and two additions, for what happens thousands of times a second.

Owns: the counts of one series, and how they are shown to Prometheus. Does not know: what is
measured, or under which name.

Invariants (tests/server/test_buckets.py): a value that equals a bound counts below it, as in
Prometheus; what is shown is cumulative and ends with all values.

The library's own locks and looks labels up at twenty times the price; a page is made once in
seconds, so the price belongs there.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

__all__ = ["Buckets", "Doublings", "Labels", "as_counter", "as_family"]

Bucket = tuple[str, float] | tuple[str, float, Exemplar]
"""A bound, how many values are not above it, and perhaps the newest of them with a trace."""

Labels = tuple[str, ...]
"""The values of a series' labels."""


class Buckets:
    """The counts of one series; ``bounds`` rise."""

    __slots__ = ("_bounds", "_counts", "_examples", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._examples: dict[int, Exemplar] = {}

    def note(self, value: float) -> None:
        """Counts one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def remember(self, value: float, trace: str, at_s: float) -> None:
        """Keeps a value that was noted as its bucket's example, under the id of its trace."""
        at = bisect_left(self._bounds, value)
        self._examples[at] = Exemplar({"trace_id": trace}, value, at_s)

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def shown(self) -> tuple[list[Bucket], float]:
        """The cumulative counts by bound, with examples, and the sum; may be called in a thread."""
        bounds = [floatToGoString(bound) for bound in (*self._bounds, float("inf"))]  # type: ignore[no-untyped-call]
        found: list[Bucket] = list(zip(bounds, accumulate(self._counts), strict=True))
        for at, example in list(self._examples.items()):
            found[at] = (*found[at][:2], example)
        return found, self._sum


class Doublings:
    """A histogram of whole numbers whose bounds double, which costs two additions.

    Shown are every other of them, each one less than a power of four: 0, 3, 15, 63 and so on.
    """

    __slots__ = ("_counts", "_last", "_sum")

    def __init__(self, bits_max: int) -> None:
        self._last = bits_max + 1
        self._counts = [0] * (bits_max + 2)
        self._sum = 0

    def note(self, value: int) -> None:
        """Counts one value; ``bits_max`` bits and more are counted together."""
        at = value.bit_length()
        self._counts[min(self._last, at)] += 1
        self._sum += value

    def shown(self) -> tuple[list[Bucket], float]:
        """The cumulative counts by bound, and the sum; may be called in a thread."""
        below = list(accumulate(self._counts))
        found: list[Bucket] = [
            (floatToGoString(2**bits - 1), below[bits])  # type: ignore[no-untyped-call]
            for bits in range(0, self._last, 2)
        ]
        return [*found, ("+Inf", below[-1])], self._sum


class Histogram(Protocol):
    """What can be shown as one."""

    def shown(self) -> tuple[list[Bucket], float]:
        """The cumulative counts by bound, and the sum."""


def as_family(
    name: str, text: str, labels: Sequence[str], series: Mapping[Labels, Histogram]
) -> HistogramMetricFamily:
    """All series of one histogram, by the values of their labels."""
    family = HistogramMetricFamily(name, text, labels=labels)
    for values, buckets in list(series.items()):
        shown, total = buckets.shown()
        family.add_metric(list(values), shown, total)
    return family


def as_counter(
    name: str, text: str, labels: Sequence[str], series: Mapping[Labels, int]
) -> CounterMetricFamily:
    """All series of one counter, by the values of their labels; may be called in a thread."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in list(series.items()):
        family.add_metric(list(values), count)
    return family
