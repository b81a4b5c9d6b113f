"""How often one cause may speak, and that what it could not say is told all the same."""

from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from router.server import log_limits
from router.server.log_limits import LINES_PER_WINDOW, WINDOW_MS, Limit, LogFigures, Silence


class Desk:
    """A limit with hands of a clock to move."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.limit = Limit(lambda: self.now_ms)
        self.written: list[dict[str, Any]] = []

    def log(self, event: str, **fields: str) -> bool:
        """Whether the line was written."""
        line = {"level": "warning", "event": event, **fields}
        try:
            self.written.append(dict(self.limit(None, "warning", line)))
        except structlog.DropEvent:
            return False
        return True


def test_a_cause_that_speaks_too_much_silences_no_other() -> None:
    desk = Desk()
    for _ in range(3 * LINES_PER_WINDOW):
        desk.log("webhook.failed", tenant="acme", hook="crm")
    assert len(desk.written) == LINES_PER_WINDOW
    assert desk.log("webhook.failed", tenant="acme", hook="other")
    assert desk.log("webhook.failed", tenant="globex", hook="crm")
    assert desk.log("archive.unavailable", tenant="acme")
    assert not desk.log("webhook.failed", tenant="acme", hook="crm")


@pytest.mark.parametrize(
    "event", ["settings.refused", "policy.changed", "offer.made", "log.suppressed"]
)
def test_what_was_asked_for_line_by_line_has_no_gaps(event: str) -> None:
    desk = Desk()
    for _ in range(100):
        assert desk.log(event, tenant="acme")
    assert desk.limit.suppressed == 0
    assert desk.limit.lines["warning"] == 100


def test_what_was_held_back_is_told_though_its_cause_speaks_no_more() -> None:
    desk = Desk()
    for _ in range(25):
        desk.log("journal.unavailable")
        desk.log("webhook.failed", tenant="acme", hook="crm")
    assert list(desk.limit.silences()) == []
    desk.now_ms = WINDOW_MS
    assert sorted(desk.limit.silences()) == [
        Silence("journal.unavailable", {}, 15),
        Silence("webhook.failed", {"tenant": "acme", "hook": "crm"}, 15),
    ]
    assert list(desk.limit.silences()) == []
    desk.log("journal.unavailable")
    assert "suppressed" not in desk.written[-1]


def test_the_end_tells_what_the_window_still_holds() -> None:
    desk = Desk()
    for _ in range(11):
        desk.log("journal.unavailable")
    assert list(desk.limit.silences(is_end=True)) == [Silence("journal.unavailable", {}, 1)]


STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), st.integers(0, 20_000))
    | st.just(None),
    max_size=300,
)


@given(STEPS)
def test_every_line_is_written_or_told_of_once(steps: list[tuple[str, str, int] | None]) -> None:
    """Against counting by hand; None is the timer."""
    desk = Desk()
    told = sent = 0
    for step in steps:
        if step is None:
            told += sum(silence.held_back for silence in desk.limit.silences())
            continue
        event, hook, later_ms = step
        desk.now_ms += later_ms
        sent += 1
        desk.log(event, hook=hook)
    told += sum(silence.held_back for silence in desk.limit.silences(is_end=True))
    told += sum(line.get("suppressed", 0) for line in desk.written)
    assert len(desk.written) + told == sent
    assert desk.limit.suppressed == told
    assert sum(desk.limit.lines.values()) == len(desk.written)


def test_however_many_causes_there_are_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_limits, "CAUSES_MAX", 5)
    desk = Desk()
    for number in range(100):
        desk.log("token.refused", tenant=str(number))
    assert len(desk.limit._windows) == 6
    assert len(desk.written) == 5 + LINES_PER_WINDOW
    (silence,) = desk.limit.silences(is_end=True)
    assert (silence.event, silence.about, silence.held_back) == ("token.refused", {}, 85)


def test_lines_are_counted_by_level_and_there_at_0() -> None:
    desk = Desk()
    for _ in range(12):
        desk.log("journal.unavailable")

    def shown(limit: Limit | None) -> dict[tuple[str, ...], float]:
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in LogFigures(lambda: limit).collect()
            for sample in family.samples
        }

    found = shown(desk.limit)
    assert found["fairline_log_lines_total", "warning"] == 10
    assert found["fairline_log_lines_total", "error"] == 0
    assert found["fairline_log_suppressed_total",] == 2
    assert set(shown(None).values()) == {0}
