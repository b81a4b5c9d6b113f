"""Reads a journal in Redis from outside, as it is now, whoever serves from it.

Owns: from where to where. Does not know: what is done with the entries; it changes nothing.

Invariant (tests/journal/test_redis_reading.py): what was answered before the reading began is read,
in order, each entry once; where the beginning is gone, that is said and not passed over.
"""

from collections.abc import Iterator
from contextlib import closing

from router.errors import StorageError
from router.journal.base import Record
from router.journal.redis_address import RedisAddress
from router.journal.redis_cursor import StreamCursor, beginning_of, last_of
from router.journal.redis_layout import ORIGIN, STORE, EntryId, StreamEntry, StreamPlace
from router.journal.redis_link import Link

__all__ = ["extent_of", "is_begun", "read_store", "read_whole", "store_id_of"]


def is_begun(address: RedisAddress) -> bool:
    """Whether there is a journal.

    Raises:
        StorageError: Redis gives no answer.
    """
    with closing(Link(address)) as link:
        return bool(link.call(("EXISTS", STORE))[0])


def store_id_of(address: RedisAddress) -> str:
    """What tells this store from every other one; empty where there is none.

    Raises:
        StorageError: Redis gives no answer.
    """
    with closing(Link(address)) as link:
        (found,) = link.call(("HGET", STORE, "store_id"))
    return "" if found is None else bytes(found).decode("ascii", "replace")


def extent_of(address: RedisAddress) -> tuple[StreamPlace, EntryId]:
    """Before which entry nothing is kept, and which is the newest.

    Raises:
        StorageError: there is no journal, or Redis gives no answer.
    """
    with closing(Link(address)) as link:
        _partitions(link)
        return beginning_of(link.call), last_of(link.call)


def read_store(
    address: RedisAddress, *, core_version: int, place: StreamPlace | None = None
) -> Iterator[StreamEntry]:
    """Yields every entry behind a place, or behind what is kept no more, up to the newest.

    Raises:
        JournalCorrupt: an entry is damaged or missing.
        JournalVersion: one was written for another version of the core.
        StorageError: there is no journal, or Redis gives no answer.
    """
    with closing(Link(address)) as link:
        partitions = _partitions(link)
        begin = beginning_of(link.call) if place is None else place
        last = last_of(link.call)
        cursor = StreamCursor(
            link.call, partitions=partitions, core_version=core_version, places=[begin]
        )
        while cursor.sequence <= last.sequence:
            yield from cursor.read(last.sequence)


def read_whole(address: RedisAddress, *, core_version: int) -> Iterator[Record]:
    """Yields every command since the first.

    Raises:
        StorageError: as ``read_store``, and where the first ones are kept no more.
    """
    beginning, _ = extent_of(address)
    if beginning.id != ORIGIN:
        raise StorageError(
            f"{address.shown}: the journal begins behind entry {beginning.id}, and what was before"
            ' is kept no more. journal_keep = "all" keeps it, from an empty store on.'
        )
    for entry in read_store(address, core_version=core_version, place=beginning):
        yield from entry.records


def _partitions(link: Link) -> int:
    (told,) = link.call(("HGET", STORE, "partitions"))
    if told is None:
        raise StorageError(f"{link.shown}: there is no journal here.")
    return int(told)
