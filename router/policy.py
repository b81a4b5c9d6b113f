"""A tenant's policy: queues, brands, the directory of agents, limits and time-outs.

Owns: the Structs that config files, ``policy.set`` and the journal share; the relations between
their values. Does not know: files, environment, or what the core does with a value.

Invariants (``problems`` finds each breach): ids are unique; every queue that is named exists; a
head start never exceeds ``head_start_max_ms``; steps of a queue follow each other in time.

Durations are integers in milliseconds; levels are 0 to 100; shares are per mille.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from router.hours import HoursError, read_hours
from router.rules import Rule, Then
from router.wishes import Count, DurationMs, Id, LanguageWish, Level, SkillNeed, Text

__all__ = [
    "AgentEntry",
    "Brand",
    "LanguageWish",
    "Policy",
    "Purpose",
    "Queue",
    "Retention",
    "ServiceLevel",
    "SkillNeed",
    "SoftStart",
    "Step",
    "Terms",
    "Weights",
    "problems",
]


IDLE_TOLD_MS = 300_000
"""Devices tell that nobody touches them after this time, and not before."""


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """Terms that must be accepted first; an empty ``id`` means that there are none."""

    id: str = ""
    version: Annotated[int, Meta(ge=0)] = 0


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """The share of each part in an agent's score; 0 switches a part off."""

    language: Count = 4
    proficiency: Count = 2
    history: Count = 3
    load: Count = 2
    relation: Count = 0
    topic: Count = 0


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """What a queue gives up after a conversation stood in its line for ``after_ms``.

    ``needs`` replaces the queue's needs from then on; None leaves those of the step before.
    """

    after_ms: Annotated[int, Meta(ge=1)]
    needs: tuple[SkillNeed, ...] | None = None
    any_language: bool = False


class SoftStart(Struct, frozen=True, forbid_unknown_fields=True):
    """After a sign-in the first ``offers`` offers come at most one in ``per_ms``; 0 and 0: off."""

    offers: Count = 0
    per_ms: DurationMs = 0


LONGEST = 15
"""So many times the target is too long to wait, where a queue says nothing."""


class ServiceLevel(Struct, frozen=True, forbid_unknown_fields=True):
    """The target: ``target`` per mille accepted within ``within_ms``.

    Who leaves before ``short_abandon_ms`` is counted apart. Whoever watches the house is called
    where the first in line has waited for ``longest_ms``; without it after ``LONGEST`` times
    ``within_ms``. A policy that does not say it is the same bytes as before there was this key.
    """

    within_ms: DurationMs = 20_000
    target: Annotated[int, Meta(ge=0, le=1000)] = 800
    short_abandon_ms: DurationMs = 10_000
    longest_ms: DurationMs | UnsetType = UNSET


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How many days the archive keeps what; 0 is for ever."""

    transcript_days: Count = 0
    assignment_days: Count = 0
    audit_days: Count = 0


class Queue(Struct, frozen=True, forbid_unknown_fields=True):
    """Where conversations wait under one set of rules."""

    id: Id
    name: Text = ""
    channels: tuple[Id, ...] = ("chat",)
    needs: tuple[SkillNeed, ...] = ()
    steps: tuple[Step, ...] = ()
    assign: Literal["offer", "direct"] = "offer"
    wrap_up: Literal["timed", "fixed", "free", "optional"] = "timed"
    wrap_up_ms: DurationMs = 0
    wrap_up_max_ms: DurationMs = 0
    wrap_up_codes: tuple[Id, ...] = ()
    wrap_up_default: Annotated[str, Meta(max_length=64)] = ""
    waiting_max: Count = 10_000
    wait_max_ms: DurationMs = 0
    defer_ms: DurationMs = 28_800_000
    overflow: str = ""
    hours: Text = ""
    on_close: Literal["keep", "end"] = "keep"
    messages_max: Count = 10_000
    prefer_agent_ms: DurationMs = 0
    prefer_agent: Literal["named", "last"] = "named"
    class_share_max: Annotated[int, Meta(ge=0, le=1000)] = 1000
    reply_within_ms: DurationMs = 0
    no_reply: Literal["flag", "requeue"] = "flag"
    service_level: ServiceLevel = ServiceLevel()
    transcript_days: Count | None = None
    confidential: bool = False
    verified_only: bool = False
    offer_preview: Annotated[int, Meta(ge=0, le=500)] = 0


class Brand(Struct, frozen=True, forbid_unknown_fields=True):
    """A business inside the tenant, with its own sites, terms and queues."""

    id: Id
    name: Text = ""
    origins: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    terms: Terms = Terms()
    hours: Text = ""


class AgentEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An agent in the directory; claims of the agent's token win over it."""

    id: Id
    name: Text = ""
    skills: dict[Id, Level] = field(default_factory=dict)
    languages: dict[str, Level] = field(default_factory=dict)
    teams: tuple[Id, ...] = ()
    brands: tuple[Id, ...] = ()
    license: str = ""
    capacity: dict[Id, Count] = field(default_factory=dict)


