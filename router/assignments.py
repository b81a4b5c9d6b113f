"""How the agent of each assignment was chosen, kept for ``explain``.

Owns: the newest decisions, packed. Does not know: what a score is made of, or who asks.

Invariants (tests/test_assignments.py): at most ``KEPT_MAX`` decisions are kept, the oldest go
first; what was packed comes out the same.

A decision is packed once, when the offer is made, and stays bytes: in memory, in a snapshot and
after a restart; nobody but ``explain`` ever opens it. Ten candidates are about 350 bytes.
"""

from msgspec import Struct, msgpack

from router.candidates import Candidate
from router.newest import Newest

__all__ = ["Assignments", "Decision", "pack"]

KEPT_MAX = 10_000


class Decision(Struct, frozen=True, array_like=True, gc=False):
    """One choice of an agent: the best candidates, the chosen one first.

    ``position`` and ``at_ms`` are those of the command at which the choice was made; ``rule`` is
    what broke the tie between good candidates, or ``by_hand``.
    """

    conversation: str
    agent: str
    position: int
    at_ms: int
    rule: str
    candidates: tuple[Candidate, ...]
    weights: tuple[int, ...] = ()
    """The share of each part, in the order of ``policy.Weights``."""
    band: int = 0


pack = msgpack.Encoder().encode
_unpack = msgpack.Decoder(Decision).decode


class Assignments:
    """The decisions of a tenant by assignment, the oldest first."""

    def __init__(self) -> None:
        self.packed: dict[str, bytes] = {}
        self._newest = Newest()

    def keep(self, assignment: str, decision: bytes) -> None:
        """Remembers how the agent of an assignment was chosen."""
        self.packed[assignment] = decision
        self._newest.note(assignment)
        if len(self.packed) > KEPT_MAX:
            self._newest.drop_oldest(self.packed)

    def find(self, assignment: str) -> Decision | None:
        """The decision, or None where it was too long ago."""
        packed = self.packed.get(assignment)
        return None if packed is None else _unpack(packed)
