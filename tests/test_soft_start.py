"""Who signs in gets work at a bounded pace."""

import msgspec
import pytest

from router.commands import AssignConversation, SetAgentPresence, SetPolicy, SetPresence, Tick
from router.core import Router
from router.explain import explain_agent, explain_conversation
from router.explained import ExplainedAgent, ExplainedWait
from router.ids import AgentId, ConversationId
from router.policy import Policy, Queue, SoftStart, problems
from router.views import presence_self
from tests.helpers.worlds import Scene, agent, supervisor

POLICY = Policy(
    queues=(Queue(id="q"),),
    capacity={"chat": 9, "total": 9},
    soft_start=SoftStart(offers=2, per_ms=30_000),
)


def backlog(policy: Policy = POLICY) -> Scene:
    """Five wait when Ann signs in."""
    scene = Scene(policy)
    for name in ("ada", "bea", "cid", "dan", "eve"):
        scene.ask(name)
    scene.sign_in("ann")
    return scene


def take_all(scene: Scene, until_ms: int) -> list[tuple[int, str]]:
    """Ann accepts at once whatever she is offered; when each offer came."""
    while True:
        while scene.offered("ann"):
            scene.accept("ann")
        due_ms = scene.router.next_deadline_ms()
        if due_ms is None or due_ms > scene.start_ms + until_ms:
            return [(at_ms, name) for at_ms, name, _ in scene.offers()]
        scene.to(due_ms - scene.start_ms)


def test_the_first_offers_come_one_by_one_and_then_all_at_once() -> None:
    expected = [(0, "ada"), (30_000, "bea"), (60_000, "cid"), (60_000, "dan"), (60_000, "eve")]
    assert take_all(backlog(), 300_000) == expected


def test_without_a_soft_start_all_come_at_once() -> None:
    policy = msgspec.structs.replace(POLICY, soft_start=SoftStart())
    assert {at_ms for at_ms, _ in take_all(backlog(policy), 300_000)} == {0}


def test_a_declined_offer_counts_as_one() -> None:
    scene = backlog()
    scene.decline("ann")
    assert scene.offered("ann") == ""
    scene.to(30_000)
    assert scene.offered("ann") == "bea"


def test_time_before_the_first_offer_is_no_part_of_it() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann")
    scene.to(600_000)
    scene.ask("ada")
    scene.accept("ann")
    scene.ask("bea")
    assert scene.offered("ann") == ""
    scene.to(630_000)
    assert scene.offered("ann") == "bea"


def test_another_agent_does_not_wait_for_the_one_who_starts() -> None:
    scene = backlog()
    scene.accept("ann")
    scene.sign_in("bob")
    assert scene.offered("bob") == "bea"


def test_a_short_loss_is_no_new_start() -> None:
    scene = backlog()
    take_all(scene, 60_000)
    scene.leave(agent("ann"))
    scene.to(70_000)
    scene.arrive(agent("ann"))
    assert scene.agent("ann").soft_offers == 0


@pytest.mark.parametrize("way", ["bye", "offline", "supervisor"])
def test_a_new_sign_in_is_a_new_start(way: str) -> None:
    scene = backlog()
    scene.accept("ann")
    if way == "bye":
        scene.leave(agent("ann"), goodbye=True)
    elif way == "offline":
        scene.answered(SetPresence(agent("ann"), show="offline"))
    else:
        scene.arrive(supervisor())
        scene.answered(SetAgentPresence(supervisor(), AgentId("ann"), "offline"))
    assert (scene.agent("ann").soft_offers, scene.agent("ann").is_paced) == (0, False)
    assert scene.world.timers.due_ms("agent_pace", "ann") is None
    scene.sign_in("ann")
    assert scene.agent("ann").soft_offers == 1
    assert scene.agent("ann").is_paced


def test_work_given_by_hand_is_not_held_back() -> None:
    scene = backlog()
    scene.arrive(supervisor())
    for name in ("bea", "cid"):
        scene.answered(AssignConversation(supervisor(), ConversationId(name), AgentId("ann")))
    assert scene.agent("ann").serving == ["bea", "cid"]


def test_explain_says_that_the_agent_starts_softly() -> None:
    scene = backlog()
    scene.accept("ann")
    wait = explain_conversation(scene.router, "bea", "ann", scene.now_ms)
    assert isinstance(wait, ExplainedWait)
    assert wait.why_not == "soft_start"
    alone = explain_agent(scene.router, "ann", scene.now_ms)
    assert isinstance(alone, ExplainedAgent)
    assert alone.why_not == "soft_start"
    assert presence_self(scene.router, "ann").why_not == "soft_start"


def test_an_outage_moves_the_pace_with_all_deadlines() -> None:
    scene = backlog()
    scene.accept("ann")
    scene.skip_to(100_000)
    scene.do(Tick())
    scene.to(129_999)
    assert scene.offered("ann") == ""
    scene.to(130_000)
    assert scene.offered("ann") == "bea"


def test_a_policy_without_it_ends_every_soft_start() -> None:
    scene = backlog()
    scene.accept("ann")
    scene.do(SetPolicy(msgspec.structs.replace(POLICY, soft_start=SoftStart())))
    assert scene.offered("ann") == "bea"
    scene.accept("ann")
    assert scene.offered("ann") == "cid"


def test_a_shorter_soft_start_counts_for_who_is_in_one() -> None:
    scene = backlog()
    scene.do(SetPolicy(msgspec.structs.replace(POLICY, soft_start=SoftStart(1, 30_000))))
    assert scene.agent("ann").soft_offers == 1
    scene.do(SetPolicy(msgspec.structs.replace(POLICY, soft_start=SoftStart(5, 30_000))))
    assert scene.agent("ann").soft_offers == 1


def test_a_restored_router_holds_back_for_as_long() -> None:
    scene = backlog()
    scene.accept("ann")
    twin = Router.restore(scene.router.snapshot())
    for at_ms in (29_999, 30_000):
        assert twin.apply(Tick(), scene.start_ms + at_ms) == scene.router.apply(
            Tick(), scene.start_ms + at_ms
        )
    assert scene.offered("ann") == "bea"
    assert twin.digest() == scene.router.digest()


@pytest.mark.parametrize("half", [SoftStart(offers=3), SoftStart(per_ms=1_000)])
def test_half_a_soft_start_is_a_mistake(half: SoftStart) -> None:
    found = problems(msgspec.structs.replace(POLICY, soft_start=half))
    assert [path for path, _ in found] == ["soft_start"]
    assert problems(POLICY) == []
