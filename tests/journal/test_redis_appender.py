"""The writing end: what Redis refuses is refused, what it lost is written again, never guessed.

What happens when Redis or the way to it goes away stands in `test_redis_faults.py`.
"""

from collections.abc import Iterator

import pytest

from router.errors import JournalUnavailable, StorageError
from router.journal import redis_appender as module
from router.journal.redis_appender import Appender, Kept
from router.journal.redis_cursor import StreamCursor
from router.journal.redis_layout import (
    LIVES,
    ORIGIN,
    OWNER,
    POSITIONS,
    STORE,
    EntryId,
    StreamEntry,
    StreamPlace,
    journal_key,
)
from router.journal.redis_link import Link
from tests.helpers.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.process

PARTITIONS = 4
START = StreamPlace(ORIGIN, {})
LIFE = "a"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), options=["appendfsync", "no"]) as started:
        link = Link(started.address)
        link.load_functions()
        link.close()
        yield started


@pytest.fixture
def link(server: RedisServer) -> Iterator[Link]:
    made = Link(server.address)
    made.call(("FLUSHALL",), ("CONFIG", "SET", "maxmemory", 0, "min-replicas-to-write", 0))
    yield made
    made.close()


class Counted(list[str]):
    """The names of figures that were counted."""

    def __call__(self, name: str) -> None:
        self.append(name)


def appender_on(server: RedisServer, count: Counted | None = None, **rest: bool) -> Appender:
    """A new life that owns the store."""
    server.ask(
        *("FCALL", "fairline_claim", 4, STORE, OWNER, POSITIONS, LIVES),
        *(LIFE, "one", "", "", "", 1, PARTITIONS, "x"),
    )
    kept = Kept(PARTITIONS, ORIGIN, {}, START)
    link = Link(server.address)
    link.open()
    return Appender(
        link, LIFE, kept, core_version=1, count=Counted() if count is None else count, **rest
    )


def read(link: Link, count: int) -> list[StreamEntry]:
    cursor = StreamCursor(link.call, partitions=PARTITIONS, core_version=1, places=[START])
    found: list[StreamEntry] = []
    while cursor.sequence <= count:
        found += cursor.read(count)
    return found


def test_what_is_appended_is_there_with_all_that_stands_beside_it(
    server: RedisServer, link: Link
) -> None:
    appender = appender_on(server)
    entries = [
        appender.append([("acme", b"1"), ("globex", b"1")], 500),
        appender.append([("acme", b"2")], 400),
        appender.append([("acme", b"3")], 600),
    ]
    assert [entry.id for entry in entries] == [EntryId(500, 1), EntryId(500, 2), EntryId(600, 3)]
    assert read(link, 3) == entries
    assert link.call(("HGETALL", POSITIONS)) == [[b"acme", b"3", b"globex", b"1"]]
    store = link.call(("HMGET", STORE, "core_version", "sequence", "now_ms", "last"))
    assert store == [[b"1", b"3", b"600", b"600-3"]]
    assert link.call(("HMGET", OWNER, "life", "number", "reply")) == [[b"a", b"3", b"600-3"]]
    assert appender.place == StreamPlace(EntryId(600, 3), {"acme": 3, "globex": 1})
    appender.release()
    assert link.call(("EXISTS", OWNER)) == [0]


@pytest.mark.parametrize(
    ("fault", "mend", "code"),
    [
        (("maxmemory", 1), ("maxmemory", 0), "OOM"),
        (("min-replicas-to-write", 1), ("min-replicas-to-write", 0), "NOREPLICAS"),
    ],
)
def test_what_redis_refuses_is_not_in_and_the_next_goes_on_when_it_takes_again(
    server: RedisServer, link: Link, fault: tuple[str, int], mend: tuple[str, int], code: str
) -> None:
    appender = appender_on(server)
    first = appender.append([("acme", b"1")], 0)
    link.call(("CONFIG", "SET", *fault))
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match=f"Redis refuses: {code}"):
            appender.append([("acme", b"never")], 0)
    assert appender.beat() is None
    link.call(("CONFIG", "SET", *mend))
    assert read(link, 1) == [first]
    second = appender.append([("acme", b"2")], 0)
    assert read(link, 2) == [first, second]
    assert second.records[0].position == 2
    appender.release()


def test_a_full_redis_still_hears_the_beat(server: RedisServer, link: Link) -> None:
    appender = appender_on(server)
    link.call(("CONFIG", "SET", "maxmemory", 1))
    (before,) = link.call(("HGET", OWNER, "beat"))
    assert appender.beat() is None
    assert int(link.call(("HGET", OWNER, "beat"))[0]) == int(before) + 1
    appender.release()
    assert link.call(("EXISTS", OWNER)) == [0]


def test_functions_that_went_are_loaded_again(server: RedisServer, link: Link) -> None:
    appender = appender_on(server)
    link.call(("FUNCTION", "FLUSH"))
    entry = appender.append([("acme", b"1")], 0)
    assert read(link, 1) == [entry]
    link.call(("FUNCTION", "FLUSH"))
    assert appender.beat() is None
    assert appender.beat() is None
    appender.release()


