"""What single people do, seen from the server's side and in the ledger."""

import pytest

from loadtest.people import Clock
from tests.helpers.bank_logs import row
from tests.helpers.runs import run_day


def test_the_clock_maps_the_day_to_now_and_back() -> None:
    clock = Clock(begins_s=36_000.0, started_s=5.0, speed=60.0)

    assert clock.at(36_600.0) == 15.0
    assert clock.day_s(15.0) == 36_600.0


async def test_a_served_customer_is_asked_for_accepted_and_ended_once() -> None:
    _, outcome, server = await run_day([row(36_000, service_s=30, kind="NE")])
    conversation = outcome.ledger.conversations[0]

    assert [offer.outcome for offer in conversation.file.offers] == ["accepted"]
    assert [one.agent for one in conversation.file.assignments] == ["A01"]
    assert conversation.is_served
    assert conversation.file.has_agent_seen_end
    assert [request["needs"] for request in server.requests] == [[{"skill": "NE", "level": 1}]]
    assert [request["queue"] for request in server.requests] == ["bank"]


async def test_tokens_carry_skills_and_class() -> None:
    calls = [row(36_000, priority=2, customer="C00007"), row(36_001, priority=1)]
    _, _, server = await run_day(calls)

    agents = [token for token in server.tokens if token["role"] == "agent"]
    customers = [token for token in server.tokens if token["role"] == "customer"]
    assert [(token["sub"], token["skills"]) for token in agents] == [("A01", {"PS": 100})]
    assert sorted(token["class"] for token in customers) == ["priority", "regular"]
    assert {token["sub"].rpartition("-")[0] for token in customers} == {"C00007-0", "anonymous-1"}


async def test_a_service_takes_its_recorded_time_at_speed() -> None:
    _, outcome, _ = await run_day([row(36_000, service_s=100)], speed=500.0)
    conversation = outcome.ledger.conversations[0]

    assert conversation.ended_s - conversation.assigned_s == pytest.approx(0.2, abs=0.1)


async def test_who_hung_up_cancels_when_patience_ends() -> None:
    calls = [row(36_000, service_s=200), row(36_010, wait_s=50, service_s=None)]
    _, outcome, _ = await run_day(calls, speed=500.0)
    left = outcome.ledger.conversations[1]

    assert left.is_abandoned
    assert left.reason == "cancelled"
    assert left.cancelled_s - left.asked_s == pytest.approx(0.1, abs=0.08)
    assert outcome.ledger.faults.counts == {}


async def test_a_cancel_that_meets_an_offer_withdraws_it_and_is_no_fault() -> None:
    """The agent looks at the offer for longer than the customer waits."""
    calls = [row(36_000), row(36_100, wait_s=20, service_s=None), row(36_300)]
    _, outcome, _ = await run_day(calls, reaction_s=60.0)
    left = outcome.ledger.conversations[1]

    assert left.is_abandoned
    assert [offer.outcome for offer in left.file.offers] == ["withdrawn"]
    assert outcome.ledger.faults.counts == {}


async def test_a_slow_agent_says_that_the_offer_was_seen() -> None:
    _, outcome, _ = await run_day([row(36_000, wait_s=300)], speed=100.0, reaction_s=60.0)

    conversation = outcome.ledger.conversations[0]
    assert conversation.assigned_s - conversation.file.offers[0].at_s >= 0.6
    assert outcome.ledger.faults.counts == {}


async def test_agents_leave_at_the_end_of_their_shift_but_finish_first() -> None:
    """The first agent's last service begins late, so the second call waits for the other."""
    calls = [
        row(36_000, agent="A01", service_s=10),
        row(36_200, agent="A02", service_s=10),
        row(36_400, agent="A02", service_s=10),
    ]
    _, outcome, _ = await run_day(calls)

    agents = [one.file.assignments[0].agent for one in outcome.ledger.conversations]
    assert agents == ["A01", "A02", "A02"]
    assert outcome.ledger.faults.counts == {}
