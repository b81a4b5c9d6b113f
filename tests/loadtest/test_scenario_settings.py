"""Settings that are made for a scenario, read by the server's own reader."""

import tomllib
from pathlib import Path

import pytest

from loadtest.scenario import load
from loadtest.scenario_settings import settings_text
from router.server.settings import load as load_settings
from tests.helpers.loads import scenario

FOLDER = Path(__file__).parents[2] / "loadtest" / "scenarios"


@pytest.mark.parametrize("name", ["steady", "flash", "outage", "takeover", "tenants"])
def test_the_server_takes_the_settings_of_a_scenario(name: str, tmp_path: Path) -> None:
    chosen = load(FOLDER / f"{name}.toml")
    keys = [("main", "s" * 40)] * chosen.load.tenants
    file = tmp_path / "fairline.toml"
    file.write_text(settings_text(chosen, keys, port=1, folder=tmp_path), "utf-8")
    settings = load_settings([file], {})
    assert settings.server.bind == "127.0.0.1:1"
    assert settings.server.journal == chosen.load.journal
    assert len(settings.tenants) == chosen.load.tenants
    for tenant in settings.tenants.values():
        assert [queue.id for queue in tenant.policy.queues] == [line.id for line in chosen.lines]
        assert tenant.policy.classes["priority"] == round(1000 * chosen.load.head_start)
        assert tenant.policy.grace_ms == chosen.load.policy.get("grace_ms", 120_000)
        pauses = [queue.wrap_up_ms > 0 for queue in tenant.policy.queues]
        assert pauses == [line.wrap_up > 0 for line in chosen.lines]


def test_agents_with_another_capacity_are_named() -> None:
    desks = [{"id": "a", "count": 2, "capacity": 3}, {"id": "b", "count": 2}]
    text = settings_text(scenario(desks=desks), [("main", "s")], port=1, folder=Path("x"))
    policy = tomllib.loads(text)["tenants"]["load0"]["policy"]
    assert policy["capacity"] == {"chat": 3, "total": 3}
    assert {one["id"]: one["capacity"]["chat"] for one in policy["agents"]} == {"b-0": 1, "b-1": 1}


def test_a_journal_in_redis_is_where_it_was_said_to_be() -> None:
    chosen = scenario(load={"journal": "redis"})
    url = "redis://127.0.0.1:7/0"
    text = settings_text(chosen, [("main", "s")], port=1, folder=Path("x"), redis_url=url)
    assert tomllib.loads(text)["server"]["redis_url"] == url
    assert "redis_url" not in settings_text(scenario(), [("main", "s")], port=1, folder=Path("x"))
