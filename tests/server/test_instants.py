"""Dates and times as people write them."""

import pytest

from router.server.instants import instant_of


@pytest.mark.parametrize(
    ("spelt", "at_ms"),
    [
        ("1970-01-01", 0),
        ("2026-01-01", 1_767_225_600_000),
        ("2026-01-01T12:00", 1_767_268_800_000),
        ("2026-01-01 12:00", 1_767_268_800_000),
        ("2026-01-01T12:00:00.250Z", 1_767_268_800_250),
        ("2026-01-01T13:00+01:00", 1_767_268_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_an_instant_is_in_ms_and_of_utc_where_no_zone_is_said(spelt: str, at_ms: int) -> None:
    assert instant_of(spelt) == at_ms


@pytest.mark.parametrize("spelt", ["", "yesterday", "2026-13-01", "31.1.2026", "1767268800000"])
def test_what_is_none_is_an_error(spelt: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        instant_of(spelt)
