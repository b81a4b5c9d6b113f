import string
from typing import get_args

import msgspec
import pytest

from router import events
from router.errors import Refusal
from router.events import CommandRefused, Event, OfferEnded
from router.ids import AgentId, ConversationId, OfferId

KINDS = get_args(Event)


def test_every_event_is_offered() -> None:
    beside = {"Answer", "Event", "Overtaken"}
    assert {kind.__name__ for kind in KINDS} | beside == set(events.__all__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_is_a_fact_that_cannot_be_changed(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.tag == kind.__name__
    assert (kind.__doc__ or "").strip().endswith((".", "``."))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_times_say_what_they_are(kind: type[msgspec.Struct]) -> None:
    """Instants end in at_ms or are a key, durations in ms: never a bare number of seconds."""
    for field in msgspec.structs.fields(kind):
        words = field.name.split("_")
        assert not {"s", "sec", "seconds", "time", "timestamp"} & set(words)
        assert set(field.name) <= set(string.ascii_lowercase + "_")


def test_events_of_equal_content_are_equal() -> None:
    ended = OfferEnded(OfferId("o1"), ConversationId("c1"), AgentId("ada"), "taken")
    assert ended == OfferEnded(OfferId("o1"), ConversationId("c1"), AgentId("ada"), "taken")
    with pytest.raises(AttributeError):
        ended.outcome = "declined"  # type: ignore[misc]


def test_a_refusal_leaves_out_what_it_does_not_say() -> None:
    refused = CommandRefused(Refusal.OFFER_GONE, "offer gone", outcome="taken")
    assert msgspec.to_builtins(refused) == {
        "e": "CommandRefused",
        "code": 113,
        "message": "offer gone",
        "outcome": "taken",
    }
