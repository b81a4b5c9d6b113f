from router.server.counters import Tally, no_count


def test_tally_sums_a_name_over_its_labels() -> None:
    tally = Tally()
    tally("ends", code="1000")
    tally("ends", code="1000")
    tally("ends", code="4203")
    assert tally["ends"] == 3
    assert tally.labelled("ends", code="1000") == 2
    assert tally["unheard"] == 0


def test_counting_nothing_is_allowed_anywhere_a_counter_is() -> None:
    assert no_count("ends", code="1000") is None  # type: ignore[func-returns-value]
