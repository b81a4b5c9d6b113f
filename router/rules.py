"""Rules of context: what a request's profile, activity and past add to what it asks for.

Owns: the form of a rule, when it fires, and how the effects of several add up. Does not know:
the core's state, queues but by name, or what an effect leads to.

Invariants (tests/test_rules.py): a rule looks at the request as it came, never at what another
rule made of it, so their order decides only where two name a queue or a topic: the first one
counts; needs and wishes only grow; the same facts always give the same effects.

    when    every condition that is named must hold; of a list any one will do; none: always
    then    needs and languages are added, the better class counts, later weights go over earlier;
            what is preferred is asked of those who are free, and given up where none of them has it
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from router.skills import SkillLevels, merge_needs, tags_match
from router.wishes import Count, Id, LanguageWish, SkillNeed

__all__ = ["Effects", "Facts", "Prefer", "Recent", "Rule", "Then", "When", "effects", "fires"]

OneOf = str | tuple[str, ...]
"""A word, or a list of words of which any one will do."""

WeightName = Literal["language", "proficiency", "history", "load", "relation", "topic"]

DAY_MS = 86_400_000


class Recent(Struct, frozen=True, forbid_unknown_fields=True):
    """At least so many conversations were served in the last days (at most 20 are remembered)."""

    days: Annotated[int, Meta(ge=1, le=365)]
    at_least: Annotated[int, Meta(ge=1, le=20)] = 1


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """The conditions of a rule.

    ``profile`` looks at the attributes of the customer, ``activity`` at those of the request
    (page, cart); ``languages`` at those that the customer speaks or asks for.
    """

    channel: OneOf = ()
    queue: OneOf = ()
    topic: OneOf = ()
    brand: OneOf = ()
    klass: OneOf = field(default=(), name="class")
    languages: OneOf = ()
    verified: bool | None = None
    profile: dict[Id, OneOf] = field(default_factory=dict)
    activity: dict[Id, OneOf] = field(default_factory=dict)
    last_agent: OneOf = ()
    last_outcome: OneOf = ()
    recent: Recent | None = None


class Prefer(Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent should have if one who is free has it; nobody waits for it.

    ``languages`` are preferred among those that the customer speaks, or of all where none is known.
    """

    needs: tuple[SkillNeed, ...] = ()
    languages: tuple[LanguageWish, ...] = ()


class Then(Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule adds; ``weights`` go over the policy's, part by part."""

    needs: tuple[SkillNeed, ...] = ()
    languages: tuple[LanguageWish, ...] = ()
    prefer: Prefer = Prefer()
    topic: str = ""
    klass: str = field(default="", name="class")
    queue: str = ""
    weights: dict[WeightName, Count] = field(default_factory=dict)


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule, under a name that ``explain`` and the audit trail tell."""

    id: Id
    then: Then
    when: When = When()


class Facts(Struct, frozen=True):
    """What rules look at: a request as it came, and who asks.

    ``met`` holds (agent, outcome, days ago) of what the customer was served, the oldest first.
    """

    channel: str
    queue: str
    topic: str = ""
    brand: str = ""
    klass: str = ""
    languages: tuple[str, ...] = ()
    verified: bool = False
    profile: Mapping[str, str] = {}
    activity: Mapping[str, str] = {}
    met: tuple[tuple[str, str, int], ...] = ()


class Effects(Struct, frozen=True):
    """What the rules that fired add up to; ``classes`` and ``fired`` pair rule and class."""

    fired: tuple[str, ...] = ()
    needs: SkillLevels = ()
    languages: SkillLevels = ()
    preferred_needs: SkillLevels = ()
    preferred_languages: SkillLevels = ()
    topic: str = ""
    queue: str = ""
    classes: tuple[tuple[str, str], ...] = ()
    weights: dict[str, int] = field(default_factory=dict)


def fires(when: When, facts: Facts) -> bool:
    """Whether every condition that is named holds."""
    words = (
        (when.channel, facts.channel),
        (when.queue, facts.queue),
        (when.topic, facts.topic),
        (when.brand, facts.brand),
        (when.klass, facts.klass),
    )
    return (
        all(_is_one_of(wanted, word) for wanted, word in words)
        and when.verified in (None, facts.verified)
        and _speaks(when.languages, facts.languages)
        and _has(when.profile, facts.profile)
        and _has(when.activity, facts.activity)
        and _is_past(when, facts)
    )


def _is_one_of(wanted: OneOf, word: str) -> bool:
    if not wanted:
        return True
    return word == wanted if isinstance(wanted, str) else word in wanted


def _speaks(wanted: OneOf, spoken: tuple[str, ...]) -> bool:
    tags = (wanted,) if isinstance(wanted, str) else wanted
    return not wanted or any(tags_match(tag, one) for tag in tags for one in spoken)


def _has(wanted: Mapping[str, OneOf], attributes: Mapping[str, str]) -> bool:
    return all(
        name in attributes and _is_one_of(words, attributes[name]) for name, words in wanted.items()
    )


def _is_past(when: When, facts: Facts) -> bool:
    agent, outcome, _ = facts.met[-1] if facts.met else ("", "", 0)
    if not _is_one_of(when.last_agent, agent) or not _is_one_of(when.last_outcome, outcome):
        return False
    recent = when.recent
    if recent is None:
        return True
    return sum(days < recent.days for _, _, days in facts.met) >= recent.at_least


def effects(rules: Iterable[Rule], facts: Facts) -> Effects:
    """What all rules that fire add up to."""
    fired = [rule for rule in rules if fires(rule.when, facts)]
    weights: dict[str, int] = {}
    for rule in fired:
        weights.update((str(name), share) for name, share in rule.then.weights.items())
    return Effects(
        fired=tuple(rule.id for rule in fired),
        needs=_needs(rule.then for rule in fired),
        languages=_languages(rule.then for rule in fired),
        preferred_needs=_needs(rule.then.prefer for rule in fired),
        preferred_languages=_languages(rule.then.prefer for rule in fired),
        topic=next((rule.then.topic for rule in fired if rule.then.topic), ""),
        queue=next((rule.then.queue for rule in fired if rule.then.queue), ""),
        classes=tuple((rule.id, rule.then.klass) for rule in fired if rule.then.klass),
        weights=weights,
    )


def _needs(named: Iterable[Then | Prefer]) -> SkillLevels:
    return merge_needs((need.skill, need.level) for one in named for need in one.needs)


def _languages(named: Iterable[Then | Prefer]) -> SkillLevels:
    """Each language once, at the level that was named first."""
    found: dict[str, int] = {}
    for one in named:
        for wish in one.languages:
            found.setdefault(wish.tag, wish.level)
    return tuple(found.items())
