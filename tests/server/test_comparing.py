"""Two sides of one truth."""

from router.server import comparing as module
from router.server.comparing import Comparison


def test_pairs_are_compared_whoever_is_first() -> None:
    comparison = Comparison()
    assert comparison.add("live", "acme", 10_000, 1)
    assert comparison.add("replica", "acme", 10_000, 1)
    assert comparison.add("replica", "acme", 20_000, 2)
    assert comparison.add("replica", "globex", 20_000, 9)
    assert comparison.matched_count == 1
    assert not comparison.add("live", "acme", 20_000, 3)
    assert comparison.matched_count == 2


def test_a_side_that_shows_again_is_not_compared_with_itself() -> None:
    comparison = Comparison()
    assert comparison.add("live", "acme", 10_000, 1)
    assert comparison.add("live", "acme", 10_000, 2)
    assert comparison.add("replica", "acme", 10_000, 2)


def test_what_the_other_side_never_shows_is_forgotten() -> None:
    comparison = Comparison()
    for number in range(module.UNMATCHED_MAX + 1):
        comparison.add("live", "acme", number, 1)
    assert comparison.add("replica", "acme", 0, 2), "the oldest is gone"
    assert not comparison.add("replica", "acme", 2, 2)
