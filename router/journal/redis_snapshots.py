"""Snapshots of all tenants in the Redis that has the journal.

Owns: how a snapshot lies under its keys, writing one so that it is whole or not found, finding the
newest that can be read and that the journal leads up to.
Does not know: connections, the core, what a state is (`snapshot_store`).
Invariants (tests/journal/test_redis_snapshots.py): a snapshot is registered in the same transaction
in which it gets its name; a flipped bit or a missing piece anywhere makes it unreadable; a snapshot
of what Redis has lost since is never used; nothing is removed for who does not own the store.

    snapshots           sorted set of the ids at which there is a snapshot, by number
    snapshot:<id>       hash: `head`, and the states in pieces under 0, 1, 2, ...
    snapshots:begun     sorted set of the keys under which one is being written
    diverged            sorted set of the ids of those that were set aside
    diverged:<id>       hash: such a one

The head is what the states are (msgpack), with their length and checksum, and a crc32 of itself.
Pieces are at most a mebibyte, so an append never waits long behind one.
"""

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any

import msgspec

from router.errors import JournalCorrupt, JournalUnavailable, StorageError
from router.journal.redis_layout import (
    BEGINNING,
    OWNER,
    SNAPSHOT_CHUNK_BYTES,
    SNAPSHOTS,
    STORE,
    EntryId,
    StreamPlace,
    journal_key,
    snapshot_key,
)
from router.journal.redis_link import Link, Words
from router.journal.remarks import remark
from router.journal.snapshot_store import (
    KEPT,
    Part,
    Snapshot,
    State,
    is_too_new,
    needed,
    write_parts,
)

__all__ = ["BEGUN", "DIVERGED", "DIVERGED_KEPT", "HEAD", "RedisSnapshots", "diverged_key"]

BEGUN = "fairline:snapshots:begun"
DIVERGED = "fairline:diverged"
HEAD = "head"

DIVERGED_KEPT = 2
"""How many that were set aside stay, the newest: evidence takes as much memory as others do."""

_LOG = "fairline.snapshots"
_CRC_BYTES = 4
_MEND = (
    "An older snapshot, or the journal from its start, serves in its place; it goes in its turn."
)


def diverged_key(place: EntryId) -> str:
    """Return the key of a snapshot that was set aside."""
    return f"fairline:diverged:{place}"


class _Head(msgspec.Struct, frozen=True, array_like=True):
    core_version: int
    id: str
    positions: dict[str, int]
    states: tuple[State, ...]
    length: int
    crc: int
    """Of the states."""
    pieces: int

    @property
    def place(self) -> StreamPlace:
        """Behind which batch the snapshot stands."""
        return StreamPlace(EntryId.parse(self.id), self.positions)


_decoder = msgspec.msgpack.Decoder(_Head)


def _pack(head: _Head) -> bytes:
    data = msgspec.msgpack.encode(head)
    return data + zlib.crc32(data).to_bytes(_CRC_BYTES, "little")


class _Output:
    """Sends the states to Redis in pieces, as they are made."""

    def __init__(self, ask: Callable[..., Any], key: str) -> None:
        self._ask = ask
        self._key = key
        self._piece = bytearray()
        self.length = 0
        self.crc = 0
        self.pieces = 0

    def add(self, data: bytes) -> None:
        self.crc = zlib.crc32(data, self.crc)
        self.length += len(data)
        self._piece += data
        while len(self._piece) >= SNAPSHOT_CHUNK_BYTES:
            self._send(SNAPSHOT_CHUNK_BYTES)

    def flush(self) -> None:
        if self._piece:
            self._send(len(self._piece))

    def _send(self, length: int) -> None:
        self._ask("HSET", self._key, str(self.pieces), bytes(self._piece[:length]))
        del self._piece[:length]
        self.pieces += 1


