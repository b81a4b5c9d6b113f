"""Who may put a conversation aside, for how long, and take it up again."""

import msgspec
import pytest

from router import outgoing
from router.commands import (
    Actor,
    AssignConversation,
    EndConversation,
    InviteColleague,
    ResumeConversation,
    SendMessage,
    SnoozeConversation,
    TransferConversation,
)
from router.errors import Refusal
from router.ids import AgentId, ConversationId
from router.policy import Policy, Queue
from router.snoozing import SNOOZED_MAX
from router.views import welcome_state
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, service, supervisor

TALK = ConversationId("c")
ONE = Policy(queues=(Queue(id="q", wrap_up_ms=5_000),), capacity={"chat": 1, "total": 1})


def talking(policy: Policy = ONE) -> Watched:
    """Ann serves c."""
    scene = Watched(policy)
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("c", body="hello")
    scene.accept("ann")
    return scene


def asleep(for_ms: int | None = 60_000) -> Watched:
    scene = talking()
    scene.answered(SnoozeConversation(agent("ann"), TALK, for_ms, "asks the bank"))
    return scene


def test_what_is_put_aside_leaves_the_room_free_and_stays_in_the_agents_list() -> None:
    scene = asleep()
    assert (scene.status("c"), scene.agent("ann").load) == ("snoozed", {})
    scene.ask("d")
    assert scene.offered("ann") == "d"
    scene.reborn()
    state = welcome_state(scene.router, agent("ann").key, {}, scene.now_ms)
    (told,) = state.conversations
    until_at = scene.start_ms + 60_000
    assert (told.conversation, told.status, told.snoozed_until_at) == ("c", "snoozed", until_at)
    assert [one.body for one in told.messages] == ["hello", "asks the bank"]
    (heard,) = scene.heard_by(agent("ann"), outgoing.ConversationUpdated)
    assert (heard.status, heard.snoozed_until_at) == ("snoozed", until_at)


def test_the_customer_sees_the_agent_go_on_having_it() -> None:
    scene = asleep()
    assert scene.heard_by(customer("c"), outgoing.ConversationUpdated) == []
    (told,) = welcome_state(scene.router, customer("c").key, {}, scene.now_ms).conversations
    assert (told.status, told.snoozed_until_at) == ("active", None)
    assert told.agent is not None
    assert told.agent.id == "ann"


@pytest.mark.parametrize("by", [agent("bob"), supervisor(), service()])
def test_only_its_agent_puts_it_aside_or_takes_it_up(by: Actor) -> None:
    scene = talking()
    scene.sign_in("bob")
    snooze = SnoozeConversation(by, TALK, 1_000)
    assert scene.refused_in_vain(snooze) == Refusal.FORBIDDEN
    scene.answered(SnoozeConversation(agent("ann"), TALK, 1_000))
    assert scene.refused_in_vain(ResumeConversation(by, TALK)) == Refusal.FORBIDDEN


def test_the_same_again_is_answered_and_changes_nothing() -> None:
    scene = asleep()
    before = scene.router.digest()
    scene.answered(SnoozeConversation(agent("ann"), TALK, 5_000, "again"))
    assert scene.router.digest() == before
    scene.answered(ResumeConversation(agent("ann"), TALK))
    before = scene.router.digest()
    scene.answered(ResumeConversation(agent("ann"), TALK))
    assert scene.router.digest() == before


def test_an_agent_takes_it_back_at_once_where_there_is_room_whatever_they_show() -> None:
    scene = asleep()
    scene.ask("d")
    scene.accept("ann")
    full = scene.refused_in_vain(ResumeConversation(agent("ann"), TALK))
    assert full == Refusal.CAPACITY_FULL
    scene.answered(EndConversation(agent("ann"), ConversationId("d")))
    scene.to(5_000)
    scene.do(scene.wire(agent("ann"), "presence.set", show="away"))
    scene.answered(scene.wire(agent("ann"), "conversation.resume", conversation="c"))
    assert (scene.status("c"), scene.agent("ann").serving) == ("active", ["c"])
    scene.to(70_000)
    assert scene.status("c") == "active"


def test_a_supervisor_gives_it_to_somebody_else() -> None:
    scene = asleep()
    scene.sign_in("bob")
    scene.answered(AssignConversation(supervisor(), TALK, AgentId("bob")))
    assert scene.agent("bob").serving == ["c"]
    scene.to(70_000)
    assert scene.agent("bob").serving == ["c"]
    assert welcome_state(scene.router, agent("ann").key, {}, scene.now_ms).conversations == ()


def test_a_policy_bounds_the_time_and_may_forbid_it() -> None:
    scene = talking(msgspec.structs.replace(ONE, snooze_max_ms=10_000))
    late = SnoozeConversation(agent("ann"), TALK, 10_001)
    assert scene.refused_in_vain(late) == Refusal.LIMIT_EXCEEDED
    scene.answered(SnoozeConversation(agent("ann"), TALK))
    scene.to(10_000)
    assert scene.offered("ann") == "c"
    never = talking(msgspec.structs.replace(ONE, snooze_max_ms=0))
    for for_ms in (None, 1):
        command = SnoozeConversation(agent("ann"), TALK, for_ms)
        assert never.refused_in_vain(command) == Refusal.LIMIT_EXCEEDED


def test_an_agent_puts_no_more_than_so_many_aside() -> None:
    scene = asleep()
    for number in range(1, SNOOZED_MAX + 1):
        scene.ask(f"d{number}")
        scene.accept("ann")
        command = SnoozeConversation(agent("ann"), ConversationId(f"d{number}"))
        if number == SNOOZED_MAX:
            assert scene.refused_in_vain(command) == Refusal.LIMIT_EXCEEDED
        else:
            scene.answered(command)


def test_what_is_not_active_is_not_put_aside_and_what_sleeps_goes_nowhere_else() -> None:
    scene = asleep()
    scene.sign_in("bob")
    for command in (
        TransferConversation(agent("ann"), TALK, "t", "q"),
        InviteColleague(agent("ann"), TALK, AgentId("bob")),
    ):
        assert scene.refused_in_vain(command) == Refusal.INVALID_TRANSITION
    scene.answered(SendMessage(agent("ann"), TALK, "m", "I am on it"))
    assert scene.status("c") == "snoozed"
    scene.answered(EndConversation(agent("ann"), TALK))
    assert scene.status("c") == "closed"
    over = scene.refused_in_vain(SnoozeConversation(agent("ann"), TALK))
    assert over == Refusal.INVALID_TRANSITION
