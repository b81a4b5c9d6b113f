"""One process against the scripted server: an honest one passes, each flaw is seen."""

import pytest
import trio

from loadtest.arrivals import arrivals
from loadtest.generator import Job
from loadtest.verdicts import judge_run
from tests.helpers.loads import live, scenario
from tests.helpers.scripted_server import Flaw


async def test_an_honest_server_serves_everybody_who_was_planned() -> None:
    chosen = scenario()
    with trio.fail_after(10):
        sheet, seen = await live(chosen)
    assert sheet.errors == {}
    assert judge_run(seen, 0.0) == []
    assert not sheet.is_cut_off
    planned = list(arrivals(chosen))
    assert len(planned) > 10
    assert sorted(one.number for one in sheet.visits) == [one.number for one in planned]
    assert {one.reason for one in sheet.visits} == {"agent"}
    assert sheet.newcomers == len(planned)  # nobody is connected before
    for one, plan in zip(sheet.visits, planned, strict=True):
        assert one.due <= one.sent
        assert (one.patience, one.line) == (plan.patience, plan.line)


@pytest.mark.parametrize(
    ("flaw", "kind"),
    [
        (Flaw.DROPS_ONE, "conversation.lost"),
        (Flaw.OFFERS_TWICE, "offer.duplicate"),
        (Flaw.NEWEST_FIRST, "overtaken.equal_class"),
        (Flaw.CLOSES_ONE, "closed.4104"),
        (Flaw.SPEAKS_GIBBERISH, "frame.unreadable"),
        (Flaw.REFUSES_END, "refused.conversation.end.invalid_transition"),
        (Flaw.HIDES_END, "conversation.end_unseen_by_agent"),
        (Flaw.REPEATS_REPLY, "reply.unexpected"),
        (Flaw.NAMES_ANOTHER, "conversation.agent_disagrees"),
    ],
)
async def test_a_flaw_of_the_server_is_seen(flaw: Flaw, kind: str) -> None:
    chosen = scenario(load={"drain": 0.7}, arrivals={"rate": 60.0}, customers={"connected": 40})
    if flaw is Flaw.NEWEST_FIRST:
        chosen = scenario(load={"drain": 2.0}, desks=[{"id": "all", "count": 2}])
    with trio.fail_after(20):
        sheet, seen = await live(chosen, flaw)
    found = {one.kind for one in judge_run(seen._replace(over_at=seen.over_at + 9), 0.0)}
    assert kind in found | set(sheet.errors)


async def test_an_arrival_waits_for_nobody() -> None:
    """Nobody is served, and all come all the same, each in their second."""
    chosen = scenario(load={"drain": 0.2}, desks=[{"id": "all", "count": 1, "misses": 1.0}])
    with trio.fail_after(10):
        sheet, _ = await live(chosen)
    assert len(sheet.visits) == len(list(arrivals(chosen)))
    assert not any(one.ended for one in sheet.visits)
    assert sheet.is_cut_off


def test_a_job_survives_its_way_to_the_process() -> None:
    import msgspec

    job = Job(scenario(), 1, ("ws://127.0.0.1:1/v1/socket",), "r", (("main", "s" * 32),), "/x")
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
