"""Queries of URLs, and an archive that cannot be read."""

import pytest
from msgspec import Struct
from starlette.requests import Request

from router.errors import Refusal, Refused
from router.server.asked_for import check_limit, query_of


class Asked(Struct):
    after: str = ""
    limit: int = 100
    since: int = 0


class Needed(Struct):
    purpose: str


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode()})


def asked(query: str) -> Asked:
    return query_of(request(query), Asked)


def test_a_query_is_read_and_what_is_not_said_is_the_usual() -> None:
    assert asked("after=7&limit=5") == Asked("7", 5)
    assert asked("") == Asked()


@pytest.mark.parametrize(
    ("spelt", "at_ms"),
    [
        ("1767268800000", 1_767_268_800_000),
        ("-5", -5),
        ("2026-01-01", 1_767_225_600_000),
        ("2026-01-01T12:00", 1_767_268_800_000),
        ("2026-01-01T12:00:00.250Z", 1_767_268_800_250),
        ("2026-01-01T13:00%2B01:00", 1_767_268_800_000),
        ("2026-01-01T13:00+01:00", 1_767_268_800_000),
        ("2026-01-01%2012:00", 1_767_268_800_000),
    ],
)
def test_an_instant_may_be_a_number_or_a_date(spelt: str, at_ms: int) -> None:
    assert asked(f"since={spelt}").since == at_ms


def test_what_is_missing_or_not_known_is_named_with_the_mend() -> None:
    with pytest.raises(Refused, match="purpose: this parameter is missing; add it"):
        query_of(request(""), Needed)
    with pytest.raises(Refused, match=r'limt: there is no such parameter \(did you mean "limit"'):
        asked("limt=5")
    with pytest.raises(Refused, match=r"zone: .* there are after, limit, since"):
        asked("zone=5")
    with pytest.raises(Refused, match="since: expected milliseconds since 1970, or a time such"):
        asked("since=yesterday")


@pytest.mark.parametrize("query", ["limit=many", "limit=", "limit=1.5", "limit=" + "9" * 5_000])
def test_what_is_wrong_is_refused_by_its_field(query: str) -> None:
    with pytest.raises(Refused) as caught:
        check_limit(asked(query).limit, 1_000)
    assert caught.value.code is Refusal.BAD_REQUEST
    assert "limit" in caught.value.message


@pytest.mark.parametrize("limit", [0, -1, 11])
def test_a_page_has_its_bound(limit: int) -> None:
    check_limit(10, 10)
    with pytest.raises(Refused, match="expected 1 to 10"):
        check_limit(limit, 10)
