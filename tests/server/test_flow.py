"""The one writer of a node."""

import trio
import trio.testing

from router.server.flow import SLICE, Flow


class Tap:
    """A connection that counts how often it is flushed."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.flushed_count = 0
        self.failed_count = 0
        self.is_broken = False
        self.goes_on = 0

    def flush(self) -> None:
        self.flushed_count += 1
        if self.is_broken:
            raise ValueError("broken")
        if self.goes_on:
            self.goes_on -= 1
            self.flow.mark(self)

    def fail(self) -> None:
        self.failed_count += 1


async def test_who_was_marked_is_flushed_once_and_not_at_once(nursery: trio.Nursery) -> None:
    flow = Flow()
    nursery.start_soon(flow.run)
    await trio.testing.wait_all_tasks_blocked()
    taps = [Tap(flow) for _ in range(100)]
    for tap in taps:
        flow.mark(tap)
    assert not any(tap.flushed_count for tap in taps)
    await trio.testing.wait_all_tasks_blocked()
    assert [tap.flushed_count for tap in taps] == [1] * 100
    assert len(flow) == 0


async def test_who_is_marked_while_flushed_is_flushed_again(nursery: trio.Nursery) -> None:
    flow = Flow()
    tap = Tap(flow)
    tap.goes_on = 3
    flow.mark(tap)
    nursery.start_soon(flow.run)
    await trio.testing.wait_all_tasks_blocked()
    assert tap.flushed_count == 4


async def test_one_that_fails_ends_alone(nursery: trio.Nursery) -> None:
    flow = Flow()
    nursery.start_soon(flow.run)
    broken, sound = Tap(flow), Tap(flow)
    broken.is_broken = True
    flow.mark(broken)
    flow.mark(sound)
    await trio.testing.wait_all_tasks_blocked()
    assert (broken.failed_count, sound.failed_count) == (1, 0)
    assert sound.flushed_count == 1


async def test_what_is_brought_together_leaves_with_the_release_and_not_before(
    nursery: trio.Nursery,
) -> None:
    """In one turn of the loop, as far as that is no long one; the rest is not forgotten."""
    flow = Flow()
    nursery.start_soon(flow.run)
    await trio.testing.wait_all_tasks_blocked()
    taps = [Tap(flow) for _ in range(SLICE + 5)]
    flow.hold()
    for tap in taps:
        flow.mark(tap)
    await trio.testing.wait_all_tasks_blocked()
    assert not any(tap.flushed_count for tap in taps)
    flow.release()
    assert [tap.flushed_count for tap in taps] == [1] * SLICE + [0] * 5
    await trio.testing.wait_all_tasks_blocked()
    assert [tap.flushed_count for tap in taps] == [1] * (SLICE + 5)
    late = Tap(flow)
    flow.hold()
    flow.release()
    flow.mark(late)
    await trio.testing.wait_all_tasks_blocked()
    assert late.flushed_count == 1
