"""Follows a journal in Redis that another process writes: without its life, changing nothing.

Owns: which batches are there for certain, as seen from outside.
Does not know: who writes, what is done with the batches, how they are read (`redis_cursor`).
Invariants: a batch that is spread over partitions is given whole; nothing is left out: what does
not follow the batch before it is an error, also where Redis has lost what was given already.

With `appendfsync always` Redis answers nobody before it has synced, so what was read is durable.
"""

from collections.abc import Sequence

from router.errors import JournalUnavailable, StorageError
from router.journal.redis_cursor import StreamCursor, beginning_of, last_of
from router.journal.redis_layout import ORIGIN, STORE, StreamEntry, StreamPlace
from router.journal.redis_link import Link, RedisAway

__all__ = ["RedisFollowing"]


class RedisFollowing:
    """A reader of somebody else's journal.

    Args:
        link: A connection of its own.
        core_version: What the reader can replay.
        place: Where to begin; the journal's start if not given.

    Raises:
        StorageError: there is no journal, it does not begin where the reader must, or Redis gives
            no answer.
    """

    def __init__(self, link: Link, *, core_version: int, place: StreamPlace | None = None) -> None:
        self._link = link
        (partitions,) = link.call(("HGET", STORE, "partitions"))
        if partitions is None:
            raise StorageError(f"{link.shown}: there is no journal here.")
        begin = beginning_of(link.call) if place is None else place
        if place is None and begin.id != ORIGIN:
            raise StorageError(
                f"{link.shown}: the journal begins behind entry {begin.id}, and there is no"
                " snapshot of what was before."
            )
        self._begin = place
        self._cursor = StreamCursor(
            link.call, partitions=int(partitions), core_version=core_version, places=[begin]
        )

    def read(self) -> Sequence[StreamEntry]:
        """Return the next batches, perhaps none.

        Raises:
            JournalUnavailable: Redis gives no answer just now.
            JournalCorrupt: what comes next does not follow what was given, or cannot be read.
            JournalVersion: it was written for another version of the core.
            StorageError: Redis refuses.
        """
        try:
            last = last_of(self._link.call)
            if last.sequence < self._cursor.sequence:
                return ()
            return self._cursor.read(last.sequence)
        except RedisAway as error:
            raise JournalUnavailable(str(error)) from error

    @property
    def place(self) -> StreamPlace | None:
        """Behind the last batch that was given."""
        place = self._cursor.place
        return self._begin if place.id == ORIGIN else place

    def close(self) -> None:
        """Disconnect."""
        self._link.close()
