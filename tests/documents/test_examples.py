"""The examples beside the Structs of the wire."""

from typing import Any

import msgspec
import pytest

from router import wire
from router.documents.examples import FROM_SERVER, TO_SERVER
from router.documents.protocol_reference import messages
from router.policy import Policy, problems

BOTH = [
    *((side, name) for side in ("to-server",) for name in TO_SERVER),
    *(("from-server", name) for name in FROM_SERVER),
]


def example(side: str, name: str) -> dict[str, Any]:
    told = TO_SERVER if side == "to-server" else FROM_SERVER
    return {"t": name, **({"id": 2} if side == "to-server" else {}), **told[name]}


def test_every_message_has_one_and_there_are_no_others() -> None:
    assert set(TO_SERVER) == set(messages("to-server"))
    assert set(FROM_SERVER) == set(messages("from-server"))


@pytest.mark.parametrize(("side", "name"), BOTH)
def test_nothing_is_lost_on_the_way_through_the_struct(side: str, name: str) -> None:
    told = example(side, name)
    read = msgspec.json.decode(msgspec.json.encode(told), type=messages(side)[name])
    assert_within(told, msgspec.json.decode(msgspec.json.encode(read)), name)


def assert_within(told: Any, read: Any, at: str) -> None:  # noqa: ANN401 - JSON
    """What is told is there; what was left out may be there, too."""
    if isinstance(told, dict):
        for key, value in told.items():
            assert key in read, f"{at}.{key}"
            assert_within(value, read[key], f"{at}.{key}")
    elif isinstance(told, list):
        assert len(told) == len(read), at
        for one, other in zip(told, read, strict=True):
            assert_within(one, other, at)
    else:
        assert told == read, at


@pytest.mark.parametrize("name", TO_SERVER)
def test_a_server_reads_what_a_client_would_send(name: str) -> None:
    frame = msgspec.json.encode(example("to-server", name)).decode()
    (message,) = wire.decode(wire.Encoding.JSON, frame)
    assert type(message) is messages("to-server")[name]


def test_the_policy_of_the_examples_is_sound() -> None:
    policy = msgspec.convert(TO_SERVER["policy.set"]["policy"], Policy)
    assert list(problems(policy)) == []
