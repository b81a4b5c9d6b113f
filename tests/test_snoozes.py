"""How what was put aside comes back."""

import msgspec
import pytest

from router import outgoing
from router.commands import (
    AssignConversation,
    EndConversation,
    SendMessage,
    SetPresence,
    SnoozeConversation,
    TransferConversation,
)
from router.events import ConversationSnoozed
from router.ids import AgentId, ConversationId
from router.measures import Measures
from router.policy import Policy, Queue
from router.views import welcome_state
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, skilled, supervisor

TALK = ConversationId("c")
ROOMY = Policy(
    queues=(Queue(id="q", wrap_up_ms=5_000),),
    capacity={"chat": 1, "total": 1},
    transfer_wait_ms=20_000,
    grace_ms=10_000,
)


def asleep(for_ms: int | None = 60_000) -> Watched:
    """Ann put c aside at 10 s, and Bob, who has been idle for longer, is free."""
    scene = Watched(ROOMY)
    scene.sign_in("ann")
    scene.ask("c", body="hello")
    scene.accept("ann")
    scene.sign_in("bob")
    scene.to(10_000)
    scene.answered(SnoozeConversation(agent("ann"), TALK, for_ms))
    return scene


def test_at_its_time_it_is_offered_to_its_agent_and_after_a_while_to_anybody() -> None:
    scene = asleep()
    scene.to(69_999)
    assert scene.status("c") == "snoozed"
    scene.to(70_000)
    assert (scene.offered("ann"), scene.offered("bob")) == ("c", "")
    scene.decline("ann")
    assert scene.offered("bob") == ""
    scene.to(90_000)
    assert scene.offered("bob") == "c"


def test_a_word_of_the_customers_wakes_it_and_one_of_the_agents_does_not() -> None:
    scene = asleep(None)
    scene.answered(SendMessage(agent("ann"), TALK, "a1", "I am on it"))
    assert scene.status("c") == "snoozed"
    scene.to(20_000)
    scene.answered(SendMessage(customer("c"), TALK, "c1", "and?"))
    assert scene.offered("ann") == "c"
    scene.accept("ann")
    (_, told) = scene.heard_by(agent("ann"), outgoing.ConversationAssigned)
    assert told.state is not None
    assert [one.body for one in told.state.messages] == ["hello", "I am on it", "and?"]
    told_c = scene.heard_by(customer("c"), outgoing.ConversationUpdated)
    assert [(one.status, one.why) for one in told_c] == [("waiting", "returned")]


@pytest.mark.parametrize("absent", ["busy", "serving", "gone"])
def test_where_its_agent_is_not_free_it_waits_for_nobody(absent: str) -> None:
    scene = asleep()
    if absent == "busy":
        scene.answered(SetPresence(agent("ann"), "busy"))
    elif absent == "gone":
        scene.leave(agent("ann"), goodbye=True)
    else:
        scene.answered(SetPresence(agent("bob"), "busy"))
        scene.ask("d")
        scene.accept("ann")
        scene.answered(SetPresence(agent("bob")))
    scene.to(70_000)
    assert scene.offered("bob") == "c"


def test_who_comes_back_stands_before_who_came_later() -> None:
    scene = asleep()
    for name in ("ann", "bob"):
        scene.answered(SetPresence(agent(name), "busy"))
    scene.ask("later")
    scene.to(70_000)
    scene.answered(SetPresence(agent("bob")))
    assert scene.offered("bob") == "c"


def test_it_outlives_its_customers_absence_and_the_answer_waits_for_their_return() -> None:
    scene = asleep()
    scene.leave(customer("c"))
    scene.to(30_000)
    assert scene.status("c") == "snoozed"
    scene.to(70_000)
    scene.accept("ann")
    scene.answered(SendMessage(agent("ann"), TALK, "a1", "It is done"))
    scene.answered(EndConversation(agent("ann"), TALK))
    scene.to(3_600_000)
    scene.reborn()
    scene.arrive(customer("c"))
    (told,) = welcome_state(scene.router, customer("c").key, {}, scene.now_ms).conversations
    assert (told.status, told.messages[-1].body) == ("ended", "It is done")


@pytest.mark.parametrize("by", [agent("ann"), customer("c")])
def test_either_side_ends_it_and_nobody_works_up_what_nobody_has(by: object) -> None:
    scene = asleep()
    scene.answered(EndConversation(by, TALK))  # type: ignore[arg-type]
    assert (scene.status("c"), scene.agent("ann").load) == ("closed", {})
    (ended,) = scene.heard_by(agent("ann"), outgoing.ConversationEnded)
    assert ended.reason == by.role  # type: ignore[attr-defined]
    scene.to(100_000)
    assert scene.status("c") == "closed"


def test_an_outage_moves_its_time_and_a_restart_keeps_it() -> None:
    scene = asleep()
    scene.reborn()
    scene.skip_to(200_000)
    scene.arrive(customer("d"))
    assert scene.status("c") == "snoozed"
    scene.to(259_999)  # nothing was appended since it was put aside at 10 s
    assert scene.status("c") == "snoozed"
    scene.to(260_000)
    assert scene.offered("ann") == "c"


def test_the_time_asleep_is_nobodys_work() -> None:
    scene = asleep()
    measures = Measures(ROOMY)
    for at_ms, event in scene.log:
        measures.take(event, scene.start_ms + at_ms)
    assert len(scene.seen(ConversationSnoozed)) == 1
    found = measures.agent("ann", scene.start_ms + 40_000, recent=True)
    assert (found.services, found.busy_ms) == (1, 10_000)


@pytest.mark.parametrize("able", ["cy", ""])
def test_what_was_passed_on_for_a_skill_waits_for_its_agent_no_longer_than_anything(
    able: str,
) -> None:
    agents = (skilled("ann"), skilled("bob", bills=80), skilled("cy", bills=60))
    scene = Watched(msgspec.structs.replace(ROOMY, agents=agents))
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.sign_in("bob", *filter(None, [able]))
    scene.answered(TransferConversation(agent("ann"), TALK, "t", skill="bills", level=50))
    scene.accept("bob")
    scene.answered(SnoozeConversation(agent("bob"), TALK, 60_000))
    scene.to(60_000)
    assert scene.offered("bob") == "c"
    scene.leave(agent("bob"), goodbye=True)
    scene.to(79_999)
    assert (scene.status("c"), scene.offered(able or "ann")) == ("waiting", "")
    scene.to(80_000)
    assert scene.offered(able or "ann") == "c"  # for the skill, or where nobody has it, for any


@pytest.mark.parametrize("taker", ["ann", "bob"])
def test_who_put_it_aside_learns_who_has_it_now_unless_it_is_they(taker: str) -> None:
    scene = asleep()
    scene.answered(AssignConversation(supervisor(), TALK, AgentId(taker)))
    told = scene.heard_by(agent("ann"), outgoing.ConversationUpdated)
    news = [] if taker == "ann" else ["assigned"]
    assert [one.why for one in told] == ["snoozed", *news]
