"""What customers ask for: requests, terms, and how they want to be reached."""

from router.commands import AcceptTerms
from router.errors import Refusal
from router.policy import Policy, Queue, Terms
from tests.helpers.worlds import Scene, customer, service


def test_what_may_wait_and_what_may_not_do_not_join() -> None:
    """Asking to chat joined the message of yesterday, and with it a place 8 hours later."""
    scene = Scene()
    first = scene.request(service(), "message", customer="c", deferrable=True, topic="lamps")
    scene.answered(first)
    asked = scene.ask("c", "chat", topic="lamps")
    assert scene.refused(AcceptTerms(customer("c"), "unknown", 0)).code is Refusal.NOT_FOUND
    assert (asked.conversation, asked.joined, asked.status) == ("chat", False, "waiting")


def test_terms_of_the_future_cannot_be_accepted() -> None:
    """Whoever accepted version 99 would never have been asked again."""
    scene = Scene(Policy(queues=(Queue(id="q"),), terms=Terms("house", 2)))
    scene.arrive(customer("c"))
    future = scene.refused(AcceptTerms(customer("c"), "house", 99))
    assert future.code is Refusal.NOT_FOUND
    scene.answered(AcceptTerms(customer("c"), "house", 1))
    owed = scene.refused(scene.request(customer("c"), "c"))
    assert (owed.code, owed.terms) == (Refusal.CONSENT_REQUIRED, ("house", 2))
    scene.answered(AcceptTerms(customer("c"), "house", 2))
    scene.ask("c")
