"""The journal in Redis: durable commands in its streams, in groups, from one writer.

Owns: the moment at which callers and readers hear of a batch, what of the streams is put away.
Does not know: the core, what a command means, how entries lie in Redis (`redis_layout`), who owns
the store (`redis_owner`), how a batch gets in for certain (`redis_appender`).
Invariants: whatever a reader or a caller learns of is in Redis, and in a replica where the settings
want that; nothing goes that a reader, a hold or a kept snapshot needs. All state belongs to trio's
thread, but for what is locked.

Live batches come to readers from memory, as from every journal; who begins or falls behind reads
pages from Redis on another thread, over another connection than the one that appends.
"""

import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import trio

from router.errors import JournalCorrupt, StorageError
from router.journal.base import Batch, Command, Done, Record, Take, stamp, wait_appended
from router.journal.live import Live, size_of
from router.journal.redis_cursor import StreamCursor
from router.journal.redis_layout import (
    BEGINNING,
    OWNER,
    STORE,
    StreamEntry,
    StreamPlace,
    encode_place,
    journal_key,
)
from router.journal.redis_link import Link, RedisAway, Took, Words
from router.journal.redis_owner import Claim
from router.journal.trimming import Holds
from router.journal.writers import Request

__all__ = ["RedisJournal"]

MARK_SECONDS = 10.0
MARKS_MAX = 64
"""How finely the journal can be trimmed: places that are remembered, and how often one is."""

TRIM_COUNT = 10_000
"""How many entries of each stream go in one step; others wait for Redis meanwhile."""

REPAIR_SECONDS = 5.0
"""How long a reader waits for an entry that Redis has lost to be written again."""

_AGAIN_SECONDS = 0.5


class _Marks:
    """Places up to which the journal may be trimmed one day; of any thread."""

    def __init__(self, *places: StreamPlace) -> None:
        self._lock = threading.Lock()
        self._places = [place for place in places if place.sequence > 0]
        self._next_seconds = time.monotonic() + MARK_SECONDS

    def offer(self, place: Callable[[], StreamPlace]) -> None:
        """Remember a place, now and then."""
        if time.monotonic() < self._next_seconds:
            return
        self._next_seconds = time.monotonic() + MARK_SECONDS
        with self._lock:
            self._places.append(place())
            if len(self._places) > MARKS_MAX:
                del self._places[1::2]

    def add(self, place: StreamPlace) -> None:
        """Remember a place that is kept anyway."""
        with self._lock:
            if place not in self._places:
                self._places.append(place)

    def last(self, needed: int, done: Sequence[Mapping[str, int]]) -> StreamPlace | None:
        """Return the last place up to which everybody is done, before this sequence number."""
        with self._lock:
            places = list(self._places)
        for place in sorted(places, key=lambda each: each.sequence, reverse=True):
            if place.sequence < needed and _are_done(done, place):
                return place
        return None

    def forget(self, through: int) -> None:
        """Trimming went so far."""
        with self._lock:
            self._places = [place for place in self._places if place.sequence > through]


