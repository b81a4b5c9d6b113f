"""The law of a wait in line: its mean, its variance, its quantiles.

Owns: formulas. Does not know: conversations, agents, or where the rates come from.

Whoever has ``ahead`` others before them, in a line whose agents finish ``rate`` services a
millisecond and whose customers each leave at ``leaving`` a millisecond, waits for ``ahead + 1``
steps one after the other: while j others are still before them, the next step comes at
``rate + j leaving``. So the wait is a sum of independent exponential times

    mean      sum_{j=0..ahead} 1 / (rate + j leaving)
    variance  sum_{j=0..ahead} 1 / (rate + j leaving)^2

which is exact where services and patience are exponential (Ibrahim and Whitt; with ``leaving`` 0
it is the gamma law with ``ahead + 1`` stages). The quantiles are those of the gamma law of equal
mean and variance, in the approximation of Wilson and Hilferty: within 2 % of the exact ones
(tests/test_waitlaw.py).

Invariants: the sums are exact up to ``EXACT_MAX`` terms, beyond that within 1e-5 for a usual crew,
at a cost that grows with the logarithm of ``ahead``.
"""

from collections.abc import Iterator, Mapping

__all__ = ["DEVIATES", "mean_and_variance", "quantile"]

EXACT_MAX = 64

DEVIATES: Mapping[int, float] = {500: 0.0, 800: 0.841_621, 900: 1.281_552}
"""The normal law's quantiles of these per milles."""


def mean_and_variance(ahead: int, rate: float, leaving: float) -> tuple[float, float]:
    """The mean and the variance of a wait, in ms and its square; ``rate`` must not be 0."""
    if not leaving:
        return (ahead + 1) / rate, (ahead + 1) / (rate * rate)
    mean = variance = 0.0
    for weight, at in _terms(ahead + 1):
        step_ms = 1 / (rate + at * leaving)
        mean += weight * step_ms
        variance += weight * step_ms * step_ms
    return mean, variance


def _terms(count: int) -> Iterator[tuple[float, float]]:
    """0, 1, 2 ... ``count - 1`` with weight 1; far out blocks, by Gauss's rule of two points."""
    exact = min(count, EXACT_MAX)
    for index in range(exact):
        yield 1.0, float(index)
    start = exact
    while start < count:
        size = min(count - start, start // 8)
        middle = start + (size - 1) / 2
        apart: float = ((size * size - 1) / 12) ** 0.5
        yield size / 2, middle - apart
        yield size / 2, middle + apart
        start += size


def quantile(mean: float, variance: float, per_mille: int) -> float:
    """What a wait of this mean and variance stays under in so many of 1000 cases."""
    if mean <= 0 or variance <= 0:
        return max(mean, 0.0)
    shape = mean * mean / variance
    spread = 1 / (9 * shape)
    root: float = max(1 - spread + DEVIATES[per_mille] * spread**0.5, 0.0)
    return mean * root * root * root
