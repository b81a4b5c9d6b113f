"""Reading from Redis: every batch, in order, whole, whatever the pages are; and what is missing."""

import random
from collections.abc import Iterator

import pytest

from router.errors import JournalCorrupt, JournalVersion
from router.journal import redis_cursor as module
from router.journal.base import Record
from router.journal.redis_cursor import StreamCursor, beginning_of, last_of
from router.journal.redis_layout import (
    BEGINNING,
    ORIGIN,
    STORE,
    EntryId,
    StreamEntry,
    StreamPlace,
    encode_place,
    journal_key,
    partition_of,
)
from router.journal.redis_link import Link
from tests.helpers.redis_server import RedisServer, redis_server
from tests.helpers.redis_store import PARTITIONS, Store

pytestmark = pytest.mark.process

START = StreamPlace(ORIGIN, {})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), options=["appendfsync", "no"]) as started:
        yield started


@pytest.fixture
def link(server: RedisServer) -> Iterator[Link]:
    made = Link(server.address)
    made.call(("FLUSHALL",))
    yield made
    made.close()


def cursor_on(link: Link, *places: StreamPlace, **rest: object) -> StreamCursor:
    return StreamCursor(
        link.call,
        partitions=PARTITIONS,
        core_version=1,
        places=places or [START],
        **rest,  # type: ignore[arg-type]
    )


def read_all(cursor: StreamCursor, through: int) -> None:
    while cursor.sequence <= through:
        cursor.read(through)


def test_the_tenants_of_these_tests_are_in_several_partitions() -> None:
    names = ("acme", "globex", "initech", "umbrella")
    assert len({partition_of(name, PARTITIONS) for name in names}) > 1


