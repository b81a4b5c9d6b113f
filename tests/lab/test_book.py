"""What is written down of each conversation."""

from msgspec import structs

from router.core import Router
from router.events import ConversationAssigned, ConversationEnded
from router.ids import AgentId, ConversationId, CustomerId
from router.lab.book import Book
from router.lab.watch import Watch
from tests.lab.test_stage import MINUTE, RULES, agent, play, visit


def ended(name: str, reason: str) -> ConversationEnded:
    return ConversationEnded(ConversationId(name), CustomerId("someone"), "help", reason, 0, 0, ())


def test_a_visit_has_one_outcome() -> None:
    watch = Watch(0, MINUTE)
    book = Book(Router("lab"), watch)
    one = book.visits["one"] = visit("one", 1000)
    watch.joined("one", 1000, "chat")
    assigned = ConversationAssigned(
        ConversationId("one"), "a1", AgentId("ann"), CustomerId("someone"), "help", 500
    )
    book.note(assigned, 1500)
    book.note(ended("one", "agent"), 3000)
    book.note(ended("one", "agent"), 9000)
    assert (one.answered_ms, one.ended_ms, one.agent, one.outcome) == (1500, 3000, "ann", "served")
    assert watch.busy.total_ms("ann") == 1500


def test_who_leaves_and_who_waits_too_long_are_told_apart() -> None:
    watch = Watch(0, MINUTE)
    book = Book(Router("lab"), watch)
    for name, reason in (("one", "cancelled"), ("two", "expired")):
        book.visits[name] = visit(name, 1000)
        watch.joined(name, 1000, "chat")
        book.note(ended(name, reason), 2000)
    assert [each.outcome for each in book.visits.values()] == ["left", "expired"]
    assert watch.line_length == 0


def test_a_visit_knows_its_conversation_and_its_customer() -> None:
    one = visit("one", 1000, customer="carl")
    assert (one.id, one.customer) == ("one", "carl")
    by_customer = structs.replace(one.request, customer=None)
    assert structs.replace(one, request=by_customer).customer == "lab"


def test_a_refusal_is_an_outcome() -> None:
    stage, _ = play(RULES, [agent("ann")], visit("one", 1000))
    refused = visit("two", 2000)
    stage.book.close(refused, "refused", 2000)
    assert (refused.outcome, refused.waited_ms) == ("refused", 0)
