"""Masks against asking every profile about every requirement."""

from hypothesis import given
from hypothesis import strategies as st

from router.masks import Masks, bits, is_set
from router.queue import Lane
from router.skills import Profile, Requirement, levels, meets, merge_needs

skills = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3)
languages = st.dictionaries(st.sampled_from(["de", "fr", "fr-CA"]), st.integers(0, 3), max_size=2)
brands = st.lists(st.sampled_from("xy"), max_size=2, unique=True)

profiles = st.builds(
    lambda s, t, b: Profile(levels(s), levels(t), tuple(sorted(b))), skills, languages, brands
)
requirements = st.builds(
    lambda s, t, b: Requirement(merge_needs(s.items()), levels(t), b),
    skills,
    languages,
    st.sampled_from(["", "x", "y"]),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("group"), profiles),
        st.tuples(st.just("lane"), requirements),
        st.tuples(st.sampled_from(["drop group", "drop lane"]), st.integers(0, 9)),
    ),
    max_size=30,
)


@given(steps)
def test_a_lane_is_served_by_exactly_the_groups_that_meet_it(
    taken: list[tuple[str, Profile | Requirement | int]],
) -> None:
    masks = Masks()
    groups: dict[int, Profile] = {}
    lanes: dict[int, Lane] = {}
    for number, (what, thing) in enumerate(taken):
        if isinstance(thing, Profile):
            served = masks.add_group(number, thing)
            groups[number] = thing
            assert set(bits(served)) == {
                at for at, lane in lanes.items() if meets(thing, lane.key[2])
            }
        elif isinstance(thing, Requirement):
            lanes[number] = Lane(("q", "chat", thing), number)
            masks.add_lane(lanes[number])
        elif what == "drop group" and groups:
            index = sorted(groups)[thing % len(groups)]
            masks.drop_group(index)
            del groups[index]
        elif what == "drop lane" and lanes:
            masks.drop_lane(lanes.pop(sorted(lanes)[thing % len(lanes)]))
        for lane in lanes.values():
            assert set(bits(masks.serving(lane))) == {
                index for index, profile in groups.items() if meets(profile, lane.key[2])
            }


@given(st.integers(0, 1 << 100), st.integers(0, 200))
def test_one_bit_is_asked_without_a_copy(mask: int, index: int) -> None:
    as_bytes = mask.to_bytes(mask.bit_length() // 8 + 1, "little")
    assert is_set(as_bytes, index) is bool(mask >> index & 1)
