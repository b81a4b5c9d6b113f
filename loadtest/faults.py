"""Counts what went wrong, by kind, and keeps the first examples of each.

Owns: the only list of errors of a run.
Does not know: the protocol, or whether an error ends anything.
Invariants: every fault is counted; at most ``EXAMPLES_MAX`` sentences are kept of a kind.
"""

from dataclasses import dataclass, field

__all__ = ["EXAMPLES_MAX", "Faults"]

EXAMPLES_MAX = 3


@dataclass
class Faults:
    """Errors seen so far: how many of each kind, and the first few in words."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All faults of all kinds."""
        return sum(self.counts.values())

    def count(self, kind: str, example: str) -> None:
        """Adds one fault of this kind; the sentence is kept if it is among the first."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES_MAX:
            kept.append(example)
