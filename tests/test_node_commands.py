"""The commands that nodes append by themselves."""

from typing import get_args

import msgspec
import pytest

from router.commands import Command, PersonCommand
from router.core import Router
from router.events import CommandAnswered
from router.node_commands import EndOutage, LoseNode, NodeCommand, SetPolicy, SkipCommand, Tick
from router.policy import Policy, Queue


def test_no_person_gives_them() -> None:
    assert set(get_args(NodeCommand)).isdisjoint(get_args(PersonCommand))
    for kind in get_args(NodeCommand):
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        assert "by" not in fields or fields["by"].default is None


@pytest.mark.parametrize(
    "command",
    [
        Tick(),
        EndOutage(),
        LoseNode(life="n1"),
        SkipCommand(position=1),
        SetPolicy(Policy(queues=(Queue(id="q"),))),
    ],
)
def test_they_come_out_of_the_journal_as_they_went_in_and_are_never_refused(
    command: NodeCommand,
) -> None:
    packed = msgspec.msgpack.encode(command)
    again = msgspec.msgpack.decode(packed, type=Command)
    assert again == command
    assert isinstance(Router("tenant").apply(again, 1)[0], CommandAnswered)
