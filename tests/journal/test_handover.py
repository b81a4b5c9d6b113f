from trio.testing import MockClock

from router.journal.handover import EVERY_SECONDS, HandOver


class Naps:
    count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_a_busy_loop_naps_once_in_a_while_as_long_as_an_answer_is_awaited(
    mock_clock: MockClock,
) -> None:
    naps = Naps()
    hand_over = HandOver(naps)
    hand_over.begin()
    hand_over.begin()
    counts = []
    for _ in range(3):
        hand_over.before_io_wait(0)
        hand_over.before_io_wait(0)
        counts.append(naps.count)
        mock_clock.jump(EVERY_SECONDS)
    assert counts == [1, 2, 3]
    hand_over.end(2)
    hand_over.before_io_wait(0)
    assert naps.count == 3


async def test_a_loop_that_waits_for_io_or_for_no_answer_never_naps() -> None:
    naps = Naps()
    hand_over = HandOver(naps)
    hand_over.before_io_wait(0)
    hand_over.begin()
    hand_over.before_io_wait(0.5)
    assert naps.count == 0
    hand_over.before_io_wait(0)
    assert naps.count == 1


async def test_the_real_nap_comes_back() -> None:
    hand_over = HandOver()
    hand_over.begin()
    hand_over.before_io_wait(0)
    hand_over.end()
    assert hand_over._awaited_count == 0
