"""Judges a finished run: was anybody lost, taken twice, overtaken, or left waiting for nothing.

Owns: the verdicts. Each is a function of the ledger alone, and says nothing when all is well.
Does not know: sockets; what a fault on the wire was is in ``Faults``.
Invariants: a verdict is certain. Where two sockets leave the order open, the server gets the
benefit of the doubt.

Order. The server orders requests and offers by journal position; an offer says its own. Of two
requests the one came first for certain if its reply was read before the other was sent. So the
key ``start - head_start`` of a request lies between the times of sending and of the reply, and
an overtaking is certain where even the smallest key of the one who was offered first is greater
than the greatest key of the one who was still in line. And that one must have been in line for
certain: an offer cannot have been made before its request was sent, nor before its agent sent
the command that made it free.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from loadtest.ledger import Conversation, Ledger, Offer

__all__ = ["Overtaking", "Violation", "judge", "overtakings"]

ROUNDING_S = 0.001
"""The server's instants are whole milliseconds: keys of two classes may be off by one."""
NEVER = 1 << 62
POSITIONS_ABSENT = "event.without_pos"


@dataclass(frozen=True)
class Violation:
    """Something that must not be, and where."""

    kind: str
    example: str


@dataclass(frozen=True)
class Overtaking:
    """Somebody was still in line when one who came later was offered."""

    overtaken: Conversation
    by: Conversation
    ahead_s: float
    """How much greater than the greatest key of the overtaken the overtaker's key is, at least."""


def judge(ledger: Ledger, head_start_s: float) -> list[Violation]:
    """All violations of a run, grouped by kind; an empty list is a pass.

    Without positions there is no order to judge; their absence is a fault that stands already.
    """
    verdicts: tuple[Callable[[Ledger], Iterable[Violation]], ...] = (
        _lost,
        _taken_twice,
        _without_outcome,
        _end_unseen,
        _stalled,
    )
    found = [violation for verdict in verdicts for violation in verdict(ledger)]
    if POSITIONS_ABSENT in ledger.faults.counts:
        return found
    found.extend(_offered_twice(ledger))
    for one in overtakings(ledger, head_start_s):
        has_equal_class = one.by.plan.has_priority == one.overtaken.plan.has_priority
        kind = "overtaken.equal_class" if has_equal_class else "overtaken.beyond_head_start"
        late_ms = round(one.ahead_s * 1000)
        found.append(Violation(kind, f"{one.overtaken.id} by {one.by.id}, {late_ms} ms ahead"))
    return found


def _lost(ledger: Ledger) -> Iterator[Violation]:
    """Every conversation that was acknowledged must have ended, served or cancelled."""
    for one in ledger.conversations:
        if not one.is_acknowledged:
            yield Violation("request.unanswered", f"customer {one.plan.number} got no conversation")
        elif not one.is_over:
            yield Violation("conversation.lost", f"{one.id} never ended")
        elif not (one.is_served or one.is_abandoned):
            end = f"ended as {one.reason}, assigned: {one.is_assigned}"
            yield Violation("conversation.ended_oddly", f"{one.id} {end}")


def _taken_twice(ledger: Ledger) -> Iterator[Violation]:
    """A conversation has one agent, and both sides agree who."""
    for one in ledger.conversations:
        agents = [assignment.agent for assignment in one.file.assignments]
        if len(agents) > 1:
            yield Violation("conversation.assigned_twice", f"{one.id} to {', '.join(agents)}")
        elif agents != [one.assigned_to] * bool(one.assigned_to):
            told = f"customer was told {one.assigned_to!r}, agents saw {agents}"
            yield Violation("conversation.agent_disagrees", f"{one.id}: {told}")


def _offered_twice(ledger: Ledger) -> Iterator[Violation]:
    """Offers are exclusive: the next one begins only when the one before has ended."""
    by_conversation: dict[str, list[Offer]] = defaultdict(list)
    for offer in ledger.offers.values():
        by_conversation[offer.conversation].append(offer)
    for conversation, offers in by_conversation.items():
        offers.sort(key=lambda offer: offer.pos)
        for first, second in pairwise(offers):
            is_open = not first.outcome and not first.is_agent_gone
            if first.outcome == "accepted" or is_open or first.ended_pos > second.pos:
                agents = f"{first.agent} and {second.agent}"
                yield Violation("offer.duplicate", f"{conversation} offered to {agents} at once")


