"""Queries of URLs, and an archive that cannot be read."""

import pytest
from msgspec import Struct
from starlette.requests import Request

from router.errors import Refusal, Refused
from router.server.asked_for import check_limit, query_of


class Asked(Struct):
    after: str = ""
    limit: int = 100


def asked(query: str) -> Asked:
    return query_of(Request({"type": "http", "query_string": query.encode()}), Asked)


def test_a_query_is_read_and_what_is_not_said_is_the_usual() -> None:
    assert asked("after=7&limit=5&unknown=1") == Asked("7", 5)
    assert asked("") == Asked()


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
