"""The configuration that a replay needs, read back as a server would."""

import tomllib

from loadtest.day import AgentPlan
from loadtest.server_config import server_config
from loadtest.tokens import Key

KEY = Key("main", "an invented secret of more than 32 bytes")
AGENTS = [AgentPlan("A01", 0.0, 10.0, ("NE", "PS")), AgentPlan("A02", 0.0, 10.0, ("PS",))]


def test_the_banks_rules_are_in_it_with_their_times_divided_by_the_speed() -> None:
    read = tomllib.loads(server_config(AGENTS, KEY, speed=60, bind="127.0.0.1:9"))

    tenant = read["tenants"]["bank"]
    policy = tenant["policy"]
    assert read["server"]["bind"] == "127.0.0.1:9"
    assert tenant["keys"] == [{"kid": "main", "alg": "HS256", "secret": KEY.secret}]
    assert tenant["native_apps"] is True
    assert policy["classes"] == {"regular": 0, "priority": 1500}
    assert policy["head_start_max_ms"] == 1500
    assert policy["capacity"] == {"chat": 1, "total": 1}
    assert policy["score_band"] == 1000
    assert [
        (queue["id"], queue["channels"], queue["assign"], queue["wrap_up_ms"])
        for queue in policy["queues"]
    ] == [("bank", ["chat"], "offer", 0)]
    assert "needs" not in policy["queues"][0]


def test_the_directory_holds_every_agent_with_all_skills_full() -> None:
    policy = tomllib.loads(server_config(AGENTS, KEY, speed=1))["tenants"]["bank"]["policy"]

    assert policy["agents"] == [
        {"id": "A01", "name": "A01", "skills": {"NE": 100, "PS": 100}},
        {"id": "A02", "name": "A02", "skills": {"PS": 100}},
    ]


def test_odd_names_are_quoted() -> None:
    text = server_config(AGENTS, KEY, speed=1, tenant='b"ank.1', queue="q 1")

    assert list(tomllib.loads(text)["tenants"]) == ['b"ank.1']
