"""Scenarios that a supervisor of a contact centre can read, against the core.

A scenario is a file of blocks: what people do, ``----``, what then happens, an empty line.

    FAIRLINE_REWRITE=1 python -m pytest tests/test_scenarios.py    writes what happens anew

Words: ``policy KEY=VALUE``, ``arrive NAME [class=C] [account=A] [verified=yes] [FACT=VALUE]``,
``sign in NAME [skill=N] [language=xx:N]``,
``ask NAME [CONVERSATION] [channel=C] [skill=N] [language=xx]``, ``see|accept|decline NAME``,
``end NAME CONVERSATION``, ``cancel NAME CONVERSATION``, ``show NAME SHOW``, ``lose NAME``,
``leave NAME``, ``wait SECONDS``, ``outage SECONDS``, ``transfer NAME CONVERSATION TO``,
``say NAME CONVERSATION``, ``idle NAME SECONDS``, ``force NAME SHOW [for=SECONDS]``,
``close|open QUEUE``.
A policy's value is JSON without blanks. Agents are written with a capital letter, customers
without.
"""

import os
from pathlib import Path

import pytest

from tests.helpers.stage import Stage

FOLDER = Path(__file__).parent / "scenarios"
REWRITE = bool(os.environ.get("FAIRLINE_REWRITE"))


def played(text: str) -> str:
    """The scenario with what really happens."""
    stage = Stage()
    blocks = []
    for block in text.strip().split("\n\n"):
        said, rule, _ = block.partition("\n----")
        if not rule:
            blocks.append(block)
            continue
        commands = [line for line in said.splitlines() if line and not line.startswith("#")]
        happened = [line for command in commands for line in stage.do(command)]
        blocks.append("\n".join([said, "----", *(happened or ["nothing"])]))
    return "\n\n".join(blocks) + "\n"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_what_happens_is_what_the_scenario_says(path: Path) -> None:
    text = path.read_text()
    if REWRITE:
        path.write_text(played(text))
    assert played(text) == text


def test_an_unknown_word_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="juggle"):
        Stage().do("juggle Ann")
