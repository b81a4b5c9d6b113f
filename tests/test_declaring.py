"""Claims of presence by source, idleness, and connections that flap."""

from typing import Any

import msgspec
import pytest

from router.commands import (
    Connect,
    Disconnect,
    ReportActivity,
    SendMessage,
    SetAgentPresence,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.core import Router
from router.deliveries import deliveries
from router.errors import Refusal
from router.events import AgentFlapped
from router.ids import AgentId, ConversationId
from router.outgoing import AgentFlapping
from router.policy import Policy, Queue, problems
from router.views import presence_self
from tests.helpers.worlds import Scene, agent, of_kind, service, supervisor

POLICY = Policy(
    queues=(Queue(id="q"),),
    capacity={"chat": 2, "total": 2},
    idle_away_ms=600_000,
    flap_losses_max=3,
)
IDLE_MS = 300_000


def house(policy: Policy = POLICY) -> Scene:
    scene = Scene(policy)
    scene.arrive(supervisor(), service())
    scene.sign_in("ann")
    return scene


def force(scene: Scene, show: str, until_ms: int | None = None) -> None:
    scene.answered(SetAgentPresence(supervisor(), AgentId("ann"), show, "sup", until_ms=until_ms))  # type: ignore[arg-type]


def calendar(scene: Scene, show: str, until_ms: int) -> None:
    claim = SetAgentPresence(service(), AgentId("ann"), show, "meeting", "external", until_ms)  # type: ignore[arg-type]
    scene.answered(claim)


def declare(scene: Scene, show: str, **fields: Any) -> None:  # noqa: ANN401 - as the command has it
    scene.answered(SetPresence(agent("ann"), show=show, **fields))  # type: ignore[arg-type]


def touch(scene: Scene, idle_ms: int = 0, device: str = "1", view: str = "active") -> None:
    scene.answered(ReportActivity(agent("ann", device), idle_ms, view))  # type: ignore[arg-type]


def now(scene: Scene) -> tuple[str, str, str]:
    ann = scene.agent("ann")
    return str(ann.show), ann.reason, ann.source


def test_the_source_of_a_show_is_told() -> None:
    scene = Scene(POLICY)
    scene.arrive(agent("ann"))
    assert now(scene) == ("away", "", "automatic")
    declare(scene, "available")
    assert now(scene) == ("available", "", "manual")
    assert presence_self(scene.router, "ann").source == "manual"
    scene.leave(agent("ann"), goodbye=True)
    assert presence_self(scene.router, "ann").source is None


def test_a_supervisors_word_for_a_time_holds_against_the_agents() -> None:
    scene = house()
    force(scene, "busy", 60_000)
    declare(scene, "available")
    assert now(scene) == ("busy", "sup", "system")
    declare(scene, "dnd", reason="lunch")
    scene.to(60_000)
    assert now(scene) == ("dnd", "lunch", "manual")


def test_after_a_supervisors_time_what_was_before_counts_again() -> None:
    scene = house()
    declare(scene, "dnd", reason="lunch", until_ms=90_000)
    force(scene, "away", 60_000)
    scene.to(60_000)
    assert now(scene) == ("dnd", "lunch", "manual")
    scene.to(90_000)
    assert now(scene) == ("available", "until", "manual")


def test_a_word_that_ran_out_beneath_leaves_what_should_follow_it() -> None:
    scene = house()
    declare(scene, "dnd", until_ms=30_000)
    force(scene, "away", 60_000)
    scene.to(60_000)
    assert now(scene) == ("available", "until", "manual")


def test_without_a_time_the_agents_own_word_clears_it() -> None:
    scene = house()
    force(scene, "busy")
    declare(scene, "available")
    assert now(scene) == ("available", "", "manual")


def test_missed_offers_are_a_claim_that_the_agent_clears() -> None:
    scene = house(msgspec.structs.replace(POLICY, missed_offers_max=1))
    scene.ask("ada")
    scene.see("ann")
    scene.to(20_000)
    assert now(scene) == ("away", "missed", "system")
    declare(scene, "available")
    assert now(scene) == ("available", "", "manual")


def test_nobody_is_held_at_work() -> None:
    scene = house()
    force(scene, "available", 60_000)
    declare(scene, "offline")
    assert now(scene) == ("offline", "", "")
    scene.to(120_000)
    assert now(scene) == ("offline", "", "")


def test_a_calendar_counts_where_the_agent_said_nothing() -> None:
    scene = Scene(POLICY)
    scene.arrive(agent("ann"), service())
    calendar(scene, "available", 60_000)
    assert now(scene) == ("available", "meeting", "external")
    calendar(scene, "busy", 30_000)
    assert now(scene) == ("busy", "meeting", "external")
    scene.to(30_000)
    assert now(scene) == ("away", "", "automatic")


def test_the_agents_own_word_is_stronger_than_the_calendar() -> None:
    scene = house()
    calendar(scene, "busy", 60_000)
    assert now(scene) == ("available", "", "manual")
    declare(scene, "dnd", until_ms=30_000)
    scene.to(30_000)
    assert now(scene) == ("busy", "meeting", "external")
    scene.to(60_000)
    assert scene.agent("ann").show == "away"


def test_the_calendar_waits_beneath_the_agents_word_for_a_time() -> None:
    scene = Scene(POLICY)
    scene.arrive(agent("ann"), service())
    calendar(scene, "busy", 60_000)
    declare(scene, "available", until_ms=10_000)
    assert now(scene) == ("available", "", "manual")
    scene.to(10_000)
    assert now(scene) == ("busy", "meeting", "external")
    calendar(scene, "busy", 5_000)
    declare(scene, "available", until_ms=10_000)
    scene.to(20_000)
    assert now(scene) == ("away", "", "automatic")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetAgentPresence(service(), AgentId("ann"), "busy", "", "external"), Refusal.BAD_REQUEST),
        (
            SetAgentPresence(service(), AgentId("ann"), "offline", "", "external", 9),
            Refusal.BAD_REQUEST,
        ),
        (SetAgentPresence(service(), AgentId("bob"), "busy", "", "external", 9), Refusal.NOT_FOUND),
    ],
)
def test_a_refused_claim_changes_nothing(command: SetAgentPresence, code: Refusal) -> None:
    scene = house()
    before = scene.router.digest()
    assert scene.refused(command).code is code
    assert scene.router.digest() == before


