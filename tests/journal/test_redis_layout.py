import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal import redis_layout
from router.journal.redis_layout import (
    ORIGIN,
    PREFIX,
    EntryId,
    Life,
    Piece,
    StreamEntry,
    StreamPlace,
    decode_life,
    decode_piece,
    decode_place,
    encode_piece,
    encode_place,
    journal_key,
    merged,
    partition_of,
    snapshot_key,
    spread,
)

NUMBERS = st.integers(0, 2**64 - 1)
TENANTS = st.sampled_from([f"tenant-{number}" for number in range(12)])
BATCHES = st.lists(st.lists(st.tuples(TENANTS, st.binary(max_size=8)), min_size=1, max_size=9))


def test_all_keys_begin_alike_so_that_one_rule_of_an_acl_covers_them() -> None:
    names = ("STORE", "OWNER", "POSITIONS", "LIVES", "BEGINNING", "SNAPSHOTS")
    keys = [getattr(redis_layout, name) for name in names]
    keys += [journal_key(31), snapshot_key(EntryId(5, 1))]
    assert all(key.startswith(PREFIX) for key in keys)
    assert len(set(keys)) == len(keys)


@given(NUMBERS, NUMBERS)
def test_an_id_comes_back_as_it_was_spelt(now_ms: int, sequence: int) -> None:
    entry_id = EntryId(now_ms, sequence)
    assert EntryId.parse(str(entry_id)) == entry_id
    assert EntryId.parse(str(entry_id).encode()) == entry_id


@pytest.mark.parametrize(
    "text", ["", "5", "-", "5-", "-5", "5-1-2", "+5-1", " 5-1", "5-x", "\u0665-1", f"{2**64}-0"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        EntryId.parse(text)


@given(st.dictionaries(TENANTS, st.integers(0, 2**53)))
def test_a_life_comes_back_as_redis_keeps_it(positions: dict[str, int]) -> None:
    flat = [str(word) for pair in positions.items() for word in pair]
    fields = [b"at", b"5-1", b"life", b"a1", b"positions", json.dumps(flat).encode()]
    assert decode_life(fields) == Life("a1", positions)


@pytest.mark.parametrize("told", [b"{}", b'["acme"]', b'["acme", "x"]', b"", b"[1, 2]"])
def test_what_is_no_life_is_refused(told: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever says so
        decode_life([b"life", b"a1", b"positions", told])
    with pytest.raises(ValueError, match="cannot be read"):
        decode_life([b"life", b"a1"])


def test_bytes_that_are_no_text_are_no_id_either() -> None:
    with pytest.raises(ValueError, match="ascii"):
        EntryId.parse(b"\xff-1")


@given(st.lists(st.tuples(NUMBERS, NUMBERS)))
def test_ids_sort_as_redis_sorts_them(pairs: list[tuple[int, int]]) -> None:
    """By stamp, then by number, as numbers and not as text."""
    assert [tuple(each) for each in sorted(EntryId(*pair) for pair in pairs)] == sorted(pairs)


def test_a_tenant_stays_in_its_partition_from_release_to_release() -> None:
    found = [partition_of(name, 32) for name in ("acme", "globex", "müller", "")]
    assert found == [30, 26, 25, 0]


@given(st.lists(st.tuples(TENANTS, st.binary(max_size=8))), st.integers(1, 40))
def test_spreading_keeps_all_commands_and_each_tenants_order(
    commands: list[tuple[str, bytes]], partitions: int
) -> None:
    pieces = spread(commands, partitions)
    assert list(pieces) == sorted(pieces)
    for partition, some in pieces.items():
        assert some == [one for one in commands if partition_of(one[0], partitions) == partition]
    assert sum(len(some) for some in pieces.values()) == len(commands)


@given(st.lists(st.tuples(TENANTS, st.binary(max_size=8))), NUMBERS, NUMBERS, st.integers(1, 9))
def test_an_entry_comes_back_as_it_was_written(
    commands: list[tuple[str, bytes]], now_ms: int, sequence: int, version: int
) -> None:
    link = EntryId(now_ms, sequence)
    fields = [
        field.encode() if isinstance(field, str) else field
        for field in encode_piece(commands, link=link, core_version=version)
    ]
    assert decode_piece(b"7-1", fields) == Piece(EntryId(7, 1), link, version, commands)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ([b"b", b"\x90", b"l", b"0-0"], "'v'"),
        ([b"b", b"\xc1", b"l", b"0-0", b"v", b"1"], "commands"),
        ([b"b", b"\x90", b"l", b"zero", b"v", b"1"], "no id"),
        ([b"b", b"\x90", b"l", b"0-0", b"v", b"one"], "one"),
        ([b"b", b"\x90", b"l"], "shorter"),
    ],
)
def test_an_entry_that_is_damaged_says_so(fields: list[bytes], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        decode_piece(b"7-1", fields)


@given(BATCHES, st.integers(1, 5))
def test_batches_come_together_again_whatever_they_were_spread_over(
    batches: list[list[tuple[str, bytes]]], partitions: int
) -> None:
    pages: list[list[Piece]] = [[] for _ in range(partitions)]
    link = ORIGIN
    for number, commands in enumerate(batches, start=1):
        entry_id = EntryId(number // 3, number)
        for partition, some in spread(commands, partitions).items():
            pages[partition].append(Piece(entry_id, link, 1, some))
        link = entry_id
    found = list(merged(pages))
    assert [pieces[0].id.sequence for pieces in found] == list(range(1, len(batches) + 1))
    for pieces, commands in zip(found, batches, strict=True):
        expected = [one for some in spread(commands, partitions).values() for one in some]
        assert [one for piece in pieces for one in piece.commands] == expected
        assert len({piece.id for piece in pieces}) == 1


def test_a_place_is_behind_an_entry() -> None:
    place = StreamPlace(EntryId(1_000, 7), {"acme": 3})
    assert (place.now_ms, place.sequence) == (1_000, 7)
    assert StreamEntry(place.id, ORIGIN, ()).sequence == 7


@given(NUMBERS, NUMBERS, st.dictionaries(st.text(max_size=5), st.integers(0, 2**63)))
def test_a_place_comes_back_as_it_was_kept(
    now_ms: int, sequence: int, positions: dict[str, int]
) -> None:
    place = StreamPlace(EntryId(now_ms, sequence), positions)
    assert decode_place(encode_place(place)) == place


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x92\xa3x-1\x80", b"\x91\xa30-0"])
def test_what_is_no_place_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"place|no id"):
        decode_place(data)
