import trio
from trio.testing import wait_all_tasks_blocked

from router.journal.resting import Resting


class Reader:
    """Deals with even numbers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.woken = 0

    def deal(self, batch: int) -> bool:
        self.asked.append(batch)
        return batch % 2 == 0

    async def run(self, resting: Resting[int]) -> None:
        while True:
            await resting.wait(self.deal)
            self.woken += 1


async def test_all_are_asked_and_woken_only_if_one_did_not_deal_with_it() -> None:
    resting: Resting[int] = Resting()
    readers = [Reader(), Reader()]
    async with trio.open_nursery() as nursery:
        for reader in readers:
            nursery.start_soon(reader.run, resting)
        await wait_all_tasks_blocked()
        for batch, woken in ((2, 0), (3, 1), (4, 1), (5, 2)):
            resting.offer(batch)
            await wait_all_tasks_blocked()
            assert [reader.woken for reader in readers] == [woken, woken]
        assert [reader.asked for reader in readers] == [[2, 3, 4, 5]] * 2
        resting.wake()
        await wait_all_tasks_blocked()
        assert [reader.woken for reader in readers] == [3, 3]
        nursery.cancel_scope.cancel()
    resting.offer(6)
    assert all(reader.asked[-1] == 5 for reader in readers), "who is gone is not asked"