def test_who_touches_nothing_is_set_away_and_comes_back_by_a_touch() -> None:
    scene = house()
    touch(scene, IDLE_MS)
    scene.to(599_999)
    assert now(scene) == ("available", "", "manual")
    scene.to(600_000)
    assert now(scene) == ("away", "idle", "automatic")
    scene.ask("ada")
    assert scene.offered("ann") == ""
    touch(scene)
    assert now(scene) == ("available", "", "manual")
    assert scene.offered("ann") == "ada"


def test_the_best_device_wins() -> None:
    scene = house()
    scene.arrive(agent("ann", "2"))
    touch(scene, IDLE_MS)
    scene.to(3_600_000)
    assert scene.agent("ann").show == "available"
    scene.do(Disconnect(agent("ann", "2")))
    assert scene.world.timers.due_ms("agent_idle", "ann") == scene.now_ms
    scene.do(Tick())
    assert now(scene) == ("away", "idle", "automatic")


def test_a_page_in_the_background_is_not_idle() -> None:
    scene = house()
    touch(scene, 0, view="background")
    scene.to(3_600_000)
    assert scene.agent("ann").show == "available"


def test_opening_a_device_never_raises_availability() -> None:
    scene = house()
    touch(scene, IDLE_MS)
    scene.to(600_000)
    scene.arrive(agent("ann", "2"))
    assert now(scene) == ("away", "idle", "automatic")
    declare(scene, "available")
    assert now(scene) == ("available", "", "manual")


def test_a_newer_token_is_no_touch() -> None:
    scene = house()
    touch(scene, IDLE_MS)
    scene.answered(Connect(agent("ann"), life="n1"))
    scene.to(600_000)
    assert now(scene) == ("away", "idle", "automatic")


def test_whatever_the_agent_does_is_a_touch() -> None:
    scene = house()
    scene.ask("ada")
    scene.accept("ann")
    touch(scene, IDLE_MS)
    scene.to(600_000)
    assert scene.agent("ann").is_idle
    assert scene.status("ada") == "active"
    scene.answered(SendMessage(agent("ann"), ConversationId("ada"), "m", "back"))
    assert now(scene) == ("available", "", "manual")