class RedisJournal:
    """A `Journal` in a Redis that this life owns.

    Args:
        owned: The claim; closed with the journal.
        wall_ms: The wall clock.
        place: Of the snapshot with which the start begins, if there is one.
    """

    def __init__(
        self, owned: Claim, *, wall_ms: Callable[[], int], place: StreamPlace | None = None
    ) -> None:
        self._owned = owned
        self._wall_ms = wall_ms
        self._end = MappingProxyType(dict(owned.kept.positions))
        self._live: Live[StreamEntry] = Live(owned.kept.last.sequence)
        self._places = [owned.kept.beginning]
        if place is not None and place.sequence > self._places[0].sequence:
            self._places.append(place)
        self._marks = _Marks(*self._places[1:])
        self._trimmed = owned.kept.beginning.sequence
        self._holds = Holds()
        self._closed = trio.Event()
        self._link = Link(owned.address, took=owned.took)
        self._link_lock = threading.Lock()
        self._is_link_closed = False
        owned.serve(self._commit, self._publish)
        if owned.failure:
            self._live.fail(owned.failure)

    @property
    def end(self) -> Mapping[str, int]:
        """See `Journal`."""
        return self._end

    @property
    def holds(self) -> Holds:
        """Who besides snapshots and readers needs what of the journal; see `trim`."""
        return self._holds

    @property
    def life(self) -> str:
        """The life by which the store is owned."""
        return self._owned.life

    @property
    def took(self) -> Took:
        """Hears what each exchange with Redis took."""
        return self._owned.took

    @property
    def is_owner(self) -> bool:
        """Whether this life owns the store, as far as it knows."""
        return self._owned.is_owner

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        """See `Journal`."""
        byte_count = size_of(commands)
        self._live.check()
        asked_ms = stamp(wall_ms=self._wall_ms(), before_ms=0, floor_ms=floor_ms)
        self._owned.writer.put(Request(commands, byte_count, asked_ms, done))

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """See `Journal`."""
        await wait_appended(self, commands, floor_ms)

    def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        """See `Journal`; readers that keep up never ask Redis."""
        return self._live.read(lambda: self._cursor(after), after, self._load, take)

    async def trim(
        self,
        done: Mapping[str, int],
        archive: Path | None = None,
        *,
        place: StreamPlace | None = None,
    ) -> list[str]:
        """Put away entries that nothing needs; return up to which, or nothing.

        An entry stays while any reader of this journal, any of `holds`, or the caller (who is done
        up to the positions `done`) needs a command of it, and all behind the place of a snapshot.
        Entries are no files that could be moved into an archive: what goes is gone.

        Raises:
            OSError: Redis did not do it; it is tried again next time.
        """
        del archive
        needed = min([self._live.durable + 1, *self._live.needed()])
        if place is not None:
            self._marks.add(place)
            needed = min(needed, place.sequence + 1)
        through = self._marks.last(needed, [done, *self.holds.done()])
        if through is None or through.sequence <= self._trimmed:
            return []
        later = [each for each in self._places if each.sequence > through.sequence]
        self._places = [through, *later]
        try:
            await self._owned.writer.call(lambda: self._trim(through))
        except StorageError as error:
            raise OSError(str(error)) from error
        self._trimmed = through.sequence
        self._marks.forget(through.sequence)
        return [f"entries up to {through.id}"]

    async def aclose(self) -> None:
        """See `Journal`; another node may take over at once."""
        if self._live.is_closing:
            await self._closed.wait()
            return
        self._live.is_closing = True
        with trio.CancelScope(shield=True):
            await self._owned.aclose()
            await trio.to_thread.run_sync(self._close_link)
        self._live.close()
        self._closed.set()

    def _cursor(self, after: Mapping[str, int]) -> StreamCursor:
        return StreamCursor(
            self._call,
            partitions=self._owned.kept.partitions,
            core_version=self._owned.core_version,
            places=self._places,
            after=after,
        )

    async def _load(self, cursor: StreamCursor) -> list[StreamEntry]:
        """Read a page, however long Redis stays away; an entry that it lost may be repaired."""
        corrupt_by = trio.current_time() + REPAIR_SECONDS
        while not self._live.is_closing:
            self._live.check()
            try:
                return await self._owned.writer.call(lambda: cursor.read(self._live.durable))
            except RedisAway:
                corrupt_by = trio.current_time() + REPAIR_SECONDS
            except JournalCorrupt:
                if trio.current_time() > corrupt_by:
                    raise
            await trio.sleep(_AGAIN_SECONDS)
        return []

    def _call(self, *commands: Words) -> list[Any]:
        with self._link_lock:
            if self._is_link_closed:
                raise RedisAway("The journal is closed.", is_heard=False)
            return self._link.call(*commands)

    def _close_link(self) -> None:
        with self._link_lock:
            self._is_link_closed = True
            self._link.close()

    def _trim(self, through: StreamPlace) -> None:
        keys = [journal_key(partition) for partition in range(self._owned.kept.partitions)]
        words: tuple[str | int, ...] = (
            "FCALL",
            "fairline_trim",
            3 + len(keys),
            STORE,
            OWNER,
            BEGINNING,
            *keys,
        )
        rest = (self._owned.life, encode_place(through), str(through.id))
        while self._call((*words, *rest, TRIM_COUNT))[0]:
            pass
        self._call((*words, *rest, 0))

    def _commit(self, group: list[Request]) -> Batch | Exception:
        commands = [command for request in group for command in request.commands]
        try:
            entry = self._owned.appender.append(commands, max(each.asked_ms for each in group))
            self._marks.offer(lambda: self._owned.appender.place)
        except Exception as error:
            return error
        return entry

    def _publish(self, group: list[Request], outcome: Batch | Exception) -> None:
        """Tell everybody, on trio's thread."""
        self._live.publish(
            cast("StreamEntry | Exception", outcome), [request.done for request in group]
        )


def _are_done(done: Sequence[Mapping[str, int]], place: StreamPlace) -> bool:
    return all(
        each.get(tenant, 0) >= last for each in done for tenant, last in place.positions.items()
    )
