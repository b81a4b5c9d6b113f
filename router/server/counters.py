"""The one thing the door asks of whoever measures: count this.

Owns:
    The shape of a counter call, and a plain tally that keeps the numbers in memory.

Does not know:
    Prometheus, registries or which names exist.

Invariants:
    Names and label values come from closed sets written in the source; nothing a peer sends ever
    becomes one.
"""

from collections import Counter
from typing import Protocol

__all__ = ["Count", "Tally", "no_count"]


class Count(Protocol):
    """Called once for each thing that happened."""

    def __call__(self, name: str, **labels: str) -> None:
        """Add one to the counter `name` with these labels."""


def no_count(name: str, **labels: str) -> None:
    """Count nothing, for callers that do not measure."""


class Tally:
    """Counts in memory; `tally["name"]` sums over all labels."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def __call__(self, name: str, **labels: str) -> None:
        """Add one to the counter `name` with these labels."""
        self._counts[name, tuple(sorted(labels.items()))] += 1

    def __getitem__(self, name: str) -> int:
        return sum(count for (known, _), count in self._counts.items() if known == name)

    def labelled(self, name: str, **labels: str) -> int:
        """Return the count of `name` with exactly these labels."""
        return self._counts[name, tuple(sorted(labels.items()))]
