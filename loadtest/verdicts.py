"""Judges a run of several processes: was anybody lost, booked twice, or overtaken against the rule.

Owns: the verdicts over the merged rows. Does not know: sockets, targets, what is drawn.

Invariant (tests/loadtest/test_verdicts.py): a verdict is certain; where two sockets leave the
order open, or a fault of the scenario took somebody away, the server gets the benefit of the doubt.

The order of the line is judged by ``checks``, as in the replay of a day; who was away while
waiting is passed over by rule and does not count as overtaken.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, cast

from loadtest import ledger
from loadtest.checks import Violation, overtakings
from loadtest.notes import Offer, Stint, Visit

__all__ = ["Seen", "judge_run"]

JUST_NOW_S = 0.5
"""What happened so shortly before the end may not have been read by all."""


class Seen(NamedTuple):
    """What all processes wrote down."""

    visits: Sequence[Visit]
    offers: Sequence[Offer]
    stints: Sequence[Stint]
    over_at: float


class _Plan(NamedTuple):
    number: int
    type: str
    has_priority: bool


def judge_run(seen: Seen, head_start_s: float) -> list[Violation]:
    """All violations; an empty list is a pass."""
    found: list[Violation] = []
    for verdict in (_lost, _taken_twice, _offered_twice, _without_outcome, _end_unseen):
        found.extend(verdict(seen))
    found.extend(_overtaken(seen, head_start_s))
    return found


def _lost(seen: Seen) -> Iterator[Violation]:
    """Whatever was asked for has an answer; whatever was answered has ended, or is still there."""
    taken = {stint.conversation for stint in seen.stints}
    for one in seen.visits:
        if one.refused or one.is_loud:
            continue
        if not one.id:
            yield Violation("request.unanswered", f"customer {one.number} got no conversation")
        elif not one.ended:
            if not one.is_there:
                yield Violation("conversation.lost", f"{one.id} never ended and is not there")
        elif one.reason != ("agent" if one.assigned or one.id in taken else "cancelled"):
            end = f"ended as {one.reason}, assigned: {bool(one.assigned)}"
            yield Violation("conversation.ended_oddly", f"{one.id} {end}")


def _stints_of(seen: Seen) -> dict[str, list[Stint]]:
    found: dict[str, list[Stint]] = defaultdict(list)
    for stint in sorted(seen.stints, key=lambda each: each.pos):
        found[stint.conversation].append(stint)
    return found


def _taken_twice(seen: Seen) -> Iterator[Violation]:
    """A conversation has one agent at a time, and both sides agree who was the last."""
    stints_of = _stints_of(seen)
    for conversation, stints in stints_of.items():
        held = [stint.agent for stint in stints if not stint.is_lost]
        if len(held) > 1:
            yield Violation("conversation.assigned_twice", f"{conversation} to {', '.join(held)}")
    for one in seen.visits:
        stints = stints_of.get(one.id, [])
        if one.agent and stints and stints[-1].agent != one.agent and not stints[-1].is_lost:
            told = f"customer was told {one.agent}, last was {stints[-1].agent}"
            yield Violation("conversation.agent_disagrees", f"{one.id}: {told}")


def _offers_of(offers: Iterable[Offer]) -> dict[str, list[Offer]]:
    found: dict[str, list[Offer]] = defaultdict(list)
    for offer in sorted(offers, key=lambda each: each.pos):
        found[offer.conversation].append(offer)
    return found


def _offered_twice(seen: Seen) -> Iterator[Violation]:
    """Offers are exclusive: the next begins only when the one before has ended."""
    back = {stint.conversation for stint in seen.stints if stint.is_lost}
    for conversation, offers in _offers_of(seen.offers).items():
        for first, second in pairwise(offers):
            is_open = not first.outcome and not first.is_agent_gone
            is_taken = first.outcome == "accepted" and conversation not in back
            if is_taken or is_open or first.ended_pos > second.pos:
                agents = f"{first.agent} and {second.agent}"
                yield Violation("offer.duplicate", f"{conversation} offered to {agents} at once")


def _without_outcome(seen: Seen) -> Iterator[Violation]:
    """Every offer ends, and its agent is told how, unless that agent went away first."""
    for offer in seen.offers:
        if not offer.outcome and not offer.is_agent_gone and offer.answer == "accept":
            yield Violation("offer.no_outcome", f"{offer.id} to {offer.agent}")


def _end_unseen(seen: Seen) -> Iterator[Violation]:
    """The agent who served is told of the end too, once the work after it is done."""
    stints_of = _stints_of(seen)
    for one in seen.visits:
        stints = stints_of.get(one.id, [])
        if not (one.ended and stints) or stints[-1].has_seen_end or stints[-1].is_lost:
            continue
        worked_until = stints[-1].until or seen.over_at
        if max(one.ended, worked_until) < seen.over_at - JUST_NOW_S:
            yield Violation("conversation.end_unseen_by_agent", one.id)


def _overtaken(seen: Seen, head_start_s: float) -> Iterator[Violation]:
    offers = _offers_of(seen.offers)
    book = ledger.Ledger({})
    away = set()
    for one in seen.visits:
        if not one.id or not one.acknowledged or one.has_joined:
            continue
        book.conversations.append(_as_conversation(one, offers.get(one.id, [])))
        if one.was_away:
            away.add(one.id)
    for each in overtakings(book, head_start_s):
        if each.overtaken.id in away:
            continue
        is_equal = each.by.plan.has_priority == each.overtaken.plan.has_priority
        kind = "overtaken.equal_class" if is_equal else "overtaken.beyond_head_start"
        late_ms = round(each.ahead_s * 1000)
        yield Violation(kind, f"{each.overtaken.id} by {each.by.id}, {late_ms} ms ahead")


def _as_conversation(one: Visit, offers: Sequence[Offer]) -> ledger.Conversation:
    """The same in the form of the replay's ledger, as far as the order needs it."""
    file = ledger.File(
        offers=[
            ledger.Offer(
                id=each.id,
                agent=each.agent,
                conversation=each.conversation,
                pos=each.pos,
                at_s=each.at,
                not_before_s=each.not_before,
            )
            for each in offers
        ]
    )
    plan = _Plan(one.number, one.type, one.has_priority)
    return ledger.Conversation(
        cast("Any", plan),  # of a plan the order reads type and priority alone
        one.sent,
        has_found_free=False,
        id=one.id,
        acknowledged_s=one.acknowledged,
        file=file,
        ended_pos=one.ended_pos,
        reason=one.reason,
    )
