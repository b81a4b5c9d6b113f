import pytest

from router.errors import SettingsError
from router.server.claims import read_claims


def test_claims_read_as_they_stand_in_tokens() -> None:
    pairs = [
        "skills.billing=80", "skills.orders=20", "languages.en=100", "name=Ada = Lovelace",
        "teams=emea,apac", "brands=pro", "license=L-1", "class=gold", "verified=true",
        "attributes.page=/cart?a=b",
    ]  # fmt: skip
    assert read_claims(pairs) == {
        "skills": {"billing": 80, "orders": 20},
        "languages": {"en": 100},
        "name": "Ada = Lovelace",
        "teams": ["emea", "apac"],
        "brands": ["pro"],
        "license": "L-1",
        "class": "gold",
        "verified": True,
        "attributes": {"page": "/cart?a=b"},
    }


def test_languages_may_be_a_list_of_wishes() -> None:
    assert read_claims(["languages=fr,en"]) == {"languages": ["fr", "en"]}
    assert read_claims([]) == {}


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("name", "NAME=VALUE"),
        ("nmae=Ada", 'did you mean "name"'),
        ("exp=1000", "--ttl says that"),
        ("role=agent", "--role says that"),
        ("zzz=1", "there are skills, languages, teams"),
        ("skills=80", "skills.billing=80"),
        ("skills.billing=much", "a number from 0 to 100"),
        ("name.first=Ada", "nothing below it"),
        ("verified=yes", "true or false"),
        ("attributes=x", "a name below it"),
    ],
)
def test_a_pair_that_is_not_understood_says_what_would_be(pair: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_claims([pair])


def test_a_list_and_a_table_of_the_same_claim_do_not_mix() -> None:
    with pytest.raises(SettingsError, match="choose one"):
        read_claims(["languages=fr", "languages.en=100"])
