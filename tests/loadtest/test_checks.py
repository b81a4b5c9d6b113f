"""The verdicts: each on a ledger that is right but for one thing."""

import random

from loadtest.checks import judge, overtakings
from loadtest.ledger import Assignment, Conversation, Ledger
from tests.helpers import seen


def kinds(book: Ledger, head_start_s: float = 0.0) -> list[str]:
    return [violation.kind for violation in judge(book, head_start_s)]


def test_an_orderly_day_has_no_violations() -> None:
    book = seen.ledger()
    first, second, third = (seen.ask(book, number, number) for number in (1, 2, 3))
    seen.serve(book, first, 4.0)
    seen.serve(book, second, 5.0, agent="A02")
    seen.leave(book, third, 6.0)

    assert kinds(book) == []


def test_a_conversation_that_never_ends_is_lost() -> None:
    book = seen.ledger()
    seen.ask(book, 1, 1.0)

    assert kinds(book) == ["conversation.lost"]


def test_a_request_without_a_reply_is_unanswered() -> None:
    book = seen.ledger()
    book.ask(seen.plan(1), 1.0)

    assert kinds(book) == ["request.unanswered"]


def test_an_end_for_another_reason_is_odd() -> None:
    book = seen.ledger()
    book.ends(seen.ask(book, 1, 1.0), "customer_lost", 5, 2.0)

    assert kinds(book) == ["conversation.ended_oddly"]


def test_two_owners_are_found() -> None:
    book = seen.ledger()
    conversation = seen.ask(book, 1, 1.0)
    seen.serve(book, conversation, 2.0)
    conversation.file.assignments.append(Assignment("A02", 2002, 2.0))

    assert kinds(book) == ["conversation.assigned_twice"]


def test_a_customer_who_is_told_another_agent_is_found() -> None:
    book = seen.ledger()
    conversation = seen.ask(book, 1, 1.0)
    seen.serve(book, conversation, 2.0)
    conversation.assigned_to = "A09"

    assert kinds(book) == ["conversation.agent_disagrees"]


def test_a_second_offer_before_the_first_has_ended_is_a_duplicate() -> None:
    book = seen.ledger()
    conversation = seen.ask(book, 1, 1.0)
    first = seen.offer(book, conversation, 2.0, agent="A02", outcome="declined")
    seen.serve(book, conversation, 3.0)
    assert kinds(book) == []

    first.ended_pos = 3001
    assert kinds(book) == ["offer.duplicate"]


def test_an_offer_without_an_outcome_is_found_unless_its_agent_went_away() -> None:
    book = seen.ledger()
    conversation = seen.ask(book, 1, 1.0)
    pending = seen.offer(book, conversation, 2.0, outcome="")
    seen.leave(book, conversation, 3.0)
    assert kinds(book) == ["offer.no_outcome"]

    pending.is_agent_gone = True
    assert kinds(book) == []


def test_an_agent_who_is_not_told_of_the_end_is_found() -> None:
    book = seen.ledger()
    conversation = seen.ask(book, 1, 1.0)
    seen.serve(book, conversation, 2.0)
    conversation.file.has_agent_seen_end = False

    assert kinds(book) == ["conversation.end_unseen_by_agent"]


def test_a_stall_is_reported() -> None:
    book = seen.ledger()
    conversation = seen.ask(book, 1, 1.0)
    seen.serve(book, conversation, 2.0)
    conversation.is_stalled = True

    assert kinds(book) == ["conversation.stalled"]


def test_a_later_arrival_of_equal_class_offered_earlier_is_an_overtaking() -> None:
    book = seen.ledger()
    early, late = seen.ask(book, 1, 1.0), seen.ask(book, 2, 2.0)
    seen.serve(book, late, 3.0)
    seen.serve(book, early, 4.0)

    found = overtakings(book, 0.0)

    assert [(one.overtaken, one.by) for one in found] == [(early, late)]
    assert kinds(book) == ["overtaken.equal_class"]


