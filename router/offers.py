"""Offers: one conversation proposed to one agent, with a deadline.

Owns: pending offers, and how those of a while ago ended. Does not know: what follows from an end.

Invariants: an ended offer never changes; at most ``ENDED_MAX`` ended offers are remembered, so
that a late answer can be told what became of its offer.
"""

from dataclasses import dataclass

from router.errors import Refusal, Refused
from router.forms import IS_PLAIN
from router.marks import mypyc_attr
from router.newest import Newest
from router.states import OFFER, OfferState, advance

__all__ = ["Offer", "Offers"]

ENDED_MAX = 10_000
"""Ended offers that are remembered, the oldest go first."""


@mypyc_attr(acyclic=True)
@dataclass(init=False, eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Offer:
    """One proposal of one conversation to one agent."""

    id: str
    conversation: str
    agent: str
    made_at_ms: int
    due_ms: int
    attempt: int
    why: "tuple[str, ...]" = ()
    auto: bool = False
    is_seen: bool = False
    decision: bytes = b""
    """How its agent was chosen, packed by ``router.assignments``."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the field's name
        conversation: str,
        agent: str,
        made_at_ms: int,
        due_ms: int,
        attempt: int,
        *,
        auto: bool = False,
    ) -> None:
        """Written out, for the one that a dataclass makes is never compiled."""
        self.id = id
        self.conversation = conversation
        self.agent = agent
        self.made_at_ms = made_at_ms
        self.due_ms = due_ms
        self.attempt = attempt
        self.why = ()
        self.auto = auto
        self.is_seen = False
        self.decision = b""


class Offers:
    """A tenant's offers; ids are counted, for only the agent they are made to may answer them."""

    def __init__(self) -> None:
        self.made_count = 0
        self.pending: dict[str, Offer] = {}
        self.ended: dict[str, tuple[str, str]] = {}
        """Offer to (agent, outcome), oldest first."""
        self._newest = Newest()

    def make(
        self, conversation: str, agent: str, now_ms: int, due_ms: int, attempt: int, *, auto: bool
    ) -> Offer:
        """Makes the next offer."""
        self.made_count += 1
        name = f"o{self.made_count}"
        offer = Offer(name, conversation, agent, now_ms, due_ms, attempt, auto=auto)
        self.pending[offer.id] = offer
        return offer

    def pending_of(self, offer: str, agent: str) -> Offer:
        """The agent's pending offer of this id.

        Raises:
            Refused: OFFER_GONE with the outcome where it is over, NOT_FOUND where this agent never
                had it.
        """
        found = self.pending.get(offer)
        if found is not None and found.agent == agent:
            return found
        ended = self.ended.get(offer)
        if ended is not None and ended[0] == agent:
            raise Refused(Refusal.OFFER_GONE, f"this offer was {ended[1]}", outcome=ended[1])
        raise Refused(Refusal.NOT_FOUND, "there is no such offer")

    def outcome(self, offer: str, agent: str) -> str | None:
        """How an offer to this agent ended, or None."""
        ended = self.ended.get(offer)
        return ended[1] if ended is not None and ended[0] == agent else None

    def end(self, offer: str, trigger: str) -> tuple[Offer, OfferState]:
        """Ends a pending offer and returns it with its outcome."""
        ended = self.pending.pop(offer)
        outcome = advance(OFFER, OfferState.PENDING, trigger)
        self.ended[offer] = (ended.agent, outcome)
        self._newest.note(offer)
        if len(self.ended) > ENDED_MAX:
            self._newest.drop_oldest(self.ended)
        return ended, outcome
