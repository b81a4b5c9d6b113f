"""What a connection has still to be sent."""

import json
from typing import Any

import msgpack
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from router.limits import ALLOWANCES
from router.outgoing import Beat, Outgoing
from router.server.outbox import BYTES_MAX, HEAVY_BYTES, MESSAGES_MAX, SHARE_BYTES, Outbox, Pool
from router.wire import Encoding, Packet


class Reader:
    """An outbox and what came out of it."""

    def __init__(self, encoding: Encoding = Encoding.JSON, pool: Pool | None = None) -> None:
        self.fallen_count = 0
        self.woken_count = 0
        self.box = Outbox(encoding, self._wake, self._fall, pool)

    def _wake(self) -> None:
        self.woken_count += 1

    def _fall(self) -> None:
        self.fallen_count += 1

    def put(self, at: int) -> None:
        self.box.put(Packet(Beat(at=at)))

    def take(self) -> list[Any]:
        is_json = self.box.encoding is Encoding.JSON
        return [
            json.loads(frame) if is_json else msgpack.unpackb(frame) for frame in self.box.take()
        ]


def beats(*instants: int) -> list[dict[str, Any]]:
    return [{"t": "beat", "at": at} for at in instants]


def test_messages_leave_in_order_one_to_a_frame() -> None:
    reader = Reader()
    for at in range(16):
        reader.put(at)
    assert reader.take() == beats(*range(16))


@pytest.mark.parametrize("encoding", list(Encoding))
def test_whoever_fell_behind_gets_arrays_of_sixteen(encoding: Encoding) -> None:
    reader = Reader(encoding)
    for at in range(33):
        reader.put(at)
    frames = reader.take()
    assert frames == [beats(*range(16)), beats(*range(16, 32)), *beats(32)]


def test_whoever_takes_is_woken_once_until_nothing_is_left() -> None:
    reader = Reader()
    reader.put(1)
    reader.put(2)
    assert (reader.woken_count, reader.box.is_idle) == (1, False)
    assert reader.take() == beats(1, 2)
    reader.put(3)
    assert reader.woken_count == 1
    assert reader.take() == beats(3)
    assert reader.take() == []
    assert reader.box.is_idle
    reader.put(4)
    assert reader.woken_count == 2


def test_more_messages_than_the_bound_are_an_overrun_told_once() -> None:
    reader = Reader()
    for at in range(MESSAGES_MAX):
        reader.put(at)
    assert not reader.box.overrun
    reader.put(-1)
    reader.put(-2)
    assert (reader.box.overrun, reader.fallen_count) == (True, 1)
    assert reader.take() == []


def test_whoever_fell_behind_still_gets_the_last_word() -> None:
    reader = Reader()
    for at in range(MESSAGES_MAX + 1):
        reader.put(at)
    reader.box.close(Packet(Beat(at=-3)))
    reader.put(-4)
    assert reader.take() == beats(-3)


