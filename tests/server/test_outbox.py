"""What a connection has still to be sent."""

import json
from typing import Any

import msgpack
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from router.outgoing import Beat, Outgoing
from router.server.outbox import BYTES_MAX, MESSAGES_MAX, Outbox
from router.wire import Encoding, Packet


class Reader:
    """An outbox and what came out of it."""

    def __init__(self, encoding: Encoding = Encoding.JSON) -> None:
        self.fallen_count = 0
        self.box = Outbox(encoding, self._fall)

    def _fall(self) -> None:
        self.fallen_count += 1

    def put(self, at: int) -> None:
        self.box.put(Packet(Beat(at=at)))

    async def take(self) -> list[Any]:
        is_json = self.box.encoding is Encoding.JSON
        return [
            json.loads(frame) if is_json else msgpack.unpackb(frame)
            for frame in await self.box.take()
        ]


def beats(*instants: int) -> list[dict[str, Any]]:
    return [{"t": "beat", "at": at} for at in instants]


async def test_messages_leave_in_order_one_to_a_frame() -> None:
    reader = Reader()
    for at in range(16):
        reader.put(at)
    assert await reader.take() == beats(*range(16))


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_whoever_fell_behind_gets_arrays_of_sixteen(encoding: Encoding) -> None:
    reader = Reader(encoding)
    for at in range(33):
        reader.put(at)
    frames = await reader.take()
    assert frames == [beats(*range(16)), beats(*range(16, 32)), *beats(32)]


async def test_a_taker_waits_for_the_next_message() -> None:
    reader = Reader()
    taken: list[Any] = []

    async def wait() -> None:
        taken.extend(await reader.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == []
        reader.put(1)
    assert taken == beats(1)


async def test_more_messages_than_the_bound_are_an_overrun_told_once() -> None:
    reader = Reader()
    for at in range(MESSAGES_MAX):
        reader.put(at)
    assert not reader.box.overrun
    reader.put(-1)
    reader.put(-2)
    assert (reader.box.overrun, reader.fallen_count) == (True, 1)
    assert len(reader.box) == MESSAGES_MAX
    assert await reader.take() == []


async def test_more_bytes_than_the_bound_are_an_overrun() -> None:
    reader = Reader()
    large = Packet(Beat(at=0))
    large._encoded[Encoding.JSON] = b"x" * (BYTES_MAX // 2)
    reader.box.put(large)
    reader.box.put(large)
    assert not reader.box.overrun
    reader.put(1)
    assert reader.box.overrun


async def test_one_message_goes_however_large() -> None:
    reader = Reader()
    huge = Packet(Beat(at=0))
    huge._encoded[Encoding.JSON] = b"x" * (2 * BYTES_MAX)
    reader.box.put(huge)
    assert [len(frame) for frame in await reader.box.take()] == [2 * BYTES_MAX]


async def test_what_was_taken_makes_room() -> None:
    reader = Reader()
    for _ in range(10):
        for at in range(64):
            reader.put(at)
        await reader.take()
    assert not reader.box.overrun


async def test_of_values_under_one_key_the_last_wins_behind_what_is_reliable() -> None:
    reader = Reader()
    reader.box.put_latest("a", Packet(Beat(at=1)))
    reader.box.put_latest("b", Packet(Beat(at=2)))
    reader.box.put_latest("a", Packet(Beat(at=3)))
    reader.put(9)
    assert await reader.take() == beats(9, 3, 2)


async def test_values_may_be_merged_instead() -> None:
    reader = Reader()

    def add(before: Outgoing, after: Outgoing) -> Outgoing:
        assert isinstance(before, Beat)
        assert isinstance(after, Beat)
        return Beat(at=before.at + after.at)

    for at in (1, 2, 4):
        reader.box.put_latest("a", Packet(Beat(at=at)), add)
    assert await reader.take() == beats(7)
    reader.box.put_latest("a", Packet(Beat(at=5)), add)
    reader.box.drop_latest("a")
    assert len(reader.box) == 0


async def test_a_closed_outbox_gives_the_rest_and_then_nothing() -> None:
    reader = Reader()
    reader.put(1)
    reader.box.close()
    reader.put(2)
    reader.box.put_latest("a", Packet(Beat(at=3)))
    assert await reader.take() == beats(1)
    assert await reader.take() == []


async def test_closing_wakes_a_taker() -> None:
    reader = Reader()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.take)
        await trio.testing.wait_all_tasks_blocked()
        reader.box.close()
    assert reader.fallen_count == 0


@given(st.lists(st.none() | st.integers(0, 3), max_size=200))
@settings(max_examples=50, deadline=None)
def test_nothing_is_lost_doubled_or_moved(actions: list[int | None]) -> None:
    """None takes; a number puts: 0 to 2 under that key, 3 reliably."""
    reliable = [number for number, action in enumerate(actions) if action == 3]
    last = {action: number for number, action in enumerate(actions) if action in {0, 1, 2}}
    got: list[int] = []

    async def take(reader: Reader) -> None:
        for frame in await reader.take():
            got.extend(each["at"] for each in (frame if isinstance(frame, list) else [frame]))

    async def play() -> None:
        reader = Reader()
        for number, action in enumerate(actions):
            if action is not None:
                packet = Packet(Beat(at=number))
                reader.box.put(packet) if action == 3 else reader.box.put_latest(action, packet)
            elif len(reader.box):
                await take(reader)
        while len(reader.box):
            await take(reader)

    trio.run(play)
    assert [at for at in got if at in set(reliable)] == reliable
    assert set(last.values()) <= set(got)
    assert len(got) == len(set(got))
