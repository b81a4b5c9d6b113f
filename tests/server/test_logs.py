import io
import json
import logging
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from router.server.clock import Clock
from router.server.logs import TELL_EVERY_S, configure, keep_telling, logger


class Paper:
    """A log on paper, with hands of a clock to move."""

    def __init__(self, form: str = "json") -> None:
        self.now_ms = 0
        self.stream = io.StringIO()
        self.form = form

    def open(self) -> "Paper":
        configure(self.form, Clock(lambda: self._ns() + 10**18, self._ns), self.stream)
        return self

    def _ns(self) -> int:
        return self.now_ms * 1_000_000

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_a_line_carries_where_it_belongs() -> None:
    paper = Paper().open()
    logger(tenant="acme").bind(agent="ada").info("offer.expired", conversation="c1", position=7)
    assert paper.lines() == [
        {
            "at": "2001-09-09T01:46:40.000Z",
            "level": "info",
            "event": "offer.expired",
            "tenant": "acme",
            "agent": "ada",
            "conversation": "c1",
            "position": 7,
        }
    ]


def test_a_field_that_is_not_listed_shows_its_name_alone() -> None:
    paper = Paper().open()
    logger().warning("odd", body="my card is 4111", token="eyJ", wait_ms=12, lag_ms="4111")
    assert "4111" not in paper.stream.getvalue()
    (line,) = paper.lines()
    assert line["withheld"] == "body,lag_ms,token"
    assert line["wait_ms"] == 12


@pytest.mark.parametrize("form", ["json", "console"])
@given(text=st.text())
def test_a_line_stays_one_line_whatever_its_values_hold(form: str, text: str) -> None:
    paper = Paper(form).open()
    logger(tenant="acme").error("odd", error=f"a\r\n\x1b[2J\u202e\u2028\ud800{text}")
    written = paper.stream.getvalue()
    assert written.endswith("\n")
    assert written[:-1].isprintable()


def test_json_escapes_to_what_was_said() -> None:
    paper = Paper().open()
    logger().error("odd", error="é \U000e0001 \u202e \n")
    assert paper.lines()[0]["error"] == "é \U000e0001 \u202e \n"


def test_one_cause_speaks_ten_times_a_minute_and_then_says_what_was_held_back() -> None:
    paper = Paper().open()
    log = logger()
    for _ in range(25):
        log.warning("journal.slow")
        log.warning("other") if paper.now_ms == 0 else None
        paper.now_ms += 1
    assert sum(line["event"] == "journal.slow" for line in paper.lines()) == 10
    assert paper.lines()[-1]["event"] == "journal.slow"
    paper.now_ms = 60_000
    log.warning("journal.slow")
    assert paper.lines()[-1]["suppressed"] == 15
    paper.now_ms = 60_001
    log.warning("journal.slow")
    assert "suppressed" not in paper.lines()[-1]


async def test_what_was_held_back_is_said_by_a_timer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    paper = Paper().open()
    for _ in range(25):
        logger().warning("webhook.failed", tenant="acme", hook="crm")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_telling)
        await trio.sleep(TELL_EVERY_S + 1)
        assert len(paper.lines()) == 10
        paper.now_ms = 60_000
        await trio.sleep(TELL_EVERY_S)
        nursery.cancel_scope.cancel()
    told = paper.lines()[10:]
    assert [(one["event"], one["cause"], one["suppressed"]) for one in told] == [
        ("log.suppressed", "webhook.failed", 15),
    ]
    assert (told[0]["tenant"], told[0]["hook"], told[0]["level"]) == ("acme", "crm", "warning")


def test_a_long_value_is_cut() -> None:
    paper = Paper().open()
    logger().error("odd", error="x" * 10_000)
    assert len(paper.lines()[0]["error"]) == 501


def test_a_crash_keeps_its_trace_in_one_json_line() -> None:
    paper = Paper().open()
    try:
        int("broken")
    except ValueError:
        logger(tenant="acme").exception("core.crashed")
    (line,) = paper.lines()
    assert line["exception"].splitlines()[-1].endswith("'broken'")


def test_the_console_is_for_people() -> None:
    paper = Paper("console").open()
    logger(tenant="acme").info("listening", port=8080)
    assert paper.stream.getvalue() == (
        "2001-09-09T01:46:40.000Z info     listening tenant=acme port=8080\n"
    )
    try:
        int("broken")
    except ValueError:
        logger().exception("crashed")
    assert paper.stream.getvalue().endswith("'broken'\n")


def test_libraries_warn_in_the_same_form() -> None:
    paper = Paper().open()
    logging.getLogger("hypercorn.error").warning("odd %s", "thing\n")
    logging.getLogger("hypercorn.error").info("chatter")
    (line,) = paper.lines()
    assert (line["library"], line["error"], line["level"]) == (
        "hypercorn.error",
        "odd thing\n",
        "warning",
    )


def test_debug_chatter_is_not_written() -> None:
    paper = Paper().open()
    logger().debug("detail")
    assert paper.lines() == []


def test_a_named_node_is_in_every_line_and_our_doors_have_events_of_their_own() -> None:
    stream = io.StringIO()
    configure("json", Clock(), stream, node="n1")
    logger().info("some.thing", tenant="acme")
    outline = "LookupError\n" + "  at a line\n" * 100
    logging.getLogger("fairline.front").error("a visit failed: %s", outline)
    logging.getLogger("other").warning("a library speaks")
    plain, door, library = map(json.loads, stream.getvalue().splitlines())
    assert list(plain) == ["at", "level", "event", "node", "tenant"]
    assert (door["event"], door["node"], door["exception"]) == (
        "front.failed", "n1", f"a visit failed: {outline}",
    )  # fmt: skip
    assert (library["event"], library["library"]) == ("library.warning", "other")
