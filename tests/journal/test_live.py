"""What readers of every journal share; the suites of the journals ask for the rest of it."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import NamedTuple

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from router.errors import StorageError
from router.journal import live as module
from router.journal.base import Record
from router.journal.live import APPEND_BYTES_MAX, APPEND_COMMANDS_MAX, Live, Recent, size_of


class Batch(NamedTuple):
    sequence: int
    records: tuple[Record, ...]


def batch(number: int, byte_count: int = 100) -> Batch:
    return Batch(number, (Record("acme", number, 0, bytes(byte_count)),))


class Shelf:
    """What is kept, and one reader's way through it, two batches at a time."""

    def __init__(self, sequence: int, kept: Sequence[Batch]) -> None:
        self.sequence = sequence
        self.kept = kept
        self.load_count = 0

    def pass_by(self, entry: Batch) -> None:
        self.sequence = entry.sequence + 1

    async def load(self, cursor: "Shelf") -> list[Batch]:
        assert cursor is self
        await trio.lowlevel.checkpoint()
        self.load_count += 1
        found = [each for each in self.kept if each.sequence >= self.sequence][:2]
        self.sequence = found[-1].sequence + 1
        return found


@pytest.mark.parametrize("bound", ["RECENT_BATCHES_MAX", "RECENT_BYTES_MAX"])
def test_what_is_kept_for_readers_is_bounded_but_for_the_last_batch(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(module, bound, 3 if bound == "RECENT_BATCHES_MAX" else 3 * 300)
    recent: Recent[Batch] = Recent()
    entries = [batch(number) for number in range(1, 7)]
    assert recent.get(1) is None
    for entry in entries:
        recent.add(entry)
    assert [recent.get(n) for n in range(1, 7)] == [None, None, None, *entries[3:]]
    large = batch(7, 5000)
    recent.add(large)
    assert recent.get(7) == large


@pytest.mark.parametrize(
    "commands",
    [
        [],
        [("acme", b"c")] * (APPEND_COMMANDS_MAX + 1),
        [("acme", bytes(APPEND_BYTES_MAX))],
        [("\ud800", b"c")],
    ],
    ids=["none", "many", "large", "unspeakable"],
)
def test_what_no_append_may_ask_for_is_the_callers_mistake(
    commands: list[tuple[str, bytes]],
) -> None:
    with pytest.raises(ValueError, match=r"batch|surrogates"):
        size_of(commands)


def test_what_counts_against_a_backlog_is_all_that_is_kept() -> None:
    assert size_of([("acme", b"12"), ("müller", b"")]) == 4 + 2 + 7


async def test_a_reader_gets_old_batches_from_the_shelf_and_new_ones_from_memory() -> None:
    shelf = Shelf(2, [batch(number) for number in range(1, 6)])
    live: Live[Batch] = Live(5)
    found: list[int] = []

    async def read() -> None:
        async with aclosing(live.read(lambda: shelf, {}, shelf.load)) as batches:
            async for records in batches:
                found.extend(record.position for record in records)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        assert (found, shelf.load_count, live.needed()) == ([2, 3, 4, 5], 2, [6])
        for number in (6, 7, 8):
            live.publish(batch(number), [])
        await wait_all_tasks_blocked()
        assert (found, shelf.load_count) == ([2, 3, 4, 5, 6, 7, 8], 2)
        live.close()
    assert live.needed() == []


async def test_a_reader_leaves_out_what_it_has() -> None:
    shelf = Shelf(1, [])
    live: Live[Batch] = Live(0)
    for number in range(1, 5):
        live.publish(batch(number), [])
    async with aclosing(live.read(lambda: shelf, {"acme": 2}, shelf.load)) as batches:
        assert [record.position for record in await anext(batches)] == [3]


async def test_a_journal_that_broke_ends_its_readers_with_why() -> None:
    live: Live[Batch] = Live(0)
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            with pytest.raises(StorageError, match="the disk went away"):
                await anext(live.read(lambda: Shelf(1, []), {}, Shelf(1, []).load))

        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        live.fail("the disk went away")
    with pytest.raises(StorageError, match="the disk went away"):
        live.check()
