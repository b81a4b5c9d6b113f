"""Snapshots in Redis: whole or not found, never of what Redis has lost, and swept away."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from router.errors import JournalUnavailable, StorageError
from router.journal.redis_layout import (
    BEGINNING,
    OWNER,
    SNAPSHOT_CHUNK_BYTES,
    SNAPSHOTS,
    STORE,
    EntryId,
    StreamPlace,
    encode_piece,
    journal_key,
    snapshot_key,
)
from router.journal.redis_link import Link, RedisAway, Words
from router.journal.redis_snapshots import (
    BEGUN,
    DIVERGED,
    DIVERGED_KEPT,
    HEAD,
    RedisSnapshots,
    diverged_key,
)
from router.journal.snapshot_store import SnapshotStore
from tests.helpers.redis_server import RedisServer
from tests.journal.snapshot_contract import SnapshotContract, parts, sequences

pytestmark = pytest.mark.process

PARTITIONS = 4
NOW_MS = 1_000
LIFE = "a1"


def place(sequence: int) -> StreamPlace:
    return StreamPlace(EntryId(NOW_MS, sequence), {"acme": sequence, "globex": 2 * sequence})


def journal(link: Link, count: int = 20) -> None:
    """The entries behind which there may be snapshots."""
    link.load_functions()
    link.call(("FLUSHALL",), ("HSET", STORE, "partitions", PARTITIONS))
    link.call(("HSET", OWNER, "life", LIFE, "node", "one"))
    for number in range(1, count + 1):
        before = EntryId(NOW_MS, number - 1)
        fields = encode_piece([("acme", b"c")], link=before, core_version=1)
        key = journal_key(number % PARTITIONS)
        link.call(("XADD", key, str(EntryId(NOW_MS, number)), *fields))


@pytest.fixture
def link(redis: RedisServer) -> Iterator[Link]:
    made = Link(redis.address)
    journal(made)
    yield made
    made.close()


@pytest.fixture
def store(link: Link) -> RedisSnapshots:
    return RedisSnapshots(link, LIFE)


def hash_of(link: Link, key: str) -> dict[bytes, bytes]:
    (flat,) = link.call(("HGETALL", key))
    return dict(zip(flat[::2], flat[1::2], strict=True))


class TestRedisSnapshots(SnapshotContract[StreamPlace]):
    @pytest.fixture(autouse=True)
    def _server(self, link: Link) -> None:
        self.link = link

    def open(self, folder: Path) -> SnapshotStore[StreamPlace]:
        return RedisSnapshots(self.link, LIFE)

    def place(self, sequence: int) -> StreamPlace:
        return place(sequence)

    def flip(self, store: SnapshotStore[StreamPlace], sequence: int, share: float) -> None:
        """The pieces one behind the other, then the head."""
        key = snapshot_key(place(sequence).id)
        fields = hash_of(self.link, key)
        names = [str(number).encode() for number in range(len(fields) - 1)] + [HEAD.encode()]
        at = int(share * sum(len(each) for each in fields.values()))
        if share > 0.99:
            at = sum(len(fields[name]) for name in names[:-1]) + len(fields[names[-1]]) // 2
        for name in names:
            if at < len(fields[name]):
                data = bytearray(fields[name])
                data[at] ^= 4
                self.link.call(("HSET", key, name, bytes(data)))
                return
            at -= len(fields[name])
        raise AssertionError("a share is less than one")


def keys(link: Link) -> list[str]:
    (found,) = link.call(("KEYS", "fairline:*"))
    return sorted(key.decode() for key in found if b"journal" not in key and key != OWNER.encode())


class Spoilt(Link):
    """A connection on which something happens before some commands."""

    def __init__(self, link: Link, before: Callable[[Sequence[Words]], None]) -> None:
        super().__init__(link._address)
        self.before = before

    def call(self, *commands: Words) -> list[Any]:
        self.before(commands)
        return super().call(*commands)


def breaking(word: str, count: int) -> Callable[[Sequence[Words]], None]:
    """Breaks at the count-th command of this name, once."""
    left = count

    def before(commands: Sequence[Words]) -> None:
        nonlocal left
        if any(command[0] == word for command in commands):
            left -= 1
            if left == 0:
                raise RedisAway("Redis is away", is_heard=False)

    return before


BIG = 2 * SNAPSHOT_CHUNK_BYTES


@pytest.mark.parametrize(
    ("word", "count"),
    [("ZADD", 1), ("HSET", 1), ("HSET", 3), ("HSET", 4), ("HLEN", 1), ("EXEC", 1)],
)
def test_what_was_not_finished_is_not_found_and_not_left(link: Link, word: str, count: int) -> None:
    RedisSnapshots(link).write(place(1), 1, parts(1))
    store = RedisSnapshots(Spoilt(link, breaking(word, count)))
    with pytest.raises(JournalUnavailable):
        store.write(place(2), 1, parts(2, BIG))
    assert sequences(store) == [1]
    assert keys(link) == sorted([snapshot_key(place(1).id), SNAPSHOTS, STORE])
    store.write(place(2), 1, parts(2, BIG))
    assert sequences(store) == [2, 1]


@pytest.mark.parametrize("count", range(1, 5))
def test_what_a_killed_process_left_is_swept_away(link: Link, count: int) -> None:
    class Killed(BaseException):
        pass

    def before(_: object) -> None:
        nonlocal count
        count -= 1
        if count == 0:
            raise Killed

    store = RedisSnapshots(link, LIFE)
    store.write(place(1), 1, parts(1))
    with pytest.raises(Killed):
        RedisSnapshots(Spoilt(link, before)).write(place(2), 1, parts(2, BIG))
    assert sequences(store) == [1]
    store.sweep()
    assert keys(link) == sorted([snapshot_key(place(1).id), SNAPSHOTS, STORE])
    assert sequences(store) == [1]


def test_one_that_is_swept_away_under_its_writer_is_not_registered(
    link: Link, store: RedisSnapshots
) -> None:
    def before(commands: Sequence[Words]) -> None:
        if commands[0][0] == "HSET" and commands[0][2] == "1":
            store.sweep()

    with pytest.raises(JournalUnavailable, match="swept away"):
        RedisSnapshots(Spoilt(link, before)).write(place(2), 1, parts(2, BIG))
    assert sequences(store) == []
    assert keys(link) == [STORE]


def test_a_snapshot_of_what_redis_has_lost_is_not_used(link: Link, store: RedisSnapshots) -> None:
    for number in (3, 4, 5):
        store.write(place(number), 1, parts(number))
    link.call(("XDEL", journal_key(5 % PARTITIONS), str(EntryId(NOW_MS, 5))))
    with capture_logs() as said:
        found = store.newest(1)
    assert found is not None
    assert found.place.sequence == 4
    assert [line["event"] for line in said] == ["snapshot.not_in_journal"]
    assert [one.sequence for one in store.prune()] == [4, 3], "it counts for nothing"


def test_memory_that_is_full_leaves_nothing_behind(link: Link, store: RedisSnapshots) -> None:
    store.write(place(1), 1, parts(1))
    before = keys(link)
    (info,) = link.call(("INFO", "memory"))
    used = next(
        int(line.split(b":")[1]) for line in info.split(b"\r\n") if line.startswith(b"used_memory:")
    )
    try:
        link.call(("CONFIG", "SET", "maxmemory", used + 5 * SNAPSHOT_CHUNK_BYTES))
        with pytest.raises(JournalUnavailable, match="maxmemory"):
            store.write(place(2), 1, parts(2, 20 * SNAPSHOT_CHUNK_BYTES))
        assert keys(link) == before
        assert sequences(store) == [1]
    finally:
        link.call(("CONFIG", "SET", "maxmemory", 0))


def test_the_beginning_is_there_until_something_is_trimmed(
    link: Link, store: RedisSnapshots
) -> None:
    assert store.has_beginning()
    link.call(("SET", BEGINNING, b"a place"))
    assert not store.has_beginning()


def test_what_was_set_aside_stays_as_evidence(link: Link, store: RedisSnapshots) -> None:
    store.write(place(3), 1, parts(3))
    newest = store.newest(1)
    assert newest is not None
    store.set_aside(newest)
    assert keys(link) == [DIVERGED, diverged_key(place(3).id), STORE]
    store.set_aside(newest)
    assert keys(link) == [DIVERGED, diverged_key(place(3).id), STORE]


def test_of_those_that_were_set_aside_the_newest_stay(link: Link, store: RedisSnapshots) -> None:
    for number in (9, 10, 11, 12):
        store.write(place(number), 1, parts(number))
        newest = store.newest(1)
        assert newest is not None
        store.set_aside(newest)
    kept = [diverged_key(place(number).id) for number in (11, 12)]
    assert len(kept) == DIVERGED_KEPT
    assert keys(link) == [DIVERGED, *kept, STORE]
    assert link.call(("ZCARD", DIVERGED)) == [DIVERGED_KEPT]


@pytest.mark.parametrize("life", ["", "b2"])
def test_who_does_not_own_the_store_removes_nothing(
    link: Link, store: RedisSnapshots, life: str
) -> None:
    for number in (1, 2, 3, 4):
        store.write(place(number), 1, parts(number))
    link.call(("ZADD", BEGUN, 5, "fairline:snapshot:x"), ("SET", "fairline:snapshot:x", "x"))
    newest = store.newest(1)
    assert newest is not None
    before = keys(link)
    other = RedisSnapshots(link, life)
    for remove in (other.prune, other.sweep, lambda: other.set_aside(newest)):
        with pytest.raises(StorageError, match="FENCED by one"):
            remove()
    assert keys(link) == before
    assert sequences(store) == [4, 3, 2, 1]
    store.sweep()
    assert [one.sequence for one in store.prune()] == [4, 3]
    assert sequences(store) == [4, 3]
    link.call(("DEL", OWNER))
    with pytest.raises(StorageError, match="FENCED by nobody"):
        store.set_aside(newest)


def test_one_without_a_piece_counts_for_nothing(link: Link, store: RedisSnapshots) -> None:
    for number in (1, 2, 3):
        store.write(place(number), 1, parts(number, BIG))
    link.call(("HDEL", snapshot_key(place(3).id), "1"))
    with capture_logs() as said:
        assert [one.sequence for one in store.prune()] == [2, 1]
        assert sequences(store) == [2, 1]
    assert {line["event"] for line in said} == {"snapshot.damaged", "snapshot.not_used"}
