"""Groups of agents of equal profile, and how good each of them would be for a lane.

Owns: the free agents of a group by load and idle time, how the parts of a score add up, and the
words that say why somebody was chosen. Does not know: other groups, the line's order, or who is
asked.

Invariant: everything is integers of 0 to 1000.
"""

from collections.abc import Collection, Mapping
from itertools import islice

from router.candidates import Candidate, Choice
from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, language_score, proficiency_score

__all__ = [
    "NOTHING_SPECIAL",
    "BucketKey",
    "Group",
    "IdlePlace",
    "Parts",
    "Special",
    "best_of",
    "candidate",
    "longest_idle",
    "mean",
    "only",
    "reasons",
    "replaced",
]

IdlePlace = tuple[int, int, str]
"""(idle since in ms, order among those, agent): the smallest is the longest idle."""

BucketKey = tuple[tuple[str, ...], int]
"""(channels that are open and have room, load per mille of the total)."""


Parts = tuple[int, int, int, int, int, int]
"""The parts of a score, each 0 to 1000, language, proficiency, history,
load, relation, topic."""

Special = Mapping[str, Mapping[str, int]]
"""By agent, or ``""`` for everybody, parts that stand in the place of those computed here."""

NOTHING_SPECIAL: Special = {}

CONSIDERED_MAX = 10
"""So many candidates of a decision are kept for ``explain``."""


def best_of(found: list[Candidate], chosen: Candidate) -> tuple[Candidate, ...]:
    """The chosen one, then the best others by score, ``CONSIDERED_MAX`` in all.

    They are kept for ``explain``, so among equals the order must be of what a snapshot holds, and
    not of the buckets, which stand otherwise after a restore.
    """
    others = [candidate for candidate in found if candidate is not chosen]
    if others:
        others.sort(key=_by_score)
        del others[CONSIDERED_MAX - 1 :]
    return (chosen, *others)


def _by_score(candidate: Candidate) -> tuple[int, tuple[int, int, int, int], str]:
    return (-candidate.score, candidate.rank(), candidate.agent)


class Group:
    """The signed-in agents of one profile."""

    __slots__ = (
        "buckets",
        "flexibility",
        "index",
        "lanes",
        "listed",
        "members",
        "profile",
        "scores",
        "working",
    )

    def __init__(self, profile: Profile, index: int, flexibility: int) -> None:
        self.profile = profile
        self.index = index
        self.flexibility = flexibility
        self.lanes = 0
        self.listed: dict[tuple[str, ...], list[int]] = {}
        """By channels, the indexes of the lanes of these; made when asked for."""
        self.members = 0
        self.working = 0
        """How many of them are available and reachable, free or not."""
        self.buckets: dict[BucketKey, list[IdlePlace]] = {}
        self.scores: dict[int, tuple[int, int]] = {}

    def has(self, channel: str, refused: Collection[str]) -> bool:
        """Whether one of its free agents, but those refused, can take work on a channel."""
        return any(
            channel in channels and any(place[2] not in refused for place in bucket)
            for (channels, _), bucket in self.buckets.items()
        )

    def add_lane(self, lane: Lane) -> None:
        """The group can serve this lane."""
        self.lanes |= 1 << lane.index
        if self.listed:
            self.listed = {}

    def drop_lane(self, lane: Lane) -> None:
        """The lane is gone."""
        self.lanes &= ~(1 << lane.index)
        if self.listed:
            self.listed = {}
        self.scores.pop(lane.index, None)

    def parts(self, lane: Lane) -> tuple[int, int]:
        """The score's language and proficiency parts, kept, for they never change for a lane."""
        known = self.scores.get(lane.index)
        if known is None:
            requirement = lane.key[2]
            known = (
                language_score(self.profile, requirement),
                proficiency_score(self.profile, requirement),
            )
            self.scores[lane.index] = known
        return known


def longest_idle(
    lane: Lane, key: BucketKey, bucket: list[IdlePlace], refused: Collection[str]
) -> list[IdlePlace]:
    """The longest idle of a bucket who may be asked, and whoever would be next."""
    _, channel, requirement = lane.key
    if channel not in key[0]:
        return []
    only = requirement.agent
    if not refused and not only:
        return bucket[:2]
    fit = (p for p in bucket if p[2] not in refused and (not only or p[2] == only))
    return list(islice(fit, 2))


def candidate(
    group: Group,
    lane: Lane,
    place: IdlePlace,
    load: int,
    history: Mapping[str, int],
    weights: Weights,
    special: Special = NOTHING_SPECIAL,
) -> Candidate:
    """An agent as a candidate for a lane."""
    since_ms, order, agent = place
    language, proficiency = group.parts(lane)
    parts: Parts = (language, proficiency, history.get(agent, 0), 1000 - load, 0, 0)
    if special:
        parts = replaced(parts, special, agent)
    language, proficiency, known, ease, relation, topic = parts
    return Candidate(  # by position: names cost more than the rest of this function
        agent,
        mean(parts, weights),
        language,
        proficiency,
        known,
        ease,
        group.flexibility,
        since_ms,
        order,
        relation,
        topic,
    )


def only(
    group: Group,
    lane: Lane,
    place: IdlePlace,
    load: int,
    history: Mapping[str, int],
    weights: Weights,
    special: Special,
) -> Choice:
    """The choice where nobody else is free who can serve the lane; no bucket is looked at."""
    one = candidate(group, lane, place, load, history, weights, special)
    return Choice(one, reasons(lane, one, [one]), (one,))


def mean(parts: Parts, weights: Weights) -> int:
    """The score: the weighted mean of the parts, in whole numbers."""
    language, proficiency, history, load, relation, topic = parts
    total = weights.language + weights.proficiency + weights.history + weights.load
    total += weights.relation + weights.topic
    weighted = (
        weights.language * language
        + weights.proficiency * proficiency
        + weights.history * history
        + weights.load * load
        + weights.relation * relation
        + weights.topic * topic
    )
    return weighted // total if total else 0


def replaced(parts: Parts, special: Special, agent: str) -> Parts:
    """The parts with what is special of this agent, or of everybody, in their place."""
    values = {**special.get("", {}), **special.get(agent, {})}
    language, proficiency, history, load, relation, topic = parts
    return (
        values.get("language", language),
        values.get("proficiency", proficiency),
        values.get("history", history),
        load,
        values.get("relation", relation),
        values.get("topic", topic),
    )


def reasons(lane: Lane, chosen: Candidate, good: list[Candidate]) -> tuple[str, ...]:
    """Why this agent, in the trade's words: what was met, then what broke the tie."""
    requirement = lane.key[2]
    why = [f"skill:{skill}" for skill, _ in requirement.needs]
    if requirement.languages and chosen.language:
        why.append(f"language:{requirement.languages[0][0]}")
    known = (
        ("knows_customer", chosen.history),
        ("account_owner", chosen.relation),
        ("knows_topic", chosen.topic),
    )
    why += [word for word, part in known if part]
    if requirement.agent:
        why.append("asked_for")
    others = [candidate for candidate in good if candidate is not chosen]
    if not others:
        why.append("best_match")
    elif all(other.load < chosen.load for other in others):
        why.append("least_loaded")
    elif all(
        other.flexibility > chosen.flexibility for other in others if other.load == chosen.load
    ):
        why.append("least_flexible")
    else:
        why.append("longest_idle")
    return tuple(why)
