"""A conversation too big for the room left is passed over only so often."""

import random

import msgspec
import pytest

from router.commands import SetPolicy, SetPresence, Tick
from router.core import Router
from router.events import OfferMade
from router.explain import explain_conversation
from router.explained import ExplainedWait
from router.policy import AgentEntry, Policy, Queue
from tests.helpers.worlds import Scene, agent, customer, needs

POLICY = Policy(
    queues=(
        Queue(id="q", channels=("chat", "voice", "email")),
        Queue(id="law", channels=("email",), needs=needs(law=50)),
    ),
    agents=(AgentEntry(id="law", skills={"law": 80}),),
    capacity={"chat": 9, "email": 1, "voice": 9, "total": 4},
    cost={"email": 3},
    interrupts=("voice",),
    passed_over_max=3,
)


def policy(**changes: object) -> Policy:
    return msgspec.structs.replace(POLICY, **changes)


def passing(changed: Policy = POLICY, name: str = "ann") -> Scene:
    """The agent serves two chats when a big e-mail asks, and then three more chats."""
    scene = Scene(changed)
    scene.sign_in(name)
    for one in ("a1", "a2"):
        scene.ask(one)
        scene.accept(name)
    scene.ask("big", channel="email")
    return scene


def chat(scene: Scene, ended: str, name: str, by: str = "ann") -> str:
    """One chat ends and another one asks; whom the agent is offered then."""
    scene.end(by, ended)
    scene.ask(name)
    offered = scene.offered(by)
    if offered:
        scene.accept(by)
    return offered


def test_after_three_passes_the_agent_keeps_room() -> None:
    scene = passing(policy(capacity={"chat": 9, "email": 1, "total": 4}))
    scene.ask("a3")
    scene.accept("ann")
    assert scene.conversation("big").passed == {"ann": 1}
    assert chat(scene, "a1", "a4") == "a4"
    assert chat(scene, "a2", "a5") == "a5"
    assert scene.conversation("big").passed == {"ann": 3}
    assert chat(scene, "a3", "a6") == ""
    scene.end("ann", "a4")
    assert scene.offered("ann") == "big"
    scene.accept("ann")
    assert scene.conversation("big").passed == {}
    assert scene.world.keepers == {}
    scene.end("ann", "a5")
    assert scene.offered("ann") == "a6"


def kept(changed: Policy = POLICY) -> Scene:
    """Ann serves three chats and keeps room for ``big``; ``late`` waits behind it."""
    scene = passing(changed)
    scene.ask("a3")
    scene.accept("ann")
    chat(scene, "a1", "a4")
    chat(scene, "a2", "a5")
    assert chat(scene, "a3", "late") == ""
    assert scene.world.keepers == {"ann": {"big": None}}
    return scene


def test_without_a_number_it_is_passed_over_for_ever() -> None:
    scene = passing(policy(passed_over_max=0))
    for number in range(9):
        scene.ask(f"x{number}")
        assert scene.offered("ann") == f"x{number}"
        scene.accept("ann")
        scene.end("ann", f"x{number}")
    assert scene.conversation("big").passed == {}


def test_another_agent_takes_what_waits_behind() -> None:
    scene = kept()
    scene.sign_in("bob")
    assert scene.offered("bob") == "big"
    assert scene.offered("ann") == "late"


def test_a_declined_offer_of_it_does_not_start_the_count_over() -> None:
    scene = kept()
    scene.sign_in("bob")
    scene.accept("ann")
    scene.end("ann", "late")
    scene.decline("bob")
    assert scene.world.keepers == {"ann": {"big": None}}
    scene.ask("later")
    assert scene.offered("ann") == ""
    assert scene.offered("bob") == "later"


@pytest.mark.parametrize("channel", ["voice"])
def test_what_interrupts_is_offered_all_the_same(channel: str) -> None:
    scene = kept()
    scene.ask("call", channel=channel)
    assert scene.offered("ann") == "call"
    assert scene.conversation("big").passed == {"ann": 3}


def test_somebody_before_it_is_still_served() -> None:
    scene = kept()
    scene.arrive(customer("vip"), klass="urgent")
    scene.ask("vip")
    assert scene.offered("ann") == "vip"


@pytest.mark.parametrize("way", ["cancelled", "lost", "channel off", "time"])
def test_nothing_is_kept_for_nobody(way: str) -> None:
    scene = kept()
    if way == "cancelled":
        scene.cancel("big")
    elif way == "lost":
        scene.leave(customer("big"))
    elif way == "channel off":
        scene.answered(SetPresence(agent("ann"), channels={"email": False}))
    else:
        scene.to(600_000)
    assert scene.offered("ann") == "late"
    assert scene.world.keepers == {}


