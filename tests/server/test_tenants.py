"""The cores of a node, and how one gets over a command that breaks it."""

import msgspec

from router.commands import Command, SetPolicy, Underway
from router.journal.base import Record
from router.journal.memory import MemoryJournal, MemoryStore
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
