"""What pages may say of a queue to people who have not asked."""

import pytest

from router.cards import WaitBand
from router.commands import CloseQueue
from router.policy import Queue
from router.server.doors import Doors
from tests.helpers.floor import Floor

MONDAY = 1_767_571_200_000  # 2026-01-05T00:00:00Z
HOUR = 3_600_000
BAND = WaitBand(p50=60_000, p90=120_000)


class House:
    """Queues of a tenant, and estimates that name whom they were asked for."""

    def __init__(self, *queues: Queue) -> None:
        self.floor = Floor(*queues)
        self.floor.now_ms = MONDAY
        self.asked: list[str] = []
        self.doors = Doors({"acme": self.floor.router}, self.wait, lambda: self.floor.now_ms)

    def wait(self, tenant: str, conversation: str, now_ms: int) -> WaitBand | None:
        assert (tenant, now_ms) == ("acme", self.floor.now_ms)
        self.asked.append(conversation)
        return BAND


def test_an_open_queue_tells_who_waits_and_the_wait_of_the_last() -> None:
    house = House(Queue("sales", name="Sales"), Queue("other"))
    house.floor.ask("ann")
    last = house.floor.ask("bob")
    door = house.doors.look("acme", "sales")
    assert door is not None
    assert (door.queue, door.name, door.open, door.waiting) == ("sales", "Sales", True, 2)
    assert (door.wait_ms, house.asked) == (BAND, [last])
    first = house.doors.look("acme", "")
    assert first == door
    empty = house.doors.look("acme", "other")
    assert empty is not None
    assert (empty.name, empty.waiting, empty.wait_ms) == ("other", 0, None)


def test_a_closed_queue_tells_when_it_opens_and_what_is_left() -> None:
    queue = Queue("sales", hours="Mon-Fri 08:00-20:00 UTC", overflow="leave_message")
    house = House(queue)
    house.floor.do(CloseQueue("sales"))
    for _ in range(2):
        door = house.doors.look("acme", "sales")
        assert door is not None
        assert (door.open, door.full, door.fallback) == (False, False, "leave_message")
        assert door.opens_at == MONDAY + 8 * HOUR
    house.floor.now_ms = MONDAY + 20 * HOUR
    later = house.doors.look("acme", "sales")
    assert later is not None
    assert later.opens_at == MONDAY + 32 * HOUR


def test_a_queue_that_another_stands_in_for_is_open() -> None:
    house = House(Queue("sales", overflow="late"), Queue("late"))
    house.floor.do(CloseQueue("sales"))
    door = house.doors.look("acme", "sales")
    assert door is not None
    assert (door.open, door.opens_at) == (True, None)


def test_a_full_queue_is_full_and_not_closed() -> None:
    house = House(Queue("sales", waiting_max=1))
    house.floor.ask("ann")
    door = house.doors.look("acme", "sales")
    assert door is not None
    assert (door.open, door.full, door.opens_at) == (False, True, None)


@pytest.mark.parametrize("hours", ["Mon 08:00-20:00 Nowhere/Land"])
def test_hours_that_this_machine_cannot_tell_give_no_time(hours: str) -> None:
    house = House(Queue("sales", hours=hours))
    house.floor.do(CloseQueue("sales"))
    door = house.doors.look("acme", "sales")
    assert door is not None
    assert (door.open, door.opens_at) == (False, None)


@pytest.mark.parametrize(("tenant", "queue"), [("acme", "none"), ("none", "sales"), ("none", "")])
def test_of_what_is_not_there_nothing_is_said(tenant: str, queue: str) -> None:
    assert House(Queue("sales")).doors.look(tenant, queue) is None


def test_a_tenant_without_chats_has_no_first_queue() -> None:
    assert House(Queue("post", channels=("email",))).doors.look("acme", "") is None


def test_where_all_queues_want_a_proof_the_first_of_them_is_meant() -> None:
    proven = Queue("proven", verified_only=True)
    door = House(proven).doors.look("acme", "")
    assert door is not None
    assert door.queue == "proven"
    mixed = House(proven, Queue("open")).doors.look("acme", "")
    assert mixed is not None
    assert mixed.queue == "open"
