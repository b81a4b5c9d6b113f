"""How the process is, as far as a page shows it."""

import os
import time
from pathlib import Path

import trio
import trio.testing

from router.commands import Disconnect
from router.core import Router
from router.server.node_figures import LATELY_S, NodeFigures, Strains, overdue_ms
from router.server.sections import ServerSettings
from tests.helpers.cores import Core, actor

CALM = Strains(is_ready=True, is_draining=False, oldest_s=0.0, overdue_s=0.0, replay=(0, 0))


def shown(figures: NodeFigures) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("fairline_"), *sample.labels.values()): sample.value
        for family in figures.collect()
        for sample in family.samples
    }


async def test_a_late_loop_is_seen(autojump_clock: trio.testing.MockClock) -> None:
    figures = NodeFigures(ServerSettings(), lambda: CALM)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(figures.measure_lag)
        await trio.sleep(1.1)
        nursery.cancel_scope.cancel()
    assert shown(figures)["loop_lag_seconds_count",] == 4


async def test_a_loop_that_was_late_is_late_for_a_while(
    autojump_clock: trio.testing.MockClock,
) -> None:
    figures = NodeFigures(ServerSettings(), lambda: CALM)
    assert figures.late_s() == 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(figures.measure_lag)
        await trio.testing.wait_all_tasks_blocked()
        autojump_clock.jump(3)
        await trio.sleep(1)
        assert 2.7 < figures.late_s() <= 3
        await trio.sleep(LATELY_S - 0.5 - 1)
        assert figures.late_s() > 2.7
        await trio.sleep(1)
        assert figures.late_s() < 0.1
        nursery.cancel_scope.cancel()


async def test_what_strains_the_node_is_shown() -> None:
    figures = NodeFigures(
        ServerSettings(connections_max=7),
        lambda: Strains(is_ready=False, is_draining=True, oldest_s=2, overdue_s=3, replay=(5, 9)),
    )
    figures.look()
    found = shown(figures)
    assert found["draining",] == 1
    assert found["ready",] == 0
    assert (found["replayed_commands",], found["replay_commands",]) == (5, 9)
    assert found["command_oldest_seconds",] == 2
    assert found["sweep_lag_seconds",] == 3
    assert found["connections_max",] == 7
    assert found["tasks",] >= 1
    assert [key for key in found if key[0] == "build_info"]


def test_disk_and_certificate_are_shown_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "one").write_bytes(b"12345")
    server = ServerSettings(data=str(tmp_path))
    before_s = time.time()
    found = shown(NodeFigures(server, lambda: CALM, lambda: 1.8e9))
    assert found["disk_free_bytes",] > 0
    assert found["disk_size_bytes",] >= found["disk_free_bytes",]
    assert found["journal_bytes",] == 5
    assert found["snapshot_interval_seconds",] == 300
    assert before_s <= found["last_snapshot_timestamp_seconds",] <= time.time(), "of the start"
    assert found["certificate_expiry_timestamp_seconds",] == 1.8e9


def test_the_newest_snapshot_counts_and_nothing_but_snapshots(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    late_s = int(time.time()) + 1_000
    for name, at_s in (
        ("1.snapshot", 50),
        ("2.snapshot", late_s),
        ("3.snapshot", 70),
        ("log", late_s + 9),
    ):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (at_s, at_s))
    server = ServerSettings(data=str(tmp_path), snapshot_ms=60_000)
    found = shown(NodeFigures(server, lambda: CALM))
    assert found["last_snapshot_timestamp_seconds",] == late_s
    assert found["snapshot_interval_seconds",] == 60


def test_what_cannot_be_read_spoils_nothing(tmp_path: Path) -> None:
    server = ServerSettings(data=str(tmp_path / "gone"))
    found = shown(NodeFigures(server, lambda: CALM))
    assert ("connections_max",) in found
    assert not [key for key in found if key[0].startswith(("disk", "certificate"))]
    memory = shown(NodeFigures(ServerSettings(journal="memory"), lambda: CALM))
    assert ("disk_free_bytes",) not in memory


def test_the_latest_deadline_counts() -> None:
    core = Core()
    core.here("agent:alice")
    core.do(Disconnect(by=actor("agent:alice")))
    due_ms = core.router.next_deadline_ms()
    assert due_ms is not None
    routers = [Router("idle"), core.router]
    assert overdue_ms(routers, due_ms) == 0
    assert overdue_ms(routers, due_ms + 70) == 70
    assert overdue_ms([Router("idle")], due_ms) == 0
