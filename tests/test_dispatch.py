"""Every command and every timer has its part."""

import re
from pathlib import Path
from typing import get_args

from router.commands import Command, SendMessage
from router.dispatch import COMMANDS, TIMERS

ROUTER = Path(__file__).parents[1] / "router"


def test_every_command_but_messages_is_in_the_table() -> None:
    """Messages are remembered with their conversation, so the core carries them out itself."""
    assert set(COMMANDS) == set(get_args(Command)) - {SendMessage}


def test_every_timer_that_is_set_anywhere_means_something() -> None:
    kinds = {
        kind
        for file in ROUTER.glob("*.py")
        for kind in re.findall(r'timers\.set\(\s*"(\w+)"', file.read_text("utf-8"))
    }
    assert kinds == set(TIMERS)
