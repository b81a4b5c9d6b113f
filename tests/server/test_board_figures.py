"""The board as supervisors get it, against what people did."""

from router.commands import (
    AcceptOffer,
    Actor,
    CancelConversation,
    Command,
    Connect,
    Disconnect,
    RequestConversation,
    SetPolicy,
    SetPresence,
)
from router.core import Router
from router.ids import ConversationId, OfferId
from router.outgoing import Board
from router.policy import Policy, Queue, ServiceLevel, SkillNeed
from router.server.board_figures import FEW_AGENTS, BoardFigures
from router.server.folds import Folds

LEVEL = ServiceLevel(within_ms=20_000, target=900)
POLICY = Policy(
    queues=(
        Queue(id="q", service_level=LEVEL),
        Queue(id="rare", needs=(SkillNeed(skill="rare", level=50),)),
    ),
    capacity={"chat": 2, "total": 2},
)
ALICE = Actor("agent", "alice")


class House:
    """One tenant, what was learnt of it, and its board."""

    def __init__(self) -> None:
        self.routers = {"acme": Router("acme")}
        self.folds = Folds(self.routers)
        self.now_ms = 1_000
        self.figures = BoardFigures(self.routers, self.folds, lambda: self.now_ms)
        self.do(SetPolicy(policy=POLICY))

    @property
    def router(self) -> Router:
        return self.routers["acme"]

    def do(self, command: Command, after_ms: int = 100) -> None:
        self.now_ms += after_ms
        events = self.router.apply(command, self.now_ms)
        self.folds.take("acme", events, self.now_ms)

    def arrive(self, agent: Actor = ALICE) -> None:
        self.do(Connect(by=agent, life="n"))
        self.do(SetPresence(by=agent, show="available"))

    def ask(self, name: str, queue: str = "q") -> None:
        customer = Actor("customer", name)
        self.do(Connect(by=customer, life="n"))
        chat = ConversationId(f"of-{name}")
        self.do(
            RequestConversation(by=customer, conversation=chat, op="1", channel="chat", queue=queue)
        )

    def accept(self, after_ms: int = 100) -> None:
        (offer,) = self.router.world.offers.pending
        self.do(AcceptOffer(by=ALICE, offer=OfferId(offer)), after_ms)

    def board(self) -> Board:
        return self.figures.board("acme")


def test_a_queues_row_says_how_well_it_is_served_and_what_the_target_is() -> None:
    house = House()
    house.arrive()
    house.ask("carl")
    house.accept(3_000)
    row, _ = house.board().queues
    assert row.service is not None
    assert (row.service.within_ms, row.service.target) == (20_000, 0.9)
    assert (row.service.recent.accepted, row.service.recent.service_level) == (1, 1.0)
    assert row.service.recent.speed_of_answer_ms == 3_000
    assert row.service.today == row.service.recent


def test_a_queue_that_nobody_at_work_can_serve_has_no_able_agent_and_no_wait() -> None:
    house = House()
    house.arrive()
    house.ask("rita", "rare")
    q, rare = house.board().queues
    assert q.service is not None
    assert rare.service is not None
    assert (q.service.able, q.service.wait_ms is not None) == (1, True)
    assert (rare.service.able, rare.service.wait_ms) == (0, None)


def test_who_came_now_would_wait_longer_the_longer_the_line() -> None:
    house = House()
    house.arrive()
    waits = []
    for name in ("a", "b", "c", "d"):
        row = house.board().queues[0]
        assert row.service is not None
        assert row.service.wait_ms is not None
        waits.append(row.service.wait_ms.p50)
        house.ask(name)
    assert waits[0] == 0
    assert waits[1] < waits[2] < waits[3]


def test_the_house_counts_agents_by_what_they_do_and_places_used_and_free() -> None:
    house = House()
    for name in ("alice", "bob", "cleo", "dan"):
        house.do(Connect(by=Actor("agent", name), life="n"))
    house.do(SetPresence(by=ALICE, show="available"))
    house.ask("carl")
    house.accept()
    house.do(SetPresence(by=Actor("agent", "bob"), show="available"))
    house.ask("dora")
    house.do(Disconnect(by=Actor("agent", "cleo")))
    told = house.board().house
    assert told is not None
    assert told.agents == {"serving": 1, "offered": 1, "lost": 1, "away": 1}
    assert (told.capacity_used, told.capacity_free) == (2, 2)


def test_abandoned_first_waits_count_once_they_could_have_been_answered() -> None:
    house = House()
    for name, patience_ms in (("short", 2_000), ("long", 30_000)):
        house.ask(name)
        customer = Actor("customer", name)
        house.do(
            CancelConversation(by=customer, conversation=ConversationId(f"of-{name}")), patience_ms
        )
    told = house.board().house
    assert told is not None
    assert (told.recent.abandoned, told.recent.abandonment) == (1, 1.0)


def test_few_agents_are_looked_at_for_the_board_and_many_are_not() -> None:
    house = House()
    house.arrive()
    house.ask("carl")
    house.accept()
    house.now_ms += 60_000
    told = house.board().house
    assert told is not None
    assert told.occupancy is not None
    assert told.occupancy > 0.9
    large = House()
    for number in range(FEW_AGENTS + 1):
        large.do(Connect(by=Actor("agent", f"a{number}"), life="n"))
    told = large.board().house
    assert told is not None
    assert told.occupancy is None


def test_the_whole_house_has_the_target_of_what_it_serves() -> None:
    house = House()
    told = house.board().house
    assert told is not None
    assert abs(told.target - 0.85) < 1e-9
    house.arrive()
    for name in ("a", "b"):
        house.ask(name)
        house.accept()
    told = house.board().house
    assert told is not None
    assert 0.87 < told.target < 0.9