class RedisSnapshots:
    """The `SnapshotStore` of a journal in Redis.

    Connects for each thing it does, which is seldom: a connection that rests may have broken.

    Args:
        link: A connection of its own; used by one thread at a time.
        life: That owns the store. Without it nothing can be removed.
    """

    def __init__(self, link: Link, life: str = "") -> None:
        self._link = link
        self._life = life
        self.where = link.shown
        self._unfinished = ""

    def prepare(self) -> None:
        """See `SnapshotStore`."""

    def newest(
        self, core_version: int, *, before: Mapping[str, int] | None = None
    ) -> Snapshot[StreamPlace] | None:
        """See `SnapshotStore`."""
        with closing(self._link):
            return self._newest(core_version, before)

    def _newest(
        self, core_version: int, before: Mapping[str, int] | None
    ) -> Snapshot[StreamPlace] | None:
        for member in self._members():
            try:
                head = self._head(member)
                if head.core_version != core_version or is_too_new(head.positions, before):
                    continue
                if not self._is_in_journal(head.place.id):
                    remark(
                        _LOG, "snapshot.not_in_journal", level="error", path=snapshot_key(member)
                    )
                    continue
                return self._read(head)
            except JournalCorrupt as error:
                remark(_LOG, "snapshot.not_used", error=str(error))
        return None

    def write(
        self, place: StreamPlace, core_version: int, parts: Iterable[Part]
    ) -> tuple[str, Sequence[State]]:
        """See `SnapshotStore`."""
        with closing(self._link):
            try:
                self._clear()
                key = self._unfinished = f"{snapshot_key(place.id)}:{secrets.token_hex(4)}"
                states = self._write(key, place, core_version, parts)
            except StorageError as error:
                with suppress(StorageError):
                    self._clear()
                raise JournalUnavailable(str(error)) from error
        self._unfinished = ""
        return snapshot_key(place.id), states

    def _write(
        self, key: str, place: StreamPlace, core_version: int, parts: Iterable[Part]
    ) -> Sequence[State]:
        self._ask("ZADD", BEGUN, place.sequence, key)
        output = _Output(self._ask, key)
        states = write_parts(output, parts)
        output.flush()
        head = _Head(
            core_version,
            str(place.id),
            dict(place.positions),
            states,
            output.length,
            output.crc,
            output.pieces,
        )
        self._ask("HSET", key, HEAD, _pack(head))
        if self._ask("HLEN", key) != output.pieces + 1:
            raise JournalUnavailable(f"{self.where}: the snapshot was swept away as it was written")
        self._transact(
            ("RENAME", key, snapshot_key(place.id)),
            ("ZADD", SNAPSHOTS, place.sequence, str(place.id)),
            ("ZREM", BEGUN, key),
        )
        return states

    def _clear(self) -> None:
        """Remove what an earlier attempt left: where memory is full, it would stay so."""
        if self._unfinished:
            self._transact(("UNLINK", self._unfinished), ("ZREM", BEGUN, self._unfinished))
            self._unfinished = ""

    def prune(self, done: Sequence[Mapping[str, int]] = ()) -> Sequence[StreamPlace]:
        """See `SnapshotStore`."""
        with closing(self._link):
            members = self._members()
            places = [(str(place.id), place) for place in self._readable(members)]
            kept = needed(places, done)
            if len(places) >= KEPT:
                last = places[KEPT - 1][1]
                for member in reversed(members):
                    if member.sequence < last.sequence and str(member) not in dict(kept):
                        self._forget(SNAPSHOTS, str(member), snapshot_key(member))
            return [place for _, place in kept]

    def sweep(self) -> None:
        """See `SnapshotStore`."""
        with closing(self._link):
            for key in self._ask("ZRANGE", BEGUN, 0, -1):
                self._forget(BEGUN, key, key)

    def set_aside(self, snapshot: Snapshot[StreamPlace]) -> None:
        """See `SnapshotStore`."""
        member = snapshot.place.id
        with closing(self._link):
            keys = (OWNER, SNAPSHOTS, DIVERGED, snapshot_key(member), diverged_key(member))
            words = (self._life, str(member), member.sequence)
            self._ask("FCALL", "fairline_set_aside", len(keys), *keys, *words)
            for old in self._ask("ZRANGE", DIVERGED, 0, -1 - DIVERGED_KEPT):
                self._forget(DIVERGED, old, diverged_key(EntryId.parse(old)))

    def has_beginning(self) -> bool:
        """See `SnapshotStore`."""
        with closing(self._link):
            return self._ask("GET", BEGINNING) is None

    def members(self) -> list[EntryId]:
        """Return the ids of all snapshots, the newest first, also of damaged ones."""
        with closing(self._link):
            return self._members()

    def read(self, member: EntryId) -> Snapshot[StreamPlace]:
        """Return one of them.

        Raises:
            JournalCorrupt: it is damaged.
        """
        with closing(self._link):
            return self._read(self._head(member))

    def _members(self) -> list[EntryId]:
        """The ids of all snapshots, the newest first."""
        return [EntryId.parse(each) for each in self._ask("ZREVRANGE", SNAPSHOTS, 0, -1)]

    def _readable(self, members: Iterable[EntryId]) -> Iterator[StreamPlace]:
        for member in members:
            try:
                place = self._head(member).place
            except JournalCorrupt as error:
                remark(_LOG, "snapshot.damaged", error=str(error))
                continue
            if self._is_in_journal(place.id):
                yield place

    def _head(self, member: EntryId) -> _Head:
        key = snapshot_key(member)
        data, count = self._link.call(("HGET", key, HEAD), ("HLEN", key))
        if data is None:
            raise _damaged(key, "It has no head.")
        body, crc = data[:-_CRC_BYTES], data[-_CRC_BYTES:]
        if zlib.crc32(body).to_bytes(_CRC_BYTES, "little") != crc:
            raise _damaged(key, "The checksum of its head does not fit.")
        try:
            head = _decoder.decode(body)
        except msgspec.DecodeError as error:
            raise _damaged(key, "Its head cannot be read.") from error
        if head.pieces + 1 != count or head.id != str(member):
            raise _damaged(key, "A piece of it is missing, or it stands under another's name.")
        return head

    def _read(self, head: _Head) -> Snapshot[StreamPlace]:
        key = snapshot_key(EntryId.parse(head.id))
        data = bytearray()
        for number in range(head.pieces):
            data += self._ask("HGET", key, str(number)) or b""
        if len(data) != head.length or zlib.crc32(data) != head.crc:
            raise _damaged(key, "Its checksum does not fit.")
        states = {state.tenant: state for state in head.states}
        return Snapshot(key, head.core_version, head.place, states, memoryview(data))

    def _is_in_journal(self, entry: EntryId) -> bool:
        """Whether the batch is there behind which a snapshot stands; a lost tail takes it along."""
        partitions = int(self._ask("HGET", STORE, "partitions") or 0)
        ranges = [
            ("XRANGE", journal_key(one), str(entry), str(entry), "COUNT", 1)
            for one in range(partitions)
        ]
        return any(self._link.call(*ranges))

    def _forget(self, kind: str, member: bytes | str, key: bytes | str) -> None:
        """Remove what a sorted set names, unless another life owns the store by now."""
        self._ask("FCALL", "fairline_forget", 3, OWNER, kind, key, self._life, member)

    def _ask(self, *command: bytes | str | int) -> Any:  # noqa: ANN401 - whatever it answers
        return self._link.call(command)[0]

    def _transact(self, *commands: Words) -> None:
        *_, answers = self._link.call(("MULTI",), *commands, ("EXEC",))
        for answer in answers:
            if isinstance(answer, Exception):  # redis-py leaves those inside an answer as they are
                raise StorageError(f"{self.where}: {answer}") from answer


def _damaged(key: str, problem: str) -> JournalCorrupt:
    return JournalCorrupt(
        segment=key, offset=None, problem=f"The snapshot is damaged. {problem}", mend=_MEND
    )
