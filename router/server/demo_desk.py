"""The demo's shop: its settings, its people, and the tokens that sign them in with one click.

Owns: tenant ``demo`` with its policy, the six agents, the supervisor, a key made at each start.
Does not know: how they talk (``router.server.demo_people``) or who serves the pages.

Invariant: the desk hands a token to anybody who asks, so it only exists on a loopback address.
"""

import secrets
from pathlib import Path
from typing import get_args

from msgspec import Struct

from router.policy import AgentEntry, Policy, Queue, SkillNeed, Step, Weights
from router.server.auth import Role, mint
from router.server.clock import Clock
from router.server.settings import KeyEntry, ServerSettings, Settings, Tenant

__all__ = ["HUMANS", "SCRIPTED", "TENANT", "DemoDesk", "DemoPerson", "demo_settings"]

TENANT = "demo"
TEAM = "floor"
HUMANS = ("alice", "bob", "chloe")
"""Agents who wait for a human to sign in."""

SCRIPTED = ("dana", "emre", "finn")
"""Agents whom the demo plays itself, each with one chat at a time."""

_AGENTS = (
    ("alice", "Alice", {"support": 80, "billing": 90, "orders": 70}, {"en": 100, "de": 60}),
    ("bob", "Bob", {"support": 90, "billing": 60, "orders": 80}, {"en": 100, "fr": 70}),
    ("chloe", "Chloé", {"support": 70, "billing": 80, "orders": 60}, {"fr": 100, "en": 80}),
    ("dana", "Dana", {"support": 70, "billing": 60, "orders": 40}, {"en": 100, "de": 100}),
    ("emre", "Emre", {"support": 50, "billing": 70, "orders": 60}, {"de": 100, "fr": 80, "en": 80}),
    ("finn", "Finn", {"support": 60, "orders": 80}, {"en": 100, "fr": 90, "de": 50}),
)
_QUEUES = (("support", "Help with a lamp"), ("billing", "Bills"), ("orders", "Orders"))


class DemoPerson(Struct, frozen=True, omit_defaults=True):
    """Somebody of the staff whom a page may offer to sign in as."""

    id: str
    name: str
    role: str
    skills: dict[str, int] = {}
    languages: dict[str, int] = {}


def demo_settings(folder: Path, port: int) -> Settings:
    """Settings of a demo that keeps its journal in ``folder`` and listens on loopback alone."""
    server = ServerSettings(
        bind=f"127.0.0.1:{port}", data=str(folder / "data"), node="demo", log="console"
    )
    key = KeyEntry(kid="demo", alg="HS256", secret=secrets.token_urlsafe(32))
    origins = (f"http://127.0.0.1:{port}", f"http://localhost:{port}")
    tenant = Tenant(origins=origins, keys=(key,), policy=_policy())
    return Settings(server=server, tenants={TENANT: tenant})


def _policy() -> Policy:
    return Policy(
        weights=Weights(language=4, proficiency=2, history=3, load=2),
        queues=tuple(
            Queue(
                id=name,
                name=title,
                needs=(SkillNeed(skill=name, level=30),),
                steps=(
                    Step(after_ms=30_000, needs=(SkillNeed(skill=name, level=10),)),
                    Step(after_ms=60_000, needs=(), any_language=True),
                ),
                wrap_up_ms=10_000,
                offer_preview=140,
            )
            for name, title in _QUEUES
        ),
        agents=tuple(
            AgentEntry(
                id=name,
                name=spoken,
                skills=skills,
                languages=languages,
                teams=(TEAM,),
                # One chat each leaves work for the humans.
                capacity={"chat": 1, "total": 1} if name in SCRIPTED else {},
            )
            for name, spoken, skills, languages in _AGENTS
        ),
    )


class DemoDesk:
    """Signs people of the demo in."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._tenant = settings.tenants[TENANT]
        self._clock = clock

    def people(self) -> tuple[DemoPerson, ...]:
        """The staff whom a human may play: agents first, then the supervisor."""
        agents = tuple(
            DemoPerson(entry.id, entry.name, "agent", dict(entry.skills), dict(entry.languages))
            for entry in self._tenant.policy.agents
            if entry.id in HUMANS
        )
        return (*agents, DemoPerson("sofia", "Sofia", "supervisor"))

    def token_for_human(self, subject: str, role: str) -> str | None:
        """A token for one of ``people``, or None for anybody else."""
        if not any(person.id == subject and person.role == role for person in self.people()):
            return None
        return self.token(subject, role)

    def token_for_service(self) -> str:
        """A token for whoever tries the calls of back ends."""
        return self.token("back-end", "service")

    def token(self, subject: str, role: str, claims: dict[str, object] | None = None) -> str:
        """A token for anybody of the demo; an agent's facts come from the directory."""
        key = self._tenant.signing_key
        assert key is not None
        (wanted,) = (word for word in get_args(Role) if word == role)
        return mint(
            key,
            tenant=TENANT,
            role=wanted,
            subject=subject,
            now_ms=self._clock.wall_ms(),
            ttl_s=self._tenant.token_ttl_max_s,
            claims={"name": self._name(subject), **(claims or {})},
        )

    def _name(self, subject: str) -> str:
        names = {entry.id: entry.name for entry in self._tenant.policy.agents}
        return names.get(subject, subject.capitalize())
