from itertools import product

from router.candidates import Candidate


def one(agent: str, load: int, flexibility: int, idle_ms: int, order: int) -> Candidate:
    return Candidate(agent, 500, 1000, 1000, 0, load, flexibility, idle_ms, order)


def test_the_least_loaded_goes_first_then_the_least_flexible_then_the_longest_idle() -> None:
    """``load`` is a part of the score, so more of it is better; the rest is as it sounds."""
    best_first = [
        one("free", 1000, 9, 9, 9),
        one("narrow", 500, 1, 9, 8),
        one("idle", 500, 2, 1, 7),
        one("earlier", 500, 2, 2, 5),
        one("later", 500, 2, 2, 6),
    ]
    worst_first = best_first[::-1]
    assert sorted(worst_first, key=Candidate.rank) == best_first


def test_an_idle_place_of_ones_own_leaves_no_tie() -> None:
    parts = list(product((500, 1000), (1, 2), (1, 2)))
    ranks = [one("ada", *parts[at], at).rank() for at in range(len(parts))]
    assert len(set(ranks)) == len(ranks)
