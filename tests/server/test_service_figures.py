"""The series that come from the folds, against what people did."""

import itertools

import trio
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from router.commands import (
    AcceptOffer,
    Actor,
    Command,
    Connect,
    EndConversation,
    RequestConversation,
    SetPolicy,
    SetPresence,
)
from router.core import Router
from router.ids import ConversationId, OfferId
from router.policy import Policy, Queue, ServiceLevel
from router.server.folds import Folds
from router.server.service_figures import OUTCOMES, ServiceFigures, pauses

POLICY = Policy(queues=(Queue(id="q"),), capacity={"chat": 2, "total": 2})
ALICE = Actor("agent", "alice")


class House:
    """One tenant, the folds beside it, and the series over both."""

    def __init__(self) -> None:
        self.router = Router("acme")
        self.routers = {"acme": self.router}
        self.folds = Folds(self.routers)
        self.service = ServiceFigures(self.folds)
        self.now_ms = 1_000
        self.do(SetPolicy(policy=POLICY))

    def do(self, command: Command, after_ms: int = 100) -> None:
        self.now_ms += after_ms
        events = self.router.apply(command, self.now_ms)
        self.folds.take("acme", events, self.now_ms)

    def served(self) -> None:
        """Alice takes Carl's conversation."""
        carl = Actor("customer", "carl")
        self.do(Connect(by=ALICE, life="n"))
        self.do(SetPresence(by=ALICE, show="available"))
        self.do(Connect(by=carl, life="n"))
        chat = ConversationId("of-carl")
        self.do(RequestConversation(by=carl, conversation=chat, op="1", channel="chat"))
        (offer,) = self.router.world.offers.pending
        self.do(AcceptOffer(by=ALICE, offer=OfferId(offer)))

    def shown(self) -> dict[tuple[str, frozenset[str]], float]:
        self.service.look(self.routers, self.now_ms)
        registry = CollectorRegistry()
        registry.register(self.service)
        page = generate_latest(registry).decode()
        return {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }


def _of(*labels: str) -> frozenset[str]:
    return frozenset(("acme", *labels))


def test_every_queue_and_outcome_has_a_series_from_the_start() -> None:
    shown = House().shown()
    assert shown["fairline_arrivals_total", _of("q")] == 0
    for outcome in OUTCOMES:
        assert shown["fairline_offers_total", _of("q", outcome)] == 0
    for known in ("yes", "no"):
        assert shown["fairline_answered_total", _of("q", known)] == 0
        assert shown["fairline_abandons_total", _of("q", known)] == 0
    assert ("fairline_service_level_ratio", _of("q")) not in shown


def test_the_target_of_each_queue_is_that_of_the_policy_in_force() -> None:
    house = House()
    strict = ServiceLevel(within_ms=30_000, target=950)
    told: dict[str, tuple[float, float]] = {}
    for queues in ((Queue(id="q"),), (Queue(id="q"), Queue(id="vip", service_level=strict))):
        house.do(SetPolicy(policy=Policy(queues=queues)))
        shown = house.shown()
        told = {
            queue.id: (
                shown["fairline_service_level_target_seconds", _of(queue.id)],
                shown["fairline_service_level_target_ratio", _of(queue.id)],
            )
            for queue in queues
        }
        assert told["q"] == (20, 0.8)
    assert told["vip"] == (30, 0.95)


def test_how_long_is_too_long_is_what_the_queue_says_or_follows_from_its_target() -> None:
    house = House()
    queues = (
        Queue(id="plain"),
        Queue(id="slow", service_level=ServiceLevel(longest_ms=3_600_000)),
        Queue(id="never", service_level=ServiceLevel(within_ms=0)),
    )
    house.do(SetPolicy(policy=Policy(queues=queues)))
    shown = house.shown()
    name = "fairline_queue_longest_wait_limit_seconds"
    assert shown[name, _of("plain")] == 15 * 20
    assert shown[name, _of("slow")] == 3_600
    assert (name, _of("never")) not in shown


def test_the_last_offer_is_told_of_each_queue() -> None:
    house = House()
    house.do(SetPolicy(policy=Policy(queues=(Queue(id="q"), Queue(id="idle")))))
    name = "fairline_last_offer_timestamp_seconds"
    begun_s = house.now_ms / 1000
    assert house.shown()[name, _of("q")] == begun_s
    house.now_ms += 60_000
    house.served()
    shown = house.shown()
    assert begun_s + 60 < shown[name, _of("q")] <= house.now_ms / 1000
    assert shown[name, _of("idle")] == begun_s


def test_a_wait_that_was_estimated_is_counted_in_its_queue() -> None:
    house = House()
    one_each = Policy(queues=(Queue(id="q"), Queue(id="idle")), capacity={"chat": 1, "total": 1})
    house.do(SetPolicy(policy=one_each))
    house.served()
    name = "fairline_wait_estimate_error_seconds_count"
    dora, waits = Actor("customer", "dora"), ConversationId("of-dora")
    house.do(Connect(by=dora, life="n"))
    house.do(RequestConversation(by=dora, conversation=waits, op="1", channel="chat"))
    assert house.shown()[name, _of("q")] == 0
    house.do(EndConversation(by=ALICE, conversation=ConversationId("of-carl")), after_ms=60_000)
    (offer,) = house.router.world.offers.pending
    house.do(AcceptOffer(by=ALICE, offer=OfferId(offer)))
    shown = house.shown()
    assert shown[name, _of("q")] == 1
    assert shown[name, _of("idle")] == 0
    assert shown["fairline_wait_over_estimate_ratio_count", _of("q", "0.9")] == 1


async def test_a_conversation_that_was_served_is_counted_where_it_belongs() -> None:
    house = House()
    house.served()
    house.now_ms += 120_000
    await house.service.measure_evenness(house.routers, house.now_ms)
    shown = house.shown()
    assert shown["fairline_arrivals_total", _of("q")] == 1
    assert shown["fairline_answered_total", _of("q", "yes")] == 1
    assert shown["fairline_offers_total", _of("q", "accepted")] == 1
    assert shown["fairline_service_level_ratio", _of("q")] == 1.0
    assert shown["fairline_fairness_jain", _of("waits")] == 1.0
    assert 0.9 < shown["fairline_occupancy_ratio", _of()] <= 1.0


async def test_the_load_of_two_who_can_do_the_same_is_compared() -> None:
    house, bob = House(), Actor("agent", "bob")
    house.served()
    house.do(Connect(by=bob, life="n"))
    house.do(SetPresence(by=bob, show="available"))
    house.now_ms += 120_000
    await house.service.measure_evenness(house.routers, house.now_ms)
    shown = house.shown()
    assert shown["fairline_fairness_jain", _of("load")] < 0.6  # one has it all


async def test_the_walk_over_all_agents_lets_others_run() -> None:
    house = House()
    for number in range(1_001):
        house.do(Connect(by=Actor("agent", f"a{number}"), life="n"))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await house.service.measure_evenness(house.routers, house.now_ms)
        nursery.cancel_scope.cancel()
    assert turns >= 3


def test_the_looks_at_everybody_come_soon_after_a_start_and_then_each_minute() -> None:
    found = list(itertools.islice(pauses(), 8))
    assert found[0] <= 5
    assert sum(found[:3]) < 60
    assert found == sorted(found)
    assert found[-3:] == [60.0] * 3
