"""An agent with a score.

Owns: the parts that are kept of a score, the order among those whose score is good enough, and the
form in which they are packed. Does not know: how a score comes about.

Invariant (tests/test_candidates.py): ``Candidate.rank`` never ties, for an idle place is nobody
else's.
"""

from msgspec import Raw, Struct, msgpack

__all__ = ["Candidate", "Row", "candidate_of"]


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


Row = Candidate | Raw
"""A candidate as a decision packs it: as such, or packed already."""

_decode = msgpack.Decoder(Candidate).decode


def candidate_of(row: Row) -> Candidate:
    """The candidate that a row stands for."""
    return _decode(row) if isinstance(row, Raw) else row
