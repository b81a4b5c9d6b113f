"""What a record tells about people."""

import pytest
from msgspec import structs

from router.commands import (
    AcceptOffer,
    Actor,
    AssignConversation,
    CancelConversation,
    Claims,
    Command,
    CompleteWrapUp,
    Connect,
    Disconnect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
    SkipCommand,
    SnoozeConversation,
    Tick,
    TransferConversation,
)
from router.errors import SettingsError
from router.ids import AgentId, ConnectionId, ConversationId, OfferId
from router.lab.book import Visit
from router.lab.record import Recorded, follow
from router.policy import AgentEntry, Policy, Queue
from tests.lab.recorded import TENANT, played, records
from tests.lab.test_stage import MINUTE, RULES, agent, visit

POLICY = Policy(
    queues=(Queue(id="help", wrap_up_ms=10_000), Queue(id="full", waiting_max=0)),
    agents=(AgentEntry(id="ann", languages={"fr": 90}, capacity={"chat": 1}),),
    classes={"regular": 0, "gold": 30_000},
    terms=structs.replace(Policy().terms),
)
ANN, BOB = (Actor("agent", name, ConnectionId(f"c-{name}")) for name in ("ann", "bob"))
CARL = Actor("customer", "carl", ConnectionId("c-carl"))
BOSS = Actor("supervisor", "boss", ConnectionId("c-boss"))


def request(name: str, **others: object) -> RequestConversation:
    made = RequestConversation(
        by=CARL, conversation=ConversationId(name), op=name, channel="chat", queue="help"
    )
    return structs.replace(made, **others)


def followed(*timed: tuple[int, Command]) -> Recorded:
    start: list[tuple[int, Command]] = [
        (0, SetPolicy(POLICY)),
        (1000, Connect(by=ANN, life="n", claims=Claims(skills={"tax": 70}))),
        (1000, Connect(by=CARL, life="n", claims=Claims(klass="gold"), languages=("fr",))),
    ]
    return follow(records([*start, *timed]), TENANT)


def see(offer: str, by: Actor = ANN) -> SeeOffer:
    return SeeOffer(by=by, offer=OfferId(offer))


def accept(offer: str, by: Actor = ANN) -> AcceptOffer:
    return AcceptOffer(by=by, offer=OfferId(offer))


def end(name: str, by: Actor = ANN) -> EndConversation:
    return EndConversation(by=by, conversation=ConversationId(name))


SERVED: list[tuple[int, Command]] = [
    (2000, SetPresence(by=ANN)),
    (3000, request("one")),
    (3100, see("o1")),
    (5000, accept("o1")),
    (65_000, end("one")),
    (69_000, CompleteWrapUp(by=ANN, conversation=ConversationId("one"))),
    (80_000, SetPresence(by=ANN, show="away")),
]


def test_a_served_customer_shows_their_wishes_and_their_service() -> None:
    recorded = followed(*SERVED)
    (one,) = recorded.visits
    assert (one.kind, one.at_ms, one.answered_ms, one.ended_ms) == ("help", 3000, 5000, 65_000)
    assert (one.outcome, one.service_ms, one.patience_ms) == ("served", 60_000, None)
    assert one.wrap_up_ms == 4_000
    assert one.request.by.role == "service"
    assert one.request.customer == "carl"
    assert one.request.priority == "gold"
    assert [wish.tag for wish in one.request.languages or ()] == ["fr"]


def test_an_agent_shows_when_they_were_there_what_they_can_and_how_fast_they_answer() -> None:
    recorded = followed(*SERVED, (90_000, SetPresence(by=ANN)), (95_000, Tick()))
    (ann,) = recorded.agents
    assert ann.shifts == ((2000, 80_000), (90_000, None))
    assert ann.entry.skills == {"tax": 70}
    assert ann.entry.languages == {"fr": 90}
    assert ann.entry.capacity == {"chat": 1}
    assert ann.answer_ms is not None
    assert ann.answer_ms() == 2000


def test_who_left_has_the_patience_that_they_showed() -> None:
    gone = CancelConversation(by=CARL, conversation=ConversationId("one"))
    (one,) = followed((3000, request("one")), (33_000, gone)).visits
    assert (one.outcome, one.patience_ms, one.service_ms) == ("left", 30_000, 0)


def test_who_was_lost_left_at_the_end_of_their_grace() -> None:
    lost = Disconnect(by=CARL)
    times = [Tick()] * 3
    ticks = [(at, tick) for at, tick in zip((50_000, 124_000, 130_000), times, strict=True)]
    (one,) = followed((3000, request("one")), (4000, lost), *ticks).visits
    assert (one.outcome, one.patience_ms) == ("left", 121_000)