@pytest.mark.parametrize("show", ["busy", "dnd", "away"])
def test_only_who_is_available_is_lowered(show: str) -> None:
    scene = house()
    declare(scene, show)
    touch(scene, IDLE_MS)
    scene.to(3_600_000)
    assert now(scene) == (show, "", "manual")


def test_a_word_given_while_idle_counts_and_ends_the_idleness() -> None:
    scene = house()
    touch(scene, IDLE_MS)
    scene.to(600_000)
    force(scene, "busy", 60_000)
    assert now(scene) == ("busy", "sup", "system")
    scene.to(660_000)
    assert scene.agent("ann").show == "available"


def test_without_idleness_in_the_policy_nobody_is_lowered() -> None:
    scene = house()
    touch(scene, IDLE_MS)
    scene.to(600_000)
    scene.do(SetPolicy(msgspec.structs.replace(POLICY, idle_away_ms=0)))
    assert now(scene) == ("available", "", "manual")
    scene.to(3_600_000)
    assert now(scene) == ("available", "", "manual")
    assert scene.router.next_deadline_ms() is None


def test_an_outage_moves_the_ends_of_all_claims() -> None:
    scene = house()
    declare(scene, "dnd", until_ms=90_000)
    force(scene, "busy", 60_000)
    scene.skip_to(100_000)
    scene.do(Tick())
    scene.to(159_999)
    assert now(scene) == ("busy", "sup", "system")
    scene.to(160_000)
    assert now(scene) == ("dnd", "", "manual")
    scene.to(190_000)
    assert now(scene) == ("available", "until", "manual")


def test_a_restored_router_knows_what_lies_beneath() -> None:
    scene = house()
    calendar(scene, "busy", 90_000)
    force(scene, "dnd", 60_000)
    declare(scene, "away", until_ms=70_000)
    twin = Router.restore(scene.router.snapshot())
    for at_ms in (60_000, 70_000, 90_000):
        now_ms = scene.start_ms + at_ms
        assert twin.apply(Tick(), now_ms) == scene.router.apply(Tick(), now_ms)
        assert twin.digest() == scene.router.digest()


def lose(scene: Scene, at_ms: int) -> list[AgentFlapped]:
    """Ann's last device is lost and comes back."""
    scene.to(at_ms)
    events = scene.leave(agent("ann"))
    due_ms = scene.world.timers.due_ms("agent_grace", "ann")
    assert due_ms is not None
    flapped = of_kind(events, AgentFlapped)
    assert due_ms - scene.now_ms == (240_000 if flapped else 120_000)
    scene.arrive(agent("ann"))
    return flapped


def test_who_is_lost_again_and_again_has_twice_the_grace_and_supervisors_are_told() -> None:
    scene = house()
    for at_ms in (10_000, 20_000, 30_000):
        assert lose(scene, at_ms) == []
    expected = AgentFlapped(AgentId("ann"), 4, 240_000)
    assert lose(scene, 40_000) == [expected]
    told = list(deliveries(scene.router, expected, scene.now_ms))
    assert [(one.to, one.message) for one in told] == [
        (supervisor().key, AgentFlapping(scene.router.position, "ann", 4, 240_000))
    ]
    assert lose(scene, 330_001) == []


def test_a_goodbye_a_second_device_and_a_lost_node_are_no_flapping() -> None:
    scene = house()
    for number in range(9):
        scene.arrive(agent("ann", "2"))
        scene.do(Disconnect(agent("ann", "2")))
        scene.do(Disconnect(agent("ann"), leave=True))
        scene.sign_in("ann")
        assert scene.agent("ann").losses == [], number


def test_flapping_is_off_unless_the_policy_says_so() -> None:
    scene = house(msgspec.structs.replace(POLICY, flap_losses_max=0))
    for at_ms in range(1_000, 10_000, 1_000):
        assert lose(scene, at_ms) == []
    assert scene.agent("ann").losses == []


def test_an_idleness_shorter_than_devices_tell_is_a_mistake() -> None:
    short = msgspec.structs.replace(POLICY, idle_away_ms=60_000)
    assert [path for path, _ in problems(short)] == ["idle_away_ms"]
    assert problems(POLICY) == []
