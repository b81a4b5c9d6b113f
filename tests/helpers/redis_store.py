"""A store in Redis that a test writes by itself, beside which it knows what must be read.

Owns: the batches, as they lie in Redis and as readers must see them.
Does not know: who owns the store, functions of Redis, who reads.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from router.journal.base import Command, number
from router.journal.redis_layout import (
    ORIGIN,
    STORE,
    EntryId,
    StreamEntry,
    encode_piece,
    journal_key,
    spread,
)
from router.journal.redis_link import Link
from tests.helpers.redis_server import RedisServer

__all__ = ["PARTITIONS", "Store", "empty_store"]

PARTITIONS = 4


class Store:
    """Writes batches, and knows what must be read."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.entries: list[StreamEntry] = []
        self.positions: dict[str, int] = {}

    @property
    def last(self) -> EntryId:
        return self.entries[-1].id if self.entries else ORIGIN

    def write(self, commands: Sequence[Command], version: int = 1) -> None:
        entry_id = EntryId(1_000 + self.last.sequence // 3, self.last.sequence + 1)
        pieces = spread(commands, PARTITIONS)
        adds = [
            (
                "XADD",
                journal_key(p),
                str(entry_id),
                *encode_piece(some, link=self.last, core_version=version),
            )
            for p, some in pieces.items()
        ]
        self.link.call(*adds, ("HSET", STORE, "last", str(entry_id)))
        in_order = [command for some in pieces.values() for command in some]
        records = number(in_order, self.positions, entry_id.now_ms)
        self.entries.append(StreamEntry(entry_id, self.last, records))

    def fill(self, chance: random.Random, count: int, size: int = 30) -> None:
        """Write batches for tenants of all partitions, most of them for one."""
        for _ in range(count):
            tenants = chance.choices(["acme", "globex", "initech", "umbrella"], [9, 3, 1, 1], k=3)
            self.write([(tenant, chance.randbytes(chance.randint(0, size))) for tenant in tenants])


@contextmanager
def empty_store(redis: RedisServer) -> Iterator[Store]:
    """A store that was begun just now, and nothing else in that Redis."""
    with closing(Link(redis.address)) as link:
        link.call(("FLUSHALL",), ("HSET", STORE, "partitions", PARTITIONS, "last", "0-0"))
        yield Store(link)
