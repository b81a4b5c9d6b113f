"""How a journal lies in Redis: its keys, the ids of its entries, and what stands in them.

Owns: the names of all keys, the order of ids, the partition of a tenant, the fields of an entry,
how the partitions come together into one order again.
Does not know: connections, who writes, what a command means, when anything is trimmed.
Invariants: ids sort like their numbers; whatever number of partitions a batch was spread over, it
comes back as one batch, in the order in which `spread` gives it.

Layout, all keys begin with ``fairline:``

    store           hash: format, partitions, store_id; core_version, sequence, now_ms and last (the
                    id) of the newest entry
    owner           hash: life, node, beat; number and reply of this life's last batch
    journal:{p}     stream of partition p; an entry is a batch, or what of a batch fell to p
    positions       hash: tenant, position of its last command
    lives           stream: the last lives that owned the store, and where each of them began
    beginning       string: before which entry nothing is kept, and each tenant's position there
    snapshots       sorted set of the ids at which there is a snapshot, by number
    snapshot:<id>   hash: the snapshot itself

An entry's id is ``<stamp>-<number>``; its fields are ``b``, the commands, ``l``, the id of the
batch before it in whichever partition, and ``v``, the version of the core it was written for.
"""

import heapq
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, Self

import msgspec

from router.journal.base import Command, Record
from router.journal.frames import decode_commands, encode_commands

__all__ = [
    "BEGINNING",
    "FORMAT_VERSION",
    "LIVES",
    "ORIGIN",
    "OWNER",
    "POSITIONS",
    "PREFIX",
    "SNAPSHOTS",
    "SNAPSHOT_CHUNK_BYTES",
    "STORE",
    "EntryId",
    "Life",
    "Piece",
    "StreamEntry",
    "StreamPlace",
    "decode_life",
    "decode_piece",
    "decode_place",
    "encode_piece",
    "encode_place",
    "journal_key",
    "merged",
    "partition_of",
    "snapshot_key",
    "spread",
]

FORMAT_VERSION = 1
PREFIX = "fairline:"
STORE = "fairline:store"
OWNER = "fairline:owner"
POSITIONS = "fairline:positions"
LIVES = "fairline:lives"
BEGINNING = "fairline:beginning"
SNAPSHOTS = "fairline:snapshots"

SNAPSHOT_CHUNK_BYTES = 1024 * 1024
"""The largest piece in which a snapshot is written and read."""

_TENANTS_MAX = 65_536
"""For so many the partition need not be worked out again."""

_NUMBER_MAX = 2**64 - 1
"""Redis keeps either half of an id in so much."""

_flat_decoder = msgspec.json.Decoder(list[str])
_place_decoder = msgspec.msgpack.Decoder(tuple[str, dict[str, int]])


class EntryId(NamedTuple):
    """Names a batch in the whole store; compares as the batches are ordered."""

    now_ms: int
    """The batch's stamp; never decreases from one to the next."""
    sequence: int
    """Counts the batches of the store from 1; 0 stands before the first."""

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """Read an id as Redis spells it.

        Raises:
            ValueError: it is none.
        """
        spelt = text.decode("ascii") if isinstance(text, bytes) else text
        stamp, dash, number = spelt.partition("-")
        if not (dash and stamp.isdecimal() and number.isdecimal() and spelt.isascii()):
            raise ValueError(f"{spelt[:60]!r} is no id of an entry")
        found = cls(int(stamp), int(number))
        if max(found) > _NUMBER_MAX:
            raise ValueError(f"{spelt[:60]!r} is no id of an entry")
        return found

    def __str__(self) -> str:
        """Spell the id as Redis does."""
        return f"{self.now_ms}-{self.sequence}"


ORIGIN = EntryId(0, 0)
"""Before the first entry."""


class StreamPlace(NamedTuple):
    """Behind one certain batch: everything up to it, in all partitions, and nothing later."""

    id: EntryId
    positions: Mapping[str, int]
    """Each tenant's last position, the batch included."""

    @property
    def sequence(self) -> int:
        """The number of the batch."""
        return self.id.sequence

    @property
    def now_ms(self) -> int:
        """The stamp of the batch."""
        return self.id.now_ms


