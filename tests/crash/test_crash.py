"""A few kills of a real server in every run of the tests; `python -m tests.crash` does more."""

import os
from pathlib import Path

import pytest

from tests.crash.__main__ import hunt
from tests.crash.ledger import Ledger, Missing, Said
from tests.crash.server import Server

KILLS = 5


@pytest.mark.process
async def test_what_was_answered_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    try:
        figures = await hunt(Server(tmp_path), KILLS, seed)
    except BaseException as error:
        error.add_note(f"to see it again: python -m tests.crash --kills {KILLS} --seed {seed}")
        raise
    assert sum(figures.kills.values()) == KILLS
    assert figures.answered_count > KILLS
    assert figures.command_count > figures.answered_count


def test_the_ledger_notices_what_is_missing(tmp_path: Path) -> None:
    ledger = Ledger()
    assert ledger.check(str(tmp_path)).position == 0
    ledger.asked["k-1"] = ("k", "c1")
    with pytest.raises(Missing, match="k-1 was answered with c1"):
        ledger.check(str(tmp_path))
    ledger = Ledger()
    ledger.ended["c1"] = "agent"
    ledger.said["k-1"] = Said("c1", 1, "hello")
    assert ledger.check(str(tmp_path)).position == 0, "an ended conversation may be forgotten"
    ledger.position = 1
    with pytest.raises(Missing, match="position 1 was told"):
        ledger.check(str(tmp_path))
