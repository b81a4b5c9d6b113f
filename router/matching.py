"""Who could serve what: the free agents beside the line, and the choice between them.

Owns: all groups of agents, which lanes each can serve, and the two choices of the router.
Does not know: people, offers, policy but for the weights it is given, or time.

    an agent is free        ->  the smallest key over all lanes that the agent can serve
    a conversation arrives  ->  of the agents within ``band`` of the best score the least loaded,
                                then the least flexible, then the longest idle

Invariants: an agent is free in at most one bucket; both choices are total orders (a key ends in
the journal position, an idle place in a count that nobody shares), so nothing is left to chance;
an answer agrees with a scan over everybody (tests/helpers/model.py).

Lanes and groups find each other through bit masks over big integers: bit n of a group's ``lanes``
is set where it can serve the lane of index n, so "occupied lanes that I can serve" is one ``&``.
Agents of a group who are equally loaded and open for the same channels share a bucket, sorted by
idle time; a choice looks at the first of each bucket and at the few whom the customer knows.
"""

from collections.abc import Callable, Collection, Iterator

from router.candidates import Candidate
from router.choices import Choice, best_of, choice_of
from router.fits import Fits
from router.groups import (
    NOTHING_SPECIAL,
    Group,
    Shares,
    Special,
    candidate,
    longest_idle,
)
from router.masks import Masks, bits, is_set
from router.queue import Lane, Line, Place
from router.shortlist import Shortlist
from router.skills import Profile, Requirement
from router.standing import Entry

__all__ = ["Pool"]

LANES_LISTED_MAX = 256
"""Up to here looking at every lane of a group is cheaper than finding the occupied ones."""

LISTED_FROM = 24
"""With more groups of free agents than this, the shortlist is cheaper than a look at each."""


