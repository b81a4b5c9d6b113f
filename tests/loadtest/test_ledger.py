"""What is written down while a run goes on."""

from tests.helpers import seen


def test_an_offer_read_before_the_reply_is_found_when_the_reply_comes() -> None:
    book = seen.ledger()
    early = book.ask(seen.plan(1), 1.0)
    stranger = seen.ask(book, 2, 1.0)
    offer = seen.offer(book, stranger, 1.5)
    book.file("conversation-1").offers.append(offer)

    book.acknowledge(early, "conversation-1", 1.6)

    assert early.file.offers == [offer]
    assert early.file.is_claimed.is_set()
    assert book.file("conversation-1").owner is early


def test_a_conversation_is_in_line_in_service_or_over() -> None:
    book = seen.ledger()
    served, left = seen.ask(book, 1, 1.0), seen.ask(book, 2, 1.0)
    assert (book.in_line, book.in_service, book.served, book.abandoned) == (2, 0, 0, 0)

    book.turn_comes(served, "A01", 2.0)
    assert (book.in_line, book.in_service) == (1, 1)

    book.ends(served, "agent", 9, 3.0)
    book.ends(left, "cancelled", 9, 3.0)
    assert (book.in_line, book.in_service, book.served, book.abandoned) == (0, 0, 1, 1)
    assert served.is_served
    assert left.is_abandoned


def test_a_request_finds_a_free_agent_only_if_no_rival_may_get_that_one() -> None:
    book = seen.ledger("A01", "A02")
    assert not book.ask(seen.plan(1), 0.0).has_found_free

    book.agent_free("A01", 1.0)
    rivalled = seen.ask(book, 2, 2.0)
    assert not rivalled.has_found_free

    book.agent_free("A02", 3.0)
    book.forget_request(book.conversations[0])
    assert seen.ask(book, 3, 4.0).has_found_free

    seen.offer(book, rivalled, 5.0, agent="A01")
    assert not seen.ask(book, 4, 6.0).has_found_free


def test_a_stall_is_an_idle_agent_beside_a_waiting_customer_for_long_enough() -> None:
    book = seen.ledger("A01")
    waiting = seen.ask(book, 1, 10.0)
    book.note_stalls(100.0, 2.0)
    assert not waiting.is_stalled

    book.agent_free("A01", 99.0)
    book.note_stalls(100.0, 2.0)
    assert not waiting.is_stalled

    book.note_stalls(101.5, 2.0)
    assert waiting.is_stalled


def test_an_agent_who_leaves_is_not_idle_and_owes_no_outcome() -> None:
    book = seen.ledger("A01")
    book.agent_free("A01", 1.0)
    pending = seen.offer(book, seen.ask(book, 1, 1.0), 2.0, outcome="")
    book.agent_gone("A01", pending)

    assert pending.is_agent_gone
    assert book.idle_since == {}
