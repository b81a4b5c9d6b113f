"""What supervisors, services and colleagues are told of the house."""

from typing import get_args

import msgspec
import pytest

from router import outgoing, outgoing_staff

KINDS = [getattr(outgoing_staff, name) for name in outgoing_staff.__all__ if name != "OutgoingForm"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_is_one_of_the_messages_that_the_server_sends(kind: type[msgspec.Struct]) -> None:
    assert kind in get_args(outgoing.Outgoing)
    assert getattr(outgoing, kind.__name__) is kind


def test_what_has_nothing_to_say_is_left_out() -> None:
    board = outgoing.Board(7, "queues", (), ())
    assert msgspec.to_builtins(board) == {
        "t": "board", "pos": 7, "topic": "queues", "queues": (), "agents": (),
    }  # fmt: skip
