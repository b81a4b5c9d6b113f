"""Groups of agents of equal profile, and how good each of them would be for a lane.

Owns: the free agents of a group by load and idle time, and how the parts of a score add up.
Does not know: other groups, the line's order, or who is asked.

Invariant: everything is integers of 0 to 1000.
"""

from collections.abc import Collection
from itertools import islice
from typing import Final

from router.candidates import Candidate
from router.marks import i64
from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, language_score, proficiency_score
from router.standing import Entry, place_in

__all__ = [
    "NOTHING_SPECIAL",
    "Group",
    "IdlePlace",
    "Parts",
    "Shares",
    "Special",
    "candidate",
    "longest_idle",
    "mean",
    "parts_of",
    "plain_score",
    "replaced",
    "scored",
    "shares",
]

IdlePlace = tuple[int, int, str]
"""(idle since in ms, order among those, agent): the smallest is the longest idle."""

Parts = tuple[int, int, int, int, int, int]
"""The parts of a score, each 0 to 1000, language, proficiency, history,
load, relation, topic."""

Shares = tuple[int, int, int, int, int, int]
"""The share of each part in the score, in the order of ``Parts``."""

Special = dict[str, dict[str, int]]
"""By agent, or ``""`` for everybody, parts that stand in the place of those computed here."""

NOTHING_SPECIAL: Final[Special] = {}

WANTED = (1000, 1000)
"""The language and proficiency parts of who alone is asked for, and so of nothing else."""


class Group:
    """The signed-in agents of one profile."""

    __slots__ = (
        "buckets",
        "flexibility",
        "index",
        "is_free",
        "lane_count",
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
        """The lanes (bits) that its agents can serve, and how many those are."""
        self.lane_count = 0
        self.listed: dict[tuple[str, ...], list[int]] = {}
        """By channels, the indexes of the lanes of these; made when asked for."""
        self.members = 0
        self.working = 0
        """How many of them are available and reachable, free or not."""
        self.buckets: dict[object, list[Entry]] = {}
        """By channels and load, its free agents, the longest idle first."""
        self.is_free = False
        """Whether it has any."""
        self.scores: dict[int, tuple[int, int]] = {}

    def put(self, entry: Entry) -> None:
        """One of its agents is free."""
        self.is_free = True
        bucket = self.buckets.get(entry.key)
        if bucket is None:
            self.buckets[entry.key] = [entry]
        else:
            bucket.insert(place_in(bucket, entry), entry)

    def take(self, entry: Entry) -> None:
        """One of its agents is free no longer."""
        buckets = self.buckets
        bucket = buckets[entry.key]
        if len(bucket) > 1:
            bucket.pop(place_in(bucket, entry))
        elif len(buckets) == 1:
            buckets.clear()
            self.is_free = False
        else:
            del buckets[entry.key]

    def count_at(self, channel: str, load: i64) -> int:
        """How many of its agents are free for a channel at this load."""
        count = 0
        for bucket in self.buckets.values():
            if bucket[0].load == load and channel in bucket[0].channels:
                count += len(bucket)
        return count

    def has(self, channel: str, refused: Collection[str]) -> bool:
        """Whether one of its free agents, but those refused, can take work on a channel."""
        return any(
            channel in bucket[0].channels and any(one.agent not in refused for one in bucket)
            for bucket in self.buckets.values()
        )

    def add_lane(self, lane: Lane) -> None:
        """The group can serve this lane."""
        self.lanes |= 1 << lane.index
        self.lane_count += 1
        if self.listed:
            self.listed = {}

    def drop_lane(self, lane: Lane) -> None:
        """The lane is gone."""
        self.lanes &= ~(1 << lane.index)
        self.lane_count -= 1
        if self.listed:
            self.listed = {}
        self.scores.pop(lane.index, None)

    def parts(self, lane: Lane) -> tuple[int, int]:
        """The score's language and proficiency parts, kept, for they never change for a lane."""
        if lane.agent:
            return WANTED
        known = self.scores.get(lane.index)
        if known is None:
            requirement = lane.key[2]
            known = (
                language_score(self.profile, requirement),
                proficiency_score(self.profile, requirement),
            )
            self.scores[lane.index] = known
        return known


def longest_idle(lane: Lane, bucket: list[Entry], refused: Collection[str]) -> list[Entry]:
    """The longest idle of a bucket who may be asked, and whoever would be next."""
    if lane.channel not in bucket[0].channels:
        return []
    only = lane.agent
    if not refused and not only:
        return bucket[:2]
    fit = (one for one in bucket if one.agent not in refused and (not only or one.agent == only))
    return list(islice(fit, 2))


def parts_of(
    group: Group,
    lane: Lane,
    agent: str,
    load: int,
    history: dict[str, int],
    special: Special,
) -> Parts:
    """The parts of an agent's score for a lane."""
    language, proficiency = group.parts(lane)
    known = history.get(agent, 0) if history else 0
    parts: Parts = (language, proficiency, known, 1000 - load, 0, 0)
    return replaced(parts, special, agent) if special else parts


def candidate(
    group: Group,
    lane: Lane,
    place: IdlePlace,
    load: int,
    history: dict[str, int],
    weights: Shares,
    special: Special = NOTHING_SPECIAL,
) -> Candidate:
    """An agent as a candidate for a lane."""
    parts = parts_of(group, lane, place[2], load, history, special)
    return scored(group, place, parts, weights)


def scored(group: Group, place: IdlePlace, parts: Parts, weights: Shares) -> Candidate:
    """An agent whose parts are known as a candidate."""
    since_ms, order, agent = place
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


def shares(weights: Weights) -> Shares:
    """The weights of a policy in the order of the parts."""
    return (
        weights.language,
        weights.proficiency,
        weights.history,
        weights.load,
        weights.relation,
        weights.topic,
    )


def plain_score(language: i64, proficiency: i64, ease: i64, weights: Shares) -> i64:
    """The score of an agent of whom nothing particular is known."""
    total = i64(weights[0]) + i64(weights[1]) + i64(weights[2])
    total += i64(weights[3]) + i64(weights[4]) + i64(weights[5])
    if not total:
        return 0
    weighted = i64(weights[0]) * language + i64(weights[1]) * proficiency
    return (weighted + i64(weights[3]) * ease) // total


def mean(parts: Parts, weights: Shares) -> int:
    """The score: the weighted mean of the parts, in whole numbers."""
    language, proficiency, history = i64(weights[0]), i64(weights[1]), i64(weights[2])
    load, relation, topic = i64(weights[3]), i64(weights[4]), i64(weights[5])
    total = language + proficiency + history + load + relation + topic
    if not total:
        return 0
    weighted = language * i64(parts[0]) + proficiency * i64(parts[1])
    weighted += history * i64(parts[2]) + load * i64(parts[3])
    weighted += relation * i64(parts[4]) + topic * i64(parts[5])
    return weighted // total


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
