"""The whole server on a disk that fails, with its second process killed, and from a backup."""

import errno
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trio

from router.core import CORE_VERSION
from router.errors import StorageError
from router.journal.file import FileJournal
from router.journal.file_ops import DiskOps
from router.server.clock import Clock
from tests.helpers.nodes import open_node
from tests.helpers.outsider import Line, until
from tests.helpers.outsider_server import ROOT, Server

pytestmark = pytest.mark.process

FULL = errno.ENOSPC


class FailingDisk(DiskOps):
    """A real disk; ``error`` strikes every write, ``sync_error`` every sync."""

    error = 0
    sync_error = 0

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        return super().pwrite(descriptor, data, offset)

    def fdatasync(self, descriptor: int) -> None:
        if self.sync_error:
            raise OSError(self.sync_error, os.strerror(self.sync_error))
        super().fdatasync(descriptor)


async def open_journal(folder: Path, disk: FailingDisk) -> FileJournal:
    return await FileJournal.open(
        folder,
        wall_ms=Clock().wall_ms,
        core_version=CORE_VERSION,
        segment_bytes=2**20,
        ops=disk,
    )


async def test_a_full_disk_refuses_with_108_keeps_sockets_and_heals(tmp_path: Path) -> None:
    disk = FailingDisk()
    journal = await open_journal(tmp_path, disk)
    async with open_node(journal=journal) as node:
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="r1", queue="support", channel="chat")
        disk.error = FULL
        for number in range(3):
            message = {"op": f"full{number}", "queue": "support", "channel": "chat"}
            assert await carl.refused("conversation.request", **message) == 108
        disk.error = 0
        reply = await carl.ok("conversation.request", op="r1", queue="support", channel="chat")
        await carl.ok("conversation.cancel", conversation=reply["conversation"])
        assert carl.seen[-1]["t"] != "close"
    await journal.aclose()


async def test_a_failed_sync_ends_the_node_with_a_sentence(tmp_path: Path) -> None:
    disk = FailingDisk()
    journal = await open_journal(tmp_path, disk)

    async def live() -> None:
        async with open_node(journal=journal) as node:
            carl = await node.join("customer", "carl")
            disk.sync_error = errno.EIO
            await carl.send("conversation.request", op="r1", queue="support", channel="chat")
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught, trio.fail_after(10):
        await live()
    failed, other = caught.value.split(StorageError)
    assert other is None
    assert "known after a restart" in repr(failed)
    disk.sync_error = 0
    await journal.aclose()


FAILING_SERVER = """
import os, sys
from pathlib import Path
sync, flag = os.fdatasync, Path(sys.argv[1])
def failing(descriptor):
    if flag.exists():
        raise OSError(5, os.strerror(5))
    sync(descriptor)
os.fdatasync = failing
from router.server.cli import main
main(["serve", "--config", sys.argv[2]])
"""


