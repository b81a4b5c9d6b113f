"""An agent with a score.

Owns: the parts that are kept of a score, and the order among those whose score is good enough.
Does not know: how a score comes about.

Invariant: ``Candidate.rank`` never ties, for an idle place is nobody else's.
"""

from msgspec import Struct

__all__ = ["Candidate"]


class Candidate(Struct, frozen=True, order=False, array_like=True, gc=False):
    """An agent who was considered, with the parts of the score, each 0 to 1000."""

    agent: str
    score: int
    language: int
    proficiency: int
    history: int
    load: int
    flexibility: int
    idle_since_ms: int
    idle_order: int
    relation: int = 0
    topic: int = 0

    def rank(self) -> tuple[int, int, int, int]:
        """The order among those whose score is good enough; smaller is better."""
        return (-self.load, self.flexibility, self.idle_since_ms, self.idle_order)