@pytest.mark.parametrize("seed", range(4))
def test_everything_comes_once_in_order_and_whole_whatever_the_pages_are(
    link: Link, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(module, "PAGE_BYTES", chance.choice([1, 300, 2_000, 1_000_000]))
    store = Store(link)
    store.fill(chance, 150)
    cursor = cursor_on(link)
    found: list[StreamEntry] = []
    while cursor.sequence <= 150:
        through = min(150, cursor.sequence + chance.randint(0, 60))
        some = cursor.read(through)
        assert some[-1].sequence <= through
        found += some
    assert found == store.entries
    assert cursor.place == StreamPlace(store.last, store.positions)


def test_reading_goes_on_behind_any_place_and_behind_batches_from_memory(link: Link) -> None:
    store = Store(link)
    store.fill(random.Random(5), 40)
    for number_ in range(40):
        cursor = cursor_on(link)
        while cursor.sequence <= number_:
            cursor.pass_by(store.entries[cursor.sequence - 1])
        place = cursor.place
        assert cursor.read(40)[0] == store.entries[number_]
        assert cursor_on(link, place).read(40)[0] == store.entries[number_]


def test_a_batch_that_is_half_there_waits_until_it_is_known_to_be_whole(link: Link) -> None:
    """Of partitions that are asked one after the other, one may have what another had not yet."""
    store = Store(link)
    store.write([("acme", b"1")])
    store.write([("acme", b"2"), ("globex", b"2")])
    link.call(("XDEL", journal_key(partition_of("acme", PARTITIONS)), str(store.last)))
    assert cursor_on(link).read(1) == store.entries[:1]


def test_pages_grow_and_shrink_with_what_is_in_them(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 10_000)
    store = Store(link)
    for _ in range(100):
        store.write([("acme", bytes(50))])
    for _ in range(60):
        store.write([("acme", bytes(5_000))])
    cursor = cursor_on(link)
    sizes = []
    while cursor.sequence <= 160:
        sizes.append(len(cursor.read(160)))
    assert max(sizes) >= 64
    assert sizes[-1] <= 2


def test_a_reader_begins_at_the_last_place_before_which_it_has_everything(link: Link) -> None:
    places = [
        StreamPlace(EntryId(1, 1), {"acme": 1}),
        StreamPlace(EntryId(1, 5), {"acme": 3, "globex": 2}),
    ]
    for after, sequence in (
        ({"acme": 3, "globex": 2}, 6),
        ({"acme": 9, "globex": 1}, 2),
        ({"acme": 1}, 2),
    ):
        assert cursor_on(link, *places, after=after).sequence == sequence
    with pytest.raises(JournalCorrupt, match="needs commands up to entry 1-1, and they are gone"):
        cursor_on(link, *places, after={"globex": 5})


@pytest.mark.parametrize("lost", [1, 20, 40])
def test_an_entry_that_is_gone_is_missed(link: Link, lost: int) -> None:
    store = Store(link)
    for number_ in range(40):
        store.write([("acme", b"%d" % number_)])
    link.call(
        ("XDEL", journal_key(partition_of("acme", PARTITIONS)), str(store.entries[lost - 1].id))
    )
    cursor = cursor_on(link)
    with pytest.raises(JournalCorrupt, match=r"not there|follows"):
        read_all(cursor, 40)
    assert cursor.sequence <= lost


def test_what_comes_before_a_hole_is_told_first_and_goes_on_once_it_is_mended(link: Link) -> None:
    store = Store(link)
    for number_ in range(10):
        store.write([("acme", b"%d" % number_)])
    key = journal_key(partition_of("acme", PARTITIONS))
    (kept,) = link.call(("XRANGE", key, "-", "+"))
    link.call(("XDEL", key, str(store.entries[6].id)))
    cursor = cursor_on(link)
    assert cursor.read(10) == store.entries[:6]
    for _ in range(2):
        with pytest.raises(JournalCorrupt, match="1002-8 follows 1002-7, and 1001-6 was the last"):
            cursor.read(10)
    link.call(("DEL", key), *(("XADD", key, name, *fields) for name, fields in kept))
    assert cursor.read(10) == store.entries[6:]


def test_an_entry_of_another_version_of_the_core_is_refused_where_it_stands(link: Link) -> None:
    store = Store(link)
    store.write([("acme", b"1")])
    store.write([("acme", b"2")], version=2)
    cursor = cursor_on(link)
    assert cursor.read(1) == store.entries[:1]
    with pytest.raises(JournalVersion, match="1000-2 was written for core version 2"):
        cursor.read(2)


def test_what_is_damaged_says_where(link: Link) -> None:
    link.call(("XADD", journal_key(0), "5-1", "b", b"\xc1", "l", "0-0", "v", "1"))
    with pytest.raises(JournalCorrupt, match="fairline:journal:0: It is damaged: the commands"):
        cursor_on(link).read(1)
    link.call(("HSET", STORE, "last", "new"), ("SET", BEGINNING, "x"))
    with pytest.raises(JournalCorrupt, match="fairline:store"):
        last_of(link.call)
    with pytest.raises(JournalCorrupt, match="fairline:beginning"):
        beginning_of(link.call)


def test_where_a_store_begins_and_ends(link: Link) -> None:
    assert (last_of(link.call), beginning_of(link.call)) == (ORIGIN, START)
    place = StreamPlace(EntryId(7, 3), {"acme": 2})
    link.call(("HSET", STORE, "last", "9-4"), ("SET", BEGINNING, encode_place(place)))
    assert (last_of(link.call), beginning_of(link.call)) == (EntryId(9, 4), place)


def test_records_carry_tenant_position_and_stamp(link: Link) -> None:
    store = Store(link)
    store.write([("acme", b"a1"), ("globex", b"g1"), ("acme", b"a2")])
    (entry,) = cursor_on(link).read(1)
    assert sorted(entry.records) == [
        Record("acme", 1, 1_000, b"a1"),
        Record("acme", 2, 1_000, b"a2"),
        Record("globex", 1, 1_000, b"g1"),
    ]
