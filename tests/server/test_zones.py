"""Opening hours by the clocks of a time zone."""

from datetime import UTC, datetime

import pytest

from router.hours import read_hours
from router.server.zones import day_of, has_zone, is_open, next_change_ms

BERLIN = read_hours("Mon-Fri 08:00-20:00 Europe/Berlin")


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("at", "open_now", "changes"),
    [
        ("2026-07-06T05:59:59", False, "2026-07-06T06:00:00"),  # summer: two hours before UTC
        ("2026-07-06T06:00:00", True, "2026-07-06T18:00:00"),
        ("2026-01-05T06:30:00", False, "2026-01-05T07:00:00"),  # winter: one hour
        ("2026-01-09T19:00:00", False, "2026-01-12T07:00:00"),  # over the weekend
    ],
)
def test_hours_follow_the_clocks_of_their_zone(at: str, open_now: bool, changes: str) -> None:
    assert is_open(BERLIN, utc(at)) is open_now
    assert next_change_ms(BERLIN, utc(at)) == utc(changes)


def test_a_night_that_is_put_forward_or_back_moves_the_morning() -> None:
    """On 2026-03-29 Berlin's clocks go from 02:00 to 03:00, on 2026-10-25 from 03:00 to 02:00."""
    daily = read_hours("Mon-Sun 08:00-20:00 Europe/Berlin")
    assert next_change_ms(daily, utc("2026-03-28T20:00:00")) == utc("2026-03-29T06:00:00")
    assert next_change_ms(daily, utc("2026-10-24T20:00:00")) == utc("2026-10-25T07:00:00")


def test_an_hour_that_there_is_not_opens_after_it() -> None:
    early = read_hours("Sun 02:30-05:00 Europe/Berlin")
    assert not is_open(early, utc("2026-03-29T00:59:00"))
    assert is_open(early, utc("2026-03-29T01:30:00"))


def test_a_day_may_end_at_midnight() -> None:
    late = read_hours("Mon 22:00-24:00; Tue 00:00-02:00 UTC")
    assert is_open(late, utc("2026-01-05T23:59:59"))
    assert is_open(late, utc("2026-01-06T00:00:00"))
    assert not is_open(late, utc("2026-01-06T02:00:00"))


@pytest.mark.parametrize(
    ("name", "known"), [("UTC", True), ("Europe/Berlin", True), ("Europe/Nowhere", False)]
)
def test_a_zone_is_known_or_not(name: str, known: bool) -> None:
    assert has_zone(name) is known


@pytest.mark.parametrize("name", ["Europe", "x" * 300, "America"])
def test_names_that_are_no_zone_raise_nothing(name: str) -> None:
    assert not has_zone(name)


def test_a_day_has_25_hours_where_the_clocks_go_back() -> None:
    start_ms, end_ms = day_of("Europe/Berlin", utc("2026-10-25T12:00:00"))
    assert (start_ms, end_ms) == (utc("2026-10-24T22:00:00"), utc("2026-10-25T23:00:00"))
    assert day_of("Europe/Berlin", start_ms) == day_of("Europe/Berlin", end_ms - 1)
