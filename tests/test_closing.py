"""Ends: of offers, of conversations in line, of active ones, of wrap-ups; and what they free."""

import msgspec

from router.commands import CompleteWrapUp, EndConversation
from router.errors import Refusal
from router.events import ConversationEnded, ConversationForgotten, WrapUpStarted
from router.policy import Policy, Queue
from tests.helpers.worlds import SIMPLE, Scene, agent, customer, ids

WRAP = msgspec.structs.replace(SIMPLE, queues=(Queue(id="q", wrap_up_ms=10_000),))
TALK = ids("c")[1]


def wrapping(policy: Policy = WRAP) -> Scene:
    """Ann is in wrap-up after c, and d waits."""
    scene = Scene(policy)
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.ask("d")
    scene.to(5_000)
    scene.end("ann", "c")
    return scene


def test_a_wrap_up_loads_the_agent_until_its_time_is_over() -> None:
    scene = wrapping()
    assert (scene.status("c"), scene.offered("ann")) == ("wrap_up", "")
    scene.to(14_999)
    assert scene.offered("ann") == ""
    scene.to(15_000)
    assert (scene.status("c"), scene.offered("ann")) == ("closed", "d")


def test_a_wrap_up_may_be_done_sooner_and_only_once() -> None:
    scene = wrapping()
    scene.answered(CompleteWrapUp(agent("ann"), TALK, "solved"))
    assert (scene.conversation("c").wrap_up_code, scene.offered("ann")) == ("solved", "d")
    before = scene.router.digest()
    scene.answered(CompleteWrapUp(agent("ann"), TALK, "solved"))
    assert scene.router.digest() == before


def test_the_customer_learns_of_the_end_and_not_of_the_wrap_up() -> None:
    scene = wrapping()
    scene.to(15_000)
    told = [(at, event.readers) for at, event in scene.seen(ConversationEnded)]
    assert told == [(5_000, ("customer:c",)), (15_000, ("agent:ann",))]
    assert [event.agent for _, event in scene.seen(WrapUpStarted)] == ["ann"]
    assert scene.customer("c").open == []


def test_an_agent_who_goes_leaves_no_wrap_up_behind() -> None:
    scene = wrapping()
    scene.leave(agent("ann"), goodbye=True)
    assert scene.status("c") == "closed"


def test_whoever_ends_is_the_reason_and_may_say_so_twice() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(EndConversation(customer("c"), TALK))
    assert scene.conversation("c").ended_reason == "customer"
    scene.answered(EndConversation(customer("c"), TALK))
    late = scene.refused(EndConversation(agent("ann"), TALK))
    assert late.code is Refusal.INVALID_TRANSITION


def test_a_wait_that_is_too_long_expires_also_while_offered() -> None:
    queue = Queue(id="q", wait_max_ms=6_000)
    scene = Scene(msgspec.structs.replace(SIMPLE, queues=(queue,)))
    scene.ask("c")
    scene.to(1)
    scene.ask("d")
    scene.to(5_000)
    scene.sign_in("ann")
    scene.to(5_999)
    assert (scene.status("c"), scene.status("d")) == ("offered", "waiting")
    scene.to(6_000)
    assert (scene.status("c"), scene.status("d")) == ("expired", "offered")
    scene.to(6_001)
    assert [outcome for *_, outcome in scene.outcomes()] == ["withdrawn", "withdrawn"]
    reasons = [(event.reason, event.waited_ms) for _, event in scene.seen(ConversationEnded)]
    assert reasons == [("expired", 6_000), ("expired", 6_000)]


def test_what_is_served_does_not_expire() -> None:
    queue = Queue(id="q", wait_max_ms=6_000)
    scene = Scene(msgspec.structs.replace(SIMPLE, queues=(queue,)))
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.to(60_000)
    assert scene.status("c") == "active"


def test_an_ended_conversation_is_forgotten_after_ten_minutes() -> None:
    scene = Scene()
    scene.ask("c")
    scene.cancel("c")
    scene.to(599_999)
    assert scene.status("c") == "abandoned"
    scene.to(600_000)
    assert scene.seen(ConversationForgotten) == [(600_000, ConversationForgotten(TALK))]
    assert scene.world.conversations.by_id == {}
    assert len(scene.world.timers) == 0


def test_a_cancelled_offer_frees_its_agent_for_the_next() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.ask("d")
    scene.cancel("c")
    assert scene.outcomes() == [(0, "ann", "withdrawn")]
    assert scene.offered("ann") == "d"
