"""The measures after each step of a scripted day, and against a naive model on random days."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from router import measures as module
from router.conversations import Conversation
from router.events import (
    ConversationAssigned,
    ConversationEnded,
    ConversationQueued,
    Event,
    OfferEnded,
)
from router.ids import ConversationId
from router.measures import Measures
from router.policy import Policy, Queue, ServiceLevel
from tests.helpers.floor import Fields, Floor

QUEUE = Queue("sales", service_level=ServiceLevel(within_ms=20_000, short_abandon_ms=5_000))
CARE = Queue("care", wrap_up_ms=60_000)


def _measured(*queues: Queue, **policy: Fields) -> tuple[Floor, Measures]:
    floor = Floor(*(queues or (QUEUE, CARE)), **policy)
    found = Measures(Policy())
    for event, now_ms in floor.log:
        found.take(event, now_ms)
    floor.listeners.append(found.take)
    return floor, found


def test_accepted_in_time_late_and_abandoned_make_the_service_level() -> None:
    floor, found = _measured()
    first, second, third, fourth = (floor.ask(name) for name in ("ann", "bob", "cid", "dan"))
    floor.pass_ms(3_000)
    floor.cancel(fourth)
    floor.pass_ms(2_000)
    floor.agent("ada")
    floor.accept("ada")
    floor.pass_ms(30_000)
    floor.end(first)
    floor.accept("ada")
    floor.cancel(third)
    figures = found.queue("sales", floor.now_ms, recent=True)
    assert (figures.arrived, figures.accepted, figures.accepted_in_target) == (4, 2, 1)
    assert (figures.abandoned, figures.abandoned_short, figures.expired) == (2, 1, 0)
    assert figures.service_level == 1 / 3
    assert figures.abandonment == 1 / 3
    assert figures.speed_of_answer_ms == (5_000 + 35_000) // 2
    assert (figures.handled, figures.handling_ms) == (1, 30_000)
    assert figures.offers == {"accepted": 2}
    assert found.queue("care", floor.now_ms, recent=True).arrived == 0
    assert found.in_all(floor.now_ms, recent=False).accepted == 2
    assert second in floor.router.world.conversations.by_id


def test_what_nobody_took_in_time_is_abandoned_and_never_short() -> None:
    floor, found = _measured(Queue("sales", wait_max_ms=3_000))
    floor.ask("ann")
    floor.pass_ms(4_000)
    figures = found.queue("sales", floor.now_ms, recent=False)
    assert (figures.abandoned, figures.expired, figures.abandoned_short) == (1, 1, 0)
    assert figures.service_level == 0.0


def test_wrap_up_is_handling_and_not_the_service_itself() -> None:
    """Nine seconds of talk are a short service, however long the work after it."""
    floor, found = _measured()
    floor.agent("ada")
    name = floor.ask("ann", "care")
    floor.accept("ada")
    floor.pass_ms(9_000)
    floor.end(name)
    assert found.agent("ada", floor.now_ms, recent=True).services == 0
    floor.pass_ms(41_000)
    floor.wrap_up("ada", name)
    figures = found.agent("ada", floor.now_ms, recent=True)
    assert (figures.services, figures.short_services, figures.handling_ms) == (1, 1, 50_000)
    assert found.queue("care", floor.now_ms, recent=True).handling_ms == 50_000


def test_a_transfer_ends_a_service_and_does_not_count_as_another_acceptance() -> None:
    floor, found = _measured()
    floor.agent("ada")
    name = floor.ask("ann")
    floor.accept("ada")
    floor.pass_ms(12_000)
    floor.transfer(name, queue="care")
    floor.agent("bea")
    floor.pass_ms(70_000)
    floor.accept("bea")
    floor.pass_ms(15_000)
    floor.end(name)
    floor.wrap_up("bea", name)
    sales, care = (found.queue(name, floor.now_ms, recent=False) for name in ("sales", "care"))
    assert (sales.accepted, sales.handled, sales.handling_ms) == (1, 1, 12_000)
    assert (care.accepted, care.handled, care.arrived) == (0, 1, 0)
    assert found.agent("ada", floor.now_ms, recent=False).services == 1
    assert found.agent("bea", floor.now_ms, recent=False).short_services == 0


def test_assignment_by_hand_is_told_apart_also_over_to_another() -> None:
    floor, found = _measured()
    floor.agent("ada")
    floor.agent("bea")
    name = floor.ask("ann")
    floor.assign(name, "ada")
    floor.pass_ms(20_000)
    floor.assign(name, "bea")
    figures = found.queue("sales", floor.now_ms, recent=False)
    assert (figures.assigned_by_hand, figures.accepted, figures.handled) == (2, 1, 1)
    assert found.agent("ada", floor.now_ms, recent=False).handling_ms == 20_000


def test_occupancy_is_the_share_of_the_time_at_work_that_was_handling() -> None:
    floor, found = _measured()
    floor.agent("ada")
    floor.pass_ms(30_000)
    name = floor.ask("ann")
    floor.accept("ada")
    floor.show("ada", "busy")
    floor.pass_ms(10_000)
    floor.end(name)
    floor.pass_ms(500_000)
    figures = found.agent("ada", floor.now_ms, recent=True)
    assert (figures.available_ms, figures.busy_ms, figures.occupancy) == (40_000, 10_000, 0.25)


def test_two_at_once_are_no_more_than_all_of_the_time() -> None:
    floor, found = _measured(capacity={"chat": 2, "total": 2})
    floor.agent("ada")
    for customer in ("ann", "bob"):
        floor.ask(customer)
        floor.accept("ada")
    floor.pass_ms(60_000)
    assert found.agent("ada", floor.now_ms, recent=True).occupancy == 1.0


def test_declines_and_misses_are_counted_by_agent_and_queue() -> None:
    floor, found = _measured()
    floor.agent("ada")
    floor.ask("ann")
    floor.decline("ada")
    floor.ask("bob")
    floor.see("ada")
    floor.pass_ms(20_000)
    floor.pass_ms(60_000)
    agent = found.agent("ada", floor.now_ms, recent=False)
    assert agent.offers["declined"] == 1
    assert agent.offers["expired"] == 1
    offers = found.queue("sales", floor.now_ms, recent=False).offers
    assert offers == agent.offers


def test_overtakes_come_from_the_offers_that_were_looked_at() -> None:
    floor, found = _measured()
    floor.ask("ann")
    floor.pass_ms(1_000)
    floor.ask("vip", priority="urgent")
    floor.agent("ada")
    figures = found.queue("sales", floor.now_ms, recent=True)
    assert figures.looked_at == 1
    assert figures.overtakes == {"class": 1, "not_taken": 0, "violation": 0}


def test_what_is_recent_leaves_after_half_an_hour_and_what_is_in_all_stays() -> None:
    floor, found = _measured()
    floor.agent("ada")
    name = floor.ask("ann")
    floor.accept("ada")
    floor.end(name)
    later_ms = floor.now_ms + module.RECENT_MS + 60_000
    assert found.queue("sales", later_ms, recent=True).accepted == 0
    assert found.queue("sales", later_ms, recent=True).jain_waits is None
    assert found.queue("sales", later_ms, recent=False).accepted == 1
    recent = found.agent("ada", later_ms, recent=True)
    assert (recent.services, recent.occupancy) == (0, 0.0)
    assert recent.available_ms <= module.RECENT_MS


def test_evenness_of_waits_is_between_customers_not_conversations() -> None:
    floor, found = _measured()
    floor.agent("ada")
    for customer, wait_ms in (("ann", 10_000), ("ann", 30_000), ("bob", 20_000)):
        floor.show("ada", "busy")
        name = floor.ask(customer)
        floor.pass_ms(wait_ms)
        floor.show("ada", "available")
        floor.accept("ada")
        floor.end(name)
    assert found.in_all(floor.now_ms, recent=True).jain_waits == 1.0
    assert found.queue("sales", floor.now_ms, recent=True).jain_waits == 1.0
    assert found.queue("sales", floor.now_ms, recent=True, even=False).jain_waits is None


def test_evenness_of_load_compares_only_who_can_do_the_same() -> None:
    floor, found = _measured()
    for agent in ("ada", "bea", "cai"):
        floor.agent(agent)
    name = floor.ask("ann")
    floor.accept("ada")
    floor.pass_ms(120_000)
    now_ms = floor.now_ms
    assert found.even_load({"ada": "x", "bea": "x", "cai": "y"}, now_ms) == pytest.approx(0.5)
    assert found.even_load({"ada": "x", "bea": "y", "cai": "y"}, now_ms) == 1.0
    assert found.even_load({"ada": "x"}, now_ms) is None
    assert found.even_load({"ada": "x", "nobody": "x"}, now_ms) is None
    assert name in floor.router.world.conversations.by_id


def test_a_start_from_a_snapshot_goes_on_where_the_core_stands() -> None:
    floor = Floor(QUEUE, CARE)
    floor.agent("ada")
    name = floor.ask("ann")
    floor.accept("ada")
    floor.ask("bob")
    world = floor.router.world
    found = Measures(floor.policy)
    found.seed(world.people.agents.values(), world.conversations, floor.now_ms)
    floor.listeners.append(found.take)
    floor.pass_ms(40_000)
    floor.end(name)
    figures = found.agent("ada", floor.now_ms, recent=True)
    assert (figures.services, figures.occupancy) == (1, 1.0)
    in_all = found.in_all(floor.now_ms, recent=True)
    assert (in_all.accepted, in_all.handled) == (0, 1)


def test_memory_is_bounded_by_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGENTS_MAX", 3)
    monkeypatch.setattr(module, "WAITS_MAX", 4)
    floor, found = _measured()
    for number in range(6):
        floor.agent(f"agent{number}")
        name = floor.ask(f"customer{number}")
        floor.accept(f"agent{number}")
        floor.end(name)
        floor.show(f"agent{number}", "away")
    assert not found._open
    assert len(found.agents()) == 3
    assert len(found._waits["sales"]) == 4


# -- random days --------------------------------------------------------------------------------

STEPS = some.lists(
    some.tuples(
        some.sampled_from(
            ("ask", "ask", "accept", "accept", "decline", "end", "end", "cancel", "transfer",
             "assign", "show", "wrap_up", "pass")
        ),
        some.integers(0, 5),
        some.integers(0, 30_000),
    ),
    max_size=60,
)  # fmt: skip
AGENTS = ("ada", "bea", "cai")


def _step(floor: Floor, what: str, number: int) -> None:
    """Does something if it can be done now."""
    agent = AGENTS[number % 3]
    known = list(floor.router.world.conversations)
    if what == "ask":
        floor.ask(f"customer{number}", ("sales", "care")[number % 2])
    elif what == "show":
        floor.show(agent, ("available", "available", "busy")[number // 2])
    elif what in ("accept", "decline"):
        if floor.offer_to(agent):
            getattr(floor, what)(agent)
    elif what != "pass" and known:
        one = known[number % len(known)]
        is_busy = bool(floor.router.world.people.agents[agent].load)
        if one.status in POSSIBLE[what] and not (what == "assign" and is_busy):
            _do(floor, what, one, agent)


POSSIBLE = {
    "end": ("active",),
    "transfer": ("active",),
    "cancel": ("waiting", "offered", "held"),
    "assign": ("waiting", "offered"),
    "wrap_up": ("wrap_up",),
}


def _do(floor: Floor, what: str, one: Conversation, agent: str) -> None:
    match what:
        case "end":
            floor.end(one.id)
        case "transfer":
            floor.transfer(one.id, queue="care")
        case "cancel":
            floor.cancel(one.id)
        case "assign":
            floor.assign(one.id, agent)
        case "wrap_up":
            floor.wrap_up(one.agent, one.id)


def _naive(log: list[tuple[Event, int]], queue: str) -> Counter[str]:
    """Counts over the whole list of events: a conversation's first acceptance, its last end."""
    found: Counter[str] = Counter()
    accepted: dict[str, int] = {}
    for event, now_ms in log:
        match event:
            case ConversationQueued(cause="requested", queue=name) if name == queue:
                found["arrived"] += 1
            case OfferEnded():
                found[f"offer.{event.outcome}"] += (
                    _queue_of(log, event.conversation, now_ms) == queue
                )
            case ConversationAssigned() if event.conversation not in accepted:
                accepted[event.conversation] = now_ms
                if event.queue == queue:
                    found["accepted"] += 1
                    found["in_target"] += event.waited_ms <= 20_000
            case ConversationEnded() if event.conversation not in accepted:
                if event.queue == queue:
                    found["abandoned"] += 1
                    found["short"] += event.waited_ms < (5_000 if queue == "sales" else 10_000)
    return found


