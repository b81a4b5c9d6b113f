"""A reader's queue of events."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from router.client import Stopped
from router.client.listening import BEHIND_MAX, Listening
from router.outgoing import Beat


async def test_events_come_in_order_also_to_a_reader_who_waits() -> None:
    listening = Listening()
    read: list[object] = []

    async def reader() -> None:
        while len(read) < 3:
            read.append((await anext(listening)).at)  # type: ignore[union-attr]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader)
        await wait_all_tasks_blocked()
        for at in (1, 2, 3):
            listening.put(Beat(at=at))
    assert read == [1, 2, 3]


async def test_what_came_before_the_end_is_read_first() -> None:
    listening = Listening()
    listening.put(Beat(at=1))
    listening.end(Stopped(4505, "signed out"))
    assert await anext(listening) == Beat(at=1)
    with pytest.raises(Stopped, match="4505"):
        await anext(listening)


def test_a_reader_too_far_behind_is_told_so_once_and_starts_anew() -> None:
    listening = Listening()
    told = [listening.put(Beat(at=at)) for at in range(BEHIND_MAX + 2)]
    assert told.count(False) == 1
    assert told[-1] is True
