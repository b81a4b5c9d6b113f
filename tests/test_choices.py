"""Why a choice fell on somebody, and what is kept of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.candidates import Candidate
from router.choices import CONSIDERED_MAX, best_of, choice_among, choice_of, only, reasons
from router.groups import Group, candidate, shares
from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, Requirement
from router.standing import Entry

GERMAN = Lane(("q", "chat", Requirement((("billing", 30),), (("de", 1),))), 0)
ADA = Profile((("billing", 65),), (("de", 80),))
WEIGHTS = shares(Weights())


def one(agent: str, *, load: int = 0, flexibility: int = 1, idle_ms: int = 0) -> Candidate:
    fit = Group(ADA, 0, flexibility)
    return candidate(fit, GERMAN, (idle_ms, 1, agent), load, {}, WEIGHTS)


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


def test_among_equals_the_considered_stand_in_one_order_however_they_were_found() -> None:
    """Buckets stand otherwise after a restore; what is kept for `explain` must not."""
    ada, bob, cy = one("ada", idle_ms=3), one("bob", idle_ms=1), one("cy", idle_ms=2)
    assert best_of([ada, bob, cy], ada) == [ada, bob, cy]
    assert best_of([cy, ada, bob], ada) == [ada, bob, cy]


free = st.tuples(st.sampled_from([0, 250]), st.integers(1, 2), st.integers(0, 2))


@given(st.lists(free, min_size=1, max_size=5))
def test_those_of_whom_nothing_is_known_are_told_of_as_candidates_are(
    agents: list[tuple[int, int, int]],
) -> None:
    """In the order in which they would be chosen the tie shows in the second of them."""
    entries = [
        Entry(f"a{number}", 0, flexibility, ("chat",), load, (idle_ms, number))
        for number, (load, flexibility, idle_ms) in enumerate(agents)
    ]
    entries.sort(key=lambda entry: (entry.load, entry.place()))
    found = [
        candidate(Group(ADA, 0, it.flexibility), GERMAN, it.idle_place(), it.load, {}, WEIGHTS)
        for it in entries
    ]
    rows = [it.row(of.score, 800, 900) for it, of in zip(entries, found, strict=True)]
    told = choice_among(GERMAN, entries, [*rows], speaks=True)
    expected = choice_of(GERMAN, found[0], found, found)
    assert (told.agent, told.why, told.rule) == (expected.agent, expected.why, expected.rule)
    assert told.considered == expected.considered
    assert told.candidate == expected.candidate


def test_who_alone_is_looked_at_is_the_best_match() -> None:
    fit, place, history = Group(ADA, 0, 1), (5, 1, "ada"), {"ada": 300}
    choice = only(fit, GERMAN, place, 0, history, WEIGHTS, {})
    assert choice.why == ("skill:billing", "language:de", "knows_customer", "best_match")
    assert choice.considered == (candidate(fit, GERMAN, place, 0, history, WEIGHTS),)
