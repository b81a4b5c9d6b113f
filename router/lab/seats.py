"""Who sits on the seats of a staffing plan, and the day that is played with them.

Owns: holding a plan and a policy together, the mix of people, the scenario that comes of seats by
slot. Does not know: how many seats are right, or how anything is played.

Invariants: a seat is always taken by the same kind of agent, however many seats there are, so one
seat more changes nothing about the others; the first n seats of a skill hold the mix of those who
can serve it as nearly as n people can (Sainte-Laguë).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct, structs

from router.lab.draws import Exponential, Rates
from router.lab.files import refuse
from router.lab.plan import Curve, Plan
from router.lab.scenario import AgentGroup, Demand, Scenario
from router.policy import LanguageWish, Policy, Queue, ServiceLevel, SkillNeed, Terms
from router.skills import Profile, Requirement, levels, meets, merge_needs
from router.suggestions import did_you_mean

__all__ = ["Floor", "Seats", "apart", "day_of", "under"]

Seats = dict[str, list[int]]
"""By skill, how many seats are taken in each slot."""

EVERYBODY = ""
"""No language asked for, or the class of everybody."""


class Floor(Struct, frozen=True):
    """A plan, the rules, and by skill who may sit there, in the order in which seats are added."""

    plan: Plan
    policy: Policy
    able: dict[str, list[AgentGroup]]
    queues: dict[str, Queue]
    at_once: dict[str, int]
    """By skill, how many conversations an agent has at most."""

    @property
    def is_shared(self) -> bool:
        """Whether somebody may sit on seats of more than one skill, or serve from there."""
        seated = [{group.id for group in groups} for groups in self.able.values()]
        return len(set().union(*seated)) < sum(map(len, seated))


def apart(plan: Plan) -> Floor:
    """Every skill a house of its own, whose agents have that skill alone: as theory sees it."""
    queues = {
        curve.skill: Queue(
            id=curve.skill,
            channels=(f"by-{curve.skill}",),
            needs=(SkillNeed(curve.skill),),
            assign="direct",
            waiting_max=1_000_000,
            service_level=ServiceLevel(within_ms=round(curve.within * 60_000)),
        )
        for curve in plan.curves
    }
    at_once = {curve.skill: len(curve.measured) for curve in plan.curves}
    capacity = {f"by-{skill}": count for skill, count in at_once.items()}
    policy = Policy(
        queues=tuple(queues.values()),
        capacity={**capacity, "total": max(at_once.values())},
        score_band=1000,
    )
    bare = structs.replace(
        plan,
        curves=tuple(
            structs.replace(curve, queue="", channel="", needs={}, languages={}, classes={})
            for curve in plan.curves
        ),
    )
    able = {
        curve.skill: [AgentGroup(id=curve.skill, skills={curve.skill: 50})] for curve in plan.curves
    }
    return Floor(bare, policy, able, queues, at_once)


def under(plan: Plan, policy: Policy, file: Path) -> Floor:
    """The plan under a policy, with people like those in its directory, or in the plan.

    What needs somebody who talks is left out of the policy: terms, quiet and unanswered
    conversations.

    Raises:
        SettingsError: the policy has no such queue, class or channel, or nobody who can serve.
    """
    mix = plan.agents or _mix(policy)
    queues: dict[str, Queue] = {}
    able: dict[str, list[AgentGroup]] = {}
    found = [] if mix else [("agents", "the policy's directory is empty: add [[agents]] here")]
    for curve in plan.curves:
        path = f"curves.{curve.skill}"
        queue = _queue(curve, policy)
        if queue is None:
            hint = did_you_mean(curve.queue or curve.skill, [one.id for one in policy.queues])
            found.append((f"{path}.queue", f"the policy has no queue of this skill{hint}"))
            continue
        queues[curve.skill] = queue
        found += _unknown(curve, path, queue, policy)
        able[curve.skill], unserved = _able(curve, queue, mix)
        if mix:
            found += [(path, f"nobody of the agents can serve {who}") for who in unserved]
    refuse(found, file)
    at_once = {
        curve.skill: _at_once(_channel(curve, queues[curve.skill]), policy, able[curve.skill])
        for curve in plan.curves
    }
    return Floor(plan, _played(policy), able, queues, at_once)


def _mix(policy: Policy) -> tuple[AgentGroup, ...]:
    """The directory as groups of those who can do the same."""
    counts: dict[tuple[object, ...], AgentGroup] = {}
    for entry in policy.agents:
        key = tuple(
            tuple(sorted(part.items())) for part in (entry.skills, entry.languages, entry.capacity)
        )
        known = counts.get(key)
        counts[key] = (
            structs.replace(known, count=known.count + 1)
            if known is not None
            else AgentGroup(
                id=entry.id,
                skills=entry.skills,
                languages=entry.languages,
                capacity=entry.capacity,
            )
        )
    return tuple(counts.values())


def _queue(curve: Curve, policy: Policy) -> Queue | None:
    """The one that is named, or has the skill's name, or is alone in asking for the skill."""
    named = [queue for queue in policy.queues if queue.id == (curve.queue or curve.skill)]
    if curve.queue or named:
        return named[0] if named else None
    asking = [
        queue for queue in policy.queues if curve.skill in {need.skill for need in queue.needs}
    ]
    return asking[0] if len(asking) == 1 else None


