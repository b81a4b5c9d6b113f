from pathlib import Path

import pytest

from router.policy import problems
from router.server.auth import Authenticator
from router.server.clock import Clock
from router.server.demo_desk import HUMANS, SCRIPTED, DemoDesk, demo_settings
from router.server.settings import Settings, is_loopback


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return demo_settings(tmp_path, 8080)


def test_the_demo_s_settings_are_sound_and_stay_on_this_machine(
    settings: Settings, tmp_path: Path
) -> None:
    policy = settings.tenants["demo"].policy
    assert problems(policy) == []
    assert is_loopback(settings.server.bind)
    assert Path(settings.server.data).parent == tmp_path
    assert [queue.id for queue in policy.queues] == ["support", "billing", "orders"]
    assert {agent.id for agent in policy.agents} == {*HUMANS, *SCRIPTED}
    spoken = {tag for agent in policy.agents for tag in agent.languages}
    assert spoken == {"en", "de", "fr"}


def test_every_start_has_a_key_of_its_own(settings: Settings, tmp_path: Path) -> None:
    other = demo_settings(tmp_path, 8080)
    assert settings.tenants["demo"].keys != other.tenants["demo"].keys


def test_scripted_agents_leave_room_for_humans(settings: Settings) -> None:
    policy = settings.tenants["demo"].policy
    room = {agent.id: {**policy.capacity, **agent.capacity}["total"] for agent in policy.agents}
    assert {room[name] for name in SCRIPTED} == {1}
    assert min(room[name] for name in HUMANS) > 1


def test_a_human_signs_in_as_somebody_of_the_staff_and_as_nobody_else(settings: Settings) -> None:
    clock = Clock()
    desk = DemoDesk(settings, clock)
    offered = [(person.id, person.role) for person in desk.people()]
    assert offered == [
        ("alice", "agent"), ("bob", "agent"), ("chloe", "agent"), ("sofia", "supervisor"),
    ]  # fmt: skip
    authenticator = Authenticator(settings)
    for subject, role in offered:
        token = desk.token_for_human(subject, role)
        assert token is not None
        identity = authenticator.verify(token, clock.wall_ms())
        assert (identity.subject, identity.role, identity.tenant) == (subject, role, "demo")
        assert identity.claims.name
    service = authenticator.verify(desk.token_for_service(), clock.wall_ms())
    assert (service.role, service.tenant) == ("service", "demo")
    for subject, role in (("dana", "agent"), ("alice", "supervisor"), ("eve", "service")):
        assert desk.token_for_human(subject, role) is None
