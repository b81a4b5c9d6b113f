"""A replica is where the live cores are, also after a snapshot and after a broken command."""

from pathlib import Path

import msgspec
import pytest

from router.commands import Command, SkipCommand, Tick, Underway
from router.core import CORE_VERSION
from router.journal.base import Record
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.journal.snapshot_store import Snapshot
from router.server import replica as module
from router.server.replica import Plan, Replica, StartOver, restore_core
from router.server.tenants import Tenants
from tests.helpers.cores import connect, request
from tests.helpers.machines import POISON, BrittleRouter
from tests.server.test_tenants import COMMANDS, POISONOUS


def records(commands: tuple[Command, ...], tenant: str = "acme") -> list[Record]:
    return [
        Record(tenant, number, 1_000 + number, msgspec.msgpack.encode(Underway("n1", number, each)))
        for number, each in enumerate(commands, start=1)
    ]


def apply_all(replica: Replica, commands: tuple[Command, ...]) -> None:
    for record in records(commands):
        replica.apply(record)


def place(replica: Replica, sequence: int = 1) -> Place:
    return Place(sequence, 1, 0, 0, 0, 0, dict(replica.positions))


def written(replica: Replica, folder: Path) -> Snapshot[Place]:
    snapshots = FileSnapshots(folder)
    replica.write(snapshots, place(replica))
    snapshot = snapshots.newest(CORE_VERSION)
    assert snapshot is not None
    return snapshot


HARMLESS = (*COMMANDS[:3], connect("customer:dora"), request("customer:dora", "r2"))


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_replica_that_began_at_a_snapshot_is_where_the_live_cores_are(
    tmp_path: Path, cut: int
) -> None:
    everything = [*records(HARMLESS), *records(HARMLESS, "globex")]
    live = Tenants(["acme", "globex"])
    for record, command in zip(everything, HARMLESS * 2, strict=True):
        live.apply(record, command)
    first = Replica()
    for record in everything[:cut]:
        first.apply(record)
    snapshot = written(first, tmp_path)
    second = Replica(snapshot)
    for tenant, state in snapshot.states.items():
        assert second.routers[tenant].digest() == state.digest
    for record in everything[cut:]:
        second.apply(record)
    for tenant, router in live.routers.items():
        assert second.routers[tenant].digest() == router.digest()
        assert second.events_crcs[tenant] == live._events_crcs[tenant]


def test_the_running_hash_is_shown_every_so_often_and_differs_for_other_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHOWN_EVERY", 2)
    one, other = Replica(), Replica()
    for record in records((*HARMLESS, Tick())):
        one.apply(record)
    for record in records((*HARMLESS[:2], request("customer:carl", "r9"), *HARMLESS[3:], Tick())):
        other.apply(record)
    assert [(tenant, position) for tenant, position, _ in one.shown] == [
        ("acme", 2),
        ("acme", 4),
        ("acme", 6),
    ]
    assert one.shown[0] == other.shown[0]
    assert one.shown[1] != other.shown[1]
    assert one.shown[2] != other.shown[2], "whoever once differed differs ever after"


def test_a_command_that_breaks_a_core_twice_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Router", BrittleRouter)
    assert POISONOUS.topic == POISON
    plan = Plan()
    for _ in range(2):
        replica = Replica(None, plan.skipped)
        with pytest.raises(StartOver) as caught:
            apply_all(replica, COMMANDS)
        assert (caught.value.tenant, caught.value.position) == ("acme", 4)
        plan.learn(caught.value)
    assert plan.before == {"acme": 4}
    replica = Replica(None, plan.skipped)
    for record in records(COMMANDS):
        replica.apply(record)
    assert replica.positions == {"acme": 5}


def test_a_skip_that_the_journal_names_starts_over_without_the_command(tmp_path: Path) -> None:
    commands = (*HARMLESS, SkipCommand(position=3))
    replica, plan = Replica(), Plan()
    with pytest.raises(StartOver) as caught:
        apply_all(replica, commands)
    plan.learn(caught.value)
    again = Replica(None, plan.skipped)
    for record in records(commands):
        again.apply(record)
    without = Replica(None, [("acme", 3)])
    for record in records(HARMLESS):
        without.apply(record)
    assert again.routers["acme"].position == 6
    core = restore_core(written(again, tmp_path), "acme")
    assert core.skipped == (3,)
    assert again.routers["acme"].digest() != replica.routers["acme"].digest()
