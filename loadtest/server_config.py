"""Writes a server configuration in which a replay makes sense: TOML as ``config.md`` has it.

Owns: how the bank's rules are said in Fairline's policy, and how times shrink with the speed.
Does not know: the server; the text is checked by whoever reads it.
Invariants: one queue without needs of its own, so that each conversation's type decides; agents
differ in skills alone, so that the line decides and not a score.
"""

import json
from collections.abc import Iterable

from loadtest.day import AgentPlan
from loadtest.report import HEAD_START_S
from loadtest.tokens import Key

__all__ = ["server_config"]

SERVICE_LEVEL_S = 20.0

TEMPLATE = """\
# Made by `python -m loadtest config` for a replay at speed {speed:g}: times of the bank's own
# rules are divided by it, those of the server's care for connections are not.

[server]
bind = {bind}
log = "json"

[tenants.{tenant}]
keys = [{{kid = {kid}, alg = "HS256", secret = {secret}}}]
native_apps = true

[tenants.{tenant}.policy]
offer_timeout_ms = 60000
offer_seen_ms = 15000
head_start_max_ms = {head_start_ms}
score_band = 1000
capacity = {{chat = 1, total = 1}}
classes = {{regular = 0, priority = {head_start_ms}}}

[[tenants.{tenant}.policy.queues]]
id = {queue}
name = "Bank"
channels = ["chat"]
assign = "offer"
wrap_up_ms = 0
waiting_max = 10000
wait_max_ms = 0
service_level = {{within_ms = {within_ms}, target = 800}}
"""

AGENT = """
[[tenants.{tenant}.policy.agents]]
id = {id}
name = {id}
skills = {{{skills}}}
"""


def server_config(
    agents: Iterable[AgentPlan],
    key: Key,
    *,
    tenant: str = "bank",
    queue: str = "bank",
    bind: str = "127.0.0.1:8080",
    speed: float,
) -> str:
    """The whole file, ready for ``fairline serve --config``; it holds the secret."""
    head = TEMPLATE.format(
        speed=speed,
        bind=_text(bind),
        tenant=_text(tenant),
        kid=_text(key.kid),
        secret=_text(key.secret),
        queue=_text(queue),
        head_start_ms=round(HEAD_START_S * 1000 / speed),
        within_ms=round(SERVICE_LEVEL_S * 1000 / speed),
    )
    directory = [
        AGENT.format(
            tenant=_text(tenant),
            id=_text(agent.id),
            skills=", ".join(f"{_text(skill)} = 100" for skill in agent.skills),
        )
        for agent in agents
    ]
    return head + "".join(directory)


def _text(value: str) -> str:
    """A TOML basic string, which JSON's is too but for what no name here holds."""
    return json.dumps(value)
