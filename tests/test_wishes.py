import msgspec
import pytest

from router import policy
from router.wishes import LanguageWish, SkillNeed


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (SkillNeed, {"skill": ""}),
        (SkillNeed, {"skill": "a", "level": 101}),
        (SkillNeed, {"skill": "a", "lvl": 1}),
        (LanguageWish, {"tag": "f"}),
        (LanguageWish, {"tag": "fr", "level": -1}),
    ],
)
def test_what_is_out_of_range_is_not_read(kind: type, fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, kind)


def test_the_least_level_is_any() -> None:
    assert (SkillNeed("a").level, LanguageWish("fr").level) == (1, 1)


def test_the_policy_shares_them() -> None:
    assert (policy.SkillNeed, policy.LanguageWish) == (SkillNeed, LanguageWish)
