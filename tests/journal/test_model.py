"""Any history of appends, crashes, snapshots, trims and full disks, against a plain list."""

import contextlib
import errno
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command
from router.journal.following import Following
from router.journal.log import SegmentLog
from router.journal.segments import Place
from router.journal.trimming import first_needed
from tests.helpers.faults import Crash, MemoryDisk, fail_at, fail_on
from tests.journal.worlds import FOLDER, batch, payloads

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["append", "append", "append", "crash", "reopen", "follow", "trim", "full"]
        ),
        st.integers(0, 60),
    ),
    max_size=40,
)


class History:
    """A journal, and what it must hold."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.disk = MemoryDisk()
        self.model: list[list[Command]] = []
        self.trimmed = 0
        self.place: Place | None = None
        self.number = 0
        self.log = self.open()

    def open(self) -> SegmentLog:
        return SegmentLog.open(
            FOLDER,
            core_version=1,
            ops=self.disk,
            segment_bytes=512,
            has_threads=False,
            place=self.place,
        )

    def next_batch(self) -> list[Command]:
        self.number += 1
        return batch(self.number, self.chance.randint(0, 300))

    def append(self, _: int) -> None:
        commands = self.next_batch()
        self.log.append(commands, self.number)
        self.model.append(commands)

    def crash(self, call: int) -> None:
        """Switches the machine off at one of the next operations, or after them."""
        self.disk.plan = fail_at(self.disk.call_count + 1 + call, Crash())
        unknown: list[list[Command]] = []
        with contextlib.suppress(Crash, StorageError):
            for _ in range(6):
                commands = self.next_batch()
                unknown = [commands]
                self.log.append(commands, self.number)
                self.model.append(commands)
                unknown = []
        self.disk.crash(self.chance)
        self.log = self.open()
        if self.log.sequence > len(self.model):
            self.model += unknown
        self.check()

    def reopen(self, _: int) -> None:
        self.log.close()
        self.log = self.open()
        self.check()

    def follow(self, _: int) -> None:
        following = Following(self.disk, FOLDER, core_version=1, place=self.place)
        while following.read():
            pass
        self.place = following.place
        following.close()

    def trim(self, _: int) -> None:
        if self.place is not None:
            needed = first_needed(self.log.segments, [self.place.positions])
            self.log.trim(min(needed, self.place.segment_sequence), None)
            self.trimmed = self.log.segments[0].header.first_sequence - 1

    def full(self, count: int) -> None:
        """A full disk may refuse, never lose."""
        self.disk.plan = fail_on("reserve", "pwrite", error=errno.ENOSPC)
        for _ in range(count % 4):
            commands = self.next_batch()
            with contextlib.suppress(JournalUnavailable):
                self.log.append(commands, self.number)
                self.model.append(commands)
        self.disk.plan = None

    def check(self) -> None:
        """What is read is the model, from the first kept batch and from the place."""
        assert self.log.sequence == len(self.model)
        first = self.log.segments[0]
        assert self.read(first.positions) == self.model[self.trimmed :]
        if self.place is not None:
            assert self.read(self.place.positions)[-1:] == self.model[self.place.sequence :][-1:]

    def read(self, after: object) -> list[list[Command]]:
        cursor = self.log.cursor(after)  # type: ignore[arg-type]
        found: list[list[Command]] = []
        while cursor.sequence <= self.log.sequence:
            found += payloads(cursor.read(self.log.sequence))
        return found


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 10_000))
def test_any_history_is_that_of_a_list(steps: list[tuple[str, int]], seed: int) -> None:
    history = History(seed)
    for name, number in steps:
        getattr(history, name)(number)
        assert history.log.sequence == len(history.model)
    history.reopen(0)
