"""The tables of commands and timers are whole."""

import re
from pathlib import Path
from typing import get_args

from router.acts import COMMANDS, TIMERS
from router.commands import Command, SendMessage

ROUTER = Path(__file__).parents[1] / "router"


def test_every_command_has_one_who_carries_it_out() -> None:
    assert set(COMMANDS) == set(get_args(Command)) - {SendMessage}


def test_every_timer_that_is_set_does_something_when_it_is_due() -> None:
    setting = re.compile(r"timers\.set\(\s*\"(\w+)\"")
    named = {kind for file in ROUTER.glob("*.py") for kind in setting.findall(file.read_text())}
    assert len(named) > 10
    assert named <= set(TIMERS)
