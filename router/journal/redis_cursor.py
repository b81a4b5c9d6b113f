"""Reads the batches of a journal again from Redis.

Owns: how much is asked for at once, the way from page to page, the checks of what is read.
Does not know: who appends, who reads, when to try again.
Invariants: a reader gets every batch behind its beginning, in order; each names the one before it,
so none is left out unseen. A batch that was spread over partitions comes whole, because only what
the caller knows to be in Redis is taken: other partitions may have been read a moment before it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from router.errors import JournalCorrupt, JournalVersion
from router.journal.base import Record, number
from router.journal.redis_layout import (
    BEGINNING,
    LIVES,
    ORIGIN,
    STORE,
    EntryId,
    Life,
    Piece,
    StreamEntry,
    StreamPlace,
    decode_life,
    decode_piece,
    decode_place,
    journal_key,
    merged,
)

__all__ = ["StreamCursor", "beginning_of", "last_of", "lives_of"]

PAGE_BYTES = 1024 * 1024
"""What a page should hold, roughly: after each, more or fewer entries are asked for."""

COUNT_MAX = 128
"""The most entries of a partition in a page, for the next may be far larger than the last."""

_COUNT_FIRST = 16
_NAME = "fairline:journal"
_MEND = "Restore Redis from a copy, or name an empty database in server.redis_url to start empty."

T = TypeVar("T")

Call = Callable[..., list[Any]]
"""Says commands to Redis and returns their answers: `Link.call`."""


def last_of(call: Call) -> EntryId:
    """Return the newest entry of the store; what is read afterwards, up to it, is whole.

    Raises:
        StorageError: Redis does not say.
        JournalCorrupt: it is none of ours.
    """
    (text,) = call(("HGET", STORE, "last"))
    return ORIGIN if text is None else _readable(STORE, lambda: EntryId.parse(text))


def beginning_of(call: Call) -> StreamPlace:
    """Return the place before which nothing is kept.

    Raises:
        StorageError: Redis does not say.
        JournalCorrupt: it is none of ours.
    """
    (data,) = call(("GET", BEGINNING))
    return (
        StreamPlace(ORIGIN, {})
        if data is None
        else _readable(BEGINNING, lambda: decode_place(data))
    )


def lives_of(call: Call) -> list[Life]:
    """Return the last lives that owned the store and left anything behind, the newest last.

    Raises:
        StorageError: Redis does not say.
        JournalCorrupt: one is none of ours.
    """
    (found,) = call(("XRANGE", LIVES, "-", "+"))
    return _readable(LIVES, lambda: [decode_life(fields) for _, fields in found])


class StreamCursor:
    """Reads the batches of a journal from Redis, in order, a bounded piece at a time.

    It counts positions itself, from those at its beginning, so entries need not carry them.

    Args:
        call: Says commands to Redis.
        partitions: Over how many streams the store is spread.
        core_version: What the reader can replay.
        places: Where one may begin, the earliest of them first.
        after: What the reader has of each tenant already: it begins at the last of the places
            before which there is nothing that it has not got.

    Raises:
        JournalCorrupt: the reader needs what is not kept any more.
    """

    def __init__(
        self,
        call: Call,
        *,
        partitions: int,
        core_version: int,
        places: Sequence[StreamPlace],
        after: Mapping[str, int] | None = None,
    ) -> None:
        self._call = call
        self._keys = [journal_key(partition) for partition in range(partitions)]
        self._core_version = core_version
        begin = places[-1] if after is None else _beginning(places, after)
        self._after = after or {}
        self._last = begin.id
        self._positions = dict(begin.positions)
        self._count = _COUNT_FIRST

    @property
    def sequence(self) -> int:
        """The number of the next batch."""
        return self._last.sequence + 1

    @property
    def place(self) -> StreamPlace:
        """Behind the last batch that was given."""
        return StreamPlace(self._last, dict(self._positions))

    def read(self, through: int) -> list[StreamEntry]:
        """Return the next batches, at least one, of those up to number `through`, all in Redis.

        Raises:
            JournalCorrupt: the next batch is not there any more, or damaged.
            JournalVersion: it was written for another version of the core.
            StorageError: Redis does not say.
        """
        assert self.sequence <= through, "only what is in Redis can be read"
        asked = self._count
        begin = f"({self._last}"
        found = self._call(*(("XRANGE", key, begin, "+", "COUNT", asked) for key in self._keys))
        pages = [_page(key, page) for key, page in zip(self._keys, found, strict=True)]
        # Behind the last entry of a full page there may be others, which come first.
        full = [page[-1].id.sequence for page in pages if len(page) == asked]
        entries = self._entries(pages, min([through, *full]))
        self._tune(found)
        if not entries:
            raise _corrupt(f"Entry {self.sequence} was durable and is not there any more.")
        return entries

    def pass_by(self, entry: StreamEntry) -> None:
        """Move behind a batch that the reader got without Redis."""
        self._last = entry.id
        for record in entry.records:
            self._positions[record.tenant] = record.position

    def _entries(self, pages: Sequence[Sequence[Piece]], through: int) -> list[StreamEntry]:
        entries: list[StreamEntry] = []
        for pieces in merged(pages):
            entry_id, link, core_version, _ = pieces[0]
            if entry_id.sequence > through:
                break
            if link != self._last or entry_id.sequence != self.sequence:
                if entries:
                    break  # what comes before the hole is told first
                raise _corrupt(f"Entry {entry_id} follows {link}, and {self._last} was the last.")
            commands = [command for piece in pieces for command in piece.commands]
            records = number(commands, self._positions, entry_id.now_ms)
            if core_version != self._core_version and self._is_wanted(records):
                raise JournalVersion(
                    f"fairline:journal: entry {entry_id} was written for core version"
                    f" {core_version}, this Fairline replays {self._core_version} and would decide"
                    " otherwise. Serve it with the release that wrote it until what is open is"
                    " over; then begin an empty database."
                )
            entries.append(StreamEntry(entry_id, link, records))
            self._last = entry_id
        return entries

    def _is_wanted(self, records: Sequence[Record]) -> bool:
        """Whether there is anything that the reader has not got."""
        return any(record.position > self._after.get(record.tenant, 0) for record in records)

    def _tune(self, found: Iterable[Sequence[Any]]) -> None:
        """Ask for so many next time that a page holds about `PAGE_BYTES`."""
        byte_count = sum(len(field) for page in found for _, fields in page for field in fields)
        if byte_count > PAGE_BYTES:
            self._count = max(1, self._count * PAGE_BYTES // byte_count)
        else:
            self._count = min(COUNT_MAX, self._count * 2)


def _beginning(places: Sequence[StreamPlace], after: Mapping[str, int]) -> StreamPlace:
    for place in reversed(places):
        if all(after.get(tenant, 0) >= last for tenant, last in place.positions.items()):
            return place
    raise JournalCorrupt(
        segment=_NAME,
        offset=None,
        problem=f"The reader needs commands up to entry {places[0].id}, and they are gone.",
        mend="Start from a snapshot that covers them.",
    )


def _page(key: str, page: Sequence[Sequence[Any]]) -> list[Piece]:
    return _readable(key, lambda: [decode_piece(name, fields) for name, fields in page])


def _readable(key: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        raise JournalCorrupt(
            segment=key, offset=None, problem=f"It is damaged: {error}.", mend=_MEND
        ) from error


def _corrupt(problem: str) -> JournalCorrupt:
    return JournalCorrupt(segment=_NAME, offset=None, problem=problem, mend=_MEND)
