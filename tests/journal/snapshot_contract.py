"""One suite that every store of snapshots passes: the promises of `journal.snapshot_store`.

Owns: the cases. A store's test module inherits `SnapshotContract` and says how to open one, what a
place is there, and how to flip a bit.
Does not know: which store it tests.
"""

import hashlib
from pathlib import Path
from typing import Generic

import pytest
from structlog.testing import capture_logs

from router.journal.snapshot_store import CHUNK_BYTES, P, Part, SnapshotStore

__all__ = ["SnapshotContract", "parts", "sequences"]


def parts(sequence: int, size: int = 50) -> list[Part]:
    """Two states, the first with so many bytes of the sequence's own."""
    bodies = [b"head", bytes([sequence % 256]) * size, b"end"]
    return [
        Part("acme", sequence, 11, (3, 5), bodies),
        Part("globex", 2 * sequence, 12, (), [b"other head", b"other body"]),
    ]


def sequences(store: SnapshotStore[P]) -> list[int]:
    """Behind which batches the snapshots stand that can be read, the newest first."""
    found: list[int] = []
    before: dict[str, int] | None = None
    while (snapshot := store.newest(1, before=before)) is not None:
        found.append(snapshot.place.sequence)
        before = {"acme": snapshot.positions["acme"]}
    return found


class SnapshotContract(Generic[P]):
    """Each case runs on a fresh store."""

    def open(self, folder: Path) -> SnapshotStore[P]:
        """Open the store of this test."""
        raise NotImplementedError

    def place(self, sequence: int) -> P:
        """Return the place behind a batch, at which `acme` has so many commands."""
        raise NotImplementedError

    def flip(self, store: SnapshotStore[P], sequence: int, share: float) -> None:
        """Flip a bit of a snapshot, at so much of all that is stored of it."""
        raise NotImplementedError

    def write(
        self, store: SnapshotStore[P], *numbers: int, size: int = 50, core_version: int = 1
    ) -> None:
        for number in numbers:
            store.write(self.place(number), core_version, parts(number, size))

    @pytest.mark.parametrize("size", [0, 50, CHUNK_BYTES - 7, 3 * CHUNK_BYTES + 1])
    def test_what_was_written_is_read(self, tmp_path: Path, size: int) -> None:
        store = self.open(tmp_path)
        store.prepare()
        name, states = store.write(self.place(9), 1, parts(9, size))
        snapshot = store.newest(1)
        assert snapshot is not None
        assert snapshot.name == name
        assert (snapshot.place, snapshot.core_version) == (self.place(9), 1)
        assert snapshot.positions == self.place(9).positions
        assert b"".join(snapshot.chunks("acme")) == b"head" + b"\x09" * size + b"end"
        assert b"".join(snapshot.chunks("globex")) == b"other headother body"
        assert [*snapshot.states.values()] == [*states]
        state = snapshot.states["acme"]
        assert (state.position, state.events_crc, state.skipped) == (9, 11, (3, 5))
        expected = hashlib.blake2b(b"\x09" * size + b"end", digest_size=16).hexdigest()
        assert state.digest == expected, "the head is no part of the digest"

    def test_the_newest_of_this_core_and_before_a_position_is_found(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.prepare()
        assert store.newest(1) is None
        self.write(store, 1, 5, 9)
        self.write(store, 12, core_version=2)

        def found(**before: int) -> int | None:
            snapshot = store.newest(1, before=before or None)
            return snapshot.place.sequence if snapshot is not None else None

        assert found() == 9
        assert found(acme=9) == 5
        assert found(acme=10, globex=10) == 1
        assert found(acme=1) is None
        assert found(unknown=1) == 9

    @pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
    def test_a_flipped_bit_is_found_and_the_one_before_serves(
        self, tmp_path: Path, share: float
    ) -> None:
        store = self.open(tmp_path)
        store.prepare()
        self.write(store, 1, 2, size=2 * CHUNK_BYTES)
        self.flip(store, 2, share)
        with capture_logs() as said:
            found = store.newest(1)
        assert found is not None
        assert found.place.sequence == 1
        assert [line["event"] for line in said] == ["snapshot.not_used"]

    @pytest.mark.parametrize(
        ("done", "expected"),
        [
            ([], [8, 6]),
            ([{"acme": 9, "globex": 99}], [8, 6]),
            ([{"acme": 7, "globex": 99}], [8, 6]),
            ([{"acme": 5, "globex": 99}], [8, 6, 5]),
            ([{"acme": 99, "globex": 99}, {"acme": 4, "globex": 9}], [8, 6, 3]),
            ([{"acme": 0, "globex": 0}], [8, 6]),
            ([{"acme": 99}], [8, 6]),
        ],
    )
    def test_the_newest_two_stay_and_what_whoever_is_behind_goes_on_from(
        self, tmp_path: Path, done: list[dict[str, int]], expected: list[int]
    ) -> None:
        store = self.open(tmp_path)
        store.prepare()
        self.write(store, 1, 3, 5, 6, 8)
        assert [place.sequence for place in store.prune(done)] == expected
        assert sequences(store) == expected

    def test_a_damaged_one_counts_for_nothing_and_goes_in_its_turn(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.prepare()
        self.write(store, 1, 2, 3, 4)
        self.flip(store, 3, 0.999)
        with capture_logs() as said:
            assert [place.sequence for place in store.prune()] == [4, 2]
        assert [each["event"] for each in said] == ["snapshot.damaged"]
        self.write(store, 5, 6)
        with capture_logs() as said:
            assert [place.sequence for place in store.prune()] == [6, 5]
        assert sequences(store) == [6, 5]
        assert [*store.prune()] == [self.place(6), self.place(5)]

    def test_what_is_set_aside_is_found_no_more(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.prepare()
        self.write(store, 1, 2, 3)
        newest = store.newest(1)
        assert newest is not None
        store.set_aside(newest)
        assert sequences(store) == [2, 1]
        assert [place.sequence for place in store.prune()] == [2, 1]
        store.sweep()
        assert sequences(store) == [2, 1]