def lose(link: Link, entries: list[StreamEntry], left: int) -> None:
    """Make Redis forget its newest entries, as a fail-over does: with all that stood beside."""
    for entry in entries[left:]:
        for partition in range(PARTITIONS):
            link.call(("XDEL", journal_key(partition), str(entry.id)))
    for partition in range(PARTITIONS):
        key = journal_key(partition)
        kept = link.call(("XRANGE", key, "-", "+"))[0]
        link.call(("DEL", key), *(("XADD", key, name, *fields) for name, fields in kept))
    last = entries[left - 1].id if left else ORIGIN
    link.call(
        ("HSET", STORE, "last", str(last), "sequence", last.sequence, "now_ms", last.now_ms),
        ("HSET", OWNER, "number", left, "reply", str(last) if left else ""),
        ("DEL", POSITIONS),
    )
    positions = {r.tenant: r.position for entry in entries[:left] for r in entry.records}
    for tenant, position in positions.items():
        link.call(("HSET", POSITIONS, tenant, position))


def everything(link: Link) -> list[object]:
    streams = [("XRANGE", journal_key(partition), "-", "+") for partition in range(PARTITIONS)]
    return link.call(
        *streams,
        ("HGETALL", POSITIONS),
        ("HGETALL", STORE),
        ("HMGET", OWNER, "life", "number", "reply"),
    )


@pytest.mark.parametrize("left", [0, 1, 60, 149])
@pytest.mark.parametrize("by", ["append", "beat", "new connection"])
def test_what_redis_lost_is_written_again_as_it_was(
    server: RedisServer, link: Link, left: int, by: str
) -> None:
    count = Counted()
    appender = appender_on(server, count)
    entries = [
        appender.append([("acme", b"%d" % n), ("globex", b"%d" % n)][: 1 + n % 2], 10 * n)
        for n in range(150)
    ]
    before = everything(link)
    lose(link, entries, left)
    if by == "append":
        entries.append(appender.append([("acme", b"next")], 0))
    else:
        if by == "new connection":
            appender._link.close()
        assert appender.beat() is None
        assert everything(link) == before
    assert read(link, len(entries)) == entries
    assert count.count("redis_repairs") == 1
    appender.release()


def test_what_is_not_known_any_more_ends_the_life(
    server: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RING_SECONDS", -1.0)
    appender = appender_on(server)
    entries = [appender.append([("acme", b"%d" % n)], 0) for n in range(5)]
    lose(link, entries, 2)
    with pytest.raises(StorageError, match="its newest is 0-2, this node's is 0-5") as raised:
        appender.append([("acme", b"next")], 0)
    assert not isinstance(raised.value, JournalUnavailable)
    with pytest.raises(StorageError, match="its newest is 0-2"):
        appender.append([("acme", b"next")], 0)
    assert read(link, 2) == entries[:2]
    appender.release()


def test_the_ring_is_bounded_in_bytes_too(
    server: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RING_BYTES_MAX", 20_000)
    appender = appender_on(server)
    entries = [appender.append([("acme", bytes(1_000))], 0) for _ in range(50)]
    lose(link, entries, 40)
    assert appender.beat() is None
    assert read(link, 50) == entries
    lose(link, entries, 30)
    assert "Redis has lost entries" in str(appender.beat())
    assert appender.beat() is None, "it was told once"
    appender.release()


@pytest.mark.parametrize("by", ["append", "beat"])
def test_an_entry_of_somebody_else_ends_the_life(server: RedisServer, link: Link, by: str) -> None:
    appender = appender_on(server)
    appender.append([("acme", b"1")], 7)
    link.call(("HSET", STORE, "last", "9-2"))
    if by == "beat":
        assert "not of this node" in str(appender.beat())
    with pytest.raises(StorageError, match="not of this node"):
        appender.append([("acme", b"2")], 0)
    appender.release()
    assert link.call(("EXISTS", OWNER)) == [1], "a life that must end gives nothing up"


def test_without_a_replica_nothing_is_told_where_one_is_wanted(
    server: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.3)
    appender = appender_on(server, is_replicated=True)
    appender.close()
    with pytest.raises(StorageError, match="closed while Redis did not say") as raised:
        appender.append([("acme", b"1")], 0)
    assert not isinstance(raised.value, JournalUnavailable)
    assert link.call(("XLEN", journal_key(2))) == [1], "it is in, but not where it should be"
    assert int(link.call(("HGET", OWNER, "beat"))[0]) > 1, "the beat goes on meanwhile"
    appender.release()


def test_a_batch_whose_copy_redis_does_not_count_is_in_and_never_said_not_to_be(
    server: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.3)
    appender = appender_on(server, is_replicated=True)
    link.call(("ACL", "SETUSER", "default", "-wait"))
    try:
        appender.close()
        with pytest.raises(StorageError, match="closed while Redis did not say") as raised:
            appender.append([("acme", b"1")], 0)
    finally:
        link.call(("ACL", "SETUSER", "default", "+wait"))
    assert not isinstance(raised.value, JournalUnavailable)
    assert len(read(link, 1)) == 1
    appender.release()
