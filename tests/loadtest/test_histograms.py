import random

import pytest

from loadtest.histograms import at, codes, curve, merged, record, rows
from loadtest.notes import new_histogram
from loadtest.report import percentile


def test_parts_added_up_are_the_histogram_of_all_values() -> None:
    chance = random.Random(1)
    values = [chance.lognormvariate(-4, 1) for _ in range(3_000)]
    parts = [(new_histogram(), new_histogram()) for _ in range(3)]
    for number, value in enumerate(values):
        for histogram in parts[number % 3]:
            record(histogram, value)
    both, _ = merged([{"x": codes(pair)} for pair in parts])["x"]
    assert both.get_total_count() == 3_000
    for point in (50, 90, 99):
        exact = percentile(values, point)
        assert exact is not None
        assert at(both, point) == pytest.approx(1e3 * exact, rel=0.002)
    points = curve(both)
    assert points[0][0] == 0
    assert points[-1] == [100, at(both, 100)]
    assert [ms for _, ms in points] == sorted(ms for _, ms in points)


def test_a_table_has_a_row_for_each_kind_and_nothing_for_what_never_was() -> None:
    empty, one = new_histogram(), new_histogram()
    record(one, 0.002)
    table = rows({"b": (empty, empty), "a": (one, empty)})
    assert [row["type"] for row in table] == ["a", "b"]
    assert (table[0]["count"], table[0]["p99_uncorrected"]) == (1, None)
    assert table[0]["max"] == pytest.approx(2, rel=0.001)
    assert (table[1]["count"], table[1]["p50"]) == (0, None)
    assert curve(empty) == []
