"""Snapshots of all tenants at one place of a journal, wherever they are kept.

Owns: what a snapshot holds and in which order, which older ones are still needed, what every store
of snapshots promises.
Does not know: files, Redis, the core; a state is a stream of bytes whose first chunk is a head.

The promises in prose, checked by `tests/journal/snapshot_contract.py` for each store:

* Whole or not there. A snapshot that a process began and did not finish is never found.
* Damage is found. One flipped bit anywhere makes a snapshot unreadable, and whoever looks for the
  newest goes on to the one before it, with a word in the log.
* What is needed stays: `needed`.

The digest of a state is over its stream but for the head, as `Router.digest` has it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from router.journal.base import Batch

__all__ = [
    "CHUNK_BYTES",
    "KEPT",
    "Follow",
    "Follower",
    "Output",
    "P",
    "Part",
    "Placed",
    "Snapshot",
    "SnapshotStore",
    "State",
    "is_too_new",
    "needed",
    "write_parts",
]

KEPT = 2
"""The newest, and the one before in case the newest is damaged."""

CHUNK_BYTES = 1024 * 1024


class Placed(Protocol):
    """Behind one certain batch of a journal; each kind of journal has its own kind of place."""

    @property
    def sequence(self) -> int:
        """The number of the batch in the journal."""

    @property
    def positions(self) -> Mapping[str, int]:
        """Each tenant's last position, the batch included."""


P = TypeVar("P", bound=Placed)
P_co = TypeVar("P_co", bound=Placed, covariant=True)


class State(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one tenant's state without unpacking it."""

    tenant: str
    position: int
    digest: str
    events_crc: int
    """The running hash over all events up to here."""
    skipped: tuple[int, ...]
    """Positions whose commands were left out, because they broke the core."""
    length: int
    release: str = ""
    """Which release wrote it; empty of those that did not say so yet."""


class Part(NamedTuple):
    """One tenant's state, about to be written."""

    tenant: str
    position: int
    events_crc: int
    skipped: tuple[int, ...]
    chunks: Iterable[bytes]
    release: str = ""


class Snapshot(NamedTuple, Generic[P]):
    """A whole, valid snapshot."""

    name: str
    """Where it lies, for people: a file with its folder, or a key."""
    core_version: int
    place: P
    states: Mapping[str, State]
    data: memoryview
    """The states, one behind the other."""

    def chunks(self, tenant: str) -> Iterator[bytes]:
        """Return a tenant's state as a stream, cut anywhere."""
        start = 0
        for state in self.states.values():
            if state.tenant == tenant:
                break
            start += state.length
        end = start + self.states[tenant].length
        for offset in range(start, end, CHUNK_BYTES):
            yield bytes(self.data[offset : min(offset + CHUNK_BYTES, end)])

    @property
    def positions(self) -> Mapping[str, int]:
        """Up to which position of each tenant the journal is not needed beside it."""
        return self.place.positions


class SnapshotStore(Protocol[P]):
    """The snapshots of one journal.

    Every method may raise an ``OSError`` or a ``StorageError`` where the store cannot be reached.
    """

    @property
    def where(self) -> str:
        """Where they lie, for people: a folder, or an address without its password."""

    def prepare(self) -> None:
        """Make sure that snapshots can be looked for."""

    def newest(
        self, core_version: int, *, before: Mapping[str, int] | None = None
    ) -> Snapshot[P] | None:
        """Return the newest snapshot that is whole and of this core, or none.

        With `before` only one at smaller positions of the tenants it names will do.
        """

    def write(
        self, place: P, core_version: int, parts: Iterable[Part]
    ) -> tuple[str, Sequence[State]]:
        """Write a snapshot, whole and durable, and return its name and what is in it.

        Raises:
            JournalUnavailable: there is no room for it just now; there is none.
        """

    def prune(self, done: Sequence[Mapping[str, int]] = ()) -> Sequence[P]:
        """Remove what `needed` does not name; return the places of the others, the newest first.

        A damaged one counts for nothing and goes like any other that is older than the newest
        `KEPT`: else one bad bit would keep all later snapshots, and all of the journal, until
        somebody looks.
        """

    def sweep(self) -> None:
        """Remove what a process left half written when it was ended."""

    def set_aside(self, snapshot: Snapshot[P]) -> None:
        """Keep a snapshot as evidence where nobody looks for snapshots."""

    def has_beginning(self) -> bool:
        """Whether nothing of the journal was trimmed yet."""


class Follower(Protocol[P_co]):
    """A reader of a journal that another process writes."""

    @property
    def place(self) -> P_co | None:
        """Behind the last batch that was given."""

    def read(self) -> Sequence[Batch]:
        """Return the next batches that are durable for certain, perhaps none."""

    def close(self) -> None:
        """Let go of the journal."""


Follow = Callable[[P | None], Follower[P]]
"""Begins to follow a journal behind a place; at its start if not given."""


class Output(Protocol):
    """Takes the bytes of a snapshot."""

    @property
    def length(self) -> int:
        """How many bytes were added so far."""

    def add(self, data: bytes) -> None:
        """Take what comes next."""


def write_parts(output: Output, parts: Iterable[Part]) -> tuple[State, ...]:
    """Write the states one behind the other, as they are made, and return what they are."""
    return tuple(_write_part(output, part) for part in parts)


def _write_part(output: Output, part: Part) -> State:
    start = output.length
    chunks = iter(part.chunks)
    output.add(next(chunks))
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
        output.add(chunk)
    return State(
        part.tenant,
        part.position,
        digest.hexdigest(),
        part.events_crc,
        part.skipped,
        output.length - start,
        part.release,
    )


def is_too_new(positions: Mapping[str, int], before: Mapping[str, int] | None) -> bool:
    """Say whether a snapshot stands at or behind one of the positions before which it must be."""
    return before is not None and any(
        positions.get(tenant, 0) >= position for tenant, position in before.items()
    )


def needed(
    places: Sequence[tuple[str, P]], done: Sequence[Mapping[str, int]]
) -> list[tuple[str, P]]:
    """Return which of the snapshots, the newest first, something needs.

    Needed are the newest `KEPT`, and the newest from which everything can be computed again that
    comes behind each of `done`: whoever is behind needs the state of that moment, too.
    """
    kept = list(places[:KEPT])
    if not any(_is_before(place, done) for _, place in kept):
        kept += [each for each in places[KEPT:] if _is_before(each[1], done)][:1]
    return kept


def _is_before(place: Placed, done: Sequence[Mapping[str, int]]) -> bool:
    return all(
        each.get(tenant, 0) >= position
        for each in done
        for tenant, position in place.positions.items()
    )