class Pool:
    """All groups of a tenant, and the free agents in them."""

    def __init__(self, line: Line) -> None:
        self.listed_from = LISTED_FROM
        self._line = line
        self._groups: dict[Profile, Group] = {}
        self._by_index: dict[int, Group] = {}
        self._free_indexes: list[int] = []
        self._group_of: dict[str, Group] = {}
        self._free: dict[str, Entry] = {}
        self._masks = Masks()
        self._shortlist = Shortlist(self._by_index, self._group_of, self._masks)
        self._groups_free: dict[int, Group] = {}
        """By index, the groups that have a free agent."""
        self._own_lanes: dict[str, int] = {}
        """By agent, the lanes (bits) that wait for this agent alone."""
        self._overlaps: dict[int, int] = {}
        self._working: dict[str, None] = {}
        """The agents who are available and reachable, free or not."""
        self._able: dict[int, int] = {}
        self.generation = 0
        """Raised whenever a profile appears among the signed in or goes."""

    def sign_in(self, agent: str, profile: Profile, flexibility: int) -> None:
        """Counts the agent among those who could serve; also after a change of profile."""
        self.sign_out(agent)
        group = self._groups.get(profile)
        if group is None:
            group = self._add_group(profile, flexibility)
        if group.flexibility != flexibility:
            self._list_anew(group, flexibility)
        group.members += 1
        self._group_of[agent] = group
        if agent in self._own_lanes:
            self._overlaps.clear()

    def _list_anew(self, group: Group, flexibility: int) -> None:
        """A new policy rates the profile otherwise: its free agents stand elsewhere."""
        free = [entry for bucket in group.buckets.values() for entry in bucket]
        for one in free:
            self.occupy(one.agent)
        group.flexibility = flexibility
        for one in free:
            self.free(one.agent, one.channels, one.load, (one.since_ms, one.idle_order))

    def sign_out(self, agent: str) -> None:
        """Forgets the agent, if known."""
        self.occupy(agent)
        self.work(agent, is_working=False)
        group = self._group_of.pop(agent, None)
        if group is None:
            return
        if agent in self._own_lanes:
            self._overlaps.clear()
        group.members -= 1
        if not group.members:
            self._drop_group(group)

    def group_of(self, agent: str) -> Group:
        """The group of a signed-in agent."""
        return self._group_of[agent]

    def knows(self, agent: str) -> bool:
        """Whether the agent is signed in."""
        return agent in self._group_of

    def work(self, agent: str, *, is_working: bool) -> None:
        """Notes whether a signed-in agent is at work, free or not."""
        if is_working is (agent in self._working):
            return
        self._able.clear()
        self._group_of[agent].working += 1 if is_working else -1
        if is_working:
            self._working[agent] = None
        else:
            del self._working[agent]

    def able(self, lane: Lane) -> int:
        """How many agents at work could serve a lane, free or not."""
        known = self._able.get(lane.index)
        if known is None:
            serving = bits(self._masks.serving(lane) if not lane.agent else 0)
            known = sum(self._by_index[index].working for index in serving)
            known += lane.agent in self._working
            self._able[lane.index] = known
        return known

    def lanes_for(self, agent: str) -> Iterator[Lane]:
        """The lanes with somebody in them that this signed-in agent can serve."""
        self._line.let_in()
        servable = self._group_of[agent].lanes | self._own_lanes.get(agent, 0)
        for index in bits(servable & self._line.occupied):
            yield self._line.lane_at(index)

    def can(self, agent: str, lane: Lane) -> bool:
        """Whether the agent is signed in and could serve this lane."""
        return agent in self._group_of and self._may(self._group_of[agent], lane, agent)

    def channels_for(self, agent: str) -> tuple[str, ...]:
        """The channels on which this agent can take work now."""
        known = self._free.get(agent)
        return () if known is None else known.channels

    def is_free(self, agent: str) -> bool:
        """Whether the agent is in a bucket."""
        return agent in self._free

    def free(self, agent: str, channels: tuple[str, ...], load: int, idle: tuple[int, int]) -> None:
        """The agent can take work on ``channels``; replaces what was known of that."""
        known = self._free.get(agent)
        if known is not None:
            if known.stands_at(channels, load, idle):
                return
            self.occupy(agent)
        group = self._group_of[agent]
        self._groups_free[group.index] = group
        entry = Entry(agent, group.index, group.flexibility, channels, load, idle)
        self._shortlist.add(entry, group)
        group.put(entry)
        self._free[agent] = entry

    def occupy(self, agent: str) -> None:
        """The agent can take nothing now."""
        entry = self._free.get(agent)
        if entry is None:
            return
        del self._free[agent]
        group = self._group_of[agent]
        group.take(entry)
        self._shortlist.remove(entry, group)
        if not group.is_free:
            del self._groups_free[entry.group]

    def add_lane(self, lane: Lane) -> None:
        """A lane is new: finds who can serve it."""
        self._overlaps.clear()
        self._able.pop(lane.index, None)
        if lane.agent:
            own = self._own_lanes.get(lane.agent, 0)
            self._own_lanes[lane.agent] = own | 1 << lane.index
            return
        for index in bits(self._masks.add_lane(lane)):
            self._by_index[index].add_lane(lane)

    def drop_lane(self, lane: Lane) -> None:
        """A lane is gone."""
        self._overlaps.clear()
        if agent := lane.agent:
            self._own_lanes[agent] &= ~(1 << lane.index)
            if not self._own_lanes[agent]:
                del self._own_lanes[agent]
            return
        for index in bits(self._masks.serving(lane)):
            self._by_index[index].drop_lane(lane)
        self._shortlist.drop_lane(lane)
        self._masks.drop_lane(lane)

    def next_for(
        self, agent: str, channels: tuple[str, ...], refused: Callable[[str], Collection[str]]
    ) -> Place | None:
        """The smallest key that an agent, free or about to be, may take on these channels.

        ``refused`` tells the agents that a conversation is not offered to now.
        """
        group = self._group_of[agent]
        own = self._own_lanes.get(agent, 0) if self._own_lanes else 0
        if not own and group.lane_count <= LANES_LISTED_MAX:
            listed = group.listed.get(channels)
            if listed is None:
                lanes = map(self._line.lane_at, bits(group.lanes))
                listed = [one.index for one in lanes if one.channel in channels]
                group.listed[channels] = listed
            best = self._line.first_of(listed)
            if not best[2]:
                return None
            if agent not in refused(best[2]):
                return best
        return self._search(agent, group.lanes | own, channels, refused)

    def _search(
        self,
        agent: str,
        servable: int,
        channels: tuple[str, ...],
        refused: Callable[[str], Collection[str]],
    ) -> Place | None:
        """The same, past conversations that the agent is not asked for."""
        best: Place | None = None
        for index in bits(servable & self._line.occupied):
            lane = self._line.lane_at(index)
            if lane.channel not in channels or (best is not None and lane.head >= best):
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
        history: dict[str, int],
        weights: Shares,
        band: int,
        special: Special = NOTHING_SPECIAL,
    ) -> Choice | None:
        """The best free agent for a conversation of this lane, or None.

        Args:
            lane: Where it waits.
            refused: Agents to leave out.
            history: By agent whom the customer knows, that part of the score.
            weights: The share of each part.
            band: Scores this near to the best count as equal.
            special: By agent, or ``""`` for everybody, other parts of the score.
        """
        fits = None if refused else self._many_free(lane)
        if fits is not None:
            if not history and not special:
                return self._shortlist.pick(lane, fits, weights, band)
            known = self._known(lane, refused, history, weights, special)
            found = self._shortlist.best(lane, fits, known, weights, band, special)
            return choice_of(lane, found[0], found, found) if found else None
        found = self._candidates(lane, refused, history, weights, special)
        if len(found) < 2:
            return choice_of(lane, found[0], found, found) if found else None
        least = max(candidate.score for candidate in found) - band
        good = [candidate for candidate in found if candidate.score >= least]
        chosen = min(good, key=Candidate.rank)
        return choice_of(lane, chosen, good, best_of(found, chosen))

    def _many_free(self, lane: Lane) -> Fits | None:
        """How well whom fits, where so many are free that the shortlist is cheaper."""
        free, count = self._groups_free, self.listed_from
        if count >= 0 and (lane.agent or len(free) <= count):
            return None
        fits = self._shortlist.fits_of(lane)
        return fits if count < 0 or fits.has_more(free, count) else None

    def _candidates(
        self,
        lane: Lane,
        refused: Collection[str],
        history: dict[str, int],
        weights: Shares,
        special: Special,
    ) -> list[Candidate]:
        """The first of each bucket, and those of whom something is known."""
        apart = {*refused, *special} if special else refused
        found = [
            candidate(group, lane, one.idle_place(), one.load, history, weights, special)
            for group in self._groups_for(lane)
            for bucket in group.buckets.values()
            for one in longest_idle(lane, bucket, apart)
        ]
        if history or special:
            firsts = {one.agent for one in found}
            known = self._known(lane, refused, history, weights, special)
            found += [one for one in known if one.agent not in firsts]
        return found

    def _known(
        self,
        lane: Lane,
        refused: Collection[str],
        history: dict[str, int],
        weights: Shares,
        special: Special,
    ) -> list[Candidate]:
        """The free agents of whom something is known and who may be asked."""
        found: list[Candidate] = []
        for agent in {**history, **special} if special else history:
            if agent in self._free and agent not in refused:
                group = self._group_of[agent]
                free = self._free[agent]
                if self._may(group, lane, agent) and lane.channel in free.channels:
                    place = free.idle_place()
                    found.append(
                        candidate(group, lane, place, free.load, history, weights, special)
                    )
        return found

    def _may(self, group: Group, lane: Lane, agent: str) -> bool:
        return lane.agent == agent if lane.agent else bool(group.lanes >> lane.index & 1)

    def _groups_for(self, lane: Lane) -> list[Group]:
        if lane.agent:
            return [self._group_of[lane.agent]] if lane.agent in self._free else []
        free, serving = self._groups_free, self._masks.serving_bytes(lane)
        return [group for group in free.values() if is_set(serving, group.index)]

    def overlapping(self, lane: Lane) -> int:
        """The lanes (bits) that a signed-in agent could take from instead of this one."""
        known = self._overlaps.get(lane.index)
        if known is None:
            known = 1 << lane.index
            only = lane.agent
            if only:
                groups = [self._group_of[only]] if only in self._group_of else []
            else:
                groups = [self._by_index[index] for index in bits(self._masks.serving(lane))]
            for group in groups:
                known |= group.lanes
            for agent, own in self._own_lanes.items():
                if only in ("", agent) and self._group_of.get(agent) in groups:
                    known |= own
            self._overlaps[lane.index] = known
        return known

    def ahead(self, lane: Lane, place: Place) -> int:
        """How many smaller keys a signed-in agent could take instead of this place."""
        line = self._line
        counted = self.overlapping(lane) & line.occupied
        others = line.occupied & ~counted
        if counted.bit_count() <= others.bit_count():
            return sum(line.lane_at(index).count_before(place) for index in bits(counted))
        passed = sum(line.lane_at(index).count_before(place) for index in bits(others))
        return line.ranks.count_before(place) - passed

    def free_groups(self) -> list[Group]:
        """The groups that have a free agent."""
        return list(self._groups_free.values())

    def can_meet(self, requirement: Requirement) -> bool:
        """Whether any signed-in agent meets a requirement; known until profiles change."""
        return self._masks.can_meet(requirement)

    def _add_group(self, profile: Profile, flexibility: int) -> Group:
        index = self._free_indexes.pop() if self._free_indexes else len(self._by_index)
        group = Group(profile, index, flexibility)
        self._groups[profile] = group
        self._by_index[index] = group
        self._profiles_changed()
        for lane_index in bits(self._masks.add_group(index, profile)):
            group.add_lane(self._line.lane_at(lane_index))
        self._shortlist.add_group(group, map(self._line.lane_at, bits(group.lanes)))
        return group

    def _profiles_changed(self) -> None:
        self.generation += 1
        self._overlaps.clear()

    def _drop_group(self, group: Group) -> None:
        del self._groups[group.profile]
        del self._by_index[group.index]
        self._free_indexes.append(group.index)
        self._profiles_changed()
        self._shortlist.drop_group(group)
        self._masks.drop_group(group.index)
