"""Showing and verifying a journal, beside whoever writes it."""

import json
from pathlib import Path

import msgspec
import pytest

from router.commands import Command, SendMessage, Tick, Underway
from router.core import CORE_VERSION
from router.errors import StorageError
from router.ids import ConversationId
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.journal.snapshot_files import read_snapshot, snapshot_names, write_snapshot
from router.server.inspecting import as_object, as_text, pinned, read_records, verify
from router.server.replica import Replica
from tests.helpers.cores import actor
from tests.server.test_replica import HARMLESS
from tests.server.test_storing import write_snapshot as follow

MESSAGE = SendMessage(
    by=actor("customer:carl"), conversation=ConversationId("c-carl-r1"), op="m1", body="a secret"
)
COMMANDS: tuple[Command, ...] = (*HARMLESS, MESSAGE, Tick())


def filled(folder: Path, commands: tuple[Command, ...] = COMMANDS, *tenants: str) -> SegmentLog:
    log = SegmentLog.open(folder, core_version=CORE_VERSION, ops=DiskOps(), segment_bytes=512)
    for number, command in enumerate(commands, start=1):
        payload = msgspec.msgpack.encode(Underway("n1", number, command))
        log.append([(tenant, payload) for tenant in tenants or ("acme",)], 1_000 * number)
    return log


def shown(folder: Path, **options: object) -> list[str]:
    ops = pinned(folder)
    wanted = {"tenant": None, "after": 0, **options}
    bodies = bool(wanted.pop("bodies", False))
    records = read_records(ops, folder, **wanted)  # type: ignore[arg-type]
    lines = [as_text(record, bodies=bodies) for record in records]
    ops.release()
    return lines


def test_commands_are_shown_one_a_line_without_what_people_wrote(tmp_path: Path) -> None:
    filled(tmp_path).close()
    lines = shown(tmp_path)
    assert len(lines) == len(COMMANDS)
    assert lines[1].startswith("acme 2  1970-01-01T00:00:02.000Z  Connect  by customer carl  ")
    assert "body=(8 characters)" in lines[5]
    assert not any("secret" in line for line in lines)
    assert "body=a secret" in shown(tmp_path, bodies=True)[5]
    assert not any("\n" in line for line in lines)


def test_a_tenant_and_a_position_choose(tmp_path: Path) -> None:
    filled(tmp_path, COMMANDS, "acme", "globex").close()
    assert [line.split()[0] for line in shown(tmp_path)] == ["acme", "globex"] * len(COMMANDS)
    chosen = shown(tmp_path, tenant="globex", after=5)
    assert [line.split()[:2] for line in chosen] == [["globex", "6"], ["globex", "7"]]
    assert len(shown(tmp_path, after=5)) == 4
    assert shown(tmp_path, tenant="nobody") == []


def test_what_is_shown_for_machines_is_json_and_hides_the_same(tmp_path: Path) -> None:
    filled(tmp_path).close()
    ops = pinned(tmp_path)
    records = list(read_records(ops, tmp_path, tenant=None, after=0))
    ops.release()
    told = json.dumps([as_object(record, bodies=False) for record in records])
    assert "secret" not in told
    assert as_object(records[5], bodies=True)["fields"]["body"] == "a secret"
    assert as_object(records[6], bodies=False) == {
        "tenant": "acme",
        "position": 7,
        "at_ms": 7_000,
        "life": "n1",
        "command": "Tick",
        "fields": {},
    }


def test_a_trimmed_journal_is_shown_from_where_it_begins(tmp_path: Path) -> None:
    log = filled(tmp_path, (*COMMANDS, *[Tick()] * 60))
    log.trim(40, None)
    first = int(shown(tmp_path)[0].split()[1])
    assert 1 < first <= 40
    log.close()


def test_a_missing_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        pinned(tmp_path / "none")
    with pytest.raises(StorageError, match="no journal here"):
        pinned(tmp_path)


def test_a_whole_journal_is_proved_while_it_is_written(tmp_path: Path) -> None:
    log = filled(tmp_path, (*COMMANDS, *[Tick()] * 40))
    follow(tmp_path)
    ops = pinned(tmp_path)
    log.append([("acme", msgspec.msgpack.encode(Underway("n1", 99, Tick())))], 99_000)
    found = verify(ops, tmp_path)
    ops.release()
    assert found.problems == []
    assert found.replayed_count >= 47
    assert found.proved == sorted(snapshot_names(DiskOps(), tmp_path))
    for name in snapshot_names(DiskOps(), tmp_path)[1:]:
        (tmp_path / name).unlink()
    log.trim(30, None)
    ops = pinned(tmp_path)
    found = verify(ops, tmp_path)
    ops.release()
    assert found.problems == []
    assert found.proved == snapshot_names(DiskOps(), tmp_path)
    log.close()


def test_a_snapshot_of_another_state_is_found(tmp_path: Path) -> None:
    filled(tmp_path).close()
    follow(tmp_path)
    name, *older = snapshot_names(DiskOps(), tmp_path)
    snapshot = read_snapshot(DiskOps(), tmp_path / name)
    replica = Replica(snapshot)
    replica.routers["acme"].world.offers.made_count += 1
    write_snapshot(DiskOps(), tmp_path, snapshot.place, CORE_VERSION, [replica._part("acme")])
    ops = pinned(tmp_path)
    found = verify(ops, tmp_path)
    ops.release()
    (problem,) = found.problems
    assert problem.startswith(f"{tmp_path / name}, byte 0: A replay leads to another state of acme")
    assert found.proved == sorted(older)


def test_a_damaged_segment_is_named_with_its_offset_and_the_mend(tmp_path: Path) -> None:
    filled(tmp_path).close()
    path = min(tmp_path.glob("*.segment"))
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(data)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    ops = pinned(tmp_path)
    found = verify(ops, tmp_path)
    ops.release()
    assert found.problems[0].startswith(f"{path}, byte ")
    assert "Restore this file from a copy" in found.problems[0]
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
