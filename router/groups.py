"""Groups of agents of equal profile, and how good each of them would be for a lane.

Owns: the free agents of a group by load and idle time, the score with its parts, and the words
that say why somebody was chosen. Does not know: other groups, the line's order, or who is asked.

Invariant: everything is integers of 0 to 1000, and ``Candidate.rank`` never ties.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from operator import attrgetter

from msgspec import Struct

from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, language_score, proficiency_score

__all__ = [
    "NOTHING_SPECIAL",
    "BucketKey",
    "Candidate",
    "Choice",
    "Group",
    "IdlePlace",
    "Parts",
    "Special",
    "best_of",
    "candidate",
    "longest_idle",
    "mean",
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

_SCORE = attrgetter("score")


class Candidate(Struct, frozen=True, order=False, array_like=True, gc=False):
    """An agent who was considered, with the parts of the score, each 0 to 1000."""

    agent: str
    score: int
    language: int
    proficiency: int
    history: int
    load: int
    flexibility: int
    idle_since_ms: int
    idle_order: int
    relation: int = 0
    topic: int = 0

    def rank(self) -> tuple[int, int, int, int]:
        """The order among those whose score is good enough; smaller is better."""
        return (-self.load, self.flexibility, self.idle_since_ms, self.idle_order)


class Choice(Struct, frozen=True):
    """The agent who was chosen, the words that say why, and the best of those considered."""

    candidate: Candidate
    why: tuple[str, ...]
    considered: tuple[Candidate, ...]


def best_of(found: list[Candidate], chosen: Candidate) -> tuple[Candidate, ...]:
    """The chosen one, then the best others by score, ``CONSIDERED_MAX`` in all."""
    others = [candidate for candidate in found if candidate is not chosen]
    if others:
        others.sort(key=_SCORE, reverse=True)
        del others[CONSIDERED_MAX - 1 :]
    return (chosen, *others)


class Group:
    """The signed-in agents of one profile."""

    __slots__ = (
        "buckets",
        "by_channel",
        "flexibility",
        "index",
        "lane_count",
        "lanes",
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
        self.lane_count = 0
        self.by_channel: dict[str, list[int]] = {}
        """By channel, the indexes of the lanes that the group can serve."""
        self.members = 0
        self.working = 0
        """How many of them are available and reachable, free or not."""
        self.buckets: dict[BucketKey, list[IdlePlace]] = {}
        self.scores: dict[int, tuple[int, int]] = {}

    def add_lane(self, lane: Lane) -> None:
        """The group can serve this lane."""
        self.lanes |= 1 << lane.index
        self.lane_count += 1
        self.by_channel.setdefault(lane.key[1], []).append(lane.index)

    def drop_lane(self, lane: Lane) -> None:
        """The lane is gone."""
        self.lanes &= ~(1 << lane.index)
        self.lane_count -= 1
        self.by_channel[lane.key[1]].remove(lane.index)
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
) -> Iterator[IdlePlace]:
    """The longest idle of a bucket who may be asked, and whoever would be next."""
    if lane.key[1] in key[0]:
        only = lane.key[2].agent
        fit = (p for p in bucket if p[2] not in refused and (not only or p[2] == only))
        yield from islice(fit, 2)


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
    language, proficiency = group.parts(lane)
    agent = place[2]
    parts: Parts = (language, proficiency, history.get(agent, 0), 1000 - load, 0, 0)
    if special:
        parts = replaced(parts, special, agent)
    return Candidate(
        agent=agent,
        score=mean(parts, weights),
        language=parts[0],
        proficiency=parts[1],
        history=parts[2],
        load=parts[3],
        flexibility=group.flexibility,
        idle_since_ms=place[0],
        idle_order=place[1],
        relation=parts[4],
        topic=parts[5],
    )


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
