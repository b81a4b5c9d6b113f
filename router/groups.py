"""Groups of agents of equal profile, and how good each of them would be for a lane.

Owns: the free agents of a group by load and idle time, how the parts of a score add up, and the
words that say why somebody was chosen. Does not know: other groups, the line's order, or who is
asked.

Invariant: everything is integers of 0 to 1000.
"""

from collections.abc import Collection
from itertools import islice

from router.candidates import Candidate
from router.marks import i64
from router.policy import Weights
from router.queue import Lane
from router.skills import Profile, language_score, proficiency_score

__all__ = [
    "NOTHING_SPECIAL",
    "BucketKey",
    "Choice",
    "Group",
    "IdlePlace",
    "Parts",
    "Shares",
    "Special",
    "best_of",
    "candidate",
    "choice_of",
    "longest_idle",
    "mean",
    "only",
    "reasons",
    "replaced",
    "shares",
]

IdlePlace = tuple[int, int, str]
"""(idle since in ms, order among those, agent): the smallest is the longest idle."""

BucketKey = tuple[tuple[str, ...], int]
"""(channels that are open and have room, load per mille of the total)."""


Parts = tuple[int, int, int, int, int, int]
"""The parts of a score, each 0 to 1000, language, proficiency, history,
load, relation, topic."""

Shares = tuple[int, int, int, int, int, int]
"""The share of each part in the score, in the order of ``Parts``."""

Special = dict[str, dict[str, int]]
"""By agent, or ``""`` for everybody, parts that stand in the place of those computed here."""

NOTHING_SPECIAL: Special = {}

BEST_MATCH = "best_match"
"""The word where nobody else was good enough."""

WANTED = (1000, 1000)
"""The language and proficiency parts of who alone is asked for, and so of nothing else."""

CONSIDERED_MAX = 10
"""So many candidates of a decision are kept for ``explain``."""


class Choice:
    """The agent who was chosen, the words that say why, and the best of those considered.

    The first of those considered is the one who was chosen; ``rule`` is the last of the words.
    """

    __slots__ = ("agent", "considered", "rule", "why")

    def __init__(
        self, agent: str, why: tuple[str, ...], rule: str, considered: tuple[Candidate, ...]
    ) -> None:
        self.agent = agent
        self.why = why
        self.rule = rule
        self.considered = considered

    @property
    def candidate(self) -> Candidate:
        """The agent with the parts of the score."""
        return self.considered[0]


def choice_of(
    lane: Lane, chosen: Candidate, good: list[Candidate], considered: tuple[Candidate, ...]
) -> Choice:
    """A choice of one among several, and why it fell on them."""
    why = reasons(lane, chosen, good)
    return Choice(chosen.agent, why, why[-1], considered)


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


def longest_idle(
    lane: Lane, key: BucketKey, bucket: list[IdlePlace], refused: Collection[str]
) -> list[IdlePlace]:
    """The longest idle of a bucket who may be asked, and whoever would be next."""
    if lane.channel not in key[0]:
        return []
    only = lane.agent
    if not refused and not only:
        return bucket[:2]
    fit = (p for p in bucket if p[2] not in refused and (not only or p[2] == only))
    return list(islice(fit, 2))


def _parts_of(
    group: Group,
    lane: Lane,
    agent: str,
    load: int,
    history: dict[str, int],
    special: Special,
) -> Parts:
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
    parts = _parts_of(group, lane, place[2], load, history, special)
    return _scored(group, place, parts, weights)


def _scored(group: Group, place: IdlePlace, parts: Parts, weights: Shares) -> Candidate:
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


def only(
    group: Group,
    lane: Lane,
    place: IdlePlace,
    load: int,
    history: dict[str, int],
    weights: Shares,
    special: Special,
) -> Choice:
    """The choice where nobody else is free who can serve the lane; no bucket is looked at."""
    parts = _parts_of(group, lane, place[2], load, history, special)
    one = _scored(group, place, parts, weights)
    why = _words(lane, _flags(parts[0], parts[2], parts[4], parts[5]), BEST_MATCH)
    return Choice(place[2], why, BEST_MATCH, (one,))


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


def reasons(lane: Lane, chosen: Candidate, good: list[Candidate]) -> tuple[str, ...]:
    """Why this agent, in the trade's words: what was met, then what broke the tie."""
    flags = _flags(chosen.language, chosen.history, chosen.relation, chosen.topic)
    return _words(lane, flags, _tie(chosen, good))


def _tie(chosen: Candidate, good: list[Candidate]) -> str:
    """What set the chosen one apart from the others who are good enough."""
    others = [candidate for candidate in good if candidate is not chosen]
    if not others:
        return BEST_MATCH
    load, flexibility = chosen.load, chosen.flexibility
    if all(other.load < load for other in others):
        return "least_loaded"
    if all(other.flexibility > flexibility for other in others if other.load == load):
        return "least_flexible"
    return "longest_idle"


def _flags(language: int, history: int, relation: int, topic: int) -> int:
    """Which parts of the score are above nothing, as bits."""
    flags = 1 if language else 0
    flags |= 2 if history else 0
    flags |= 4 if relation else 0
    return flags | 8 if topic else flags


def _words(lane: Lane, flags: int, rule: str) -> tuple[str, ...]:
    """The words for these parts and this rule; a lane keeps the few that it ever needs."""
    kept = lane.words.get(rule)
    if kept is None:
        kept = lane.words[rule] = {}
    known = kept.get(flags)
    if known is not None:
        return known
    requirement = lane.key[2]
    why = [f"skill:{skill}" for skill, _ in requirement.needs]
    if requirement.languages and flags & 1:
        why.append(f"language:{requirement.languages[0][0]}")
    for bit, word in ((2, "knows_customer"), (4, "account_owner"), (8, "knows_topic")):
        if flags & bit:
            why.append(word)
    if requirement.agent:
        why.append("asked_for")
    kept[flags] = (*why, rule)
    return kept[flags]
