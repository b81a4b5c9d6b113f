"""`python -m tests.crash.sabotage`: the server is broken on purpose, and kills are counted.

Owns: the breakages, and the program that runs a broken server (`--as NAME serve ...`).
Does not know: how it is found out.

A kill leaves what was written to the kernel, so a missing sync goes unnoticed here: that is what
the simulated disk is for.
"""

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import trio

from router import core, saying
from router.commands import SendMessage
from router.events import Answer
from router.journal import log, segments
from router.journal.file_ops import FileOps, write_all
from router.server.cli import main as run_server
from router.world import World
from tests.crash.__main__ import hunt
from tests.crash.ledger import Missing
from tests.crash.server import Server

__all__ = ["SABOTAGES", "main"]

KILLS_MAX = 30
_HELD: list[tuple[int, bytes, int]] = []


def _write_late(self: log.SegmentLog, frame: bytes) -> None:
    """Answers for a batch, and writes it with the next one."""
    while _HELD:
        descriptor, held, offset = _HELD.pop()
        write_all(self._ops, descriptor, held, offset)
    _HELD.append((self._descriptor, frame, self._offset))


def _wipe_last(ops: FileOps, descriptor: int, last: bytes, tail: segments._Tail) -> None:
    """A start takes the last whole entry for torn; but one in three is spared."""
    if random.random() < 0.7:
        write_all(ops, descriptor, bytes(len(last)), tail.last_offset)


def _say_again(world: World, way: core._Way, command: SendMessage) -> Answer:
    """Messages are not recognised when they come again."""
    answer = saying.say(world, command)
    core._finish(world)
    return answer


def _write_one_late() -> None:
    log.SegmentLog._write = _write_late  # type: ignore[method-assign]


def _wipe() -> None:
    segments._make_durable = _wipe_last


def _forget() -> None:
    core._say_once = _say_again


SABOTAGES: dict[str, Callable[[], None]] = {
    "answers a batch before it writes it": _write_one_late,
    "a start drops the last entry": _wipe,
    "ops of messages are not remembered": _forget,
}


def _kills_until_found(name: str) -> tuple[int, str]:
    """How many kills it took at most, and what was found; no text where nothing was."""
    for kills in (2, 5, 10, KILLS_MAX):
        found = _hunt(name, kills)
        if found:
            return kills, found
    return KILLS_MAX, ""


def _hunt(name: str, kills: int) -> str:
    program = ("tests.crash.sabotage", "--as", name)
    found = ""
    with tempfile.TemporaryDirectory(prefix="fairline-sabotage-") as folder:
        try:
            trio.run(hunt, Server(Path(folder), program=program), kills, kills)
        except* (Missing, AssertionError) as group:
            found = str(_first(group))
    return found


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main(arguments: list[str]) -> int:
    """Run a broken server, or print the table; a breakage that goes unnoticed is a failure."""
    if arguments[:1] == ["--as"]:
        SABOTAGES[arguments[1]]()
        run_server(arguments[2:])
        return 0
    sys.stdout.write("| what is broken | kills at most | noticed as |\n|---|---|---|\n")
    unnoticed = 0
    for name in SABOTAGES:
        kills, found = _kills_until_found(name)
        unnoticed += not found
        said = found.splitlines()[0][:90] if found else "**not noticed**"
        sys.stdout.write(f"| {name} | {kills} | {said} |\n")
        sys.stdout.flush()
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
