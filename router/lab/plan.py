"""A staffing plan: when people come, how long they take, how patient they are; read from TOML.

Owns: the Structs of ``config/staffing.toml``, their checks, and the sentences about mistakes. Does
not know: what is made of a plan, or a policy (``router.lab.seats`` holds the two together).

Times are minutes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field

from router.lab.files import convert, read, refuse
from router.lab.scenario import AgentGroup

__all__ = ["Curve", "Plan", "load"]

Minutes = Annotated[float, Meta(gt=0)]
Count = Annotated[float, Meta(ge=0)]
Level = Annotated[int, Meta(ge=1, le=100)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Curve(Struct, frozen=True, forbid_unknown_fields=True):
    """One skill's day: arrivals in each slot, beginning at the plan's ``starts``.

    ``handling`` is the mean time from the answer until the agent is free again, wrap-up included;
    a list gives it by how many conversations the agent has: one, two, and so on. What follows
    ``target`` counts only where the router is asked: the queue (if left out, the one of the skill's
    name, or that asks for it), what the customers need besides, and what share of them asks for a
    language or is of a class.
    """

    skill: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    arrivals: Annotated[tuple[Count, ...], Meta(min_length=1)]
    handling: Minutes | Annotated[tuple[Minutes, ...], Meta(min_length=1)]
    patience: Minutes | None = None
    within: Annotated[float, Meta(ge=0)] = 1 / 3
    target: Annotated[float, Meta(gt=0, lt=1)] = 0.8
    queue: str = ""
    channel: str = ""
    needs: dict[str, Level] = field(default_factory=dict)
    languages: dict[str, Share] = field(default_factory=dict)
    classes: dict[str, Share] = field(default_factory=dict)

    @property
    def measured(self) -> tuple[float, ...]:
        """The handling times that the plan gives, by how many an agent has."""
        return self.handling if isinstance(self.handling, tuple) else (self.handling,)

    def minutes(self, at_once: int) -> tuple[float, ...]:
        """The handling time for each number up to ``at_once``.

        A single time holds for all of them: it was measured as agents work. Beyond the end of a
        list an agent gets no more done in all, however many there are.
        """
        known = self.measured
        if len(known) == 1:
            return known * at_once
        longer = (known[-1] * count / len(known) for count in range(len(known) + 1, at_once + 1))
        return (*known[:at_once], *longer)


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A staffing question."""

    curves: tuple[Curve, ...]
    slot: Minutes = 30.0
    starts: Annotated[float, Meta(ge=0, lt=1440)] = 0.0
    shrinkage: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """The part of paid time in which agents do not serve: breaks, training, illness."""
    agents: tuple[AgentGroup, ...] = ()
    """The mix of people, if it is another than that of the policy's directory."""


def load(file: Path) -> Plan:
    """Reads a plan.

    Raises:
        SettingsError: for one that is not right: the key, and what to do.
    """
    plan = convert(read(file), Plan, file, (Curve, AgentGroup))
    refuse(problems(plan), file)
    return plan


def problems(plan: Plan) -> Iterator[tuple[str, str]]:
    """Pairs of a key and a sentence, for each relation between values that does not hold."""
    if not plan.curves:
        yield "curves", "add at least one [[curves]]"
    skills = [curve.skill for curve in plan.curves]
    for skill in sorted({skill for skill in skills if skills.count(skill) > 1}):
        yield f"curves.{skill}", "is there twice"
    for curve in plan.curves:
        yield from _of_curve(curve, f"curves.{curve.skill}")
    for index, group in enumerate(plan.agents):
        if group.starts or group.ends is not None:
            yield f"agents[{index}]", "leave out starts and ends: the plan finds them"


def _of_curve(curve: Curve, path: str) -> Iterator[tuple[str, str]]:
    if list(curve.measured) != sorted(curve.measured):
        yield f"{path}.handling", "a conversation is not shorter for having more beside it"
    for key, shares in (("languages", curve.languages), ("classes", curve.classes)):
        if sum(shares.values()) > 1 + 1e-9:
            yield (
                f"{path}.{key}",
                f"are shares of the customers: {sum(shares.values()):g} is over 1",
            )
