"""The limits of each field that clients send."""

from typing import Any, get_args

import msgspec
import pytest

from router.incoming import ID_MAX, Activity, Incoming
from router.rights import RELATIONS
from tests.helpers.samples import SAMPLES, sample

DECODER = msgspec.json.Decoder(Incoming)


def read(message: dict[str, Any]) -> Incoming:
    decoded: Incoming = DECODER.decode(msgspec.json.encode(message))
    return decoded


def test_every_type_is_somebodys_to_send() -> None:
    tags = {kind.__struct_config__.tag for kind in get_args(Incoming)}
    assert tags <= set(RELATIONS)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_each_sample_is_read_as_its_own_type(kind: str) -> None:
    assert type(read(sample(kind))).__struct_config__.tag == kind


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("hello", {"subs": ["x"] * 513}),
        ("hello", {"languages": ["en"] * 17}),
        ("hello", {"idle_ms": -1}),
        ("hello", {"role": "ops"}),
        ("presence.set", {"until_ms": 0}),
        ("presence.set", {"reason": "x" * 201}),
        ("offer.accept", {"offer": ""}),
        ("conversation.request", {"channel": ""}),
        ("conversation.request", {"needs": [{"skill": "a", "level": 101}]}),
        ("conversation.request", {"languages": [{"tag": "x"}]}),
        ("conversation.request", {"attributes": {"a": ["list"]}}),
        ("conversation.request", {"attributes": {"a": "x" * 257}}),
        ("conversation.request", {"attributes": {str(number): "" for number in range(33)}}),
        ("conversation.join", {"mode": "shout"}),
        ("message.read", {"seq": -1}),
        ("rate", {"score": 0}),
        ("history", {"limit": 0}),
        ("consent.accept", {"version": -1}),
    ],
)
def test_what_is_over_a_limit_is_not_read(kind: str, changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(sample(kind, **changes))


def test_activity_needs_no_id_for_it_gets_no_reply() -> None:
    assert read({"t": "activity"}) == Activity()


def test_the_largest_id_is_what_a_browser_can_count_to() -> None:
    assert read({"t": "bye", "id": ID_MAX}).id == 2**53 - 1
