"""A real process, killed at any moment: what it acknowledged is there, once and whole."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from router.journal.file import FileJournal
from tests.journal.contract import Wall, take

ROOT = Path(__file__).parents[2]


@pytest.mark.process
async def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(38)
    acknowledged: set[int] = set()
    first = 0
    for _ in range(20):
        numbers = run_and_kill(tmp_path, first, chance.randint(0, 300))
        acknowledged |= set(numbers)
        first += 100_000
    journal = await FileJournal.open(tmp_path, wall_ms=Wall(), core_version=1)
    records = await take(journal, sum(journal.end.values()))
    await journal.aclose()
    acme = [int(record.payload) for record in records if record.tenant == "acme"]
    globex = [int(record.payload.split()[0]) for record in records if record.tenant == "globex"]
    assert acme == globex, "no batch is in by half"
    assert len(acme) == len(set(acme)), "nothing is in twice"
    assert acknowledged <= set(acme)
    assert len(acme) - len(acknowledged) <= 20 * 4, "at most what was in flight is in unanswered"
    assert len(acknowledged) > 1000


def run_and_kill(folder: Path, first: int, count: int) -> list[int]:
    """Kill a writer after it acknowledged so many appends; return all that it acknowledged."""
    arguments = [sys.executable, "-m", "tests.journal.killed_writer", str(folder), str(first)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(count)]
        process.kill()
        lines += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [int(line) for line in lines if line.endswith(b"\n")]
