"""Leaving a command out, by hand."""

from pathlib import Path

import pytest

from router.core import CORE_VERSION
from router.errors import JournalLocked, StorageError
from router.journal.base import Record
from router.journal.file import FileJournal
from router.server.clock import Clock
from router.server.replica import Plan, Replica, StartOver
from router.server.skipping import skip
from tests.journal.contract import take
from tests.server.test_inspecting import COMMANDS, filled
from tests.server.test_replica import HARMLESS, records


async def test_a_skip_is_one_more_command_and_every_replay_obeys(tmp_path: Path) -> None:
    filled(tmp_path, HARMLESS).close()
    await skip(tmp_path, "acme", 3)
    journal = await FileJournal.open(
        tmp_path, wall_ms=Clock().wall_ms, core_version=CORE_VERSION, segment_bytes=512
    )
    found = await take(journal, 6)
    await journal.aclose()
    plan = Plan()
    replica = Replica()
    with pytest.raises(StartOver) as caught:
        apply_all(replica, found)
    plan.learn(caught.value)
    replica = Replica(None, plan.skipped)
    apply_all(replica, found)
    without = Replica(None, [("acme", 3)])
    apply_all(without, records(HARMLESS))
    assert replica.routers["acme"].world.conversations.by_id.keys() == (
        without.routers["acme"].world.conversations.by_id.keys()
    )


def apply_all(replica: Replica, found: list[Record]) -> None:
    for record in found:
        replica.apply(record)


async def test_what_is_not_there_and_a_journal_in_use_are_refused(tmp_path: Path) -> None:
    log = filled(tmp_path)
    with pytest.raises(JournalLocked):
        await skip(tmp_path, "acme", 3)
    log.close()
    for tenant, position in (("acme", 0), ("acme", len(COMMANDS) + 1), ("globex", 1)):
        with pytest.raises(StorageError, match="there is no"):
            await skip(tmp_path, tenant, position)
