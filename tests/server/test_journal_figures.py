"""A timed journal is the same journal, and tells what its appends took."""

from collections.abc import Sequence
from contextlib import aclosing

import pytest

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command, Done
from router.journal.memory import MemoryJournal
from router.server.journal_figures import TimedJournal


class Failing(MemoryJournal):
    """A journal that takes nothing."""

    error: StorageError = JournalUnavailable("full")
    is_late = False
    is_mended = False

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        if self.is_mended:
            super().begin(commands, floor_ms, done)
        elif self.is_late:
            done(self.error)
        else:
            raise self.error


def shown(journal: TimedJournal) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in journal.collect()
        for sample in family.samples
    }


async def test_it_fails_until_something_goes_in() -> None:
    inner = Failing(lambda: 5)
    journal = TimedJournal(inner)
    with pytest.raises(JournalUnavailable):
        await journal.append([("acme", b"one")], 0)
    assert journal.failing == "full"
    inner.is_mended = True
    await journal.append([("acme", b"one")], 0)
    assert journal.failing == ""


async def test_what_is_appended_can_be_read_and_is_counted() -> None:
    journal = TimedJournal(MemoryJournal(lambda: 5))
    await journal.append([("acme", b"one"), ("acme", b"more")], 0)
    async with aclosing(journal.read({})) as batches:
        assert [record.payload for record in await anext(batches)] == [b"one", b"more"]
    assert journal.end == {}
    found = shown(journal)
    assert found["fairline_journal_append_seconds_count",] == 1
    assert found["fairline_journal_commands_total",] == 2
    assert found["fairline_journal_written_bytes_total",] == 7
    await journal.aclose()


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(
    ("error", "kind"),
    [(JournalUnavailable("full"), "unavailable"), (StorageError("broken"), "broken")],
)
async def test_what_fails_fails_unchanged_and_is_counted_apart(
    error: StorageError, kind: str, is_late: bool
) -> None:
    inner = Failing(lambda: 5)
    inner.error, inner.is_late = error, is_late
    journal = TimedJournal(inner)
    with pytest.raises(type(error)) as caught:
        await journal.append([("acme", b"one")], 0)
    assert error in (caught.value, caught.value.__cause__)
    assert journal.failing == str(error)
    found = shown(journal)
    other = {"unavailable": "broken", "broken": "unavailable"}[kind]
    assert found["fairline_journal_errors_total", kind] == 1
    assert found["fairline_journal_errors_total", other] == 0
    assert found["fairline_journal_append_seconds_count",] == 0
