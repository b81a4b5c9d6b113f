from hypothesis import given
from hypothesis import strategies as st

from router.groups import (
    Group,
    Shares,
    candidate,
    longest_idle,
    mean,
    plain_score,
    shares,
)
from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, Requirement
from router.standing import Entry

GERMAN = Lane(("q", "chat", Requirement((("billing", 30),), (("de", 1),))), 0)
PLAIN = Lane(("q", "chat", Requirement()), 1)
ADA = Profile((("billing", 65),), (("de", 80),))


def group(profile: Profile = ADA, flexibility: int = 1) -> Group:
    return Group(profile, 0, flexibility)


def free(agent: str, idle_ms: int, *, channel: str = "chat") -> Entry:
    return Entry(agent, 0, 1, (channel,), 0, (idle_ms, idle_ms))


def test_the_score_is_the_weighted_mean_of_the_parts() -> None:
    weights = shares(Weights(language=4, proficiency=2, history=3, load=1))
    found = candidate(group(), GERMAN, (5, 1, "ada"), 250, {"ada": 400}, weights)
    assert (found.language, found.proficiency, found.history, found.load) == (800, 900, 400, 750)
    assert found.score == (4 * 800 + 2 * 900 + 3 * 400 + 750) // 10


def test_without_weights_everybody_scores_nothing() -> None:
    nothing = (0, 0, 0, 0, 0, 0)
    assert candidate(group(), GERMAN, (5, 1, "ada"), 0, {"ada": 400}, nothing).score == 0


def test_the_longest_idle_of_a_bucket_come_first_without_those_who_refused() -> None:
    bucket = [free("ada", 1), free("bob", 2), free("cy", 3)]
    assert longest_idle(PLAIN, bucket, ()) == bucket[:2]
    assert longest_idle(PLAIN, bucket, {"ada"}) == bucket[1:]
    assert longest_idle(PLAIN, [free("ada", 1, channel="email")], ()) == []


def test_a_lane_for_one_agent_is_for_nobody_else() -> None:
    lane = Lane(("q", "chat", Requirement(agent="bob")), 2)
    bucket = [free("ada", 1), free("bob", 2)]
    assert longest_idle(lane, bucket, ()) == bucket[1:]


def test_a_group_is_free_while_one_of_its_agents_is() -> None:
    fit, ada, bob = group(), free("ada", 1), free("bob", 2)
    for entry in (bob, ada):
        fit.put(entry)
    fit.put(Entry("cy", 0, 1, ("chat", "email"), 500, (3, 3)))
    counts = {(at, load): fit.count_at(at, load) for at in ("chat", "email") for load in (0, 500)}
    assert counts == {("chat", 0): 2, ("chat", 500): 1, ("email", 0): 0, ("email", 500): 1}
    fit.take(fit.buckets[("chat", "email"), 500][0])
    assert fit.buckets[ada.key] == [ada, bob]
    fit.take(ada)
    assert fit.is_free
    fit.take(bob)
    assert not fit.buckets
    assert [fit.is_free] == [False]


@given(st.tuples(*[st.integers(0, 9)] * 6), *[st.integers(0, 1000)] * 3)
def test_what_nothing_is_known_of_scores_as_its_other_parts(
    weights: Shares, language: int, proficiency: int, ease: int
) -> None:
    parts = (language, proficiency, 0, ease, 0, 0)
    assert plain_score(language, proficiency, ease, weights) == mean(parts, weights)


def test_lanes_come_and_go() -> None:
    fit = group()
    for lane in (GERMAN, PLAIN):
        fit.add_lane(lane)
    assert fit.lanes == 3
    assert fit.parts(GERMAN) == (800, 900)
    fit.drop_lane(GERMAN)
    assert fit.lanes == 2
