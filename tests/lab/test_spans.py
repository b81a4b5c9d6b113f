"""Time within a window."""

from router.lab.spans import Spans


def test_only_the_part_within_the_window_counts() -> None:
    spans = Spans(10, 20)
    for begins, ends in ((0, 5), (5, 12), (13, 15), (18, 30), (25, 40)):
        spans.open("ann", begins)
        spans.close("ann", ends)
    assert spans.total_ms("ann") == 2 + 2 + 2


def test_an_open_span_lasts_to_the_end() -> None:
    spans = Spans(10, 20)
    spans.open("ann", 0)
    spans.open("ann", 15)
    assert spans.total_ms("ann") == 15
    assert spans.total_ms("bob") == 0