class FailingServer(Server):
    """A server whose kernel fails to sync once a file is there."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", FAILING_SERVER, str(self.folder / "fail"), str(self._config)]

    def begin(self) -> None:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
            )
        until(self._find_port, "the server listens", 30)


def test_a_process_whose_sync_fails_says_so_and_exits_and_a_restart_has_what_was_answered(
    tmp_path: Path,
) -> None:
    server = FailingServer(tmp_path, {"acme": {}})
    server.begin()
    carl = server.person("acme", "customer", "carl")
    asked = carl.do("conversation.request", op="r1", queue="billing", channel="chat")
    (tmp_path / "fail").touch()
    carl.send("conversation.cancel", conversation=asked["conversation"])
    assert server.process is not None
    assert server.process.wait(10) == 1
    assert re.search(r"fairline: .*the disk failed while a batch was written.*\n$", server.log())
    assert "Traceback" not in server.log()
    server.process = None
    server.hang_up()
    (tmp_path / "fail").unlink()
    with server.running():
        again = server.person("acme", "customer", "carl")
        reply = again.do("conversation.request", op="r1", queue="billing", channel="chat")
        assert reply["conversation"] == asked["conversation"]


# -- the second process ------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, {"acme": {}}, {"snapshot_commands": 5, "snapshot_ms": 1_000})
    with made.running():
        yield made


def said(server: Server, event: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def chat(server: Server, carl: Line, conversation: str, count: int, prefix: str) -> None:
    for number in range(count):
        op = f"{prefix}{number}"
        while not (reply := carl.ask("message.send", conversation=conversation, op=op, body=op))[
            "ok"
        ]:
            assert reply["err"]["code"] == 107, reply
            carl.idle(reply["err"]["retry_ms"] / 1000)


def talk(server: Server) -> tuple[Line, str]:
    carl = server.person("acme", "customer", "carl")
    asked = carl.do("conversation.request", op="r1", queue="billing", channel="chat")
    conversation = str(asked["conversation"])
    chat(server, carl, conversation, 15, "a")
    return carl, conversation


def archived(folder: Path) -> int:
    """How far the archive is: no start begins behind that."""
    with closing(sqlite3.connect(folder / "data" / "archive" / "acme.sqlite")) as file:
        ((position,),) = file.execute("SELECT value FROM facts WHERE name = 'position'")
        return int(position)


def test_a_restart_begins_at_a_snapshot_and_knows_everything(
    server: Server, tmp_path: Path
) -> None:
    carl, conversation = talk(server)
    until(lambda: said(server, "snapshot.written"), "a snapshot is written")
    until(lambda: archived(tmp_path) >= 17, "the archive has come as far as the snapshot")
    chat(server, carl, conversation, 5, "b")
    server.kill()
    server.hang_up()
    server.start()
    (opened,) = said(server, "journal.opened")
    assert isinstance(opened["replay_count"], int)
    assert opened["replay_count"] < 15
    again = server.person("acme", "customer", "carl")
    reply = again.do("message.send", conversation=conversation, op="b4", body="b4")
    assert reply["seq"] == 20
    assert again.do("message.send", conversation=conversation, op="new", body="x")["seq"] == 21


def test_the_second_process_killed_with_9_is_started_again_and_the_server_never_notices(
    server: Server,
) -> None:
    carl, conversation = talk(server)
    until(lambda: said(server, "snapshot.written"), "a snapshot is written")
    (started,) = said(server, "snapshotter.started")
    assert isinstance(started["pid"], int)
    os.kill(started["pid"], signal.SIGKILL)
    chat(server, carl, conversation, 10, "b")
    until(lambda: len(said(server, "snapshotter.started")) == 2, "it is started again")
    before = len(said(server, "snapshot.written"))
    chat(server, carl, conversation, 10, "c")
    until(lambda: len(said(server, "snapshot.written")) > before, "it goes on")
    page = server.get("/metrics")[2].decode()
    assert 'fairline_invariant_violations_total{kind="digest"} 0.0' in page
    assert "fairline_snapshotter_ends_total 1.0" in page


def test_the_second_process_ends_with_a_server_that_is_killed(server: Server) -> None:
    talk(server)
    (started,) = said(server, "snapshotter.started")
    server.kill()
    until(lambda: not Path(f"/proc/{started['pid']}").exists(), "the second process is gone")


def test_damaged_snapshots_stop_no_start(server: Server, tmp_path: Path) -> None:
    _, conversation = talk(server)
    until(lambda: said(server, "snapshot.written"), "a snapshot is written")
    server.kill()
    server.hang_up()
    snapshots = sorted((tmp_path / "data" / "journal").glob("*.snapshot"))
    for path in snapshots:
        path.write_bytes(path.read_bytes()[:-9] + b"damaged!!")
    server.start()
    assert len(said(server, "snapshot.not_used")) >= len(snapshots)
    again = server.person("acme", "customer", "carl")
    reply = again.do("message.send", conversation=conversation, op="new", body="x")
    assert reply["seq"] == 16


def test_a_second_server_on_the_folder_is_told_who_has_it(server: Server) -> None:
    assert server.process is not None
    done = subprocess.run(
        [sys.executable, "-m", "router", "serve", "--config", str(server._config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"process {server.process.pid} uses this archive already" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backup_under_load_is_a_server_of_its_own(server: Server, tmp_path: Path) -> None:
    carl, conversation = talk(server)
    target = tmp_path / "copies" / "monday"
    command = [sys.executable, "-m", "router", "journal", "backup", str(target)]
    with subprocess.Popen(
        [*command, "--config", str(server._config)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        count = 0
        while process.poll() is None:
            chat(server, carl, conversation, 1, f"load{count}-")
            count += 1
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.returncode == 0, process.stderr.read()
        assert "A start takes it" in process.stdout.read()
    assert count > 2
    other = Server(tmp_path / "copies", {"acme": {}}, {"data": "monday"})
    with other.running():
        again = other.person("acme", "customer", "carl")
        reply = again.do("message.send", conversation=conversation, op="a14", body="a14")
        assert reply["seq"] == 15
        fresh = again.do("message.send", conversation=conversation, op="new", body="x")
        assert 15 < fresh["seq"] <= 16 + count