def test_more_bytes_than_the_bound_are_an_overrun() -> None:
    reader = Reader()
    large = Packet(Beat(at=0))
    large._encoded[Encoding.JSON] = b"x" * (BYTES_MAX // 2)
    reader.box.put(large)
    reader.box.put(large)
    assert not reader.box.overrun
    reader.put(1)
    assert reader.box.overrun


def test_one_message_goes_however_large() -> None:
    reader = Reader()
    huge = Packet(Beat(at=0))
    huge._encoded[Encoding.JSON] = b"x" * (2 * BYTES_MAX)
    reader.box.put(huge)
    assert [len(frame) for frame in reader.box.take()] == [2 * BYTES_MAX]


def test_what_was_taken_makes_room() -> None:
    reader = Reader()
    for _ in range(10):
        for at in range(64):
            reader.put(at)
        reader.take()
    assert not reader.box.overrun


def test_of_values_under_one_key_the_last_wins_behind_what_is_reliable() -> None:
    reader = Reader()
    reader.box.put_latest("a", Packet(Beat(at=1)))
    reader.box.put_latest("b", Packet(Beat(at=2)))
    reader.box.put_latest("a", Packet(Beat(at=3)))
    reader.put(9)
    assert reader.take() == beats(9, 3, 2)


def test_values_may_be_merged_instead() -> None:
    reader = Reader()

    def add(before: Outgoing, after: Outgoing) -> Outgoing:
        assert isinstance(before, Beat)
        assert isinstance(after, Beat)
        return Beat(at=before.at + after.at)

    for at in (1, 2, 4):
        reader.box.put_latest("a", Packet(Beat(at=at)), add)
    assert reader.take() == beats(7)
    reader.box.put_latest("a", Packet(Beat(at=5)), add)
    reader.box.drop_latest("a")
    assert len(reader.box) == 0


def test_a_closed_outbox_gives_the_rest_and_then_nothing() -> None:
    reader = Reader()
    reader.put(1)
    reader.box.close()
    reader.put(2)
    reader.box.put_latest("a", Packet(Beat(at=3)))
    assert reader.take() == beats(1)
    assert reader.take() == []


def test_a_last_word_goes_behind_all_that_must_arrive_and_nothing_behind_it() -> None:
    reader = Reader()
    reader.box.put_latest("a", Packet(Beat(at=3)))
    reader.put(1)
    reader.box.close(Packet(Beat(at=2)))
    reader.box.close(Packet(Beat(at=4)))
    assert reader.take() == beats(1, 2)
    assert reader.take() == []


def test_what_is_abandoned_is_given_back_to_the_pool() -> None:
    pool = Pool()
    reader = Reader(pool=pool)
    for at in range(10):
        reader.put(at)
    assert pool.held > 0
    reader.box.abandon()
    assert (pool.held, len(reader.box), reader.box.is_idle) == (0, 0, True)
    reader.put(11)
    assert reader.take() == []


def test_where_the_pool_is_used_up_each_has_its_share_and_no_more() -> None:
    pool = Pool(bytes_max=SHARE_BYTES)
    rich, poor = Reader(pool=pool), Reader(pool=pool)
    half = Packet(Beat(at=0))
    half._encoded[Encoding.JSON] = b"x" * (SHARE_BYTES // 2)
    for _ in range(2):
        rich.box.put(half)
        poor.box.put(half)
    assert (rich.box.overrun, poor.box.overrun) == (False, False)
    rich.box.put(half)
    assert (rich.box.overrun, poor.box.overrun) == (True, False)
    assert pool.held == SHARE_BYTES
    poor.box.take()
    assert pool.held == 0


def test_the_largest_burst_that_is_allowed_fits() -> None:
    """A person may send 40 messages at once, of 8 KiB each, which JSON may double."""
    reader = Reader()
    message = Packet(Beat(at=0))
    message._encoded[Encoding.JSON] = b"x" * (2 * 8_192 + 300)
    for _ in range(ALLOWANCES["agent"].talk_burst):
        reader.box.put(message)
    assert not reader.box.overrun


async def test_whoever_waits_for_a_lighter_outbox_goes_on_when_it_is() -> None:
    reader = Reader()
    with trio.fail_after(1):
        await reader.box.wait_lighter()
    large = Packet(Beat(at=0))
    large._encoded[Encoding.JSON] = b"x" * (HEAVY_BYTES // 2)
    for _ in range(3):
        reader.box.put(large)
    is_lighter = False

    async def wait() -> None:
        nonlocal is_lighter
        await reader.box.wait_lighter()
        is_lighter = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not is_lighter
        reader.box.take()
    assert is_lighter


@given(st.lists(st.none() | st.integers(0, 3), max_size=200))
@settings(max_examples=50, deadline=None)
def test_nothing_is_lost_doubled_or_moved(actions: list[int | None]) -> None:
    """None takes; a number puts: 0 to 2 under that key, 3 reliably."""
    reliable = [number for number, action in enumerate(actions) if action == 3]
    last = {action: number for number, action in enumerate(actions) if action in {0, 1, 2}}
    got: list[int] = []

    reader = Reader()

    def take() -> None:
        for frame in reader.take():
            got.extend(each["at"] for each in (frame if isinstance(frame, list) else [frame]))

    for number, action in enumerate(actions):
        if action is not None:
            packet = Packet(Beat(at=number))
            reader.box.put(packet) if action == 3 else reader.box.put_latest(action, packet)
        else:
            take()
    while len(reader.box):
        take()
    assert [at for at in got if at in set(reliable)] == reliable
    assert set(last.values()) <= set(got)
    assert len(got) == len(set(got))
