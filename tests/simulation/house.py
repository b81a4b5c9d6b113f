"""The tenants of a simulation: their policies, tokens and settings.

Owns: who exists. Does not know: what they do.
"""

import random

import msgspec

from router.policy import AgentEntry, Policy, Queue, SkillNeed, Step
from router.server.auth import Role, mint
from router.server.settings import KeyEntry, ServerSettings, Settings, Tenant
from tests.helpers.crowd import a_policy

__all__ = ["AGENTS", "CUSTOMERS", "GRACE_MS", "START_MS", "TENANTS", "settings", "token"]

START_MS = 1_750_000_000_000
GRACE_MS = 20_000
TENANTS = ("acme", "globex")
AGENTS = {"acme": ("ann", "bob", "cid", "dee"), "globex": ("ann", "eva")}
CUSTOMERS = {"acme": tuple("klmnopqr"), "globex": tuple("klx")}
"""The same names in both houses, so that what goes astray is seen."""

_KEYS = {
    name: KeyEntry(
        kid="main", alg="HS256", secret=f"the simulation's secret of {name}, long enough"
    )
    for name in TENANTS
}


def _entry(name: str, chance: random.Random) -> AgentEntry:
    languages = {"en": 90, "fr": chance.choice((0, 50, 80))}
    return AgentEntry(
        id=name,
        name=name.title(),
        teams=("floor",),
        skills={"lamps": chance.choice((0, 40, 80))},
        languages={tag: level for tag, level in languages.items() if level},
        capacity={"chat": chance.choice((1, 2, 3)), "total": 3},
    )


def _policy(tenant: str, chance: random.Random) -> Policy:
    wild = a_policy(chance)
    queues = (
        Queue(
            id="one",
            needs=(SkillNeed("lamps", 30),) if chance.random() < 0.5 else (),
            steps=(Step(after_ms=6_000, needs=(), any_language=True),),
            wrap_up_ms=chance.choice((0, 3_000)),
        ),
        Queue(
            id="two",
            assign="direct" if chance.random() < 0.3 else "offer",
            wait_max_ms=chance.choice((0, 25_000)),
        ),
    )
    return msgspec.structs.replace(
        wild,
        queues=queues,
        agents=tuple(_entry(name, chance) for name in AGENTS[tenant]),
        grace_ms=GRACE_MS,
        transfer_wait_ms=5_000,
        offer_timeout_ms=10_000,
        soft_start=Policy().soft_start,
        rules=(),
        brands=(),
    )


def settings(chance: random.Random) -> Settings:
    """Settings of the whole server; the journal is opened by the simulation itself."""
    return Settings(
        server=ServerSettings(bind="127.0.0.1:0", journal="memory", drain_ms=5_000),
        tenants={
            name: Tenant(keys=(_KEYS[name],), native_apps=True, policy=_policy(name, chance))
            for name in TENANTS
        },
    )


def token(tenant: str, role: Role, subject: str, now_ms: int) -> str:
    """A token as a tenant would sign it."""
    return mint(
        _KEYS[tenant],
        tenant=tenant,
        role=role,
        subject=subject,
        now_ms=now_ms,
        ttl_s=600,
        claims={},
    )
