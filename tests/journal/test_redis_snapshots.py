"""Snapshots in Redis: whole or not found, never of what Redis has lost, and swept away."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from router.errors import JournalUnavailable
from router.journal.redis_layout import (
    BEGINNING,
    SNAPSHOT_CHUNK_BYTES,
    SNAPSHOTS,
    STORE,
    EntryId,
    StreamPlace,
    encode_piece,
    journal_key,
    snapshot_key,
)
from router.journal.redis_snapshots import HEAD, RedisSnapshots, diverged_key
from router.journal.snapshot_store import SnapshotStore
from tests.helpers.redis_server import RedisServer, call
from tests.journal.snapshot_contract import SnapshotContract, parts, sequences

PARTITIONS = 4
NOW_MS = 1_000


def place(sequence: int) -> StreamPlace:
    return StreamPlace(EntryId(NOW_MS, sequence), {"acme": sequence, "globex": 2 * sequence})


def journal(ask: Callable[..., list[Any]], count: int = 20) -> None:
    """The entries behind which there may be snapshots."""
    ask([("FLUSHALL",), ("HSET", STORE, "partitions", PARTITIONS)])
    for number in range(1, count + 1):
        link = EntryId(NOW_MS, number - 1)
        fields = encode_piece([("acme", b"c")], link=link, core_version=1)
        key = journal_key(number % PARTITIONS)
        ask([("XADD", key, str(EntryId(NOW_MS, number)), *fields)])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as made:
        yield made


@pytest.fixture
def ask(server: RedisServer) -> Iterator[Callable[..., list[Any]]]:
    with call(server) as made:
        journal(made)
        yield made


@pytest.fixture
def store(ask: Callable[..., list[Any]]) -> RedisSnapshots:
    return RedisSnapshots(ask, "redis://tests")


def hash_of(ask: Callable[..., list[Any]], key: str) -> dict[bytes, bytes]:
    (flat,) = ask([("HGETALL", key)])
    return dict(zip(flat[::2], flat[1::2], strict=True))


@pytest.mark.process
class TestRedisSnapshots(SnapshotContract[StreamPlace]):
    @pytest.fixture(autouse=True)
    def _server(self, ask: Callable[..., list[Any]]) -> None:
        self.ask = ask

    def open(self, folder: Path) -> SnapshotStore[StreamPlace]:
        return RedisSnapshots(self.ask, "redis://tests")

    def place(self, sequence: int) -> StreamPlace:
        return place(sequence)

    def flip(self, store: SnapshotStore[StreamPlace], sequence: int, share: float) -> None:
        """The pieces one behind the other, then the head."""
        key = snapshot_key(place(sequence).id)
        fields = hash_of(self.ask, key)
        names = [str(number).encode() for number in range(len(fields) - 1)] + [HEAD.encode()]
        at = int(share * sum(len(each) for each in fields.values()))
        if share > 0.99:
            at = sum(len(fields[name]) for name in names[:-1]) + len(fields[names[-1]]) // 2
        for name in names:
            if at < len(fields[name]):
                data = bytearray(fields[name])
                data[at] ^= 4
                self.ask([("HSET", key, name, bytes(data))])
                return
            at -= len(fields[name])
        raise AssertionError("a share is less than one")


def keys(ask: Callable[..., list[Any]]) -> list[str]:
    (found,) = ask([("KEYS", "fairline:*")])
    return sorted(key.decode() for key in found if b"journal" not in key)


def failing(
    ask: Callable[..., list[Any]], word: str, count: int
) -> Callable[[Sequence[Sequence[Any]]], list[Any]]:
    """A connection that breaks at the count-th command of this name, once."""
    left = count

    def made(commands: Sequence[Sequence[Any]]) -> list[Any]:
        nonlocal left
        if any(command[0] == word for command in commands):
            left -= 1
            if left == 0:
                raise JournalUnavailable("Redis is away")
        return ask(commands)

    return made


BIG = 2 * SNAPSHOT_CHUNK_BYTES


@pytest.mark.process
@pytest.mark.parametrize(
    ("word", "count"), [("ZADD", 1), ("HSET", 1), ("HSET", 3), ("HSET", 4), ("HLEN", 1), ("EXEC", 1)]
)
def test_what_was_not_finished_is_not_found_and_not_left(
    ask: Callable[..., list[Any]], word: str, count: int
) -> None:
    RedisSnapshots(ask, "tests").write(place(1), 1, parts(1))
    store = RedisSnapshots(failing(ask, word, count), "tests")
    with pytest.raises(JournalUnavailable):
        store.write(place(2), 1, parts(2, BIG))
    assert sequences(store) == [1]
    assert keys(ask) == sorted([snapshot_key(place(1).id), SNAPSHOTS, STORE])
    store.write(place(2), 1, parts(2, BIG))
    assert sequences(store) == [2, 1]


@pytest.mark.process
@pytest.mark.parametrize("count", range(1, 5))
def test_what_a_killed_process_left_is_swept_away(
    ask: Callable[..., list[Any]], count: int
) -> None:
    class Killed(BaseException):
        pass

    def until_killed(commands: Sequence[Sequence[Any]]) -> list[Any]:
        nonlocal count
        count -= 1
        if count == 0:
            raise Killed
        return ask(commands)

    store = RedisSnapshots(ask, "tests")
    store.write(place(1), 1, parts(1))
    with pytest.raises(Killed):
        RedisSnapshots(until_killed, "tests").write(place(2), 1, parts(2, BIG))
    assert sequences(store) == [1]
    store.sweep()
    assert keys(ask) == sorted([snapshot_key(place(1).id), SNAPSHOTS, STORE])
    assert sequences(store) == [1]


@pytest.mark.process
def test_one_that_is_swept_away_under_its_writer_is_not_registered(
    ask: Callable[..., list[Any]], store: RedisSnapshots
) -> None:
    other = RedisSnapshots(ask, "tests")

    def made(commands: Sequence[Sequence[Any]]) -> list[Any]:
        if commands[0][0] == "HSET" and commands[0][2] == "1":
            other.sweep()
        return ask(commands)

    with pytest.raises(JournalUnavailable, match="swept away"):
        RedisSnapshots(made, "tests").write(place(2), 1, parts(2, BIG))
    assert sequences(store) == []
    assert keys(ask) == [STORE]


@pytest.mark.process
def test_a_snapshot_of_what_redis_has_lost_is_not_used(
    ask: Callable[..., list[Any]], store: RedisSnapshots
) -> None:
    for number in (3, 4, 5):
        store.write(place(number), 1, parts(number))
    ask([("XDEL", journal_key(5 % PARTITIONS), str(EntryId(NOW_MS, 5)))])
    with capture_logs() as said:
        found = store.newest(1)
    assert found is not None
    assert found.place.sequence == 4
    assert [line["event"] for line in said] == ["snapshot.not_in_journal"]
    assert [one.sequence for one in store.prune()] == [4, 3], "it counts for nothing"


@pytest.mark.process
def test_memory_that_is_full_leaves_nothing_behind(
    ask: Callable[..., list[Any]], store: RedisSnapshots
) -> None:
    store.write(place(1), 1, parts(1))
    before = keys(ask)
    (info,) = ask([("INFO", "memory")])
    used = next(
        int(line.split(b":")[1]) for line in info.split(b"\r\n") if line.startswith(b"used_memory:")
    )
    try:
        ask([("CONFIG", "SET", "maxmemory", used + 5 * SNAPSHOT_CHUNK_BYTES)])
        with pytest.raises(JournalUnavailable, match="maxmemory"):
            store.write(place(2), 1, parts(2, 20 * SNAPSHOT_CHUNK_BYTES))
        assert keys(ask) == before
        assert sequences(store) == [1]
    finally:
        ask([("CONFIG", "SET", "maxmemory", 0)])


@pytest.mark.process
def test_the_beginning_is_there_until_something_is_trimmed(
    ask: Callable[..., list[Any]], store: RedisSnapshots
) -> None:
    assert store.has_beginning()
    ask([("SET", BEGINNING, b"a place")])
    assert not store.has_beginning()


@pytest.mark.process
def test_what_was_set_aside_stays_as_evidence(
    ask: Callable[..., list[Any]], store: RedisSnapshots
) -> None:
    store.write(place(3), 1, parts(3))
    newest = store.newest(1)
    assert newest is not None
    store.set_aside(newest)
    assert keys(ask) == [diverged_key(place(3).id), STORE]
