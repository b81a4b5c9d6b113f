"""A node that only appends, until it is killed: it claims a store, waiting for it as a node does.

Run as `python -m tests.journal.redis_writer PORT NAME FIRST`: it says `claimed` once the store is
its own, appends commands that count from FIRST, and prints each number once its append has
returned. When its part has ended it says why and exits with 3.
"""

import itertools
import os
import sys
import time

import structlog
import trio

from router.errors import JournalUnavailable, StorageError
from router.journal.redis_address import RedisAddress
from router.journal.redis_owner import claim
from router.journal.redis_stream import RedisJournal

PAUSE_SECONDS = 0.02


async def main(port: int, name: str, first: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    address = RedisAddress((("127.0.0.1", port),))
    owned = await claim(address, partitions=4, core_version=1, node=name)
    journal = RedisJournal(owned, wall_ms=lambda: time.time_ns() // 1_000_000)
    os.write(1, b"claimed\n")
    for number in itertools.count(first):
        try:
            await journal.append([("acme", b"%d" % number), ("globex", b"%d" % number)], 0)
        except JournalUnavailable:
            continue
        os.write(1, b"%d\n" % number)
        await trio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    try:
        trio.run(main, int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    except StorageError as error:
        os.write(1, f"ended: {error}\n".encode())
        sys.exit(3)
