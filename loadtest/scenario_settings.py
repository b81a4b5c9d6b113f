"""The settings of a server that fit a scenario: TOML as its own reader takes it.

Owns: how queues, agents, keys and room for everybody are said in Fairline's settings.
Does not know: processes; the text is checked by whoever reads it.

Invariant (tests/loadtest/test_scenario_settings.py): the server's own reader takes the settings of
every scenario, as many tenants as keys, all alike.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from loadtest.scenario import Line, Scenario
from router.bench.processes import HOST

__all__ = ["REDIS_URL", "inline", "settings_text"]

CONNECTIONS_SPARE = 2_000
REDIS_URL = "redis://127.0.0.1:6379/0"
"""Where a journal in Redis is, if nothing else is said."""


def inline(value: object) -> str:
    """A value in TOML, inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inline(each) for each in value) + "]"
    return json.dumps(value)


def settings_text(
    scenario: Scenario,
    keys: Sequence[tuple[str, str]],
    *,
    port: int,
    folder: Path,
    redis_url: str = REDIS_URL,
) -> str:
    """The settings of a server for this scenario: as many tenants as keys, all alike.

    Args:
        scenario: What will be played.
        keys: The id and the secret of each tenant's key.
        port: Where it listens, on this machine alone.
        folder: Where its ``data`` lie.
        redis_url: Where its journal is, if the scenario wants that in Redis.
    """
    load = scenario.load
    people = scenario.agents + scenario.customers.connected + CONNECTIONS_SPARE
    lines = [
        "[server]",
        f'bind = "{HOST}:{port}"',
        f"journal = {inline(load.journal)}",
        *([f"redis_url = {inline(redis_url)}"] if load.journal == "redis" else []),
        f"data = {inline(str(folder / 'data'))}",
        'log = "console"',
        f"connections_max = {people + int(scenario.arrivals.highest * 120)}",
    ]
    for number, (kid, secret) in enumerate(keys):
        key = {"kid": kid, "alg": "HS256", "secret": secret}
        lines += [f"[tenants.load{number}]", f"keys = [{inline(key)}]", "native_apps = true"]
        lines += [f"[tenants.load{number}.policy]", *_policy(scenario)]
        for line in scenario.lines:
            lines += [f"[[tenants.load{number}.policy.queues]]", *_queue(line)]
        lines += _directory(scenario, f"[[tenants.load{number}.policy.agents]]")
    return "\n".join(lines) + "\n"


def _policy(scenario: Scenario) -> list[str]:
    head_start_ms = round(scenario.load.head_start * 1000)
    capacity = scenario.desks[0].capacity
    policy: dict[str, object] = {
        "capacity": {"chat": capacity, "total": capacity},
        "classes": {"regular": 0, "priority": head_start_ms},
        "head_start_max_ms": head_start_ms,
        "score_band": 1000,
        **scenario.load.policy,
    }
    return [f"{name} = {inline(value)}" for name, value in policy.items()]


def _queue(line: Line) -> list[str]:
    queue: dict[str, object] = {
        "id": line.id,
        "channels": ["chat"],
        "needs": [{"skill": line.id, "level": 1}],
        "waiting_max": 100_000,
        "wrap_up_ms": round(line.wrap_up * 10_000) + 60_000 * bool(line.wrap_up),
        **line.policy,
    }
    return [f"{name} = {inline(value)}" for name, value in queue.items()]


def _directory(scenario: Scenario, table: str) -> list[str]:
    """Only agents whose capacity is another than the first group's need an entry."""
    lines = []
    for group in scenario.desks:
        if group.capacity != scenario.desks[0].capacity:
            capacity = {"chat": group.capacity, "total": group.capacity}
            for number in range(group.count):
                lines += [table, f'id = "{group.id}-{number}"', f"capacity = {inline(capacity)}"]
    return lines
