"""The way into the journal: groups, turns, and a journal that takes nothing."""

from collections.abc import Mapping, Sequence

import pytest
import trio
import trio.testing

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command, Done, Record
from router.server.appending import AGAIN_S, GROUP_MAX, Appending, Pending


class Slow:
    """A journal that says so when a test wants it to; ``errors`` are raised first."""

    end: Mapping[str, int] = {}

    def __init__(self) -> None:
        self.begun: list[list[bytes]] = []
        self.floors: list[int] = []
        self.errors: list[StorageError] = []
        self.is_at_once = False
        self.dones: list[Done] = []

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.begun.append([payload for _, payload in commands])
        self.floors.append(floor_ms)
        if self.is_at_once:
            done(None)
        else:
            self.dones.append(done)

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        raise NotImplementedError

    def read(self, after: Mapping[str, int]) -> "trio.abc.ReceiveChannel[Sequence[Record]]":
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError


class Bench:
    """An ``Appending`` on a slow journal, and what it told."""

    def __init__(self) -> None:
        self.journal = Slow()
        self.took: list[int] = []
        self.refused: list[list[bytes]] = []
        self.again: list[Pending] = []
        self.appending = Appending(
            self.journal,  # type: ignore[arg-type]  # it begins, and no more
            now_ms=lambda: 7,
            took=self.took.append,
            refused=self._refuse,
        )

    def _refuse(self, group: list[Pending]) -> list[Pending]:
        self.refused.append([entry.payload for entry in group])
        again, self.again = self.again, []
        return again

    def put(self, *words: bytes, floor_ms: int = 0) -> None:
        for word in words:
            self.appending.put(Pending("acme", 1, word, floor_ms))


@pytest.fixture
def bench(nursery: trio.Nursery) -> Bench:
    made = Bench()
    nursery.start_soon(made.appending.run)
    return made


async def test_what_comes_while_a_group_is_on_its_way_goes_together_behind_it(bench: Bench) -> None:
    bench.put(b"1", b"2", floor_ms=3)
    await trio.testing.wait_all_tasks_blocked()
    bench.put(b"3", floor_ms=9)
    bench.put(b"4")
    await trio.testing.wait_all_tasks_blocked()
    assert bench.journal.begun == [[b"1", b"2"]]
    bench.journal.dones.pop()(None)
    assert bench.journal.begun == [[b"1", b"2"], [b"3", b"4"]]  # in that very turn
    assert bench.journal.floors == [7, 9]
    bench.journal.dones.pop()(None)
    assert bench.took == [2, 2]


async def test_what_a_turn_brings_goes_at_its_end_and_not_before(bench: Bench) -> None:
    await trio.testing.wait_all_tasks_blocked()
    bench.appending.hold()
    bench.put(b"1", b"2")
    await trio.testing.wait_all_tasks_blocked()
    assert bench.journal.begun == []
    bench.appending.release()
    assert bench.journal.begun == [[b"1", b"2"]]


async def test_nothing_goes_in_before_the_run() -> None:
    bench = Bench()
    bench.appending.hold()
    bench.put(b"1")
    bench.appending.release()
    assert bench.journal.begun == []


async def test_groups_are_bounded_and_keep_the_order_however_quick_the_journal(
    bench: Bench,
) -> None:
    bench.journal.is_at_once = True
    words = [b"%d" % number for number in range(2 * GROUP_MAX + 5)]
    bench.put(*words)
    await trio.testing.wait_all_tasks_blocked()
    assert [len(group) for group in bench.journal.begun] == [GROUP_MAX, GROUP_MAX, 5]
    assert [word for group in bench.journal.begun for word in group] == words


@pytest.mark.parametrize("is_late", [False, True])
async def test_what_did_not_go_in_is_told_and_the_journal_left_alone_for_a_while(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, is_late: bool
) -> None:
    bench = Bench()
    nursery.start_soon(bench.appending.run)
    full = JournalUnavailable("the disk is full")
    bench.again = [Pending("acme", 1, b"1", 0)]
    if not is_late:
        bench.journal.errors.append(full)
    bench.put(b"1", b"2")
    await trio.testing.wait_all_tasks_blocked()
    if is_late:
        bench.journal.dones.pop()(full)
    bench.put(b"3")
    tried = len(bench.journal.begun)
    assert bench.refused == [[b"1", b"2"]]
    await trio.sleep(AGAIN_S / 2)
    assert len(bench.journal.begun) == tried
    await trio.sleep(AGAIN_S)
    assert bench.journal.begun[tried:] == [[b"1", b"3"]]
    assert bench.took == []


async def test_who_waits_behind_what_is_tried_again_is_told_too(nursery: trio.Nursery) -> None:
    """However many those are who nobody waits for: they fill each group that is tried."""
    bench = Bench()
    bench.journal.errors.append(JournalUnavailable("the disk is full"))
    words = [b"%d" % number for number in range(GROUP_MAX + 2)]
    bench.put(*words)
    nursery.start_soon(bench.appending.run)
    await trio.testing.wait_all_tasks_blocked()
    assert bench.refused == [words]


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_journal_that_is_broken_for_good_ends_the_run(is_late: bool) -> None:
    bench = Bench()
    broken = StorageError("the disk is gone")
    if not is_late:
        bench.journal.errors.append(broken)
    with pytest.RaisesGroup(pytest.RaisesExc(StorageError, match="the disk is gone")):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.appending.run)
            bench.put(b"1")
            await trio.testing.wait_all_tasks_blocked()
            if is_late:
                bench.journal.dones.pop()(broken)
            await trio.testing.wait_all_tasks_blocked()
    assert bench.refused == []


async def test_it_is_full_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.server.appending.BACKLOG_MAX", 2)
    bench = Bench()
    bench.put(b"1")
    assert not bench.appending.is_full
    bench.put(b"2")
    assert bench.appending.is_full
