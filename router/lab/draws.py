"""Everything that chance decides in a simulation: when people come, how long things take.

Owns: the laws a scenario may name, and drawing from them. Does not know: the router, units, or who
comes.

Invariants: the same seed and stream name give the same draws, whatever other streams did, so two
policies can be compared on the same customers; arrival times never decrease.

Times and lengths are floats in the scenario's unit of time.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Annotated, Any

from msgspec import Meta, Struct

__all__ = [
    "Arrivals",
    "Bursts",
    "Constant",
    "DayFactor",
    "Empirical",
    "Exponential",
    "Law",
    "LogNormal",
    "Poisson",
    "Rates",
    "Recorded",
    "Regular",
    "Wave",
    "arrival_times",
    "chooser",
    "drawer",
    "law_mean",
    "stream",
]

Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0)]


def stream(seed: int, name: str) -> random.Random:
    """A source of chance of its own for each purpose of a run."""
    return random.Random(f"{seed}/{name}")  # text is hashed by SHA-512: the same everywhere


class _Law(Struct, frozen=True, forbid_unknown_fields=True, tag_field="law"):
    """How long something takes."""


class Exponential(_Law, frozen=True, tag="exponential"):
    """No memory: the rest is always as long as the whole."""

    mean: Positive


class LogNormal(_Law, frozen=True, tag="lognormal"):
    """The law of real services; ``cv`` is the standard deviation over the mean."""

    mean: Positive
    cv: Positive


class Constant(_Law, frozen=True, tag="constant"):
    """Always the same."""

    value: Share


class Empirical(_Law, frozen=True, tag="empirical"):
    """One of the values that were measured, each as likely."""

    values: Annotated[tuple[Share, ...], Meta(min_length=1)]


Law = Exponential | LogNormal | Constant | Empirical


def drawer(law: Law, rng: random.Random) -> Callable[[], float]:
    """A function that draws from the law."""
    return _MAKERS[type(law)](law, rng)


def _log_normal(law: LogNormal, rng: random.Random) -> Callable[[], float]:
    variance = math.log1p(law.cv * law.cv)
    centre = math.log(law.mean) - variance / 2
    spread = math.sqrt(variance)
    return lambda: math.exp(rng.gauss(centre, spread))


_MAKERS: dict[type, Callable[[Any, random.Random], Callable[[], float]]] = {
    Exponential: lambda law, rng: lambda: rng.expovariate(1 / law.mean),
    LogNormal: _log_normal,
    Constant: lambda law, _: lambda: law.value,
    Empirical: lambda law, rng: lambda: rng.choice(law.values),
}


def law_mean(law: Law) -> float:
    """The mean length under a law."""
    if isinstance(law, Constant):
        return law.value
    if isinstance(law, Empirical):
        return math.fsum(law.values) / len(law.values)
    return law.mean


class DayFactor(Struct, frozen=True, forbid_unknown_fields=True):
    """Some days are busier than others: each has a gamma factor of mean 1 on its rates.

    Counts of a real bank's half hours vary eight times as much as Poisson ones do.
    """

    cv: Positive
    day: Positive


class _Arrivals(Struct, frozen=True, forbid_unknown_fields=True, tag_field="law"):
    """When people come."""


class Poisson(_Arrivals, frozen=True, tag="poisson"):
    """At random, at the same rate always."""

    rate: Share
    days: DayFactor | None = None


class Rates(_Arrivals, frozen=True, tag="rates"):
    """At random, at a rate for each slot of length ``every``; after the last it begins anew."""

    rates: Annotated[tuple[Share, ...], Meta(min_length=1)]
    every: Positive
    days: DayFactor | None = None


class Wave(_Arrivals, frozen=True, tag="wave"):
    """At random, at ``rate + amplitude sin(2 pi t / period)``, never below 0."""

    rate: Share
    amplitude: Share
    period: Positive
    days: DayFactor | None = None


class Regular(_Arrivals, frozen=True, tag="regular"):
    """One after the other at the same distance, ``count`` of them at each moment."""

    every: Positive
    count: Annotated[int, Meta(ge=1)] = 1


class Bursts(_Arrivals, frozen=True, tag="bursts"):
    """Gaps are of one of two exponential laws (H2, balanced means); ``cv2`` >= 1 is Poisson's 1."""

    rate: Positive
    cv2: Annotated[float, Meta(ge=1)]


class Recorded(_Arrivals, frozen=True, tag="recorded"):
    """At these times."""

    times: tuple[Share, ...]


Arrivals = Poisson | Rates | Wave | Regular | Bursts | Recorded


def arrival_times(arrivals: Arrivals, rng: random.Random, end: float) -> Iterator[float]:
    """The times of arrivals before ``end``, in order."""
    if isinstance(arrivals, Recorded):
        return (at for at in sorted(arrivals.times) if at < end)
    if isinstance(arrivals, Regular):
        return _regular(arrivals, end)
    if isinstance(arrivals, Bursts):
        return _in_bursts(arrivals, rng, end)
    return _thinned(arrivals, rng, end)


def _regular(arrivals: Regular, end: float) -> Iterator[float]:
    moment = 1
    while (at := moment * arrivals.every) < end:
        for _ in range(arrivals.count):
            yield at
        moment += 1


def _in_bursts(arrivals: Bursts, rng: random.Random, end: float) -> Iterator[float]:
    """Both kinds of gaps make up half of the time each ("balanced means")."""
    short = 0.5 * (1 + math.sqrt((arrivals.cv2 - 1) / (arrivals.cv2 + 1)))
    rates = (2 * short * arrivals.rate, 2 * (1 - short) * arrivals.rate)
    at = 0.0
    while True:
        at += rng.expovariate(rates[0] if rng.random() < short else rates[1])
        if at >= end:
            return
        yield at


def _thinned(arrivals: Poisson | Rates | Wave, rng: random.Random, end: float) -> Iterator[float]:
    """Draws at the highest rate of the day and keeps each with the chance that its time has."""
    rate_at, top = _rate_of(arrivals)
    if not top:
        return
    days = arrivals.days
    at = 0.0
    day_end = end if days is None else 0.0
    factor = 1.0
    while True:
        if days is not None and at >= day_end:
            factor = rng.gammavariate(days.cv**-2, days.cv**2)
            day_end += days.day
        step = rng.expovariate(top * factor)
        if at + step >= min(day_end, end):
            if day_end >= end:
                return
            at = day_end  # what was drawn of a day beyond its end is drawn anew: no memory
            continue
        at += step
        if rate_at is None or rng.random() * top < rate_at(at):
            yield at


def _rate_of(arrivals: Poisson | Rates | Wave) -> tuple[Callable[[float], float] | None, float]:
    """The rate as a function of time (None where it is constant) and its highest value."""
    if isinstance(arrivals, Poisson):
        return None, arrivals.rate
    if isinstance(arrivals, Wave):
        base, swing, turn = arrivals.rate, arrivals.amplitude, 2 * math.pi / arrivals.period
        return (lambda at: max(0.0, base + swing * math.sin(turn * at))), base + swing
    slots, every = arrivals.rates, arrivals.every
    return (lambda at: slots[int(at / every) % len(slots)]), max(slots)


def chooser(weights: tuple[float, ...], rng: random.Random) -> Callable[[], int]:
    """A function that draws an index, each as likely as its weight says."""
    sums = list(accumulate(weights))
    last = len(sums) - 1
    return lambda: min(last, bisect_right(sums, rng.random() * sums[-1]))
