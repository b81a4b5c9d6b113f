"""Journals of earlier releases start, or are refused by name; none is misread."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from router.core import CORE_VERSION
from router.errors import JournalVersion
from router.journal.file_ops import DiskOps
from router.journal.readonly import read_folder
from router.journal.snapshot_files import newest
from router.server.clock import Clock
from router.server.inspecting import pinned, verify
from router.server.replica import Replica
from router.server.storing import opened
from tests.helpers.kept_journals import COMMANDS, KEPT, TENANT, unpack, write_kept
from tests.helpers.nodes import folder_settings, open_node

FILES = sorted(KEPT.glob("*.tar.xz"))


def test_there_are_journals_of_earlier_releases() -> None:
    assert FILES


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder as an earlier release left it, if this one reads it."""
    journal = unpack(request.param, tmp_path)
    try:
        count = sum(1 for _ in read_folder(journal, core_version=CORE_VERSION))
    except JournalVersion:
        pytest.skip(f"{request.param.name} is of another core, and refused by name")
    assert count >= COMMANDS
    return tmp_path


def test_this_core_reads_at_least_one_of_them(tmp_path: Path) -> None:
    """Else the release before this one was forgotten: python -m tests.helpers.kept_journals."""
    read = []
    for file in FILES:
        journal = unpack(file, tmp_path / file.stem)
        found = newest(DiskOps(), journal, CORE_VERSION)
        read += [file] if found is not None else []
    assert read


def test_a_replay_by_this_release_leads_to_the_very_state_of_the_earlier(data: Path) -> None:
    ops = pinned(data / "journal")
    verified = verify(ops, data / "journal")
    ops.release()
    assert verified.problems == []
    assert len(verified.proved) == 1
    assert verified.replayed_count >= COMMANDS


def test_a_start_behind_the_earlier_s_snapshot_leads_to_the_same(data: Path) -> None:
    journal = data / "journal"
    snapshot = newest(DiskOps(), journal, CORE_VERSION)
    assert snapshot is not None
    short, whole = Replica(snapshot), Replica()
    for record in read_folder(journal, core_version=CORE_VERSION):
        whole.apply(record)
        if record.position > snapshot.positions[TENANT]:
            short.apply(record)
    assert short.routers[TENANT].digest() == whole.routers[TENANT].digest()
    assert short.events_crcs == whole.events_crcs


async def test_a_node_starts_on_it_and_serves(data: Path) -> None:
    settings = folder_settings(data)
    settings = replace(settings, tenants={TENANT: settings.tenants["acme"]})
    async with (
        opened(settings, Clock()) as kept,
        open_node(settings, kept.journal, kept=kept, archive=kept.archive) as running,
    ):
        router = running.node.tenants.routers[TENANT]
        assert router.position > COMMANDS
        assert {queue.id for queue in router.policy.queues} == {"support", "billing"}
        assert (await running.get("/readyz"))[0] == 200


def test_what_this_release_keeps_is_read_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "own.tar.xz"
    write_kept(file, 60)
    ops = pinned(unpack(file, tmp_path))
    verified = verify(ops, tmp_path / "journal")
    ops.release()
    assert (verified.problems, len(verified.proved)) == ([], 1)
    with pytest.raises(FileExistsError):
        write_kept(file, 60)