def test_who_comes_back_finds_the_room_still_kept() -> None:
    scene = kept()
    scene.leave(customer("big"))
    scene.accept("ann")
    scene.arrive(customer("big"))
    scene.end("ann", "late")
    scene.ask("later")
    assert scene.offered("ann") == ""


def test_no_room_is_kept_for_what_never_fits_or_is_not_the_agents() -> None:
    scene = passing(policy(cost={"email": 5}))
    scene.ask("case", channel="email", queue="law", conversation="case")
    for number in range(5):
        scene.ask(f"x{number}")
        scene.accept("ann")
        scene.end("ann", f"x{number}")
    assert (scene.conversation("big").passed, scene.conversation("case").passed) == ({}, {})


def test_no_room_is_kept_where_the_channel_itself_is_full() -> None:
    scene = Scene(policy(capacity={"chat": 9, "email": 1, "total": 6}))
    scene.sign_in("ann")
    scene.ask("first", channel="email")
    scene.accept("ann")
    scene.ask("big", channel="email")
    for number in range(5):
        scene.ask(f"x{number}")
        scene.accept("ann")
        scene.end("ann", f"x{number}")
    assert scene.conversation("big").passed == {}


def test_explain_names_the_room_that_is_kept() -> None:
    scene = kept()
    found = explain_conversation(scene.router, "late", "ann", scene.now_ms)
    assert isinstance(found, ExplainedWait)
    assert found.why_not == "keeps_room"


def test_another_policy_ends_it_and_a_smaller_number_begins_it() -> None:
    scene = passing()
    scene.ask("a3")
    scene.accept("ann")
    scene.do(SetPolicy(policy(passed_over_max=1)))
    assert scene.world.keepers == {"ann": {"big": None}}
    scene.do(SetPolicy(policy(passed_over_max=0)))
    assert (scene.world.keepers, scene.conversation("big").passed) == ({}, {})
    assert scene.world.timers.due_ms("keep_room", "big") is None


def test_a_restored_router_keeps_the_room_too() -> None:
    scene = kept()
    twin = Router.restore(scene.router.snapshot())
    assert twin.world.keepers == scene.world.keepers
    for at_ms in (1_000, 600_000):
        now_ms = scene.start_ms + at_ms
        assert twin.apply(Tick(), now_ms) == scene.router.apply(Tick(), now_ms)
    assert scene.offered("ann") == "late"
    assert twin.digest() == scene.router.digest()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_nobody_is_passed_over_more_often_and_the_line_never_stalls(
    seed: int,
) -> None:
    rng = random.Random(seed)
    scene = Scene(policy(passed_over_max=2))
    scene.world.looks_at_each = True
    scene.sign_in("ann", "bob")
    for number in range(120):
        act = rng.choice(["chat", "chat", "email", "end", "end", "decline", "wait"])
        name = rng.choice(["ann", "bob"])
        serving = scene.agent(name).serving
        if act in ("chat", "email"):
            scene.ask(f"c{number}", channel=act)
        elif act == "end" and serving:
            scene.end(name, rng.choice(serving))
        elif act == "decline" and scene.offered(name) and rng.random() < 0.2:
            scene.decline(name)
        elif act == "wait":
            scene.to(scene.now_ms - scene.start_ms + rng.randrange(90_000))
        for one in ("ann", "bob"):
            if scene.offered(one):
                scene.accept(one)
        _check(scene)
    twin = Router.restore(scene.router.snapshot())
    assert twin.world.keepers == scene.world.keepers
    assert all(
        event.overtaken is None or event.overtaken.violations == 0
        for _, event in scene.seen(OfferMade)
    )


def _check(scene: Scene) -> None:
    world = scene.world
    waiting = [c for c in world.conversations if c.id in world.line]
    for conversation in waiting:
        assert all(count <= 2 for count in conversation.passed.values()), conversation.passed
        for name in ("ann", "bob"):
            one = scene.agent(name)
            room = one.may_hold(
                conversation.channel, world.cost(conversation.channel), POLICY.capacity, free=False
            )
            if not room or not one.takes_offers() or conversation.declined.get(name):
                continue
            place = world.line.where(conversation.id)[1]
            kept_for = [
                world.line.where(other)[1] for other in world.keepers.get(name, ()) if other
            ]
            assert kept_for, f"{name} could take {conversation.id}"
            assert min(kept_for) < place, f"{name} could take {conversation.id}"
