"""Waiting customers hear where they stand."""

import trio
import trio.testing

from router.commands import CancelConversation, SetPriority
from router.ids import ConversationId
from tests.helpers.cores import actor, request
from tests.helpers.hubs import Audience


def waiting(count: int) -> Audience:
    """Agents who are away, and customers in line."""
    crowd = Audience()
    crowd.join("agent:alice")
    for number in range(count):
        crowd.join(f"customer:c{number}")
        crowd.do(request(f"customer:c{number}"))
    return crowd


def cancel(crowd: Audience, name: str) -> None:
    crowd.do(
        CancelConversation(
            by=actor(f"customer:{name}"), conversation=ConversationId(f"c-{name}-r1")
        )
    )


def arrive_urgently(crowd: Audience, name: str) -> None:
    """Somebody comes, and a supervisor gives them a head start."""
    crowd.join("supervisor:sofia")
    crowd.join(f"customer:{name}")
    crowd.do(request(f"customer:{name}"))
    crowd.do(
        SetPriority(
            by=actor("supervisor:sofia"),
            conversation=ConversationId(f"c-{name}-r1"),
            priority="urgent",
            reason="x",
        )
    )


async def places(crowd: Audience, name: str) -> list[tuple[int, int, str | None]]:
    return [
        (message["position"], message["ahead"], message.get("why"))
        for message in await crowd.got(f"x-{name}")
        if message["t"] == "queue.position"
    ]


async def test_a_place_is_told_when_it_changed_and_not_else() -> None:
    crowd = waiting(3)
    await crowd.hub.places.flush()
    for name in ("c0", "c1", "c2"):
        await crowd.got(f"x-{name}")
    cancel(crowd, "c0")
    await crowd.hub.places.flush()
    assert await places(crowd, "c1") == [(1, 0, None)]
    assert await places(crowd, "c2") == [(2, 1, None)]
    await crowd.hub.places.flush()
    assert await places(crowd, "c2") == []


async def test_a_burst_of_moves_is_told_once() -> None:
    crowd = waiting(5)
    await crowd.hub.places.flush()
    await crowd.got("x-c4")
    for name in ("c0", "c1", "c2"):
        cancel(crowd, name)
    await crowd.hub.places.flush()
    (message,) = [m for m in await crowd.got("x-c4") if m["t"] == "queue.position"]
    assert (message["position"], message["pos"]) == (2, crowd.core.router.position)


async def test_who_comes_back_is_told_from_what_welcome_said() -> None:
    crowd = waiting(2)
    crowd.leave("x-c1")
    crowd.join("customer:c1", "x-again")
    await crowd.hub.places.flush()
    assert [m for m in await crowd.got("x-again") if m["t"] == "queue.position"] == []
    cancel(crowd, "c0")
    await crowd.hub.places.flush()
    (message,) = [m for m in await crowd.got("x-again") if m["t"] == "queue.position"]
    assert message["position"] == 1


async def test_a_second_device_takes_no_news_from_the_first() -> None:
    """It is welcomed between a move of the line and the look at it."""
    crowd = waiting(2)
    await crowd.hub.places.flush()
    await crowd.got("x-c1")
    cancel(crowd, "c0")
    crowd.join("customer:c1", "x-second")
    await crowd.hub.places.flush()
    assert await places(crowd, "c1") == [(1, 0, None)]


async def test_devices_that_were_told_different_places_agree_again() -> None:
    """The line moves there and back around the second one's welcome."""
    crowd = waiting(2)
    await crowd.hub.places.flush()
    await crowd.got("x-c1")
    arrive_urgently(crowd, "c9")
    crowd.join("customer:c1", "x-second")
    cancel(crowd, "c9")
    await crowd.hub.places.flush()
    assert await places(crowd, "second") == [(2, 1, None)]


async def test_a_third_device_takes_no_news_from_the_first_either() -> None:
    """Two are welcomed between a move of the line and the look at it."""
    crowd = waiting(2)
    await crowd.hub.places.flush()
    await crowd.got("x-c1")
    cancel(crowd, "c0")
    crowd.join("customer:c1", "x-second")
    crowd.join("customer:c1", "x-third")
    await crowd.hub.places.flush()
    assert await places(crowd, "c1") == [(1, 0, None)]


async def test_who_left_is_not_followed_any_more() -> None:
    crowd = waiting(2)
    crowd.leave("x-c0")
    crowd.leave("x-c1")
    cancel(crowd, "c0")
    assert crowd.hub.places._waiting == {}
    assert crowd.hub.places._told == {}


async def test_a_place_that_grows_says_why() -> None:
    crowd = waiting(2)
    await crowd.hub.places.flush()
    await crowd.got("x-c1")
    arrive_urgently(crowd, "c9")
    await crowd.hub.places.flush()
    assert await places(crowd, "c1") == [(3, 2, "priority")]


async def test_one_task_tells_after_a_pause(autojump_clock: trio.testing.MockClock) -> None:
    crowd = waiting(3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(crowd.hub.run)
        await trio.sleep(1)
        await crowd.got("x-c2")
        cancel(crowd, "c0")
        await trio.testing.wait_all_tasks_blocked()
        assert await places(crowd, "c2") == []
        await trio.sleep(1)
        assert await places(crowd, "c2") == [(2, 1, None)]
        nursery.cancel_scope.cancel()
