"""Quiet conversations count less, and whole again once somebody speaks."""

import msgspec
import pytest

from router.commands import AssignConversation, Connect, ReadMessages, SendMessage, SetPolicy, Tick
from router.core import Router
from router.errors import Refusal
from router.events import ConversationUpdated
from router.ids import AgentId, ConversationId
from router.policy import Policy, Queue
from tests.helpers.worlds import Scene, agent, customer, of_kind, supervisor

POLICY = Policy(
    queues=(Queue(id="q"), Queue(id="mail", channels=("email",), wrap_up_ms=5_000)),
    capacity={"chat": 2, "email": 2, "total": 2},
    quiet_ms=60_000,
    quiet_share=500,
)


def policy(**changes: object) -> Policy:
    return msgspec.structs.replace(POLICY, **changes)


def say(scene: Scene, name: str, conversation: str, op: str = "m", kind: str = "text") -> None:
    by = agent(name) if name == "ann" else customer(name)
    scene.answered(SendMessage(by, ConversationId(conversation), op, "hello", kind))  # type: ignore[arg-type]


def busy(changed: Policy = POLICY, *names: str) -> Scene:
    """Ann serves the customers of these names, all taken in the first moment."""
    scene = Scene(changed)
    scene.sign_in("ann")
    for name in names:
        scene.ask(name)
        scene.accept("ann")
    return scene


def test_two_quiet_conversations_of_a_half_leave_room_for_one_more() -> None:
    scene = busy(POLICY, "ada", "bea")
    scene.ask("cid")
    scene.to(59_999)
    assert (scene.offered("ann"), scene.agent("ann").eased) == ("", {})
    scene.to(60_000)
    assert scene.offered("ann") == "cid"
    assert scene.agent("ann").eased == {"chat": 1000, "total": 1000}
    assert scene.agent("ann").load == {"chat": 3}


def test_a_message_puts_the_quiet_off_to_its_own_time() -> None:
    scene = busy(POLICY, "ada")
    scene.to(40_000)
    say(scene, "ada", "ada")
    scene.to(99_999)
    assert not scene.conversation("ada").is_quiet
    scene.to(100_000)
    assert scene.conversation("ada").is_quiet


def test_any_number_of_messages_costs_one_timer() -> None:
    scene = busy(POLICY, "ada")
    due_ms = scene.world.timers.due_ms("quiet", "ada")
    for number in range(50):
        say(scene, "ada", "ada", f"m{number}")
        say(scene, "ann", "ada", f"m{number}")
    assert scene.world.timers.due_ms("quiet", "ada") == due_ms


@pytest.mark.parametrize(("who", "kind"), [("ada", "text"), ("ann", "text"), ("ann", "note")])
def test_whoever_speaks_wakes_it(who: str, kind: str) -> None:
    scene = busy(POLICY, "ada")
    scene.to(60_000)
    assert scene.conversation("ada").is_quiet
    say(scene, who, "ada", kind=kind)
    assert not scene.conversation("ada").is_quiet
    assert scene.agent("ann").eased == {}
    scene.to(120_000)
    assert scene.conversation("ada").is_quiet


def test_reading_wakes_nobody() -> None:
    scene = busy(POLICY, "ada")
    say(scene, "ann", "ada")
    scene.to(60_000)
    scene.answered(ReadMessages(customer("ada"), ConversationId("ada"), 1))
    assert scene.conversation("ada").is_quiet


def test_who_is_above_capacity_by_waking_gets_nothing_until_below() -> None:
    scene = busy(POLICY, "ada", "bea")
    scene.to(60_000)
    scene.ask("cid")
    scene.accept("ann")
    say(scene, "ada", "ada")
    say(scene, "bea", "bea")
    assert (scene.agent("ann").load, scene.agent("ann").eased) == ({"chat": 3}, {})
    scene.ask("dan")
    scene.end("ann", "ada")
    assert scene.offered("ann") == ""
    scene.end("ann", "bea")
    assert scene.offered("ann") == "dan"


def test_nobody_is_given_more_by_hand_than_fits() -> None:
    scene = busy(POLICY, "ada", "bea")
    scene.ask("cid")
    scene.arrive(supervisor())
    by_hand = AssignConversation(supervisor(), ConversationId("cid"), AgentId("ann"))
    before = scene.router.digest()
    assert scene.refused(by_hand).code is Refusal.CAPACITY_FULL
    assert scene.router.digest() == before
    scene.to(60_000)
    scene.decline("ann")
    scene.answered(by_hand)
    assert scene.status("cid") == "active"