def _queue_of(log: list[tuple[Event, int]], name: ConversationId, until_ms: int) -> str:
    return [
        event.queue
        for event, now_ms in log
        if isinstance(event, ConversationQueued)
        and event.conversation == name
        and now_ms <= until_ms
    ][-1]


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_a_random_day_gives_the_figures_of_the_naive_model(
    steps: list[tuple[str, int, int]],
) -> None:
    floor, found = _measured()
    for agent in AGENTS:
        floor.agent(agent)
    began_ms = floor.now_ms
    for what, number, pause_ms in steps:
        _step(floor, what, number)
        floor.pass_ms(pause_ms)
    now_ms = floor.now_ms
    for queue in ("sales", "care"):
        figures = found.queue(queue, now_ms, recent=False)
        naive = _naive(floor.log, queue)
        assert figures.arrived == naive["arrived"]
        assert (figures.accepted, figures.accepted_in_target) == (
            naive["accepted"],
            naive["in_target"],
        )
        assert (figures.abandoned, figures.abandoned_short) == (naive["abandoned"], naive["short"])
        offers = {name: count for name, count in naive.items() if name.startswith("offer.")}
        assert {f"offer.{name}": count for name, count in figures.offers.items()} == +Counter(
            offers
        )
        assert not figures.overtakes.get("violation", 0)
    for agent in AGENTS:
        of_agent = found.agent(agent, now_ms, recent=False)
        assert of_agent.busy_ms <= of_agent.available_ms <= now_ms - began_ms
    assert len(found._open) == sum(
        one.status not in ("closed", "abandoned", "expired")
        for one in floor.router.world.conversations
    )


def test_a_day_counts_what_came_after_its_beginning_and_loses_nothing_of_all() -> None:
    floor, found = _measured()
    floor.agent("ada")
    floor.ask("ann")
    floor.accept("ada")
    found.begin_day()
    assert (found.today().accepted, found.today("sales").service_level) == (0, None)
    floor.ask("bob")
    floor.pass_ms(60_000)
    assert (found.today("sales").arrived, found.today().arrived) == (1, 1)
    assert found.queue("sales", floor.now_ms, recent=False).arrived == 2
