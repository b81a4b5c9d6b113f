"""Whole short days over loopback: an honest server passes, each flaw is seen."""

import pytest
import trio

from loadtest.day import plan_day
from loadtest.replay import Progress, replay
from loadtest.report import report_on
from tests.helpers.bank_logs import DAY, calm_calls, crowded_calls, twenty_calls
from tests.helpers.runs import SPEED, run_day, settings
from tests.helpers.scripted_server import Flaw, scripted_server

# Where a flaw shows only in one kind of day, it gets that day, on slow machines too.
CALLS = {Flaw.NEWEST_FIRST: crowded_calls, Flaw.OFFERS_TWICE: calm_calls}


async def test_an_honest_server_serves_the_day_without_a_complaint() -> None:
    with trio.fail_after(5):
        plan, outcome, server = await run_day()
    report = report_on(plan, outcome, SPEED)
    ledger = outcome.ledger

    assert report.figures["errors"] == {}
    assert report.figures["violations"] == {}
    assert not report.has_failed
    assert not outcome.is_cut_off
    assert len(server.requests) == len(ledger.conversations) == 20
    assert ledger.served + ledger.abandoned == 20
    assert ledger.abandoned >= 1
    assert (ledger.in_line, ledger.in_service) == (0, 0)


@pytest.mark.parametrize(
    ("flaw", "kind"),
    [
        (Flaw.DROPS_ONE, "conversation.lost"),
        (Flaw.OFFERS_TWICE, "offer.duplicate"),
        (Flaw.OFFERS_TWICE, "conversation.assigned_twice"),
        (Flaw.NEWEST_FIRST, "overtaken.equal_class"),
        (Flaw.CLOSES_ONE, "closed.4104"),
        (Flaw.SPEAKS_GIBBERISH, "frame.unreadable"),
        (Flaw.FORGETS_POSITIONS, "event.without_pos"),
        (Flaw.REFUSES_END, "refused.conversation.end.invalid_transition"),
        (Flaw.HIDES_END, "conversation.end_unseen_by_agent"),
        (Flaw.REPEATS_REPLY, "reply.unexpected"),
        (Flaw.NAMES_ANOTHER, "conversation.agent_disagrees"),
    ],
)
async def test_a_flaw_of_the_server_is_seen(flaw: Flaw, kind: str) -> None:
    with trio.fail_after(10):
        calls = CALLS.get(flaw, twenty_calls)()
        plan, outcome, _ = await run_day(calls, flaw=flaw)
    report = report_on(plan, outcome, SPEED)

    assert kind in {**report.figures["errors"], **report.figures["violations"]}
    assert report.has_failed


async def test_a_server_that_is_not_there_fails_every_arrival() -> None:
    plan = plan_day(twenty_calls(), DAY, seed=1)
    async with scripted_server() as server:
        url = server.url
    with trio.fail_after(10):
        outcome = await replay(plan, settings(url))

    assert outcome.ledger.conversations == []
    assert sum(outcome.ledger.faults.counts.values()) == 20 + 3
    assert report_on(plan, outcome, SPEED).has_failed


async def test_arrivals_do_not_wait_for_the_server_and_lateness_is_measured() -> None:
    with trio.fail_after(5):
        _, outcome, _ = await run_day()

    assert len(outcome.ledger.lateness_s) == 20
    assert all(0 <= late < 1 for late in outcome.ledger.lateness_s)


async def test_progress_is_shown_to_the_end() -> None:
    plan = plan_day(twenty_calls(), DAY, seed=1)
    looks: list[Progress] = []
    async with scripted_server(head_start_s=90 / SPEED) as server:
        with trio.fail_after(5):
            await replay(plan, settings(server.url), looks.append)

    last = looks[-1]
    assert (last.arrived, last.of, last.in_line, last.in_service, last.errors) == (20, 20, 0, 0, 0)
    assert last.served + last.abandoned == 20