def test_who_gave_up_while_later_ones_were_offered_was_overtaken_too() -> None:
    book = seen.ledger()
    early, late = seen.ask(book, 1, 1.0), seen.ask(book, 2, 2.0)
    seen.serve(book, late, 3.0)
    seen.leave(book, early, 4.0)

    assert kinds(book) == ["overtaken.equal_class"]


def test_requests_that_crossed_on_the_way_have_no_order() -> None:
    book = seen.ledger()
    early, late = seen.ask(book, 1, 1.0), seen.ask(book, 2, 1.0005)
    seen.serve(book, late, 3.0)
    seen.serve(book, early, 4.0)

    assert kinds(book) == []


def test_a_head_start_excuses_as_much_as_it_is_worth() -> None:
    book = seen.ledger()
    regular, urgent = seen.ask(book, 1, 1.0), seen.ask(book, 2, 5.0, priority=2)
    seen.serve(book, urgent, 6.0)
    seen.serve(book, regular, 7.0)

    assert kinds(book, head_start_s=4.5) == []
    assert kinds(book, head_start_s=3.5) == ["overtaken.beyond_head_start"]


def test_a_head_start_that_is_not_given_is_an_overtaking() -> None:
    book = seen.ledger()
    regular, urgent = seen.ask(book, 1, 1.0), seen.ask(book, 2, 2.0, priority=2)
    seen.serve(book, regular, 3.0)
    seen.serve(book, urgent, 4.0)

    assert kinds(book, head_start_s=9.0) == ["overtaken.beyond_head_start"]
    assert kinds(book, head_start_s=0.5) == []


def test_an_offer_that_may_have_been_made_before_the_request_overtakes_nobody() -> None:
    book = seen.ledger()
    regular, urgent = seen.ask(book, 1, 1.0), seen.ask(book, 2, 2.0, priority=2)
    seen.serve(book, regular, 3.0, not_before_s=1.5)
    seen.serve(book, urgent, 4.0)

    assert kinds(book, head_start_s=9.0) == []


def _naive(book: Ledger, head_start_s: float) -> set[Conversation]:
    """The definition, by looking at all pairs."""

    def left(one: Conversation) -> int:
        return one.file.offers[0].pos if one.file.offers else one.ended_pos

    def is_overtaken(one: Conversation, by: Conversation) -> bool:
        if not by.file.offers or left(by) >= left(one):
            return False
        if max(by.asked_s, by.file.offers[0].not_before_s) < one.acknowledged_s:
            return False
        lead_s = head_start_s * (one.plan.has_priority - by.plan.has_priority)
        slack_s = 0.0 if one.plan.has_priority == by.plan.has_priority else 0.001
        return by.asked_s + lead_s > one.acknowledged_s + slack_s

    return {one for one in book.conversations for by in book.conversations if is_overtaken(one, by)}


def test_overtakings_are_those_of_the_definition_on_random_days() -> None:
    chance = random.Random(5)
    seen_any = 0
    for _ in range(60):
        book = seen.ledger()
        for number in range(40):
            priority = chance.choice([0, 0, 2])
            conversation = seen.ask(book, number, chance.uniform(0, 10), priority=priority)
            at_s = conversation.asked_s + chance.uniform(0.01, 3)
            if chance.random() < 0.2:
                seen.leave(book, conversation, at_s)
            else:
                freed_s = at_s - chance.uniform(0, 2)
                seen.serve(book, conversation, at_s, not_before_s=freed_s)
        found = {one.overtaken for one in overtakings(book, 1.0)}
        assert found == _naive(book, 1.0)
        seen_any += len(found)
    assert seen_any > 100


def test_without_positions_the_order_is_not_judged() -> None:
    book = seen.ledger()
    early, late = seen.ask(book, 1, 1.0), seen.ask(book, 2, 2.0)
    seen.serve(book, late, 3.0)
    seen.serve(book, early, 4.0)
    book.faults.count("event.without_pos", "offer.new")

    assert kinds(book) == []
