import tomllib
from pathlib import Path

import pytest

from loadtest.notes import now
from loadtest.scenario import load
from loadtest.serving import Sampler, Server, ServerNotThereError, settings_text
from router.server.settings import load as load_settings
from tests.helpers.loads import scenario

FOLDER = Path(__file__).parents[2] / "loadtest" / "scenarios"


@pytest.mark.parametrize("name", ["steady", "flash", "outage", "tenants"])
def test_the_server_takes_the_settings_of_a_scenario(name: str, tmp_path: Path) -> None:
    chosen = load(FOLDER / f"{name}.toml")
    keys = [("main", "s" * 40)] * chosen.load.tenants
    file = tmp_path / "fairline.toml"
    file.write_text(settings_text(chosen, keys, port=1, folder=tmp_path), "utf-8")
    settings = load_settings([file], {})
    assert settings.server.bind == "127.0.0.1:1"
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


@pytest.mark.process
def test_a_server_starts_is_sampled_killed_and_started_again(tmp_path: Path) -> None:
    server = Server(scenario(), tmp_path)
    try:
        server.start()
        first = server.pid
        sampler = Sampler(server, [], now())
        assert server.lag_buckets()
        assert server.resident_bytes() > 10_000_000
        server.kill()
        server.start()
        assert server.pid != first
        sampler.take()
        (sample,) = sampler.samples
        assert sample.cpu > 0  # of both lives
        assert sample.resident_mib > 10
    finally:
        server.kill()


@pytest.mark.process
def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    chosen = scenario(load={"policy": {"no_such_key": 1}})
    server = Server(chosen, tmp_path)
    with pytest.raises(ServerNotThereError, match="no_such_key"):
        server.start()
