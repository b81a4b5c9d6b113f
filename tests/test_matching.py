"""The two choices of the router agree with a scan over everybody, and places are counted right."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from router.groups import shares
from router.masks import bits
from router.matching import Pool
from router.policy import Weights
from router.queue import Line, Place
from router.skills import Profile, Requirement, language_score, meets, proficiency_score

PROFILES = (
    Profile(skills=(("x", 80),), languages=(("en", 100),)),
    Profile(skills=(("x", 20), ("y", 50)), languages=(("fr", 60),)),
    Profile(skills=(("y", 90),), languages=(("en", 40), ("fr", 100))),
)
REQUIREMENTS = (
    Requirement(),
    Requirement(needs=(("x", 10),)),
    Requirement(needs=(("x", 50),), languages=(("en", 1),)),
    Requirement(needs=(("y", 10),), languages=(("fr", 1), ("en", 1))),
    Requirement(agent="a1"),
)
CHANNELS = ("chat", "email")
WEIGHTS = shares(Weights())
SETTINGS = settings(max_examples=150, deadline=None, derandomize=True)


class Somebody(Struct):
    """A free agent, as the scan sees them."""

    profile: Profile
    channels: tuple[str, ...]
    load: int
    idle: tuple[int, int]
    flexibility: int


agents = st.lists(
    st.builds(
        Somebody,
        profile=st.sampled_from(PROFILES),
        channels=st.sampled_from([("chat",), ("email",), CHANNELS]),
        load=st.sampled_from([0, 333, 500]),
        idle=st.tuples(st.integers(0, 3), st.just(0)),
        flexibility=st.just(0),
    ),
    max_size=8,
)
waiting = st.lists(
    st.tuples(st.sampled_from(REQUIREMENTS), st.sampled_from(CHANNELS), st.integers(0, 20)),
    max_size=12,
)
refusals = st.frozensets(st.sampled_from([f"a{n}" for n in range(8)]), max_size=3)


def built(
    people: list[Somebody], places: list[tuple[Requirement, str, int]]
) -> tuple[Pool, Line, dict[str, Somebody], dict[str, tuple[Requirement, str, Place]]]:
    line = Line()
    pool = Pool(line)
    by_name: dict[str, Somebody] = {}
    half = len(places) // 2
    in_line: dict[str, tuple[Requirement, str, Place]] = {}
    for number in range(max(len(people), len(places))):
        if number < half:
            _join(pool, line, in_line, number, places[number])
        if number < len(people):
            somebody = people[number]
            somebody.idle = (somebody.idle[0], number)
            somebody.flexibility = PROFILES.index(somebody.profile) + 1
            name = f"a{number}"
            by_name[name] = somebody
            pool.sign_in(name, somebody.profile, somebody.flexibility)
            pool.free(name, somebody.channels, somebody.load, somebody.idle)
    for number in range(half, len(places)):
        _join(pool, line, in_line, number, places[number])
    return pool, line, by_name, in_line


def _join(
    pool: Pool,
    line: Line,
    in_line: dict[str, tuple[Requirement, str, Place]],
    number: int,
    place: tuple[Requirement, str, int],
) -> None:
    requirement, channel, key = place
    lane, is_new = line.lane(("q", channel, requirement))
    if is_new:
        pool.add_lane(lane)
    name = f"c{number}"
    line.join(lane, (key, number, name))
    in_line[name] = (requirement, channel, (key, number, name))


def could(name: str, somebody: Somebody, requirement: Requirement) -> bool:
    if requirement.agent:
        return requirement.agent == name
    return meets(somebody.profile, requirement)


@SETTINGS
@given(people=agents, places=waiting, refused=refusals)
def test_a_free_agent_gets_the_smallest_key_that_a_scan_finds(
    people: list[Somebody],
    places: list[tuple[Requirement, str, int]],
    refused: frozenset[str],
) -> None:
    pool, _, by_name, in_line = built(people, places)
    for name, somebody in by_name.items():
        found = [
            place
            for requirement, channel, place in in_line.values()
            if could(name, somebody, requirement)
            and channel in somebody.channels
            and not (name in refused and place[1] % 2)
        ]
        chosen = pool.next_for(
            name, pool.channels_for(name), lambda one: refused if int(one[1:]) % 2 else ()
        )
        assert chosen == min(found, default=None)


@SETTINGS
@given(
    people=agents,
    places=waiting,
    refused=refusals,
    history=st.dictionaries(st.sampled_from(["a0", "a1", "a5"]), st.integers(1, 1000)),
    band=st.sampled_from([0, 100, 1000]),
)
def test_a_conversation_gets_the_agent_that_a_scan_finds(
    people: list[Somebody],
    places: list[tuple[Requirement, str, int]],
    refused: frozenset[str],
    history: dict[str, int],
    band: int,
) -> None:
    pool, line, by_name, in_line = built(people, places)
    for conversation, (requirement, channel, _) in in_line.items():
        scores = {
            name: _score(somebody, requirement, history.get(name, 0))
            for name, somebody in by_name.items()
            if could(name, somebody, requirement)
            and channel in somebody.channels
            and name not in refused
        }
        good = [name for name, score in scores.items() if score >= max(scores.values()) - band]
        best = min(
            good,
            key=lambda name: (
                by_name[name].load,
                by_name[name].flexibility,
                by_name[name].idle,
            ),
            default=None,
        )
        choice = pool.choose(line.where(conversation)[0], refused, history, WEIGHTS, band)
        assert (choice.candidate.agent if choice is not None else None) == best


def _score(somebody: Somebody, requirement: Requirement, known: int) -> int:
    parts = (
        4 * language_score(somebody.profile, requirement),
        2 * proficiency_score(somebody.profile, requirement),
        3 * known,
        2 * (1000 - somebody.load),
    )
    return sum(parts) // 11


@SETTINGS
@given(people=agents, places=waiting, gone=st.sets(st.integers(0, 7), max_size=4))
def test_places_count_whom_a_signed_in_agent_could_take_instead(
    people: list[Somebody], places: list[tuple[Requirement, str, int]], gone: set[int]
) -> None:
    pool, line, by_name, in_line = built(people, places)
    for number in sorted(gone):
        pool.sign_out(f"a{number}")
        by_name.pop(f"a{number}", None)
    for name, (requirement, channel, place) in in_line.items():
        ahead = sum(
            other_place < place
            and (
                (other, other_channel) == (requirement, channel)
                or any(
                    could(agent, somebody, other) and could(agent, somebody, requirement)
                    for agent, somebody in by_name.items()
                )
            )
            for other, other_channel, other_place in in_line.values()
        )
        lane, _ = line.where(name)
        assert pool.ahead(lane, place) == ahead


@SETTINGS
@given(people=agents, channel=st.sampled_from(["chat", "email"]), refused=refusals)
def test_the_groups_of_the_free_have_whoever_is_free(
    people: list[Somebody], channel: str, refused: frozenset[str]
) -> None:
    pool, _, by_name, _ = built(people, [])
    found = [group.profile for group in pool.free_groups() if group.has(channel, refused)]
    assert len(found) == len(set(found))
    assert set(found) == {
        somebody.profile
        for name, somebody in by_name.items()
        if channel in somebody.channels and name not in refused
    }


def test_who_signed_out_is_free_no_longer() -> None:
    pool = Pool(Line())
    pool.sign_in("a", PROFILES[0], 1)
    pool.free("a", ("chat",), 0, (0, 1))
    assert (pool.knows("a"), pool.is_free("a")) == (True, True)
    pool.sign_out("a")
    assert (pool.knows("a"), pool.is_free("a")) == (False, False)


def test_a_profile_that_is_rated_otherwise_keeps_its_free_agents_in_order() -> None:
    """A new policy rates a profile by one of its agents first, while others of it are free."""
    pool = Pool(Line())
    profile = Profile((("a", 50),))
    for name, order in (("ada", 1), ("bob", 2), ("cy", 3)):
        pool.sign_in(name, profile, 1)
        pool.free(name, ("chat",), 0, (0, order))
    pool.sign_in("ada", profile, 7)
    pool.free("ada", ("chat",), 0, (0, 4))
    for name in ("cy", "ada", "bob"):
        assert pool.is_free(name)
        pool.occupy(name)
        assert not pool.is_free(name)


def test_a_lane_that_is_dropped_takes_nothing_with_it() -> None:
    line = Line()
    pool = Pool(line)
    pool.sign_in("a1", PROFILES[0], 1)
    for requirement in REQUIREMENTS:
        lane, _ = line.lane(("q", "chat", requirement))
        pool.add_lane(lane)
    for lane in list(line.lanes.values()):
        pool.drop_lane(lane)
    lane, _ = line.lane(("q", "chat", REQUIREMENTS[1]))
    pool.add_lane(lane)
    line.join(lane, (0, 1, "c"))
    pool.free("a1", ("chat",), 0, (0, 1))
    assert pool.next_for("a1", pool.channels_for("a1"), lambda _: ()) == (0, 1, "c")


def test_bits_gives_the_set_bits_smallest_first() -> None:
    assert list(bits(0b1010_0001)) == [0, 5, 7]
    assert list(bits(0)) == []
