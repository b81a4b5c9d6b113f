"""What supervisors and services send to steer the house."""

from typing import Any

import msgspec
import pytest

from router import incoming_staff
from router.incoming import Incoming
from tests.helpers.samples import SAMPLES, sample

TYPES = {
    getattr(incoming_staff, name).__struct_config__.tag: getattr(incoming_staff, name)
    for name in incoming_staff.__all__
}


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_is_one_of_the_messages_that_a_client_may_send(kind: str) -> None:
    assert kind in SAMPLES
    assert type(msgspec.convert(sample(kind), Incoming)) is TYPES[kind]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("agent.presence", {"show": "asleep"}),
        ("agent.presence", {"until_ms": 0}),
        ("score.set", {"value": 1001}),
        ("conversation.priority", {"priority": ""}),
        ("policy.set", {"policy": {"queue": []}}),
    ],
)
def test_what_is_out_of_its_limits_is_refused(kind: str, changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sample(kind, **changes), Incoming)