class Life(NamedTuple):
    """Of a start that owned the store."""

    name: str
    """Random."""
    positions: Mapping[str, int]
    """Each tenant's last position when it began: what is later is this life's, or a later one's."""


class Piece(NamedTuple):
    """What of a batch stands in one partition."""

    id: EntryId
    link: EntryId
    """Of the batch before it in the store; `ORIGIN` for the first."""
    core_version: int
    commands: Sequence[Command]


class StreamEntry(NamedTuple):
    """A whole batch as readers see it."""

    id: EntryId
    link: EntryId
    records: tuple[Record, ...]

    @property
    def sequence(self) -> int:
        """The number of the batch."""
        return self.id.sequence


def decode_life(fields: Sequence[bytes]) -> Life:
    """Read an entry of `LIVES` as XRANGE gives it.

    Raises:
        ValueError: it is none of ours, or damaged.
    """
    known = dict(zip(fields[::2], fields[1::2], strict=True))
    try:
        flat = _flat_decoder.decode(known[b"positions"])
        positions = zip(flat[::2], map(int, flat[1::2]), strict=True)
        return Life(known[b"life"].decode("ascii"), dict(positions))
    except (KeyError, msgspec.DecodeError) as error:
        raise ValueError(f"a life cannot be read: {error}") from error


def journal_key(partition: int) -> str:
    """Return the key of a partition's stream."""
    return f"fairline:journal:{partition}"


def snapshot_key(place: EntryId) -> str:
    """Return the key of the snapshot behind this batch."""
    return f"fairline:snapshot:{place}"


@lru_cache(maxsize=_TENANTS_MAX)
def partition_of(tenant: str, partitions: int) -> int:
    """Say in which partition a tenant's commands stand: always in the same one."""
    return zlib.crc32(tenant.encode()) % partitions


def spread(commands: Sequence[Command], partitions: int) -> dict[int, list[Command]]:
    """Sort the commands of a batch by partition, ascending; within one they keep their order."""
    found: dict[int, list[Command]] = {}
    for command in commands:
        found.setdefault(partition_of(command[0], partitions), []).append(command)
    return dict(sorted(found.items()))


def encode_piece(
    commands: Sequence[Command], *, link: EntryId, core_version: int
) -> list[bytes | str]:
    """Return the fields of an entry, name and value by turns."""
    return ["b", encode_commands(commands), "l", str(link), "v", str(core_version)]


def decode_piece(entry_id: bytes, fields: Sequence[bytes]) -> Piece:
    """Read an entry as XRANGE gives it.

    Raises:
        ValueError: it is none of ours, or damaged.
    """
    known = dict(zip(fields[::2], fields[1::2], strict=True))
    try:
        return Piece(
            EntryId.parse(entry_id),
            EntryId.parse(known[b"l"]),
            int(known[b"v"]),
            decode_commands(memoryview(known[b"b"])),
        )
    except KeyError as error:
        raise ValueError(f"the field {error} is missing") from error
    except msgspec.DecodeError as error:
        raise ValueError(f"the commands cannot be read: {error}") from error


def merged(pages: Sequence[Sequence[Piece]]) -> Iterator[list[Piece]]:
    """Yield batch after batch in the store's order; the pages are those of the partitions in turn.

    A batch comes as its pieces, by partition.
    """
    in_order = heapq.merge(*pages, key=lambda piece: piece.id)  # stable: equal ids by partition
    for _, pieces in groupby(in_order, key=lambda piece: piece.id):
        yield list(pieces)


def encode_place(place: StreamPlace) -> bytes:
    """Return a place as it is kept under `BEGINNING`."""
    return msgspec.msgpack.encode((str(place.id), dict(place.positions)))


def decode_place(data: bytes) -> StreamPlace:
    """Read a place that was kept.

    Raises:
        ValueError: it is none.
    """
    try:
        text, positions = _place_decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"the place cannot be read: {error}") from error
    return StreamPlace(EntryId.parse(text), positions)