def _without_outcome(ledger: Ledger) -> Iterator[Violation]:
    """Every offer ends, and its agent is told how, unless that agent went away first."""
    for offer in ledger.offers.values():
        if not offer.outcome and not offer.is_agent_gone:
            yield Violation("offer.no_outcome", f"{offer.id} to {offer.agent}")


def _end_unseen(ledger: Ledger) -> Iterator[Violation]:
    """The agent who served is told of the end too."""
    for one in ledger.conversations:
        if one.is_served and not one.file.has_agent_seen_end:
            yield Violation("conversation.end_unseen_by_agent", one.id)


def _stalled(ledger: Ledger) -> Iterator[Violation]:
    """Nobody waits while an agent who may take them is idle."""
    for one in ledger.conversations:
        if one.is_stalled:
            yield Violation("conversation.stalled", f"{one.id} waited while an agent was idle")


def overtakings(ledger: Ledger, head_start_s: float) -> list[Overtaking]:
    """For everybody who was certainly overtaken against the rule, one of those who did it worst.

    Only conversations of one type are compared: any agent who may take the one may take the
    other.
    """
    found: list[Overtaking] = []
    by_type: dict[str, list[Conversation]] = defaultdict(list)
    for one in ledger.conversations:
        if one.is_acknowledged:
            by_type[one.plan.type].append(one)
    for group in by_type.values():
        found.extend(_overtakings_of_type(group, head_start_s))
    return found


def _overtakings_of_type(group: list[Conversation], head_start_s: float) -> Iterator[Overtaking]:
    """Asks for each: of those offered while I was in line, whose key is the greatest?

    "While I was in line" is two conditions: before my own offer or end (by position), and
    certainly after my request was in (by the clock). The first is a prefix of the positions, the
    second is met by adding offers latest first and asking in between, latest request first.
    """
    positions = sorted(_left_line_pos(one) for one in group)
    offered = sorted((one for one in group if one.file.offers), key=_offered_after_s)
    best = {has_priority: _PrefixBest(len(positions)) for has_priority in (False, True)}
    for one in sorted(group, key=lambda each: each.acknowledged_s, reverse=True):
        while offered and _offered_after_s(offered[-1]) >= one.acknowledged_s:
            before = offered.pop()
            rank = bisect_left(positions, _left_line_pos(before))
            key_s = before.asked_s - head_start_s * before.plan.has_priority
            best[before.plan.has_priority].add(rank, key_s, before)
        own_key_s = one.acknowledged_s - head_start_s * one.plan.has_priority
        rank = bisect_left(positions, _left_line_pos(one))
        for has_priority, offers in best.items():
            is_equal = has_priority == one.plan.has_priority
            key_s, before_me = offers.best_below(rank)
            if before_me and key_s > own_key_s + (0.0 if is_equal else ROUNDING_S):
                yield Overtaking(one, before_me, key_s - own_key_s)
                break


class _PrefixBest:
    """The greatest key among the first ranks: a Fenwick tree, so that both steps cost log n."""

    def __init__(self, size: int) -> None:
        self._best: list[tuple[float, Conversation | None]] = [(-inf, None)] * (size + 1)

    def add(self, rank: int, key_s: float, one: Conversation) -> None:
        """Adds a key at a rank, counted from 0."""
        node = rank + 1
        while node < len(self._best):
            if key_s > self._best[node][0]:
                self._best[node] = (key_s, one)
            node += node & -node

    def best_below(self, rank: int) -> tuple[float, Conversation | None]:
        """The greatest key of the ranks before this one."""
        found: tuple[float, Conversation | None] = (-inf, None)
        node = rank
        while node > 0:
            if self._best[node][0] > found[0]:
                found = self._best[node]
            node -= node & -node
        return found


def _offered_after_s(one: Conversation) -> float:
    """A moment before which its first offer cannot have been made."""
    return max(one.asked_s, _first_offer(one).not_before_s)


def _first_offer(one: Conversation) -> Offer:
    return min(one.file.offers, key=lambda offer: offer.pos)


def _left_line_pos(one: Conversation) -> int:
    """When it was no longer waiting: its first offer, or its end without one."""
    if one.file.offers:
        return _first_offer(one).pos
    return one.ended_pos if one.is_over else NEVER
