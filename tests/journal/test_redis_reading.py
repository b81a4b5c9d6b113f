"""A journal in Redis, read from outside."""

import random
from collections.abc import Iterator

import pytest

from router.errors import JournalCorrupt, StorageError
from router.journal.redis_address import address_of
from router.journal.redis_layout import BEGINNING, ORIGIN, STORE, StreamPlace, encode_place
from router.journal.redis_reading import extent_of, is_begun, read_store, read_whole, store_id_of
from tests.helpers.redis_server import RedisServer
from tests.helpers.redis_store import PARTITIONS, Store, empty_store

pytestmark = pytest.mark.process


@pytest.fixture
def store(redis: RedisServer) -> Iterator[Store]:
    with empty_store(redis) as made:
        yield made


def test_everything_is_read_in_order_up_to_what_was_there_at_first(
    redis: RedisServer, store: Store
) -> None:
    store.fill(random.Random(1), 300)
    reading = read_store(redis.address, core_version=1)
    first = next(reading)
    store.fill(random.Random(2), 1)
    assert [first, *reading] == store.entries[:300]
    assert list(read_store(redis.address, core_version=1)) == store.entries
    assert extent_of(redis.address) == (StreamPlace(ORIGIN, {}), store.last)
    whole = [*read_whole(redis.address, core_version=1)]
    assert whole == [record for entry in store.entries for record in entry.records]


def test_reading_begins_at_a_place_or_behind_what_is_kept_no_more(
    redis: RedisServer, store: Store
) -> None:
    store.fill(random.Random(1), 10)
    counts: dict[str, int] = {}
    for entry in store.entries[:4]:
        for record in entry.records:
            counts[record.tenant] = record.position
    place = StreamPlace(store.entries[3].id, counts)
    assert list(read_store(redis.address, core_version=1, place=place)) == store.entries[4:]
    redis.ask("SET", BEGINNING, encode_place(place))
    assert list(read_store(redis.address, core_version=1)) == store.entries[4:]
    assert extent_of(redis.address)[0] == place
    with pytest.raises(StorageError, match="is kept no more"):
        next(read_whole(redis.address, core_version=1))


def test_an_entry_that_is_gone_is_not_passed_over(redis: RedisServer, store: Store) -> None:
    store.fill(random.Random(1), 10)
    for partition in range(PARTITIONS):
        redis.ask("XDEL", f"fairline:journal:{partition}", str(store.entries[4].id))
    with pytest.raises(JournalCorrupt):
        list(read_store(redis.address, core_version=1))


def test_where_there_is_none_that_is_said(redis: RedisServer, store: Store) -> None:
    redis.ask("HSET", STORE, "store_id", "a1b2")
    assert is_begun(redis.address)
    assert store_id_of(redis.address) == "a1b2"
    redis.ask("FLUSHALL")
    assert not is_begun(redis.address)
    assert store_id_of(redis.address) == ""
    with pytest.raises(StorageError, match="there is no journal here"):
        list(read_store(redis.address, core_version=1))
    with pytest.raises(StorageError, match="there is no journal here"):
        extent_of(redis.address)
    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1"):
        extent_of(address_of("redis://:hush@127.0.0.1:1"))
