"""A tenant's whole state as a stream of objects, and back."""

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core import CORE_VERSION, Router
from router.errors import SnapshotVersion
from router.snapshots import dump, fill, load
from router.world import World
from tests.helpers.replayed import recorded


def lived(seed: int = 3) -> Router:
    """A router with something of everything in it."""
    router = Router("tenant")
    for now, *_ in recorded(seed, 250):
        router = now
    return router


LIVED = lived()
WHOLE = b"".join(LIVED.snapshot())


def test_what_is_restored_dumps_the_same_bytes() -> None:
    again = Router.restore([WHOLE])
    assert b"".join(again.snapshot()) == WHOLE
    assert again.digest() == LIVED.digest()
    assert (again.position, again.now_ms) == (LIVED.position, LIVED.now_ms)
    assert again.next_deadline_ms() == LIVED.next_deadline_ms()
    assert again.lives() == LIVED.lives()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(size=st.integers(1, 5_000))
def test_chunks_may_be_cut_anywhere(size: int) -> None:
    chunks = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
    assert Router.restore(chunks).digest() == LIVED.digest()


def test_a_snapshot_that_is_cut_short_is_not_taken() -> None:
    chunks = list(LIVED.snapshot())
    with pytest.raises(AssertionError, match="cut short"):
        Router.restore(chunks[:-1])


def test_a_snapshot_of_another_version_is_not_taken() -> None:
    chunks = list(LIVED.snapshot())
    other = CORE_VERSION + 1
    chunks[0] = chunks[0].replace(bytes([0x94, CORE_VERSION]), bytes([0x94, other]), 1)
    with pytest.raises(SnapshotVersion, match=f"core version {other}"):
        Router.restore(chunks)


def test_an_unknown_object_stops_the_restore() -> None:
    with pytest.raises(SnapshotVersion, match="does not know what 'weather' is"):
        fill(World("tenant"), [("weather", b"")])


def test_a_known_object_in_another_form_stops_the_restore() -> None:
    """A later release may keep more of what there is today, or count otherwise."""
    for packed in (msgpack.packb(["many", 2, 3]), b"\xc1"):
        with pytest.raises(SnapshotVersion, match="knows 'counts' in another form"):
            fill(World("tenant"), [("counts", packed)])


def test_an_empty_world_is_a_snapshot_too() -> None:
    world = World("tenant")
    fill(world, load(dump(World("tenant"))))
    assert list(dump(world)) == list(dump(World("tenant")))


def test_what_is_derived_is_as_it_was() -> None:
    again = Router.restore([WHOLE])
    for name in ("waiting_by_queue", "active_by_queue"):
        before = getattr(LIVED.world.conversations, name)
        after = getattr(again.world.conversations, name)
        kept = {queue: value for queue, value in before.items() if value}
        assert {queue: value for queue, value in after.items() if value} == kept
    for one in LIVED.world.conversations:
        assert again.world.ahead(again.world.conversations.find(one.id)) == LIVED.world.ahead(one)
