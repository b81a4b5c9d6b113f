"""What agents can do, what conversations ask for, and how well the two fit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.skills import (
    Profile,
    Requirement,
    language_score,
    levels,
    meets,
    merge_needs,
    proficiency_score,
    shared,
    shortfall,
    tags_match,
)

LEVELS = st.integers(0, 100)
pairs = st.lists(st.tuples(st.sampled_from("xyz"), LEVELS), max_size=4)
wishes = st.lists(st.tuples(st.sampled_from(["fr", "fr-CA", "en"]), LEVELS), max_size=3)
profiles = st.builds(
    Profile,
    skills=pairs.map(dict).map(levels),
    languages=wishes.map(dict).map(levels),
    brands=st.sampled_from([(), ("pro",)]),
)
SETTINGS = settings(max_examples=200, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("fr", "fr-CA", True),
        ("fr-CA", "fr", True),
        ("FR-ca", "fr-CA", True),
        ("fr-FR", "fr-CA", False),
        ("fr", "fra", False),
        ("en", "fr", False),
    ],
)
def test_tags_match_when_one_is_the_general_form_of_the_other(
    one: str, other: str, match: bool
) -> None:
    assert tags_match(one, other) is match


@SETTINGS
@given(profile=profiles, needs=pairs, languages=wishes, brand=st.sampled_from(["", "pro", "x"]))
def test_a_requirement_with_less_in_it_is_met_by_at_least_the_same(
    profile: Profile, needs: list[tuple[str, int]], languages: list[tuple[str, int]], brand: str
) -> None:
    whole = Requirement(merge_needs(needs), tuple(languages), brand)
    fewer = merge_needs((skill, level // 2) for skill, level in needs[1:])
    less = Requirement(fewer, (), "")
    assert meets(profile, less) or not meets(profile, whole)
    assert meets(profile, whole) is (shortfall(profile, whole) is None)


@SETTINGS
@given(profile=profiles, needs=pairs, languages=wishes)
def test_parts_of_the_score_lie_between_0_and_1000(
    profile: Profile, needs: list[tuple[str, int]], languages: list[tuple[str, int]]
) -> None:
    requirement = Requirement(merge_needs(needs), tuple(languages))
    assert 0 <= language_score(profile, requirement) <= 1000
    assert 0 <= proficiency_score(profile, requirement) <= 1000


def test_where_a_skill_is_asked_for_twice_the_higher_level_counts() -> None:
    assert merge_needs([("x", 10), ("y", 5)], [("x", 30)]) == (("x", 30), ("y", 5))


@pytest.mark.parametrize(
    ("level", "score"), [(20, 600), (60, 900), (100, 1000), (40, 775), (10, 600)]
)
def test_proficiency_above_the_need_counts_with_diminishing_return(level: int, score: int) -> None:
    profile = Profile(skills=(("x", level),))
    assert proficiency_score(profile, Requirement(needs=(("x", 20),))) == score


@pytest.mark.parametrize(
    ("spoken", "score"),
    [
        ({"fr": 100}, 1000),
        ({"fr": 60}, 600),
        ({"en": 100}, 500),
        ({"de": 100}, 0),
        ({"fr": 5, "en": 80}, 400),
    ],
)
def test_the_first_wish_counts_more_than_the_second(spoken: dict[str, int], score: int) -> None:
    requirement = Requirement(languages=(("fr", 10), ("en", 1)))
    assert language_score(Profile(languages=levels(spoken)), requirement) == score


@pytest.mark.parametrize(
    ("requirement", "word"),
    [
        (Requirement(needs=(("x", 81),)), "skill:x"),
        (Requirement(languages=(("fr", 1), ("de", 1))), "language:fr"),
        (Requirement(brand="acme"), "brand:acme"),
        (Requirement(needs=(("x", 80),), languages=(("de", 1), ("en", 1)), brand="pro"), None),
    ],
)
def test_what_is_missing_is_named(requirement: Requirement, word: str | None) -> None:
    profile = Profile(skills=(("x", 80),), languages=(("en", 50),), brands=("pro",))
    assert shortfall(profile, requirement) == word


def test_no_needs_and_no_wishes_are_met_in_full() -> None:
    assert language_score(Profile(), Requirement()) == 1000
    assert proficiency_score(Profile(), Requirement()) == 1000


def test_profiles_of_the_same_skills_share_their_pairs() -> None:
    made = [Profile(skills=(("a" * n, 50),), languages=(("de", 1),)) for n in (3, 3)]
    ada, bob = map(shared, made)
    assert ada == made[0]
    assert ada.skills[0] is bob.skills[0]
