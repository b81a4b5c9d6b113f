"""A scenario: who comes, who serves, under which policy, for how long; read from TOML.

Owns: the Structs of ``config/scenarios/*.toml``, their checks, the sentences about mistakes. Does
not know: how a scenario is played.

Invariants: a ``Scenario`` that ``load`` returns is right in itself (``problems`` finds each
breach). All times are in the scenario's unit but the policy's, which are in ms as everywhere; a
unit should be long beside a millisecond, for that is what the core counts in.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field

from router import policy as policies
from router.lab.draws import Arrivals, DayFactor, Exponential, Law, Poisson, Rates, Wave
from router.lab.files import convert, read, refuse
from router.policy import LanguageWish, Policy, Queue, SkillNeed, Step

__all__ = ["AgentGroup", "Demand", "Scenario", "load", "problems"]

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Time = Annotated[float, Meta(ge=0)]
Level = Annotated[int, Meta(ge=0, le=100)]


class AgentGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """Agents who can do the same.

    ``speed`` divides the services they give; ``answers`` is how long they look at an offer of a
    queue that asks; ``starts`` and ``ends`` bound their shift, at whose end they finish what they
    have.
    """

    id: Id
    count: Annotated[int, Meta(ge=1, le=100_000)] = 1
    skills: dict[str, Level] = field(default_factory=dict)
    languages: dict[str, Level] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)
    speed: Annotated[float, Meta(gt=0)] = 1.0
    answers: Law | None = None
    starts: Time = 0.0
    ends: Time | None = None


class Demand(Struct, frozen=True, forbid_unknown_fields=True, rename={"klass": "class"}):
    """Customers of one kind.

    With ``people`` = 0 everybody comes once; else as many persons come again and again, each as
    likely. ``new_topics`` makes each conversation one about something else, so that it is held
    behind its customer's first instead of joining it. Without ``patience`` nobody leaves.
    ``slower`` says how many times as long a service takes where its agent has two at once, three,
    and so on.
    """

    id: Id
    queue: str
    arrivals: Arrivals
    service: Law
    patience: Law | None = None
    slower: tuple[Annotated[float, Meta(ge=1)], ...] = ()
    channel: str = "chat"
    needs: tuple[SkillNeed, ...] = ()
    languages: tuple[LanguageWish, ...] = ()
    klass: str = ""
    people: Annotated[int, Meta(ge=0)] = 0
    new_topics: bool = False


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """One experiment; figures count those who arrive between ``warm_up`` and ``length``."""

    name: str
    policy: Policy
    agents: tuple[AgentGroup, ...]
    demand: tuple[Demand, ...]
    length: Annotated[float, Meta(gt=0)]
    warm_up: Time = 0.0
    unit: str = "min"
    unit_ms: Annotated[int, Meta(ge=1_000)] = 60_000
    seeds: Annotated[tuple[int, ...], Meta(min_length=1)] = (1, 2, 3, 4)
    about: str = ""


def load(file: Path) -> Scenario:
    """Reads a scenario.

    Raises:
        SettingsError: with the file, the key and what to do.
    """
    scenario = convert(read(file), Scenario, file, _WORDS)
    refuse(problems(scenario), file)
    return scenario


_WORDS = (AgentGroup, Demand, Policy, Queue, Step, Exponential, Poisson, Rates, Wave, DayFactor)


def problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Pairs of a key and a sentence, for each relation between values that does not hold."""
    for key, sentence in policies.problems(scenario.policy):
        yield f"policy.{key}", sentence
    if scenario.policy.agents:
        yield "policy.agents", "leave them out: [[agents]] makes them"
    if scenario.warm_up >= scenario.length:
        yield "warm_up", f"must end before length = {scenario.length:g}"
    yield from _groups(scenario.agents)
    yield from _demands(scenario.demand, scenario.policy)


def _groups(groups: tuple[AgentGroup, ...]) -> Iterator[tuple[str, str]]:
    if not groups:
        yield "agents", "add at least one [[agents]]"
    yield from _twice("agents", [group.id for group in groups])
    for index, group in enumerate(groups):
        if group.ends is not None and group.ends <= group.starts:
            yield f"agents[{index}].ends", f"must be after starts = {group.starts:g}"


def _demands(demands: tuple[Demand, ...], policy: Policy) -> Iterator[tuple[str, str]]:
    if not demands:
        yield "demand", "add at least one [[demand]]"
    yield from _twice("demand", [demand.id for demand in demands])
    queues = {queue.id: queue for queue in policy.queues}
    for index, demand in enumerate(demands):
        yield from _of_demand(demand, f"demand[{index}]", queues, policy)


def _twice(key: str, ids: list[str]) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield f"{key}[{index}].id", f"{name!r} is there twice; give each its own id"


def _of_demand(
    demand: Demand, path: str, queues: dict[str, Queue], policy: Policy
) -> Iterator[tuple[str, str]]:
    queue = queues.get(demand.queue)
    if queue is None:
        near = difflib.get_close_matches(demand.queue, queues, n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        yield f"{path}.queue", f"there is no queue {demand.queue!r}{hint}"
    elif demand.channel not in queue.channels:
        yield f"{path}.channel", f"{queue.id} takes {', '.join(queue.channels)}"
    if demand.klass and demand.klass not in policy.classes:
        yield f"{path}.class", f"{demand.klass!r} is none of {', '.join(policy.classes)}"