class Purpose(Struct, frozen=True, forbid_unknown_fields=True):
    """A purpose for which a transcript may be read, by whom and how often."""

    id: Id
    roles: tuple[str, ...] = ()
    per_hour: Count = 0


def _capacity_default() -> dict[str, int]:
    return {"chat": 3, "voice": 1, "email": 5, "total": 5}


def _classes_default() -> dict[str, int]:
    return {"regular": 0, "gold": 30_000, "urgent": 90_000}


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about routing that a tenant decides; ``config.md`` says what each value means."""

    grace_ms: Annotated[int, Meta(ge=1_000, le=86_400_000)] = 120_000
    flap_losses_max: Annotated[int, Meta(ge=0, le=1_000)] = 0
    idle_away_ms: DurationMs = 0
    offer_timeout_ms: Annotated[int, Meta(ge=1_000, le=3_600_000)] = 20_000
    offer_seen_ms: Annotated[int, Meta(ge=100, le=600_000)] = 4_000
    missed_offers_max: Annotated[int, Meta(ge=1, le=1_000)] = 2
    head_start_max_ms: DurationMs = 90_000
    one_place: Literal["assigned", "ended"] = "assigned"
    weights: Weights = Weights()
    relation_attribute: Id = "owner"
    contact_attributes: tuple[Id, ...] = ("email", "phone")
    score_band: Annotated[int, Meta(ge=0, le=1000)] = 100
    capacity: dict[Id, Count] = field(default_factory=_capacity_default)
    cost: dict[Id, Count] = field(default_factory=dict)
    interrupts: tuple[Id, ...] = ()
    passed_over_max: Annotated[int, Meta(ge=0, le=1_000)] = 3
    quiet_ms: DurationMs = 0
    quiet_share: Annotated[int, Meta(ge=0, le=1000)] = 500
    soft_start: SoftStart = SoftStart()
    transfer_wait_ms: DurationMs = 60_000
    snooze_max_ms: DurationMs = 604_800_000
    invite_ms: Annotated[int, Meta(ge=1_000, le=3_600_000)] = 60_000
    answer_kept_ms: DurationMs = 604_800_000
    customers_max: Annotated[int, Meta(ge=1, le=10_000_000)] = 200_000
    terms: Terms = Terms()
    agent_terms: Terms = Terms()
    purposes: tuple[str | Purpose, ...] = ()
    earlier_history: bool = False
    listeners_shown: bool = True
    retention: Retention = Retention()
    classes: dict[Id, DurationMs] = field(default_factory=_classes_default)
    queues: tuple[Queue, ...] = ()
    rules: tuple[Rule, ...] = ()
    brands: tuple[Brand, ...] = ()
    agents: tuple[AgentEntry, ...] = ()


def problems(policy: Policy) -> list[tuple[str, str]]:
    """Finds what is wrong between a policy's values.

    Returns:
        Pairs of the key's path and a sentence that says what is wrong and how to mend it; empty
        where all is well.
    """
    return [
        *_duplicates(policy),
        *_classes(policy),
        *_soft_start(policy),
        *_idle(policy),
        *_queues(policy),
        *_rules(policy),
        *_brands(policy),
    ]


def _duplicates(policy: Policy) -> Iterator[tuple[str, str]]:
    named = {
        "queues": [queue.id for queue in policy.queues],
        "rules": [rule.id for rule in policy.rules],
        "brands": [brand.id for brand in policy.brands],
        "agents": [agent.id for agent in policy.agents],
    }
    for key, ids in named.items():
        for index, name in enumerate(ids):
            if name in ids[:index]:
                yield f"{key}[{index}].id", f"{name!r} is there twice; give each its own id"


def _classes(policy: Policy) -> Iterator[tuple[str, str]]:
    if not policy.classes:
        yield "classes", "name at least one class, for example classes = {regular = 0}"
    for name, head_start_ms in policy.classes.items():
        if head_start_ms > policy.head_start_max_ms:
            yield (
                f"classes.{name}",
                f"{head_start_ms} is more than head_start_max_ms = {policy.head_start_max_ms}; "
                "lower the one or raise the other",
            )


def _soft_start(policy: Policy) -> Iterator[tuple[str, str]]:
    soft = policy.soft_start
    if bool(soft.offers) is not bool(soft.per_ms):
        yield "soft_start", "set offers and per_ms both above 0, or leave both out"


def _idle(policy: Policy) -> Iterator[tuple[str, str]]:
    if 0 < policy.idle_away_ms < IDLE_TOLD_MS:
        yield "idle_away_ms", f"devices tell from {IDLE_TOLD_MS} on; set that or more, or 0"


def _queues(policy: Policy) -> Iterator[tuple[str, str]]:
    known = {queue.id for queue in policy.queues}
    if not known:
        yield "queues", "add at least one [[...policy.queues]] with an id"
    for index, queue in enumerate(policy.queues):
        path = f"queues[{index}]"
        if not queue.channels:
            yield f"{path}.channels", 'name at least one channel, for example ["chat"]'
        for channel in queue.channels:
            if channel == "total":
                yield f"{path}.channels", "'total' is not a channel: it bounds all of them together"
        yield from _overflow(path, queue, policy)
        if queue.confidential and queue.offer_preview:
            yield (
                f"{path}.offer_preview",
                "an offer shows nothing of a confidential conversation; set 0, or confidential = "
                "false",
            )
        yield from _hours(f"{path}.hours", queue.hours)
        yield from _wrap_up(path, queue)
        times = [step.after_ms for step in queue.steps]
        if times != sorted(set(times)):
            yield f"{path}.steps", "put the steps in order, each with a later after_ms"


def _overflow(path: str, queue: Queue, policy: Policy) -> Iterator[tuple[str, str]]:
    targets = {one.id: one for one in policy.queues if one.id != queue.id}
    target = targets.get(queue.overflow)
    if target is None and queue.overflow not in ("", "leave_message"):
        yield (
            f"{path}.overflow",
            f"{queue.overflow!r} is not another queue; name one, or 'leave_message', or ''",
        )
    elif target is not None and target.verified_only and not queue.verified_only:
        yield (
            f"{path}.overflow",
            f"{target.id!r} takes verified customers alone; name another, or set "
            "verified_only = true here as well",
        )


def _wrap_up(path: str, queue: Queue) -> Iterator[tuple[str, str]]:
    if queue.wrap_up == "free" and queue.wrap_up_ms:
        yield f"{path}.wrap_up_ms", "a free wrap-up has no time; leave it out, or set 'timed'"
    if queue.wrap_up in {"fixed", "optional"} and not queue.wrap_up_ms:
        yield f"{path}.wrap_up_ms", f"a wrap-up that is {queue.wrap_up} needs a time; set it"
    codes = queue.wrap_up_codes
    if len(set(codes)) < len(codes):
        yield f"{path}.wrap_up_codes", "a code is there twice; name each once"
    if codes and queue.wrap_up_default and queue.wrap_up_default not in codes:
        yield (
            f"{path}.wrap_up_default",
            f"{queue.wrap_up_default!r} is not one of wrap_up_codes; add it there or name another",
        )
    if queue.wrap_up_max_ms and queue.wrap_up_max_ms < queue.wrap_up_ms:
        yield (
            f"{path}.wrap_up_max_ms",
            f"it is less than wrap_up_ms = {queue.wrap_up_ms}; raise it, or 0 for no extension",
        )


def _hours(path: str, text: str) -> Iterator[tuple[str, str]]:
    if text:
        try:
            read_hours(text)
        except HoursError as error:
            yield path, str(error)


def _rules(policy: Policy) -> Iterator[tuple[str, str]]:
    queues = {queue.id for queue in policy.queues}
    for index, rule in enumerate(policy.rules):
        path = f"rules[{index}]"
        then = rule.then
        named = (rule.when.queue,) if isinstance(rule.when.queue, str) else rule.when.queue
        for place, name in (*(("when", name) for name in named), ("then", then.queue)):
            if name and name not in queues:
                yield f"{path}.{place}.queue", f"there is no queue {name!r}; mend the name"
        if then.klass and then.klass not in policy.classes:
            yield f"{path}.then.class", f"there is no class {then.klass!r}; name one of classes"
        if then == Then():
            what = "needs, languages, prefer, topic, class, queue, weights"
            yield f"{path}.then", f"say what follows: {what}"


def _brands(policy: Policy) -> Iterator[tuple[str, str]]:
    known = {queue.id for queue in policy.queues}
    for index, brand in enumerate(policy.brands):
        yield from _hours(f"brands[{index}].hours", brand.hours)
        for name in brand.queues:
            if name not in known:
                yield (
                    f"brands[{index}].queues",
                    f"there is no queue {name!r}; add it or mend the name",
                )