def _unknown(curve: Curve, path: str, queue: Queue, policy: Policy) -> Iterator[tuple[str, str]]:
    if curve.channel and curve.channel not in queue.channels:
        yield f"{path}.channel", f"{queue.id} takes {', '.join(queue.channels)}"
    for klass in curve.classes:
        if klass not in policy.classes:
            yield f"{path}.classes", f"{klass!r} is none of {', '.join(policy.classes)}"


def _able(
    curve: Curve, queue: Queue, mix: Sequence[AgentGroup]
) -> tuple[list[AgentGroup], list[str]]:
    """Who can serve some of the customers, and the languages that nobody serves at any step."""
    needs = merge_needs(((need.skill, need.level) for need in queue.needs), curve.needs.items())
    serving: dict[str, None] = {}
    unserved = []
    for language in _shares(curve.languages):
        asked = Requirement(needs, ((language, 1),) if language else ())
        ids = [group.id for group in mix if meets(_profile(group), asked)]
        serving.update(dict.fromkeys(ids))
        if not ids and not queue.steps:
            unserved.append(f"customers of {queue.id} who ask for {language or 'no language'}")
    able = [group for group in mix if group.id in serving]
    return able, unserved if able else [f"customers of {queue.id}"]


def _profile(group: AgentGroup) -> Profile:
    return Profile(levels(group.skills), levels(group.languages))


def _channel(curve: Curve, queue: Queue) -> str:
    return curve.channel or queue.channels[0]


def _at_once(channel: str, policy: Policy, able: Sequence[AgentGroup]) -> int:
    """How many of a channel the usual agent has who has nothing else: the mean, rounded down."""
    cost = policy.cost.get(channel, 1)
    places = 0
    for group in able:
        capacity = {**policy.capacity, **group.capacity}
        total = capacity.get("total", 1_000)
        most = min(capacity.get(channel, total), total // cost if cost else 1_000)
        places += group.count * most
    return max(1, places // sum(group.count for group in able))


def _played(policy: Policy) -> Policy:
    return structs.replace(
        policy,
        agents=(),
        terms=Terms(),
        agent_terms=Terms(),
        quiet_ms=0,
        queues=tuple(structs.replace(queue, reply_within_ms=0) for queue in policy.queues),
    )


def _shares(of: Mapping[str, float]) -> dict[str, float]:
    """The shares, and of what they leave."""
    rest = 1 - sum(of.values())
    return {**of, **({EVERYBODY: rest} if rest > 1e-9 else {})}


def day_of(floor: Floor, seats: Seats, seeds: Sequence[int]) -> tuple[Scenario, dict[str, str]]:
    """The day with these seats, and the skill of each of its kinds of customers.

    Agents sign in and out at the slots' ends and finish what they have; those of the last slot
    stay until everybody is served. Services and patience are exponential, as in the theory.
    """
    plan = floor.plan
    demands: list[Demand] = []
    skills: dict[str, str] = {}
    for curve in plan.curves:
        for demand in _demands(curve, floor, plan.slot):
            demands.append(demand)
            skills[demand.id] = curve.skill
    scenario = Scenario(
        name="staffing",
        policy=floor.policy,
        agents=tuple(_shifts(floor, seats)),
        demand=tuple(demands),
        length=plan.slot * max(len(curve.arrivals) for curve in plan.curves),
        seeds=tuple(seeds),
    )
    return scenario, skills


def _demands(curve: Curve, floor: Floor, slot: float) -> Iterator[Demand]:
    """One for each language and class that is asked for."""
    queue = floor.queues[curve.skill]
    minutes = curve.minutes(floor.at_once[curve.skill])
    for language, speaking in _shares(curve.languages).items():
        for klass, rank in _shares(curve.classes).items():
            share = speaking * rank
            yield Demand(
                id="/".join(part for part in (curve.skill, language, klass) if part),
                queue=queue.id,
                channel=_channel(curve, queue),
                arrivals=Rates(tuple(share * count / slot for count in curve.arrivals), slot),
                service=Exponential(minutes[0]),
                slower=tuple(each / minutes[0] for each in minutes[1:]),
                patience=Exponential(curve.patience) if curve.patience is not None else None,
                needs=tuple(SkillNeed(skill, level) for skill, level in curve.needs.items()),
                languages=(LanguageWish(language),) if language else (),
                klass=klass,
            )


def _shifts(floor: Floor, seats: Seats) -> Iterator[AgentGroup]:
    """One group for each seat and stretch of slots in which it is taken."""
    for number, curve in enumerate(floor.plan.curves):
        counts = seats[curve.skill]
        sitting = _sitting(floor.able[curve.skill], max(counts))
        for seat, group in enumerate(sitting):
            for first, behind in _stretches([count > seat for count in counts]):
                yield structs.replace(
                    group,
                    id=f"{number}-{seat}-{first}",
                    count=1,
                    starts=first * floor.plan.slot,
                    ends=None if behind == len(counts) else behind * floor.plan.slot,
                )


def _sitting(able: Sequence[AgentGroup], count: int) -> Iterator[AgentGroup]:
    """Who takes each seat, so that the shares of the first n are as near to the mix as can be."""
    taken = [0] * len(able)
    for _ in range(count):
        next_one = max(
            range(len(able)), key=lambda index: (able[index].count / (2 * taken[index] + 1), -index)
        )
        taken[next_one] += 1
        yield able[next_one]


def _stretches(taken: Sequence[bool]) -> list[tuple[int, int]]:
    """Beginnings and ends of the runs of true."""
    edges = [False, *taken, False]
    turns = [at for at, (before, now) in enumerate(pairwise(edges)) if before != now]
    return list(zip(turns[::2], turns[1::2], strict=True))
