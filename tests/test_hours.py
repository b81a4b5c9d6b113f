"""Opening hours: what is understood, and what is said of the rest."""

import pytest

from router.hours import Hours, HoursError, Span, read_hours

EIGHT, TWENTY = 8 * 60, 20 * 60


def test_a_working_week_is_five_spans_by_the_clocks_of_its_zone() -> None:
    hours = read_hours("Mon-Fri 08:00-20:00 Europe/Berlin")
    assert hours == Hours(tuple(Span(day, EIGHT, TWENTY) for day in range(5)), "Europe/Berlin")


def test_several_ranges_and_days_make_one_sorted_list() -> None:
    one = read_hours("Sat,Mon 09:00-12:00; Mon 13:00-24:00 UTC")
    other = read_hours("  Mon 13:00-24:00;Mon 09:00-12:00;Sat 09:00-12:00   UTC ")
    assert one == other
    assert one.spans == (Span(0, 540, 720), Span(0, 780, 1440), Span(5, 540, 720))


def test_days_may_run_over_the_end_of_the_week() -> None:
    assert [span.day for span in read_hours("Sat-Mon 00:00-24:00 UTC").spans] == [0, 5, 6]


@pytest.mark.parametrize(
    ("day", "minute", "is_open"),
    [
        (0, EIGHT - 1, False),
        (0, EIGHT, True),
        (0, TWENTY - 1, True),
        (0, TWENTY, False),
        (6, EIGHT, False),
    ],
)
def test_a_range_includes_its_first_minute_and_not_its_last(
    day: int, minute: int, is_open: bool
) -> None:
    assert read_hours("Mon-Fri 08:00-20:00 UTC").covers(day, minute) is is_open


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mon-Fri 08:00-20:00", "time zone"),
        ("Europe/Berlin", "time zone"),
        ("Mon-Fri 8-20 Europe/Berlin", "is not days and times"),
        ("Mon-Fri Europe/Berlin", "is not days and times"),
        ("Mon-Fri 08:00-25:00 UTC", "same day"),
        ("Mon-Fri 22:00-02:00 UTC", "two ranges"),
        ("Mon-Fri 08:00-08:00 UTC", "same day"),
        ("Mon-Frei 08:00-09:00 UTC", "'Frei' is not a day"),
        ("Mon,, 08:00-09:00 UTC", "'' is not a day"),
        ("Mon 08:00-09:00; UTC", "is not days and times"),
        (";".join(["Mon 08:00-09:00"] * 51) + " UTC", "more than 50"),
    ],
)
def test_what_is_not_understood_is_said_with_how_to_mend_it(text: str, said: str) -> None:
    with pytest.raises(HoursError, match=said):
        read_hours(text)
