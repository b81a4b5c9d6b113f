"""What single people do, seen from the server's side and in the ledger."""

import pytest

from loadtest.day import AgentPlan
from loadtest.people import Agent, Clock, Customer, World
from loadtest.wire import Message
from tests.helpers import seen
from tests.helpers.bank_logs import row
from tests.helpers.runs import KEY, run_day


def test_the_clock_maps_the_day_to_now_and_back() -> None:
    clock = Clock(begins_s=36_000.0, started_s=5.0, speed=60.0)

    assert clock.at(36_600.0) == 15.0
    assert clock.day_s(15.0) == 36_600.0


async def test_a_served_customer_is_asked_for_accepted_and_ended_once() -> None:
    _, outcome, server = await run_day([row(36_000, service_s=300, kind="NE")])
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

    assert conversation.ended_s - conversation.assigned_s >= 0.19


async def test_who_hung_up_cancels_when_patience_ends() -> None:
    calls = [row(36_000, service_s=200), row(36_100, wait_s=50, service_s=None)]
    _, outcome, _ = await run_day(calls, speed=500.0)
    left = outcome.ledger.conversations[1]

    assert left.is_abandoned
    assert left.reason == "cancelled"
    assert left.cancelled_s - left.asked_s >= 0.1
    assert outcome.ledger.faults.counts == {}


async def test_a_cancel_that_meets_an_offer_withdraws_it_and_is_no_fault() -> None:
    """The agent looks at the offer for longer than the customer waits."""
    calls = [row(36_000), row(36_100, wait_s=20, service_s=None), row(36_500)]
    _, outcome, _ = await run_day(calls, reaction_s=300.0)
    left = outcome.ledger.conversations[1]

    assert left.is_abandoned
    assert [offer.outcome for offer in left.file.offers] == ["withdrawn"]
    assert outcome.ledger.faults.counts == {}


async def test_a_slow_agent_says_that_the_offer_was_seen() -> None:
    calls = [row(36_000, service_s=1), row(36_010, wait_s=200, service_s=1)]
    _, outcome, server = await run_day(calls, speed=100.0, reaction_s=60.0)

    conversation = outcome.ledger.conversations[1]
    assert conversation.assigned_s - conversation.file.offers[0].at_s >= 0.6
    assert server.seen == list(outcome.ledger.offers)
    assert outcome.ledger.faults.counts == {}


async def test_nothing_is_offered_to_an_agent_whose_shift_is_over() -> None:
    calls = [
        row(36_000, agent="A01", service_s=100),
        row(36_300, agent="A02", service_s=10),
        row(36_400, agent="A02", service_s=200),
    ]
    _, outcome, _ = await run_day(calls, speed=1000.0, has_long_shifts=False)

    agents = [one.file.assignments[0].agent for one in outcome.ledger.conversations]
    assert agents == ["A01", "A02", "A02"]
    assert outcome.ledger.faults.counts == {}


def offer_new(offer: str, pos: int, conversation: str = "c1") -> Message:
    return {"t": "offer.new", "pos": pos, "offer": offer, "conversation": conversation}


def offer_ended(offer: str, pos: int, outcome: str) -> Message:
    return {"t": "offer.ended", "pos": pos, "offer": offer, "outcome": outcome}


def assigned(conversation: str, pos: int) -> Message:
    return {"t": "conversation.assigned", "pos": pos, "conversation": conversation}


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([offer_new("o1", 1), offer_new("o1", 2)], "offer.twice"),
        ([offer_new("o1", 1), offer_new("o2", 2)], "offer.second"),
        ([assigned("c1", 1), offer_new("o2", 2)], "offer.over_capacity"),
        ([assigned("c1", 1), assigned("c2", 2)], "assigned.over_capacity"),
        ([offer_ended("o9", 1, "taken")], "offer.ended.foreign"),
        (
            [offer_new("o1", 1), offer_ended("o1", 2, "withdrawn"), offer_ended("o1", 3, "taken")],
            "offer.ended.twice",
        ),
        ([offer_new("o1", 1), offer_ended("o1", 2, "undelivered")], "offer.undelivered"),
        ([offer_new("o1", 1), offer_ended("o1", 2, "expired")], "offer.expired"),
        (
            [{"t": "presence.self", "pos": 1, "show": "away", "reason": "missed"}],
            "presence.missed",
        ),
    ],
)
async def test_what_an_agent_must_not_be_told_is_counted(events: list[Message], kind: str) -> None:
    world = idle_world()
    agent = Agent(AgentPlan("A01", 0.0, 1.0, ("PS",)), world)
    for event in events:
        agent._on_event(event)

    assert world.ledger.faults.counts == {kind: 1}


async def test_an_orderly_sequence_of_events_is_no_fault() -> None:
    world = idle_world()
    agent = Agent(AgentPlan("A01", 0.0, 1.0, ("PS",)), world)
    ended = {"t": "conversation.ended", "pos": 4, "conversation": "c1", "reason": "agent"}
    for event in (
        offer_new("o1", 1),
        offer_ended("o1", 2, "accepted"),
        assigned("c1", 3),
        ended,
        offer_new("o2", 5, "c2"),
        offer_ended("o2", 6, "withdrawn"),
        {"t": "something.new", "pos": 7},
    ):
        agent._on_event(event)

    assert world.ledger.faults.counts == {}
    assert list(world.ledger.idle_since) == ["A01"]


async def test_events_of_a_conversation_that_is_not_ones_own_are_counted() -> None:
    world = idle_world()
    customer = Customer(seen.plan(1), world)

    customer._on_event(assigned("somebody-elses", 1))

    assert world.ledger.faults.counts == {"event.foreign": 1}


def idle_world() -> World:
    """A world without a server, for people who are only told things."""
    return World(
        url="ws://127.0.0.1:9/",
        tenant="bank",
        key=KEY,
        queue="bank",
        clock=Clock(0.0, 0.0, 1.0),
        ledger=seen.ledger("A01"),
        run="run",
    )
