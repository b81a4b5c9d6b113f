"""The second process' loop on a journal in Redis: the same loop, so what differs in Redis."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from router.commands import Command, SkipCommand, Tick, Underway
from router.core import CORE_VERSION, Router
from router.journal.redis_address import RedisAddress
from router.journal.redis_layout import OWNER, SNAPSHOTS, STORE, StreamPlace, snapshot_key
from router.journal.redis_link import Link
from router.journal.redis_snapshots import RedisSnapshots
from router.server import replica as replica_module
from router.server.replica import Replica
from router.server.restoring import NOTHING, Snapshots
from router.server.snapshotter import URL_VARIABLE, Diverged, Problem, Said, Written, followed_redis
from tests.helpers.machines import BrittleRouter
from tests.helpers.redis_server import RedisServer, redis_server
from tests.helpers.redis_store import PARTITIONS, Store
from tests.server.test_replica import HARMLESS, records
from tests.server.test_snapshotter import ROOT, drive, written
from tests.server.test_tenants import COMMANDS

pytestmark = pytest.mark.process


LIFE = "a1"


class Journal:
    """A journal that a test writes while it is followed."""

    def __init__(self, address: RedisAddress) -> None:
        self.link = Link(address)
        self.link.call(("FLUSHALL",), ("HSET", STORE, "partitions", PARTITIONS, "last", "0-0"))
        self.link.load_functions()
        self.link.call(("HSET", OWNER, "life", LIFE, "node", "one"))
        self.store = Store(self.link)
        self.snapshots = RedisSnapshots(self.link)
        self.followed = followed_redis(address, LIFE)
        self.count = 0

    def add(self, *commands: Command) -> None:
        for command in commands:
            self.count += 1
            payload = msgspec.msgpack.encode(Underway("n1", self.count, command))
            self.store.write([("acme", payload)], CORE_VERSION)


@pytest.fixture
def journal(redis: RedisServer) -> Iterator[Journal]:
    made = Journal(redis.address)
    yield made
    made.link.close()


def replica_of(*commands: Command) -> Replica:
    replica = Replica()
    stamps = [1_000 + number // 3 for number in range(len(commands))]
    for record, now_ms in zip(records(commands), stamps, strict=True):
        replica.apply(record._replace(now_ms=now_ms))
    return replica


def test_a_snapshot_holds_what_is_in_redis_and_the_next_life_goes_on_from_it(
    journal: Journal,
) -> None:
    said = drive(journal.followed, [lambda: journal.add(*HARMLESS)])
    assert written(said) == [5]
    assert [each.file for each in said if isinstance(each, Written)] == [
        snapshot_key(journal.store.last)
    ]
    snapshot = journal.snapshots.newest(CORE_VERSION)
    assert snapshot is not None
    assert snapshot.place == StreamPlace(journal.store.last, {"acme": 5})
    expected = replica_of(*HARMLESS)
    assert snapshot.states["acme"].digest == expected.routers["acme"].digest()
    journal.add(Tick(), Tick())
    assert written(drive(journal.followed, [])) == [7]
    again = journal.snapshots.newest(CORE_VERSION)
    assert again is not None
    expected = replica_of(*HARMLESS, Tick(), Tick())
    assert again.states["acme"].digest == expected.routers["acme"].digest()
    assert again.states["acme"].events_crc == expected.events_crcs["acme"]


def test_a_start_begins_with_the_newest_that_is_whole_and_not_newer_than_asked(
    journal: Journal,
) -> None:
    snapshots = Snapshots(journal.snapshots)
    assert snapshots.start(["acme"]) == NOTHING
    for commands in (HARMLESS[:2], HARMLESS[2:]):
        journal.add(*commands)
        drive(journal.followed, [])
    first, second = journal.store.entries[1].id, journal.store.last
    start = snapshots.start(["acme", "fresh"])
    assert (start.place, start.positions) == (StreamPlace(second, {"acme": 5}), {"acme": 5})
    assert start.cores["acme"].router.digest() == replica_of(*HARMLESS).routers["acme"].digest()
    assert snapshots.start(["acme"], {"acme": 4}).place == StreamPlace(first, {"acme": 2})
    assert snapshots.start(["acme"], {"acme": 1}) == NOTHING
    journal.link.call(("HSET", snapshot_key(second), "0", b"rubbish"))
    assert snapshots.start(["acme"]).positions == {"acme": 2}
    core = snapshots.core("acme", 5)
    assert core is not None
    assert core.router.position == 2


def test_poison_is_left_out_as_the_live_node_does(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "Router", BrittleRouter)
    journal.add(*COMMANDS, SkipCommand(position=4), Tick())
    said = drive(journal.followed, [])
    snapshot = journal.snapshots.newest(CORE_VERSION)
    assert written(said) == [7]
    assert snapshot is not None
    assert snapshot.states["acme"].skipped == (4,)


def test_a_skip_of_what_a_snapshot_holds_begins_before_it(journal: Journal) -> None:
    journal.add(*HARMLESS[:2])
    drive(journal.followed, [])
    journal.add(*HARMLESS[2:])
    drive(journal.followed, [])
    journal.add(SkipCommand(position=3))
    assert written(drive(journal.followed, [])) == [6]
    snapshot = journal.snapshots.newest(CORE_VERSION)
    assert snapshot is not None
    assert snapshot.states["acme"].skipped == (3,)


def test_a_snapshot_that_does_not_give_back_its_state_is_set_aside(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.add(*HARMLESS)
    drive(journal.followed, [])
    monkeypatch.setattr(Router, "digest", lambda _: "0" * 32)
    said = drive(journal.followed, [])
    assert [type(each) for each in said] == [Diverged, Written]
    assert journal.link.call(("KEYS", "fairline:diverged:*"), ("ZCARD", SNAPSHOTS)) == [
        [f"fairline:diverged:{journal.store.last}".encode()],
        1,
    ]


def test_redis_away_is_told_once_and_what_came_meanwhile_is_read(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        journal = Journal(redis.address)
        journal.add(*HARMLESS)

        def idle() -> None:
            pass

        def back() -> None:
            redis.start()
            journal.link.close()
            journal.add(Tick())

        said = drive(journal.followed, [redis.kill, idle, idle, back])
        journal.link.close()
        kinds = [type(each) for each in said]
        assert kinds == [Written, Problem, Written]
        assert written(said) == [5, 6]


def process(*arguments: str, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "router.server.snapshotter", *arguments, "1", "1000"],
        cwd=ROOT,
        env={URL_VARIABLE: url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_process_takes_the_address_from_its_environment_and_shows_no_password(
    redis: RedisServer, journal: Journal
) -> None:
    journal.add(*HARMLESS)
    redis.ask("ACL", "SETUSER", "app", "on", ">s3cret-word", "~*", "+@all")
    url = redis.url.replace("redis://", "redis://app:s3cret-word@")
    with process(redis.address.shown, url=url) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        said = msgspec.json.decode(running.stdout.readline(), type=Said)
        assert isinstance(said, Written)
        shown = Path(f"/proc/{running.pid}/cmdline").read_bytes()
        assert b"s3cret-word" not in shown
        running.stdin.close()
        assert running.wait(10) == 0
    redis.ask("ACL", "DELUSER", "app")
    with process(redis.address.shown, url=url) as running:
        said_all, errors = running.communicate(timeout=10)
    assert running.returncode == 1
    assert isinstance(msgspec.json.decode(said_all, type=Said), Problem)
    assert b"s3cret-word" not in said_all + errors
