"""Who could serve what: the free agents beside the line, and the choice between them.

Owns: groups of agents of equal profile, which lanes each group can serve, which of its agents are
free and how long they have been idle; the two choices of the router. Does not know: people,
offers, policy but for the weights it is given, or time.

    an agent is free        ->  the smallest key over all lanes that the agent can serve
    a conversation arrives  ->  of the agents within ``band`` of the best score the least loaded,
                                then the least flexible, then the longest idle

Invariants: an agent is free in at most one bucket; both choices are total orders (a key ends in
the journal position, an idle place in a count that nobody shares), so nothing is left to chance
or to the order of a dict; an answer agrees with a scan over everybody (tests/helpers/model.py).

Lanes and groups find each other through bit masks over big integers: bit n of a group's ``lanes``
is set where it can serve the lane of index n, so "occupied lanes that I can serve" is one ``&``.
Agents of a group who are equally loaded and open for the same channels share a bucket, sorted by
idle time; a choice looks at the first of each bucket and at the few whom the customer knows.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterator, Mapping

from msgspec import Struct

from router.policy import Weights
from router.queue import Lane, Line, Place
from router.skills import Profile, language_score, meets, proficiency_score

__all__ = ["Candidate", "Choice", "Pool", "bits"]

IdlePlace = tuple[int, int, str]
"""(idle since in ms, order among those, agent): the smallest is the longest idle."""

BucketKey = tuple[tuple[str, ...], int]
"""(channels that are open and have room, load per mille of the total)."""


class Candidate(Struct, frozen=True, order=False):
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

    def rank(self) -> tuple[int, int, int, int]:
        """The order among those whose score is good enough; smaller is better."""
        return (-self.load, self.flexibility, self.idle_since_ms, self.idle_order)


class Choice(Struct, frozen=True):
    """The agent who was chosen, and the words that say why."""

    candidate: Candidate
    why: tuple[str, ...]


class Group:
    """The signed-in agents of one profile."""

    __slots__ = ("buckets", "flexibility", "index", "lanes", "members", "profile", "scores")

    def __init__(self, profile: Profile, index: int, flexibility: int) -> None:
        self.profile = profile
        self.index = index
        self.flexibility = flexibility
        self.lanes = 0
        self.members = 0
        self.buckets: dict[BucketKey, list[IdlePlace]] = {}
        self.scores: dict[int, tuple[int, int]] = {}

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


def bits(mask: int) -> Iterator[int]:
    """The indexes of the set bits, smallest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Pool:
    """All groups of a tenant, and the free agents in them."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._groups: dict[Profile, Group] = {}
        self._by_index: dict[int, Group] = {}
        self._free_indexes: list[int] = []
        self._group_of: dict[str, Group] = {}
        self._free: dict[str, tuple[BucketKey, IdlePlace]] = {}
        self._serving: dict[int, int] = {}
        """By lane index, the groups (bits) that can serve it."""
        self._groups_free = 0
        """The groups (bits) that have a free agent."""
        self._own_lanes: dict[str, int] = {}
        """By agent, the lanes (bits) that wait for this agent alone."""
        self._overlaps: dict[int, int] = {}

    def sign_in(self, agent: str, profile: Profile, flexibility: int) -> None:
        """Counts the agent among those who could serve; also after a change of profile."""
        self.sign_out(agent)
        group = self._groups.get(profile)
        if group is None:
            group = self._add_group(profile, flexibility)
        group.flexibility = flexibility
        group.members += 1
        self._group_of[agent] = group
        if agent in self._own_lanes:
            self._overlaps.clear()

    def sign_out(self, agent: str) -> None:
        """Forgets the agent, if known."""
        self.occupy(agent)
        group = self._group_of.pop(agent, None)
        if group is None:
            return
        if agent in self._own_lanes:
            self._overlaps.clear()
        group.members -= 1
        if not group.members:
            self._drop_group(group)

    def knows(self, agent: str) -> bool:
        """Whether the agent is signed in."""
        return agent in self._group_of

    def is_free(self, agent: str) -> bool:
        """Whether the agent is in a bucket."""
        return agent in self._free

    def free(self, agent: str, channels: tuple[str, ...], load: int, idle: tuple[int, int]) -> None:
        """The agent can take work on ``channels``; replaces what was known of that."""
        self.occupy(agent)
        group = self._group_of[agent]
        key = (channels, load)
        place = (*idle, agent)
        insort(group.buckets.setdefault(key, []), place)
        self._free[agent] = (key, place)
        self._groups_free |= 1 << group.index

    def occupy(self, agent: str) -> None:
        """The agent can take nothing now."""
        known = self._free.pop(agent, None)
        if known is None:
            return
        key, place = known
        group = self._group_of[agent]
        bucket = group.buckets[key]
        del bucket[bisect_left(bucket, place)]
        if not bucket:
            del group.buckets[key]
            if not group.buckets:
                self._groups_free &= ~(1 << group.index)

    def add_lane(self, lane: Lane) -> None:
        """A lane is new: finds who can serve it."""
        requirement = lane.key[2]
        bit = 1 << lane.index
        self._overlaps.clear()
        if requirement.agent:
            self._own_lanes[requirement.agent] = self._own_lanes.get(requirement.agent, 0) | bit
            return
        serving = 0
        for group in self._groups.values():
            if meets(group.profile, requirement):
                group.lanes |= bit
                serving |= 1 << group.index
        self._serving[lane.index] = serving

    def drop_lane(self, lane: Lane) -> None:
        """A lane is gone."""
        bit = 1 << lane.index
        self._overlaps.clear()
        agent = lane.key[2].agent
        if agent:
            self._own_lanes[agent] &= ~bit
            if not self._own_lanes[agent]:
                del self._own_lanes[agent]
            return
        for index in bits(self._serving.pop(lane.index)):
            group = self._by_index[index]
            group.lanes &= ~bit
            group.scores.pop(lane.index, None)

    def next_for(self, agent: str, refused: Callable[[str], Collection[str]]) -> Place | None:
        """The smallest key that this free agent may take, or None.

        Args:
            agent: A free agent.
            refused: Tells the agents that a conversation is not offered to now.
        """
        channels = self._free[agent][0][0]
        servable = self._group_of[agent].lanes | self._own_lanes.get(agent, 0)
        best: Place | None = None
        for index in bits(servable & self._line.occupied):
            lane = self._line.lane_at(index)
            if lane.key[1] not in channels or (best is not None and lane.head >= best):
                continue
            for place in lane:
                if best is not None and place >= best:
                    break
                if agent not in refused(place[2]):
                    best = place
                    break
        return best

    def choose(
        self,
        lane: Lane,
        refused: Collection[str],
        history: Mapping[str, int],
        weights: Weights,
        band: int,
    ) -> Choice | None:
        """The best free agent for a conversation of this lane, or None.

        Args:
            lane: Where it waits.
            refused: Agents to leave out.
            history: By agent whom the customer knows, that part of the score.
            weights: The share of each part.
            band: Scores this near to the best count as equal.
        """
        found = list(self._candidates(lane, refused, history, weights))
        if not found:
            return None
        least = max(candidate.score for candidate in found) - band
        good = [candidate for candidate in found if candidate.score >= least]
        chosen = min(good, key=Candidate.rank)
        return Choice(chosen, _reasons(lane, chosen, good))

    def _candidates(
        self,
        lane: Lane,
        refused: Collection[str],
        history: Mapping[str, int],
        weights: Weights,
    ) -> Iterator[Candidate]:
        firsts: set[str] = set()
        for group in self._groups_for(lane):
            for key, bucket in group.buckets.items():
                place = _first(lane, key, bucket, refused)
                if place is not None:
                    firsts.add(place[2])
                    yield _candidate(group, lane, place, key[1], history, weights)
        for agent in history:
            if agent in self._free and agent not in firsts and agent not in refused:
                group = self._group_of[agent]
                key, place = self._free[agent]
                if self._may(group, lane, agent) and lane.key[1] in key[0]:
                    yield _candidate(group, lane, place, key[1], history, weights)

    def _may(self, group: Group, lane: Lane, agent: str) -> bool:
        only = lane.key[2].agent
        return only == agent if only else bool(group.lanes >> lane.index & 1)

    def _groups_for(self, lane: Lane) -> Iterator[Group]:
        only = lane.key[2].agent
        if only:
            group = self._group_of.get(only)
            if group is not None and only in self._free:
                yield group
            return
        for index in bits(self._serving[lane.index] & self._groups_free):
            yield self._by_index[index]

    def overlapping(self, lane: Lane) -> int:
        """The lanes (bits) that a signed-in agent could take from instead of this one."""
        known = self._overlaps.get(lane.index)
        if known is None:
            known = 1 << lane.index
            only = lane.key[2].agent
            if only:
                groups = [self._group_of[only]] if only in self._group_of else []
            else:
                groups = [self._by_index[index] for index in bits(self._serving[lane.index])]
            for group in groups:
                known |= group.lanes
            for agent, own in self._own_lanes.items():
                if only in ("", agent) and self._group_of.get(agent) in groups:
                    known |= own
            self._overlaps[lane.index] = known
        return known

    def ahead(self, lane: Lane, place: Place) -> int:
        """How many smaller keys a signed-in agent could take instead of this place."""
        mask = self.overlapping(lane) & self._line.occupied
        return sum(self._line.lane_at(index).count_before(place) for index in bits(mask))

    def can_anybody(self, lane: Lane) -> bool:
        """Whether any signed-in agent could serve this lane at all."""
        only = lane.key[2].agent
        return only in self._group_of if only else bool(self._serving[lane.index])

    def _add_group(self, profile: Profile, flexibility: int) -> Group:
        index = self._free_indexes.pop() if self._free_indexes else len(self._by_index)
        group = Group(profile, index, flexibility)
        self._groups[profile] = group
        self._by_index[index] = group
        self._overlaps.clear()
        for lane in self._line.lanes.values():
            requirement = lane.key[2]
            if not requirement.agent and meets(profile, requirement):
                group.lanes |= 1 << lane.index
                self._serving[lane.index] |= 1 << index
        return group

    def _drop_group(self, group: Group) -> None:
        del self._groups[group.profile]
        del self._by_index[group.index]
        self._free_indexes.append(group.index)
        self._overlaps.clear()
        for index in bits(group.lanes):
            self._serving[index] &= ~(1 << group.index)


def _first(
    lane: Lane, key: BucketKey, bucket: list[IdlePlace], refused: Collection[str]
) -> IdlePlace | None:
    """The longest idle of a bucket who may be asked, or None."""
    if lane.key[1] not in key[0]:
        return None
    only = lane.key[2].agent
    for place in bucket:
        if place[2] not in refused and (not only or place[2] == only):
            return place
    return None


def _candidate(
    group: Group,
    lane: Lane,
    place: IdlePlace,
    load: int,
    history: Mapping[str, int],
    weights: Weights,
) -> Candidate:
    language, proficiency = group.parts(lane)
    known = history.get(place[2], 0)
    room = 1000 - load
    total = weights.language + weights.proficiency + weights.history + weights.load
    weighted = (
        weights.language * language
        + weights.proficiency * proficiency
        + weights.history * known
        + weights.load * room
    )
    return Candidate(
        agent=place[2],
        score=weighted // total if total else 0,
        language=language,
        proficiency=proficiency,
        history=known,
        load=room,
        flexibility=group.flexibility,
        idle_since_ms=place[0],
        idle_order=place[1],
    )


def _reasons(lane: Lane, chosen: Candidate, good: list[Candidate]) -> tuple[str, ...]:
    """Why this agent, in the trade's words: what was met, then what broke the tie."""
    requirement = lane.key[2]
    why = [f"skill:{skill}" for skill, _ in requirement.needs]
    if requirement.languages and chosen.language:
        why.append(f"language:{requirement.languages[0][0]}")
    if chosen.history:
        why.append("knows_customer")
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
