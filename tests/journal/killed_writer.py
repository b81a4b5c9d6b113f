"""A process that appends to a file journal and says what was acknowledged, until it is killed.

Run as `python -m tests.journal.killed_writer FOLDER FIRST`: it appends commands that count from
FIRST, from several tasks, and prints each number once its append has returned.
"""

import itertools
import os
import sys
import time
from pathlib import Path

import trio

from router.journal.file import FileJournal

CALLERS = 4


async def main(folder: Path, first: int) -> None:
    journal = await FileJournal.open(
        folder, wall_ms=lambda: time.time_ns() // 1_000_000, core_version=1, segment_bytes=16_384
    )
    numbers = itertools.count(first)

    async def call() -> None:
        for number in numbers:
            commands = [("acme", b"%d" % number), ("globex", b"%d " % number + b"x" * 100)]
            await journal.append(commands, 0)
            os.write(1, b"%d\n" % number)

    async with trio.open_nursery() as nursery:
        for _ in range(CALLERS):
            nursery.start_soon(call)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
