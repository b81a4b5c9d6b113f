"""The cores of a node, and how one gets over a command that breaks it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from router.commands import Command, SetPolicy, Underway
from router.errors import JournalCorrupt
from router.journal.base import Record, Take
from router.journal.memory import MemoryJournal, MemoryStore
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.server import tenants as module
from router.server.replica import Core, Replica
from router.server.restoring import Snapshots
from router.server.tenants import Tenants
from tests.helpers.cores import POLICY, connect, request
from tests.helpers.machines import POISON, BrittleRouter

POISONOUS = msgspec.structs.replace(request("customer:carl", "r9"), topic=POISON)
COMMANDS: tuple[Command, ...] = (
    SetPolicy(policy=POLICY),
    connect("customer:carl"),
    request("customer:carl"),
    POISONOUS,
    connect("customer:dora"),
)


async def written(commands: tuple[Command, ...]) -> tuple[MemoryJournal, list[Record]]:
    """A journal with the commands in it, and another tenant's between them."""
    store = MemoryStore()
    journal = MemoryJournal(lambda: 1_000_000, store)
    for number, command in enumerate(commands):
        payload = msgspec.msgpack.encode(Underway("n1", number, command))
        await journal.append([("other", payload), ("acme", payload)], 0)
    return journal, [record for batch in store.batches for record in batch if record[0] == "acme"]


async def test_a_broken_core_is_made_anew_without_the_command() -> None:
    journal, records = await written(COMMANDS)
    tenants = Tenants(["acme", "other"], BrittleRouter)
    for record, command in zip(records[:3], COMMANDS[:3], strict=True):
        assert tenants.apply(record, command) is not None
    digest = tenants.routers["acme"].digest()
    assert tenants.apply(records[3], COMMANDS[3]) is None
    assert tenants.routers["acme"].digest() != digest
    await tenants.rebuild(journal, records[3])
    assert tenants.routers["acme"].digest() == digest
    assert tenants.apply(records[3], COMMANDS[3]) is None
    await tenants.skip_here(journal, records[3])
    assert tenants.routers["acme"].position == 4
    assert tenants.owed == {("acme", 4): None}
    assert tenants.apply(records[4], COMMANDS[4]) is not None
    assert tenants.routers["other"].position == 0


async def test_the_very_first_command_may_be_skipped() -> None:
    journal, records = await written((POISONOUS, *COMMANDS[:3]))
    tenants = Tenants(["acme"], BrittleRouter)
    await tenants.skip_here(journal, records[0])
    assert tenants.routers["acme"].position == 1
    for record, command in zip(records[1:], COMMANDS[:3], strict=True):
        assert tenants.apply(record, command) is not None


async def test_a_skip_that_the_journal_names_leaves_out_what_was_applied() -> None:
    harmless = request("customer:carl", "r2", queue="billing")
    journal, records = await written((*COMMANDS[:3], harmless, COMMANDS[4]))
    tenants = Tenants(["acme"], BrittleRouter)
    for record, command in zip(records[:4], (*COMMANDS[:3], harmless), strict=True):
        tenants.apply(record, command)
    await tenants.skip(journal, records[4], position=4)
    without = Tenants(["acme"], BrittleRouter)
    for record, command in zip(records[:3], COMMANDS[:3], strict=True):
        without.apply(record, command)
    await without.skip_here(journal, records[3])
    assert tenants.routers["acme"].position == 4
    assert tenants.routers["acme"].digest() == without.routers["acme"].digest()


async def test_a_skip_of_the_future_or_of_nothing_is_ignored() -> None:
    journal, records = await written(COMMANDS[:3])
    tenants = Tenants(["acme"], BrittleRouter)
    before = tenants.routers["acme"]
    for position in (0, -1, 2, 99):
        await tenants.skip(journal, records[1], position)
    assert tenants.routers["acme"] is before


async def test_a_broken_core_is_made_anew_from_a_snapshot_and_what_follows(
    tmp_path: Path,
) -> None:
    journal, records = await written(COMMANDS)
    first = Replica()
    for record in records[:2]:
        first.apply(record)
    place = Place(2, 1, 0, 0, 0, 0, first.positions)
    store = FileSnapshots(tmp_path)
    first.write(store, place)
    snapshots = Snapshots(store)
    start = snapshots.start(["acme"])
    asked: list[tuple[str, int]] = []

    def base(tenant: str, before: int) -> Core | None:
        asked.append((tenant, before))
        return snapshots.core(tenant, before)

    tenants = Tenants(["acme"], BrittleRouter, start=start, base=base)
    assert tenants.start == {"acme": 2}
    plain = Tenants(["acme"], BrittleRouter)
    for record, command in zip(records[:3], COMMANDS[:3], strict=True):
        plain.apply(record, command)
    assert tenants.apply(records[2], COMMANDS[2]) is not None
    tenants.routers["acme"].world.offers.made_count += 1
    await tenants.rebuild(journal, records[3])
    await plain.skip_here(journal, records[3])
    await tenants.skip_here(journal, records[3])
    assert asked == [("acme", 4), ("acme", 4)]
    assert tenants.routers["acme"].digest() == plain.routers["acme"].digest()
    assert tenants._events_crcs == plain._events_crcs
    await tenants.skip(journal, records[4], position=2)
    assert asked[-1] == ("acme", 2), "a snapshot that holds it is no beginning"


class TrimmedJournal(MemoryJournal):
    """Its beginning is gone."""

    def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        return self._gone()

    async def _gone(self) -> AsyncGenerator[Sequence[Record], None]:
        await trio.lowlevel.checkpoint()
        for _ in self._store.batches or [()]:
            raise JournalCorrupt(segment="one", offset=0, problem="gone.", mend="none.")
        yield ()


async def test_a_skip_of_what_is_gone_is_told_and_changes_nothing() -> None:
    _, records = await written(COMMANDS[:3])
    tenants = Tenants(["acme"], BrittleRouter)
    for record, command in zip(records, COMMANDS[:3], strict=True):
        tenants.apply(record, command)
    digest = tenants.routers["acme"].digest()
    with capture_logs() as said:
        await tenants.skip(TrimmedJournal(lambda: 0), records[2], position=1)
    assert [line["event"] for line in said] == ["core.skip_too_late"]
    assert tenants.routers["acme"].digest() == digest


async def test_the_running_hash_is_shown_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN_EVERY", 2)
    _, records = await written(COMMANDS[:3] + COMMANDS[4:])
    shown: list[tuple[str, int, int]] = []
    tenants = Tenants(["acme"], show=lambda *showing: shown.append(showing))
    replica = Replica()
    for record, command in zip(records, COMMANDS[:3] + COMMANDS[4:], strict=True):
        tenants.apply(record, command)
        replica.apply(record)
    assert [position for _, position, _ in shown] == [2, 4]
    assert shown[-1] == ("acme", 4, replica.events_crcs["acme"])
