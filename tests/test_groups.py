import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.candidates import Candidate
from router.groups import (
    CONSIDERED_MAX,
    Group,
    best_of,
    candidate,
    longest_idle,
    reasons,
    shares,
)
from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, Requirement

GERMAN = Lane(("q", "chat", Requirement((("billing", 30),), (("de", 1),))), 0)
PLAIN = Lane(("q", "chat", Requirement()), 1)
ADA = Profile((("billing", 65),), (("de", 80),))


def group(profile: Profile = ADA, flexibility: int = 1) -> Group:
    return Group(profile, 0, flexibility)


def one(agent: str, *, load: int = 0, flexibility: int = 1, idle_ms: int = 0) -> Candidate:
    fit = group(flexibility=flexibility)
    return candidate(fit, GERMAN, (idle_ms, 1, agent), load, {}, shares(Weights()))


def test_the_score_is_the_weighted_mean_of_the_parts() -> None:
    weights = shares(Weights(language=4, proficiency=2, history=3, load=1))
    found = candidate(group(), GERMAN, (5, 1, "ada"), 250, {"ada": 400}, weights)
    assert (found.language, found.proficiency, found.history, found.load) == (800, 900, 400, 750)
    assert found.score == (4 * 800 + 2 * 900 + 3 * 400 + 750) // 10


def test_without_weights_everybody_scores_nothing() -> None:
    nothing = (0, 0, 0, 0, 0, 0)
    assert candidate(group(), GERMAN, (5, 1, "ada"), 0, {"ada": 400}, nothing).score == 0


def test_the_longest_idle_of_a_bucket_come_first_without_those_who_refused() -> None:
    bucket = [(1, 1, "ada"), (2, 2, "bob"), (3, 3, "cy")]
    key = (("chat",), 0)
    assert list(longest_idle(PLAIN, key, bucket, ())) == bucket[:2]
    assert list(longest_idle(PLAIN, key, bucket, {"ada"})) == bucket[1:]
    assert list(longest_idle(PLAIN, (("email",), 0), bucket, ())) == []


def test_a_lane_for_one_agent_is_for_nobody_else() -> None:
    lane = Lane(("q", "chat", Requirement(agent="bob")), 2)
    bucket = [(1, 1, "ada"), (2, 2, "bob")]
    assert list(longest_idle(lane, (("chat",), 0), bucket, ())) == [(2, 2, "bob")]


@pytest.mark.parametrize(
    ("others", "word"),
    [
        ([], "best_match"),
        ([one("b", load=500)], "least_loaded"),
        ([one("b", flexibility=2), one("c", load=500)], "least_flexible"),
        ([one("b", idle_ms=9), one("c", load=500)], "longest_idle"),
    ],
)
def test_the_last_reason_is_what_broke_the_tie(others: list[Candidate], word: str) -> None:
    chosen = one("a")
    assert reasons(GERMAN, chosen, [chosen, *others]) == ("skill:billing", "language:de", word)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_the_best_are_kept_and_the_chosen_one_is_first(loads: list[int]) -> None:
    found = [one(f"a{number}", load=load) for number, load in enumerate(loads)]
    kept = best_of(found, found[-1])
    assert kept[0] is found[-1]
    assert len(kept) == min(len(found), CONSIDERED_MAX)
    left_out = [other for other in found if other not in kept]
    assert all(low.score <= high.score for low in left_out for high in kept[1:])


def test_lanes_come_and_go() -> None:
    fit = group()
    for lane in (GERMAN, PLAIN):
        fit.add_lane(lane)
    assert fit.lanes == 3
    assert fit.parts(GERMAN) == (800, 900)
    fit.drop_lane(GERMAN)
    assert fit.lanes == 2


def test_among_equals_the_considered_stand_in_one_order_however_they_were_found() -> None:
    """Buckets stand otherwise after a restore; what is kept for `explain` must not."""
    ada, bob, cy = one("ada", idle_ms=3), one("bob", idle_ms=1), one("cy", idle_ms=2)
    assert best_of([ada, bob, cy], ada) == (ada, bob, cy)
    assert best_of([cy, ada, bob], ada) == (ada, bob, cy)
