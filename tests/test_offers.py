"""Offers: made, answered by the one they are made to, and remembered for late answers."""

import pytest

from router import offers
from router.errors import Refusal, Refused
from router.offers import Offer, Offers
from router.states import OfferState


def made() -> tuple[Offers, Offer]:
    all_of = Offers()
    return all_of, all_of.make("c", "ann", 5, 25, 1, auto=False)


def test_an_offer_is_pending_for_its_agent_alone() -> None:
    all_of, offer = made()
    assert all_of.pending_of("o1", "ann") is offer
    with pytest.raises(Refused) as caught:
        all_of.pending_of("o1", "bob")
    assert caught.value.code is Refusal.NOT_FOUND


@pytest.mark.parametrize(
    ("trigger", "outcome"),
    [
        ("accept", "accepted"),
        ("decline", "declined"),
        ("expire", "expired"),
        ("lose", "undelivered"),
        ("revoke", "revoked"),
        ("lose_race", "taken"),
        ("withdraw", "withdrawn"),
    ],
)
def test_a_late_answer_is_told_the_outcome(trigger: str, outcome: str) -> None:
    all_of, offer = made()
    assert all_of.end("o1", trigger) == (offer, OfferState(outcome))
    assert all_of.pending == {}
    with pytest.raises(Refused) as caught:
        all_of.pending_of("o1", "ann")
    assert (caught.value.code, caught.value.outcome) == (Refusal.OFFER_GONE, outcome)
    assert (all_of.outcome("o1", "ann"), all_of.outcome("o1", "bob")) == (outcome, None)


def test_the_oldest_of_too_many_ended_offers_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "ENDED_MAX", 2)
    all_of = Offers()
    for _ in range(3):
        all_of.end(all_of.make("c", "ann", 5, 25, 1, auto=False).id, "decline")
    assert list(all_of.ended) == ["o2", "o3"]
