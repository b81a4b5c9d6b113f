"""Hours become commands in the journal, on time."""

import msgspec
import trio
import trio.testing

from router.commands import CloseBrand, CloseQueue, Command, OpenBrand, OpenQueue, SetPolicy
from router.core import Router
from router.policy import Brand, Policy, Queue
from router.server.openings import LOOK_MS, Openings

MONDAY = 1_767_571_200_000  # 2026-01-05T00:00:00Z
HOUR = 3_600_000
EIGHT_TO_NINE = "Mon 08:00-09:00 UTC"
POLICY = Policy(
    queues=(Queue(id="q", hours=EIGHT_TO_NINE), Queue(id="always")),
    brands=(Brand(id="pro", hours="Mon 08:30-09:00 UTC"),),
)


class House:
    """A core, its time, and a door-keeper whose commands are applied at once."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.now_ms = MONDAY
        self.router = Router("acme")
        self.router.apply(SetPolicy(policy), self.now_ms)
        self.sent: list[tuple[int, Command]] = []
        self.openings = Openings({"acme": self.router}, self.submit, lambda: self.now_ms)

    def submit(self, tenant: str, command: Command) -> None:
        assert tenant == "acme"
        self.sent.append((self.now_ms - MONDAY, command))
        self.router.apply(command, self.now_ms)

    def pass_until(self, at_ms: int) -> None:
        while self.now_ms < MONDAY + at_ms:
            self.now_ms = min(self.now_ms + self.openings.look(), MONDAY + at_ms)
        self.openings.look()


def test_each_opens_and_closes_to_the_millisecond_and_says_so_once() -> None:
    house = House()
    house.pass_until(24 * HOUR)
    assert house.sent == [
        (0, CloseQueue("q")),
        (0, CloseBrand("pro")),
        (8 * HOUR, OpenQueue("q")),
        (8 * HOUR + HOUR // 2, OpenBrand("pro")),
        (9 * HOUR, CloseQueue("q")),
        (9 * HOUR, CloseBrand("pro")),
    ]


def test_a_look_is_taken_at_least_every_ten_seconds() -> None:
    house = House()
    assert house.openings.look() == LOOK_MS
    house.now_ms = MONDAY + 8 * HOUR - 1_234
    assert house.openings.look() == 1_234


def test_a_node_that_finds_the_doors_right_sends_nothing() -> None:
    house = House()
    house.openings.look()
    second = Openings({"acme": house.router}, house.submit, lambda: house.now_ms)
    count = len(house.sent)
    second.look()
    assert len(house.sent) == count


def test_a_zone_that_nobody_knows_leaves_the_queue_open() -> None:
    queue = Queue(id="q", hours="Mon 08:00-09:00 Europe/Nowhere")
    house = House(msgspec.structs.replace(POLICY, queues=(queue,), brands=()))
    house.openings.look()
    assert house.sent == []
    assert not house.router.world.closed_queues


async def test_it_looks_on_time_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    house = House()
    begun = trio.current_time()
    sent = trio.Event()

    def submit(_: str, command: Command) -> None:
        house.sent.append((round(trio.current_time() - begun), command))
        house.router.apply(command, MONDAY)
        if isinstance(command, OpenBrand):
            sent.set()

    def now_ms() -> int:
        return MONDAY + 8 * HOUR - 25_000 + round((trio.current_time() - begun) * 1000)

    with trio.fail_after(4_000):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Openings({"acme": house.router}, submit, now_ms).run)
            await sent.wait()
            nursery.cancel_scope.cancel()
    assert [at for at, command in house.sent if isinstance(command, OpenQueue)] == [25]
    assert autojump_clock.autojump_threshold == 0
