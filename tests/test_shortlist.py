"""The shortlist against a look at every candidate."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router.matching import Pool
from router.policy import Weights
from router.queue import Line
from router.skills import Profile, Requirement, levels

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
    shares: Weights,
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
    expected = pool.choose(lane, (), history, shares, band)
    pool.listed_from = -1
    chosen = pool.choose(lane, (), history, shares, band)
    if expected is None:
        assert chosen is None
    else:
        assert chosen is not None
        assert chosen.candidate == expected.candidate
        assert chosen.why == expected.why
