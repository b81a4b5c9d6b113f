"""The archive's feeder: behind the journal, in nobody's way, complete whatever happens."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from router.archive.base import Audited, AuditQuery, Fact
from router.archive.sqlite import SqliteArchive
from router.commands import (
    AcceptOffer,
    EndConversation,
    RateConversation,
    ReadHistory,
    SendMessage,
    SetPolicy,
    SetPresence,
)
from router.conversations import Conversation
from router.errors import ArchiveCorrupt, ArchiveLocked
from router.events import CommandAnswered
from router.ids import ConversationId, OfferId
from router.journal.memory import MemoryJournal, MemoryStore
from router.policy import Retention
from router.server import archiving as module
from router.server.archiving import Archiving, check_order, open_archive
from router.server.clock import Clock
from tests.helpers.archives import DictArchive
from tests.helpers.cores import POLICY, actor, connect, request
from tests.helpers.machines import POISON, Machine, machine
from tests.helpers.nodes import folder_settings, node_settings


async def day(made: Machine, first: int, count: int) -> None:
    """Alice serves so many customers, one after the other; some rate, some are looked at."""
    alice = actor("agent:alice")
    await made.do(connect("agent:alice"))
    await made.do(SetPresence(by=alice, show="available"))
    for number in range(first, first + count):
        customer = f"customer:carl{number}"
        talk = ConversationId(f"c-carl{number}-r1")
        await made.do(connect(customer))
        await made.do(request(customer))
        offer = OfferId(made.router.world.people.agents["alice"].offer)
        for command in (
            AcceptOffer(by=alice, offer=offer),
            SendMessage(by=actor(customer), conversation=talk, op=f"m{number}", body="hello"),
            SendMessage(by=alice, conversation=talk, op=f"n{number}", body="odd", kind="note"),
            ReadHistory(by=alice, conversation=talk, purpose="q"),
            EndConversation(by=alice, conversation=talk),
            RateConversation(by=actor(customer), conversation=talk, score=1 + number % 5),
        ):
            assert isinstance(await made.do(command), CommandAnswered)


@asynccontextmanager
async def fed(
    store: MemoryStore, archive: DictArchive, *, life: str = "n1"
) -> AsyncIterator[tuple[Machine, Archiving]]:
    async with machine(store, life=life, archive=archive) as made:
        assert made.archiving is not None
        yield made, made.archiving


def kept(archive: DictArchive, tenant: str = "acme") -> list[tuple[int, int, bytes]]:
    return [
        (fact.position, fact.place, msgspec.msgpack.encode(fact.what))
        for fact in archive.facts[tenant]
    ]


def archive_of_two() -> DictArchive:
    return DictArchive("acme", "other")


async def from_the_start(store: MemoryStore, end: int) -> list[tuple[int, int, bytes]]:
    """What an archive has that is fed from the whole journal, up to a position."""
    archive = archive_of_two()
    async with fed(store, archive, life="n9") as (_, archiving):
        assert await archiving.settle("acme")
    return [one for one in kept(archive) if one[0] <= end]


async def until(is_so: Callable[[], bool]) -> None:
    with trio.fail_after(10):
        while not is_so():
            await trio.lowlevel.checkpoint()


async def test_everything_that_is_over_is_kept_with_its_position() -> None:
    archive = archive_of_two()
    async with fed(MemoryStore(), archive) as (made, archiving):
        await day(made, 0, 3)
        assert await archiving.settle("acme")
        assert archiving.position("acme") == made.router.position
    ended = [fact.what for fact in archive.facts["acme"] if isinstance(fact.what, Conversation)]
    assert [one.id for one in ended] == ["c-carl0-r1", "c-carl1-r1", "c-carl2-r1"]
    assert [len(one.messages) for one in ended] == [2, 2, 2]
    positions = [(fact.position, fact.place) for fact in archive.facts["acme"]]
    assert positions == sorted(set(positions))


async def test_a_replay_from_the_start_gives_the_same() -> None:
    store, archive = MemoryStore(), archive_of_two()
    async with fed(store, archive) as (made, archiving):
        await day(made, 0, 5)
        assert await archiving.settle("acme")
        end = made.router.position
    assert kept(archive) == await from_the_start(store, end)


async def test_what_a_crash_left_unwritten_comes_from_the_journal_once() -> None:
    store, archive = MemoryStore(), archive_of_two()
    async with fed(store, archive) as (made, archiving):
        await day(made, 0, 3)
        assert await archiving.settle("acme")
        await day(made, 3, 3)
        archive.gate.clear()  # what is on its way never arrives
        before = archiving.position("acme")
        archive.is_full = True
        archive.gate.set()
    archive.is_full = False
    async with fed(store, archive, life="n2") as (made, archiving):
        assert made.router.position > before
        assert await archiving.settle("acme")
        end = made.router.position
    assert kept(archive) == await from_the_start(store, end)


async def test_a_command_that_is_told_twice_is_kept_once() -> None:
    store, archive = MemoryStore(), archive_of_two()
    async with fed(store, archive) as (made, archiving):
        await day(made, 0, 2)
        assert await archiving.settle("acme")
        before = kept(archive)
        world = made.router.world
        line = archiving._lines["acme"]
        for fact in archive.facts["acme"]:
            line.taken = fact.position - 1
            line.add(fact)
        line.taken = world.position + 1
        assert await archiving.settle("acme")
    assert kept(archive) == before


async def test_a_slow_archive_holds_up_nobody() -> None:
    archive = archive_of_two()
    async with fed(MemoryStore(), archive) as (made, archiving):
        archive.gate.clear()
        await day(made, 0, 1)
        await until(archive.entered.is_set)
        await day(made, 1, 20)
        assert archiving.position("acme") == 0
        archive.gate.set()
        assert await archiving.settle("acme")
        assert archiving.position("acme") == made.router.position


async def test_a_full_disk_stops_nobody_and_is_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WEIGHT_MAX", 30)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "BATCH_S", 0.01)
    store, archive = MemoryStore(), archive_of_two()
    async with fed(store, archive) as (made, archiving):
        archive.is_full = True
        await day(made, 0, 20)
        await until(lambda: archiving.is_failing)
        assert archiving.is_behind("acme")
        assert not archiving.is_behind("other")
        assert archiving.ailment() == "takes nothing of acme"
        assert made.counted["archive_dropped"] == 1
        assert made.counted["archive_failures"] > 0
        archive.is_full = False
        await until(lambda: "behind with acme" in archiving.ailment())
        await until(lambda: not archiving.is_behind("acme"))
        await until(lambda: archiving.ailment() == "")
        await day(made, 20, 2)
        assert await archiving.settle("acme")
        end = made.router.position
    assert kept(archive) == await from_the_start(store, end)


async def test_it_catches_up_while_people_go_on_and_leaves_out_what_broke_the_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WEIGHT_MAX", 30)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "BATCH_S", 0.01)
    store, archive = MemoryStore(), archive_of_two()
    async with fed(store, archive) as (made, archiving):
        await made.do(connect("customer:zoe"))
        poison = msgspec.structs.replace(request("customer:zoe"), topic=POISON)
        made.submit(poison)
        archive.is_full = True
        await day(made, 0, 12)
        assert archiving.is_behind("acme")
        archive.is_full = False
        await day(made, 12, 12)
        await until(lambda: not archiving.is_behind("acme"))
        assert await archiving.settle("acme")
        end = made.router.position
    assert [fact.what.id for fact in archive.facts["acme"] if is_talk(fact)] == [  # type: ignore[union-attr]
        f"c-carl{number}-r1" for number in range(24)
    ]
    assert kept(archive)[-1][0] <= end


def is_talk(fact: Fact) -> bool:
    return isinstance(fact.what, Conversation)


async def test_a_long_replay_waits_for_the_archive_and_drops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    async with fed(store, archive_of_two()) as (made, _):
        await day(made, 0, 30)
        end = made.router.position
    monkeypatch.setattr(module, "WEIGHT_MAX", 40)
    archive = archive_of_two()
    async with fed(store, archive, life="n2") as (made, archiving):
        assert not archiving.is_behind("acme")
        assert await archiving.settle("acme")
    assert [one for one in kept(archive) if one[0] <= end] == await from_the_start(store, end)


async def test_the_position_goes_on_where_nothing_is_to_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROGRESS_S", 0.01)
    archive = archive_of_two()
    async with fed(MemoryStore(), archive) as (made, archiving):
        await made.do(connect("customer:carl"))
        await until(lambda: archiving.position("acme") == made.router.position)
    assert archive.facts["acme"] == []


async def test_what_waits_is_bounded_in_pieces_of_whole_positions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH_WEIGHT", 4)
    archive = archive_of_two()
    async with fed(MemoryStore(), archive) as (made, archiving):
        archive.gate.clear()
        await day(made, 0, 5)
        archive.gate.set()
        assert await archiving.settle("acme")
    assert archive.write_count >= 5
    assert len([fact for fact in archive.facts["acme"] if is_talk(fact)]) == 5


async def test_what_is_too_old_by_policy_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_S", 0.01)
    archive = archive_of_two()
    old = Fact(0, 0, 1, Audited("a", "b", "c", ""))
    archive.facts["acme"].append(old)
    archive.facts["other"].append(old)
    async with fed(MemoryStore(), archive) as (made, _):
        policy = msgspec.structs.replace(POLICY, retention=Retention(audit_days=1))
        await made.do(SetPolicy(policy=policy))
        await until(lambda: archive.facts["acme"] == [])
        assert archive.facts["other"] == [old]


async def test_what_is_on_its_way_can_be_asked_for() -> None:
    archive = archive_of_two()
    async with fed(MemoryStore(), archive) as (made, archiving):
        await day(made, 0, 1)
        assert archiving.waits("acme", conversation="c-carl0-r1")
        assert archiving.waits("acme", customer="carl0")
        assert not archiving.waits("acme", customer="dora", conversation="none")
        await archiving.fetch("acme", conversation="c-carl0-r1")
        assert archive.conversation("acme", "c-carl0-r1") is not None
        assert await archiving.settle("acme")
        archive.is_full = True
        await day(made, 1, 1)
        assert not await archiving.settle("acme")
        await archiving.end()


async def test_an_archive_is_opened_beside_the_journal_and_by_one_alone(tmp_path: Path) -> None:
    settings, journal = folder_settings(tmp_path), MemoryJournal(Clock().wall_ms)
    async with open_archive(settings) as archive:
        assert isinstance(archive, SqliteArchive)
        assert archive.audit("acme", AuditQuery()) == []
        assert (tmp_path / "archive" / "acme.sqlite").is_file()
        with pytest.raises(ArchiveLocked):
            async with open_archive(settings):
                raise AssertionError("two may not write")
        check_order(archive, journal, settings.tenants)
        archive.write("acme", [], 7)
        with pytest.raises(ArchiveCorrupt, match="knows of 7 commands and the journal has 0"):
            check_order(archive, journal, settings.tenants)
    async with open_archive(node_settings()) as nothing:
        assert nothing is None
