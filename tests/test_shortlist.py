"""The shortlist against a look at every candidate."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.candidates import Candidate
from router.choices import choice_of
from router.groups import Group, candidate, shares
from router.matching import Pool
from router.policy import Weights
from router.queue import Line
from router.skills import Profile, Requirement, levels, meets

profiles = st.builds(
    lambda skills, tags: Profile(levels(skills), levels(tags)),
    st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, 50, 100]), max_size=2),
    st.dictionaries(st.sampled_from(["de", "fr"]), st.sampled_from([40, 100]), max_size=2),
)
requirements = st.builds(
    lambda skills, tags: Requirement(levels(skills), tags),
    st.dictionaries(st.sampled_from("ab"), st.just(1), max_size=1),
    st.sampled_from([(), (("de", 1),), (("fr", 1), ("de", 1))]),
)
agents = st.lists(
    st.tuples(
        profiles,
        st.sampled_from([("chat",), ("chat", "email"), ("email",)]),
        st.sampled_from([0, 200, 400]),
        st.integers(0, 5),
    ),
    max_size=14,
)
weights = st.builds(
    Weights, language=st.integers(0, 4), proficiency=st.integers(0, 4), load=st.integers(0, 4)
)


@settings(max_examples=300)
@given(
    agents,
    requirements,
    st.dictionaries(st.integers(0, 13), st.integers(1, 1000), max_size=2),
    weights,
    st.sampled_from([0, 100, 1000]),
    st.sets(st.integers(0, 13), max_size=3),
)
def test_the_shortlist_chooses_whom_a_look_at_everybody_chooses(
    people: list[tuple[Profile, tuple[str, ...], int, int]],
    wanted: Requirement,
    met: dict[int, int],
    weighted: Weights,
    band: int,
    gone: set[int],
) -> None:
    line = Line()
    pool = Pool(line)
    lane, _ = line.lane(("q", "chat", wanted))
    pool.add_lane(lane)
    for number, (profile, channels, load, idle_ms) in enumerate(people):
        name = f"a{number}"
        pool.sign_in(name, profile, len(profile.languages))
        pool.free(name, channels, load, (idle_ms, number))
    for number in gone:
        pool.sign_out(f"a{number}")
    history = {f"a{number}": worth for number, worth in met.items()}
    pool.listed_from = 10_000
    expected = pool.choose(lane, (), history, shares(weighted), band)
    pool.listed_from = -1
    chosen = pool.choose(lane, (), history, shares(weighted), band)
    if expected is None:
        assert chosen is None
    else:
        assert chosen is not None
        assert chosen.candidate == expected.candidate
        assert chosen.why == expected.why


@settings(max_examples=300)
@given(agents, requirements, weights, st.sampled_from([0, 100, 1000]))
def test_where_nothing_is_known_the_short_way_says_the_same(
    people: list[tuple[Profile, tuple[str, ...], int, int]],
    wanted: Requirement,
    weighted: Weights,
    band: int,
) -> None:
    """Whom ``pick`` finds, in which order and for which reason, is what ``best`` finds."""
    line = Line()
    pool = Pool(line)
    lane, _ = line.lane(("q", "chat", wanted))
    pool.add_lane(lane)
    for number, (profile, channels, load, idle_ms) in enumerate(people):
        name = f"a{number}"
        pool.sign_in(name, profile, len(profile.languages))
        pool.free(name, channels, load, (idle_ms, number))
    fits = pool._shortlist.fits_of(lane)
    picked = pool._shortlist.pick(lane, fits, shares(weighted), band)
    found = pool._shortlist.best(lane, fits, [], shares(weighted), band)
    if not found:
        assert picked is None
        return
    expected = choice_of(lane, found[0], found, found)
    assert picked is not None
    assert picked.considered == expected.considered
    assert (picked.agent, picked.why, picked.rule) == (expected.agent, expected.why, expected.rule)


def test_a_group_that_was_busy_at_the_first_look_is_found_later() -> None:
    """A lane's classes were once made of the groups that were free at that moment alone."""
    line = Line()
    pool = Pool(line)
    pool.listed_from = -1
    lane, _ = line.lane(("q", "chat", Requirement((("a", 1),))))
    pool.add_lane(lane)
    for name, level in (("ann", 50), ("bob", 100)):
        pool.sign_in(name, Profile((("a", level),)), 1)
    pool.free("ann", ("chat",), 0, (0, 1))
    assert pool.choose(lane, (), {}, shares(Weights()), 0) is not None
    pool.occupy("ann")
    pool.free("bob", ("chat",), 0, (0, 2))
    chosen = pool.choose(lane, (), {}, shares(Weights()), 0)
    assert chosen is not None
    assert chosen.candidate.agent == "bob"


