"""Profiles and requirements are values: equal ones are one key."""

from router.profiles import Profile, Requirement


def test_equal_ones_are_one_key() -> None:
    skills = (("billing", 30),)
    assert {Profile(skills): 1}[Profile((("billing", 30),))] == 1
    assert {Requirement(skills, brand="acme"): 1}[Requirement((("billing", 30),), (), "acme")] == 1
    assert Profile(skills) != Profile(skills, brands=("acme",))
