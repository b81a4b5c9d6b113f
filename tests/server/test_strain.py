"""The gauge of a node that is behind."""

import time

import trio
import trio.testing

from router.server.strain import BEHIND_S, CALM_S, LOOK_S, Strain


def test_one_late_look_turns_it_on_and_a_calm_time_off_again() -> None:
    strain = Strain()
    looks = [
        (BEHIND_S - 0.01, 10.0, False),
        (BEHIND_S, 20.0, True),
        (0.0, 20.0 + CALM_S - 0.01, True),
        (BEHIND_S, 23.0, True),
        (0.0, 23.0 + CALM_S - 0.01, True),
        (0.0, 23.0 + CALM_S, False),
    ]
    for late_s, now, is_on in looks:
        strain.note(late_s, now)
        assert strain.is_on is is_on


async def test_a_flooded_loop_turns_it_on_and_whoever_waits_is_told(nursery: trio.Nursery) -> None:
    strain = Strain()
    nursery.start_soon(strain.run)
    await trio.testing.wait_all_tasks_blocked()
    turned: list[bool] = []

    async def wait() -> None:
        turned.append(await strain.wait_turned())

    with trio.fail_after(5):
        async with trio.open_nursery() as waiting:
            waiting.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            end = time.monotonic() + LOOK_S + 2 * BEHIND_S
            while time.monotonic() < end:  # nobody else has a turn
                pass
    assert turned == [True]


async def test_a_calm_loop_never_turns_it_on(autojump_clock: trio.testing.MockClock) -> None:
    strain = Strain()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(strain.run)
        await trio.sleep(100)
        assert not strain.is_on
        nursery.cancel_scope.cancel()