def test_a_repeated_or_joined_request_is_nobody_new_and_a_refused_one_is() -> None:
    recorded = followed(
        (3000, request("one")),
        (3500, request("one")),
        (4000, request("two")),
        (5000, request("three", queue="full")),
    )
    assert [(visit.id, visit.outcome) for visit in recorded.visits] == [
        ("one", ""),
        ("three", "refused"),
    ]
    assert recorded.visits[1].request.customer == "carl"


def test_a_transferred_conversation_is_one_service_and_ends_each_agents_work() -> None:
    transfer = TransferConversation(
        by=ANN, conversation=ConversationId("one"), op="t", agent=AgentId("bob")
    )
    recorded = followed(
        *SERVED[:4],
        (6000, Connect(by=BOB, life="n")),
        (6000, SetPresence(by=BOB)),
        (15_000, transfer),
        (15_500, see("o2", BOB)),
        (17_000, accept("o2", BOB)),
        (27_000, end("one", BOB)),
    )
    (one,) = recorded.visits
    assert (one.service_ms, one.agent) == (22_000, "bob")
    assert recorded.watch.busy.total_ms("ann") == 10_000
    assert recorded.watch.busy.total_ms("bob") == 10_000


def test_the_time_for_which_it_was_put_aside_is_nobodys_service() -> None:
    aside = SnoozeConversation(by=ANN, conversation=ConversationId("one"), for_ms=60_000)
    recorded = followed(
        *SERVED[:4],
        (15_000, aside),
        (75_000, Tick()),
        (76_000, see("o2")),
        (77_000, accept("o2")),
        (87_000, end("one")),
    )
    (one,) = recorded.visits
    assert (one.service_ms, one.aside_ms, one.agent) == (20_000, 62_000, "ann")
    assert recorded.watch.busy.total_ms("ann") == 20_000


def test_what_ends_while_it_is_put_aside_was_served() -> None:
    aside = SnoozeConversation(by=ANN, conversation=ConversationId("one"), for_ms=60_000)
    recorded = followed(*SERVED[:4], (15_000, aside), (45_000, end("one")))
    (one,) = recorded.visits
    assert (one.outcome, one.service_ms) == ("served", 10_000)


def test_an_assignment_by_hand_needs_no_offer() -> None:
    by_hand = AssignConversation(by=BOSS, conversation=ConversationId("one"), agent=AgentId("ann"))
    recorded = followed(
        (2000, Connect(by=BOSS, life="n")),
        (3000, request("one")),
        (4000, by_hand),
        (9000, end("one")),
    )
    (one,) = recorded.visits
    assert (one.agent, one.service_ms) == ("ann", 5000)


def test_what_the_server_skipped_did_not_happen() -> None:
    """Position 5 of the tenant is the request."""
    recorded = followed(SERVED[0], (3000, request("one")), (4000, SkipCommand(position=5)))
    assert recorded.visits == []


def test_another_policy_on_the_way_is_told() -> None:
    assert not followed(*SERVED).changed_policy
    changed = followed(*SERVED, (90_000, SetPolicy(RULES)))
    assert changed.changed_policy
    assert changed.policy == RULES


def test_who_was_never_served_is_planned_with_the_usual_service() -> None:
    recorded = followed(*SERVED, (90_000, request("late")))
    one, late = recorded.plans(POLICY)
    assert late.service_ms == 60_000
    assert (one.answered_ms, one.agent, one.outcome) == (-1, "", "")
    assert one.request.priority == "gold"
    flat = structs.replace(POLICY, classes={"regular": 0})
    assert next(recorded.plans(flat)).request.priority == ""


def test_a_record_of_another_tenant_is_none() -> None:
    with pytest.raises(SettingsError, match="no commands of tenant 'bank'"):
        follow(records([(0, Tick())]), "bank")


def test_what_still_lasts_at_the_end_is_planned_as_long_as_it_lasted() -> None:
    recorded = followed(*SERVED[:4], (25_000, Tick()))
    assert recorded.visits[0].service_ms == 20_001
    assert recorded.visits[0].outcome == ""


def fate(one: Visit) -> tuple[str, int, int, str, str]:
    return (one.id, one.answered_ms, one.ended_ms, one.agent, one.outcome)


def test_a_play_that_was_recorded_is_followed_to_the_same_visits() -> None:
    visits = [visit(f"v{number}", number * 20_000, patience_ms=MINUTE) for number in range(20)]
    stage = played(RULES, [agent("ann"), agent("bob")], visits)
    recorded = follow(records(stage.asked), TENANT)
    assert [fate(one) for one in recorded.visits] == [fate(one) for one in visits]
    assert len({one.outcome for one in visits}) == 2
