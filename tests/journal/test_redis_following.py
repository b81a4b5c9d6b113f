"""Following a journal in Redis from outside: everything, whole, and nothing that is not there."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.errors import JournalCorrupt, JournalUnavailable, JournalVersion, StorageError
from router.journal.redis_following import RedisFollowing
from router.journal.redis_layout import (
    BEGINNING,
    STORE,
    EntryId,
    StreamEntry,
    StreamPlace,
    encode_piece,
    encode_place,
    journal_key,
    partition_of,
)
from router.journal.redis_link import Link, RedisAway
from tests.helpers.redis_server import RedisServer, redis_server
from tests.helpers.redis_store import PARTITIONS, Store, empty_store

pytestmark = pytest.mark.process


@pytest.fixture
def store(redis: RedisServer) -> Iterator[Store]:
    with empty_store(redis) as made:
        yield made


@pytest.fixture
def link(redis: RedisServer) -> Iterator[Link]:
    made = Link(redis.address)
    yield made
    made.close()


def follow(link: Link, place: StreamPlace | None = None) -> RedisFollowing:
    return RedisFollowing(link, core_version=1, place=place)


def drain(following: RedisFollowing) -> list[StreamEntry]:
    entries: list[StreamEntry] = []
    while batches := following.read():
        entries += batches
    return entries


def lose(store: Store, count: int) -> None:
    """The newest batches are gone, as after a fail-over to a replica that was behind."""
    for _ in range(count):
        for record in store.entries.pop().records:
            store.positions[record.tenant] -= 1
    for key in map(journal_key, range(PARTITIONS)):
        (kept,) = store.link.call(("XRANGE", key, "-", str(store.last)))
        store.link.call(("DEL", key), *(("XADD", key, name, *fields) for name, fields in kept))
    store.link.call(("HSET", STORE, "last", str(store.last)))


def replace(store: Store) -> None:
    """Another batch under the next number, later than the one that was lost."""
    entry_id = EntryId(2_000, store.last.sequence + 1)
    fields = encode_piece([("acme", b"other")], link=store.last, core_version=1)
    key = journal_key(partition_of("acme", PARTITIONS))
    store.link.call(("XADD", key, str(entry_id), *fields), ("HSET", STORE, "last", str(entry_id)))
    store.entries.append(StreamEntry(entry_id, store.last, ()))


def test_everything_is_given_once_and_the_place_is_behind_it(store: Store, link: Link) -> None:
    following = follow(link)
    assert (following.read(), following.place) == ((), None)
    chance = random.Random(7)
    for count in (1, 40, 3):
        before = len(store.entries)
        store.fill(chance, count)
        assert drain(following) == store.entries[before:]
        assert following.place == StreamPlace(store.last, store.positions)
    place = following.place
    assert place is not None
    store.fill(chance, 5)
    again = follow(link, place)
    assert again.place == place
    assert drain(again) == store.entries[-5:]


def test_a_batch_over_several_partitions_is_never_seen_in_half(store: Store, link: Link) -> None:
    done = threading.Event()

    def write() -> None:
        store.fill(random.Random(3), 300)
        done.set()

    writer = threading.Thread(target=write)
    following = follow(link)
    writer.start()
    entries: list[StreamEntry] = []
    while not done.is_set():
        entries += following.read()
    writer.join()
    assert [*entries, *drain(following)] == store.entries


def test_where_there_is_no_journal_or_its_beginning_is_gone_it_is_told(
    store: Store, link: Link
) -> None:
    store.fill(random.Random(1), 5)
    place = StreamPlace(store.entries[2].id, {"acme": 3})
    store.link.call(("SET", BEGINNING, encode_place(place)))
    with pytest.raises(StorageError, match=f"begins behind entry {place.id}"):
        follow(link)
    assert [entry.sequence for entry in drain(follow(link, place))] == [4, 5]
    store.link.call(("FLUSHALL",))
    with pytest.raises(StorageError, match="there is no journal here"):
        follow(link)


def test_what_redis_lost_and_got_again_goes_on_and_what_replaced_it_does_not(
    store: Store, link: Link
) -> None:
    store.fill(random.Random(1), 9)
    following = follow(link)
    drain(following)
    kept = [*store.entries]
    store.fill(random.Random(2), 3)
    lose(store, 5)
    assert following.read() == (), "whoever serves may repair it"
    for entry in kept[7:]:
        store.write([(record.tenant, record.payload) for record in entry.records])
    assert following.read() == ()
    store.fill(random.Random(4), 2)
    assert drain(following) == store.entries[-2:]
    lose(store, 2)
    for _ in range(4):
        replace(store)
    with pytest.raises(JournalCorrupt):
        drain(following)


def test_another_version_of_the_core_ends_it(store: Store, link: Link) -> None:
    store.fill(random.Random(1), 2)
    store.write([("acme", b"c")], version=2)
    with pytest.raises(JournalVersion):
        drain(follow(link))


def test_whoever_follows_goes_on_when_redis_is_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        link = Link(redis.address)
        link.call(("HSET", STORE, "partitions", PARTITIONS, "last", "0-0"))
        store = Store(link)
        store.fill(random.Random(1), 4)
        following = RedisFollowing(Link(redis.address), core_version=1)
        drain(following)
        redis.kill()
        with pytest.raises(JournalUnavailable):
            following.read()
        with pytest.raises(RedisAway):
            follow(Link(redis.address))
        redis.start()
        link.close()
        store.fill(random.Random(2), 3)
        assert drain(following) == store.entries[-3:]
        following.close()