@pytest.mark.parametrize(("share", "more"), [(1000, 0), (500, 1), (250, 1), (0, 2)])
def test_the_share_says_how_many_more_fit(share: int, more: int) -> None:
    scene = busy(policy(quiet_share=share), "ada", "bea")
    scene.to(60_000)
    taken = 0
    for name in ("cid", "dan", "eve"):
        scene.ask(name)
        if scene.offered("ann"):
            scene.accept("ann")
            taken += 1
    assert taken == more


def test_the_cost_of_a_channel_is_eased_too() -> None:
    costly = policy(cost={"chat": 2}, capacity={"chat": 9, "total": 4})
    scene = busy(costly, "ada", "bea")
    scene.ask("cid")
    assert scene.offered("ann") == ""
    scene.to(60_000)
    assert scene.agent("ann").eased == {"chat": 1000, "total": 2000}
    assert scene.offered("ann") == "cid"


def test_without_a_time_nothing_is_ever_quiet() -> None:
    scene = busy(policy(quiet_ms=0), "ada", "bea")
    scene.ask("cid")
    scene.to(3_600_000)
    assert (scene.offered("ann"), scene.router.next_deadline_ms()) == ("", None)


def test_the_end_of_a_quiet_conversation_gives_back_what_it_took() -> None:
    scene = busy(POLICY, "ada")
    scene.to(60_000)
    scene.end("ann", "ada")
    assert (scene.agent("ann").load, scene.agent("ann").eased) == ({}, {})
    assert scene.world.timers.due_ms("quiet", "ada") is None


def test_wrap_up_counts_whole() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann")
    scene.ask("ada", channel="email", queue="mail")
    scene.accept("ann")
    scene.to(60_000)
    assert scene.agent("ann").eased == {"email": 500, "total": 500}
    scene.end("ann", "ada")
    assert scene.status("ada") == "wrap_up"
    assert (scene.agent("ann").load, scene.agent("ann").eased) == ({"email": 1}, {})


def test_a_lost_agents_quiet_conversation_goes_back_awake() -> None:
    scene = busy(POLICY, "ada")
    scene.to(60_000)
    scene.leave(agent("ann"), goodbye=True)
    assert scene.status("ada") == "waiting"
    assert not scene.conversation("ada").is_quiet
    assert scene.agent("ann").eased == {}


def test_the_house_is_told_and_the_customer_is_not() -> None:
    scene = busy(POLICY, "ada")
    expected = [
        ConversationUpdated(ConversationId("ada"), (("quiet", quiet),), (agent("ann").key,))
        for quiet in (True, False)
    ]
    fallen = of_kind(scene.to(60_000), ConversationUpdated)
    say(scene, "ada", "ada")
    told = [event for _, event in scene.seen(ConversationUpdated)]
    assert (fallen, told) == (expected[:1], expected)


def test_an_outage_is_not_counted_as_quiet() -> None:
    scene = busy(POLICY, "ada")
    scene.to(50_000)
    scene.do(Tick())
    scene.skip_to(150_000)
    scene.do(Tick())
    scene.to(159_999)
    assert not scene.conversation("ada").is_quiet
    scene.to(160_000)
    assert scene.conversation("ada").is_quiet


def test_another_policy_counts_everything_anew() -> None:
    scene = busy(POLICY, "ada", "bea")
    scene.to(60_000)
    scene.do(SetPolicy(policy(quiet_share=200)))
    assert scene.agent("ann").eased == {"chat": 1600, "total": 1600}
    scene.do(SetPolicy(policy(quiet_ms=90_000)))
    assert scene.agent("ann").eased == {}
    scene.to(90_000)
    assert scene.agent("ann").eased == {"chat": 1000, "total": 1000}
    scene.do(SetPolicy(policy(quiet_ms=0)))
    assert (scene.agent("ann").eased, scene.router.next_deadline_ms()) == ({}, None)
    scene.do(SetPolicy(POLICY))
    scene.do(Tick())
    assert scene.agent("ann").eased == {"chat": 1000, "total": 1000}


def test_a_restored_router_goes_on_as_the_first_does() -> None:
    scene = busy(POLICY, "ada", "bea")
    scene.to(30_000)
    say(scene, "bea", "bea")
    scene.to(60_000)
    twin = Router.restore(scene.router.snapshot())
    assert twin.digest() == scene.router.digest()
    assert scene.conversation("ada").is_quiet
    for at_ms in (90_000, 91_000):
        for command in (Tick(), Connect(customer("cid"), life="n1")):
            now_ms = scene.start_ms + at_ms
            assert twin.apply(command, now_ms) == scene.router.apply(command, now_ms)
    assert twin.world.conversations.by_id["bea"].is_quiet
    assert twin.digest() == scene.router.digest()
