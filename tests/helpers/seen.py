"""Ledgers written by hand: who asked when, was offered where, ended how."""

from loadtest.day import CustomerPlan
from loadtest.ledger import Assignment, Conversation, Ledger, Offer
from tests.helpers.bank_logs import row


def ledger(*agents: str, skills: str = "PS") -> Ledger:
    """An empty ledger of agents who all have the skills named, separated by blanks."""
    return Ledger({agent: frozenset(skills.split()) for agent in agents or ("A01", "A02")})


def plan(number: int, *, kind: str = "PS", priority: int = 0) -> CustomerPlan:
    """The plan of a customer of whom only the type and the class matter."""
    return CustomerPlan(number, row(100 + number, kind=kind, priority=priority), 100.0, 60.0, 10.0)


def ask(book: Ledger, number: int, at_s: float, *, priority: int = 0) -> Conversation:
    """A request that was acknowledged a millisecond later."""
    conversation = book.ask(plan(number, priority=priority), at_s)
    book.acknowledge(conversation, f"conversation-{number}", at_s + 0.001)
    return conversation


def offer(
    book: Ledger,
    conversation: Conversation,
    at_s: float,
    *,
    agent: str = "A01",
    pos: int = 0,
    outcome: str = "accepted",
    not_before_s: float | None = None,
) -> Offer:
    """An offer; its position is its time in ms unless it is said."""
    made = Offer(
        id=f"offer-{len(book.offers)}",
        agent=agent,
        conversation=conversation.id,
        pos=pos or round(at_s * 1000),
        at_s=at_s,
        not_before_s=at_s if not_before_s is None else not_before_s,
        outcome=outcome,
        ended_pos=(pos or round(at_s * 1000)) + 1 if outcome else 0,
    )
    book.offered(made)
    return made


def serve(
    book: Ledger,
    conversation: Conversation,
    at_s: float,
    *,
    agent: str = "A01",
    not_before_s: float | None = None,
) -> None:
    """Offered, assigned and ended by the agent one second later, as it should be."""
    made = offer(book, conversation, at_s, agent=agent, not_before_s=not_before_s)
    conversation.file.assignments.append(Assignment(agent, made.ended_pos, at_s))
    book.turn_comes(conversation, agent, at_s)
    conversation.file.has_agent_seen_end = True
    book.ends(conversation, "agent", made.pos + 1000, at_s + 1)


def leave(book: Ledger, conversation: Conversation, at_s: float) -> None:
    """The customer cancelled, and was told so."""
    conversation.cancelled_s = at_s
    book.ends(conversation, "cancelled", round(at_s * 1000), at_s)