parts_of_a_score = st.dictionaries(
    st.sampled_from(["language", "proficiency", "history", "relation", "topic"]),
    st.sampled_from([0, 300, 1000]),
    min_size=1,
    max_size=2,
)
all_weights = st.builds(
    Weights,
    language=st.integers(0, 4),
    proficiency=st.integers(0, 4),
    history=st.integers(0, 4),
    load=st.integers(0, 4),
    relation=st.integers(0, 4),
    topic=st.integers(0, 4),
)


@settings(max_examples=500)
@given(
    agents,
    requirements,
    st.dictionaries(st.integers(0, 13), st.integers(1, 1000), max_size=2),
    st.dictionaries(st.integers(-1, 13), parts_of_a_score, max_size=5),
    all_weights,
    st.sampled_from([0, 100, 1000]),
)
def test_special_parts_lead_to_the_same_choice_by_every_way(
    people: list[tuple[Profile, tuple[str, ...], int, int]],
    wanted: Requirement,
    met: dict[int, int],
    special: dict[int, dict[str, int]],
    weighted: Weights,
    band: int,
) -> None:
    """Against a look at every agent there is, one by one; -1 stands for everybody."""
    line = Line()
    pool = Pool(line)
    lane, _ = line.lane(("q", "chat", wanted))
    pool.add_lane(lane)
    for number, (profile, channels, load, idle_ms) in enumerate(people):
        pool.sign_in(f"a{number}", profile, len(profile.languages))
        pool.free(f"a{number}", channels, load, (idle_ms, number))
    history = {f"a{number}": worth for number, worth in met.items()}
    by_agent = {f"a{number}" if number >= 0 else "": parts for number, parts in special.items()}
    found = [
        candidate(Group(profile, 0, len(profile.languages)), lane, (idle_ms, number, f"a{number}"),
                  load, history, shares(weighted), by_agent)
        for number, (profile, channels, load, idle_ms) in enumerate(people)
        if "chat" in channels and meets(profile, wanted)
    ]  # fmt: skip
    least = max((one.score for one in found), default=0) - band
    good = [one for one in found if one.score >= least]
    expected = min(good, key=Candidate.rank) if good else None
    for listed_from in (10_000, -1):
        pool.listed_from = listed_from
        choice = pool.choose(lane, (), history, shares(weighted), band, by_agent)
        assert (choice.candidate if choice is not None else None) == expected


@pytest.mark.parametrize("seed", range(4))
def test_whoever_is_fit_among_thousands_is_found(seed: int) -> None:
    """Many chunks, and lanes that one agent in ten, in a hundred or in a thousand can serve."""
    chance = random.Random(seed)
    line = Line()
    pool = Pool(line)
    lanes = [line.lane(("q", "chat", Requirement(((skill, 1),))))[0] for skill in ("a", "b", "c")]
    for lane in lanes:
        pool.add_lane(lane)
    for number in range(2_000):
        skills = [
            (skill, 50)
            for skill, of in (("a", 10), ("b", 100), ("c", 1000))
            if not chance.randrange(of)
        ]
        own = (*skills, (f"own-{number}", 1))
        pool.sign_in(f"a{number}", Profile(tuple(own)), chance.randrange(3))
        pool.free(f"a{number}", ("chat",), 0, (chance.randrange(100), number))
    for number in chance.sample(range(2_000), 700):
        pool.occupy(f"a{number}")
    for lane in lanes:
        pool.listed_from = 10_000
        expected = pool.choose(lane, (), {"a5": 300}, shares(Weights()), 100)
        pool.listed_from = -1
        chosen = pool.choose(lane, (), {"a5": 300}, shares(Weights()), 100)
        assert expected is not None
        assert chosen is not None
        assert (chosen.agent, chosen.why) == (expected.agent, expected.why)


def test_a_lane_for_one_agent_leaves_no_score_behind_for_the_next_lane_of_its_number() -> None:
    line = Line()
    pool = Pool(line)
    pool.sign_in("ann", Profile((("a", 100),)), 1)
    pool.sign_in("bob", Profile((("a", 1),)), 1)
    own, _ = line.lane(("q", "chat", Requirement(agent="bob")))
    pool.add_lane(own)
    pool.free("bob", ("chat",), 0, (0, 1))
    assert pool.choose(own, (), {}, shares(Weights()), 0) is not None
    pool.drop_lane(own)
    line.lanes.clear()
    line._free_indexes.append(own.index)
    lane, _ = line.lane(("q", "chat", Requirement((("a", 1),))))
    assert lane.index == own.index
    pool.add_lane(lane)
    pool.free("ann", ("chat",), 0, (0, 2))
    chosen = pool.choose(lane, (), {}, shares(Weights()), 0)
    assert chosen is not None
    assert chosen.agent == "ann"
