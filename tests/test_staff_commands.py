"""The commands by which supervisors and services steer the house."""

from typing import get_args

import msgspec
import pytest

from router import staff_commands
from router.commands import PersonCommand
from router.staff_commands import PersonalForm

KINDS = [
    kind
    for name in staff_commands.__all__
    if isinstance(kind := getattr(staff_commands, name), type) and kind is not PersonalForm
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_says_who_gives_it_first_and_is_a_command_of_people(
    kind: type[msgspec.Struct],
) -> None:
    assert kind in get_args(PersonCommand)
    assert kind.__struct_fields__[0] == "by"
    assert issubclass(kind, PersonalForm)
