from functools import cached_property
from pathlib import Path

from router.journal.base import Journal, Record
from router.journal.memory import MemoryJournal, MemoryStore
from tests.journal.contract import JournalContract, Wall, take


class TestMemoryJournal(JournalContract):
    @cached_property
    def store(self) -> MemoryStore:
        return MemoryStore()

    async def open(self, folder: Path, wall: Wall) -> Journal:
        return MemoryJournal(wall, self.store)


async def test_journals_on_one_store_are_one_order() -> None:
    store = MemoryStore()
    left, right = MemoryJournal(Wall(5), store), MemoryJournal(Wall(3), store)
    await left.append([("acme", b"left")], 0)
    await right.append([("acme", b"right")], 0)
    expected = [Record("acme", 1, 5, b"left"), Record("acme", 2, 5, b"right")]
    assert await take(left, 2) == await take(right, 2) == expected


async def test_a_closed_journal_leaves_the_others_of_its_store_open() -> None:
    store = MemoryStore()
    left, right = MemoryJournal(Wall(), store), MemoryJournal(Wall(), store)
    await left.aclose()
    await right.append([("acme", b"c")], 0)
    assert [record.payload for record in await take(right, 1)] == [b"c"]


async def test_a_journal_without_a_store_begins_empty() -> None:
    journal = MemoryJournal(Wall(4))
    await journal.append([("acme", b"c")], 0)
    assert await take(journal, 1) == [Record("acme", 1, 4, b"c")]
