"""A timed journal is the same journal, and tells what its appends took."""

from collections.abc import Sequence
from contextlib import aclosing

import pytest

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command
from router.journal.memory import MemoryJournal
from router.server.journal_figures import TimedJournal


class Failing(MemoryJournal):
    """A journal that takes nothing."""

    error: Exception = JournalUnavailable("full")
    is_mended = False

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        if not self.is_mended:
            raise self.error
        await super().append(commands, floor_ms)


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


@pytest.mark.parametrize(
    ("error", "kind"),
    [(JournalUnavailable("full"), "unavailable"), (StorageError("broken"), "broken")],
)
async def test_what_fails_fails_unchanged_and_is_counted_apart(error: Exception, kind: str) -> None:
    inner = Failing(lambda: 5)
    inner.error = error
    journal = TimedJournal(inner)
    with pytest.raises(type(error)) as caught:
        await journal.append([("acme", b"one")], 0)
    assert caught.value is error
    assert journal.failing == str(error)
    found = shown(journal)
    other = {"unavailable": "broken", "broken": "unavailable"}[kind]
    assert found["fairline_journal_errors_total", kind] == 1
    assert found["fairline_journal_errors_total", other] == 0
    assert found["fairline_journal_append_seconds_count",] == 0
