"""Commands of another release: each reader of a journal stops at them with a sentence."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import trio

from router import __version__
from router.commands import Tick, Underway
from router.core import CORE_VERSION
from router.errors import JournalVersion
from router.journal.base import Record
from router.journal.file import FileJournal
from router.journal.memory import MemoryJournal, MemoryStore
from router.server.clock import Clock
from router.server.inspecting import as_object, as_text, pinned, verify
from router.server.recorded import underway_of
from router.server.replica import Replica
from router.server.running import serve
from tests.helpers.machines import machine
from tests.helpers.nodes import folder_settings

NEWER = msgspec.msgpack.encode(["n9", 1, {"c": "Frobnicate", "by": "somebody"}])
KNOWN = msgspec.msgpack.encode(Underway("n1", 1, Tick()))


def record(payload: bytes) -> Record:
    return Record("acme", 7, 1_000, payload)


def test_what_was_written_is_read() -> None:
    assert underway_of(record(KNOWN)) == Underway("n1", 1, Tick())


def test_a_command_that_is_not_known_is_named_with_its_place_and_a_mend() -> None:
    with pytest.raises(JournalVersion) as caught:
        underway_of(record(NEWER))
    said = str(caught.value)
    assert said.startswith("acme, command 7: ")
    assert __version__ in said
    assert "knows no command 'Frobnicate'" in said
    assert "start that one again" in said


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (["n9", 1, {"c": "SendMessage"}], "cannot read this command 'SendMessage'"),
        (["n9", 1, {"c": "\x1b[2J"}], "knows no command '\\x1b[2J'"),
        (["n9", 1, {"c": "x" * 500}], "'" + "x" * 40 + "'"),
        (["n9", 1, 5], "knows no such command"),
        ({"life": "n9"}, "knows no such command"),
        ([], "knows no such command"),
    ],
)
def test_whatever_it_looks_like_it_is_a_sentence_of_one_line(value: object, part: str) -> None:
    with pytest.raises(JournalVersion) as caught:
        underway_of(record(msgspec.msgpack.encode(value)))
    assert part in str(caught.value)
    assert str(caught.value).isprintable()


READERS: list[Callable[[Record], object]] = [
    lambda one: Replica().apply(one),
    lambda one: as_object(one, bodies=False),
    lambda one: as_text(one, bodies=True),
]


@pytest.mark.parametrize("reader", READERS)
def test_replicas_and_what_shows_a_journal_say_it(reader: Callable[[Record], object]) -> None:
    with pytest.raises(JournalVersion, match="Frobnicate"):
        reader(record(NEWER))


async def test_an_engine_stops_at_it_and_applies_nothing_behind_it() -> None:
    store = MemoryStore()
    await MemoryJournal(lambda: 5, store).append([("acme", KNOWN), ("acme", NEWER)], 0)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with machine(store):
            pass
    assert caught.group_contains(JournalVersion, match="acme, command 2: .* 'Frobnicate'")


async def test_a_server_does_not_start_on_it_and_verify_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = await FileJournal.open(
        folder, wall_ms=Clock().wall_ms, core_version=CORE_VERSION, segment_bytes=2**20
    )
    await journal.append([("acme", KNOWN), ("acme", NEWER)], 0)
    await journal.aclose()
    found = await trio.to_thread.run_sync(lambda: verify(pinned(folder), folder))
    assert len(found.problems) == 1
    assert "acme, command 2: " in found.problems[0]
    assert "'Frobnicate'" in found.problems[0]
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    with pytest.raises(BaseExceptionGroup) as caught:
        await serve(folder_settings(tmp_path))
    assert caught.group_contains(JournalVersion, match="'Frobnicate'")
    after = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    assert before == after
