"""Who is there and who waits, counted for Prometheus out of the cores' state.

Owns: the walk over agents, customers, lines and connections, and the series that it fills.
Does not know: the page, what happened (``happened``), what agents are allowed to.

Invariants (tests/server/test_floor_figures.py): a look waits for nobody and holds up the loop for
``AT_ONCE`` people at most; every state has its series, at 0 where nobody is in it; the counts agree
with a look at everybody.

A queue's eligible agents are at work and could serve one who waits there now; free ones have room
for it besides, and may be asked: they have not declined it a moment ago. Where nobody waits, the
queue's own needs say who could.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

import trio
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from router.conversations import Conversation
from router.core import Router
from router.groups import Group
from router.placing import refused_agents
from router.policy import Policy, Queue
from router.queue import Lane
from router.rights import TOPIC_ROLES
from router.server.links import Link
from router.server.traffic import ROLES
from router.skills import Profile, Requirement, meets
from router.states import ConversationState, Reachability, Show
from router.world import World

__all__ = ["AT_ONCE", "FloorFigures"]

AT_ONCE = 250
"""Agents looked at between two turns of the loop; half a millisecond."""
PROFILES_MAX = 50_000
_CHEAPER = 10
"""So much cheaper is a look at a connection, a customer or a conversation in line."""
REFUSALS_LOOKED_AT = 100
SLOTS = ("used", "offered", "free")
_CODECS = ("json", "msgpack")

One = TypeVar("One")


class _Group(NamedTuple):
    """Agents of one profile: how many are at work, and how many have room on which channels."""

    group: Group
    working: int
    free: dict[tuple[str, ...], int]


class FloorFigures(Collector):
    """The series; ``look`` reads them on the loop, ``collect`` shows them."""

    def __init__(self) -> None:
        self._families: list[Metric] = []
        self._served: dict[str, tuple[Policy, dict[Profile, frozenset[str]]]] = {}

    def collect(self) -> Iterable[Metric]:
        """What ``look`` saw last; may be called in a thread."""
        return self._families

    async def look(self, routers: Mapping[str, Router], links: Iterable[Link], now_ms: int) -> None:
        """Reads every figure anew."""
        page = _Page()
        await _look_at_links(page, list(links))
        for tenant, router in list(routers.items()):
            page.position.add_metric([tenant], router.position)
            groups = await _look_at_agents(page, tenant, router.world)
            await _look_at_customers(page, tenant, router.world)
            could = [self._queues_of(tenant, router.policy, known.group) for known in groups]
            for queue in list(router.world.queues.values()):
                oldest_ms = await _look_at_line(page, tenant, router.world, queue.id, now_ms)
                page.oldest.add_metric([tenant, queue.id], oldest_ms / 1000)
                lanes = _lanes_of(router.world, queue.id)
                if lanes:
                    eligible, free, stuck = _able_to_serve(router.world, lanes, groups)
                else:
                    stuck = 0
                    theirs = [
                        one for one, all_of in zip(groups, could, strict=True) if queue.id in all_of
                    ]
                    eligible, free = _able_in_general(queue, theirs)
                page.eligible.add_metric([tenant, queue.id], eligible)
                page.free.add_metric([tenant, queue.id], free)
                page.declined.add_metric([tenant, queue.id], stuck)
                await trio.lowlevel.checkpoint()
        self._families = list(page)

    def _queues_of(self, tenant: str, policy: Policy, group: Group) -> frozenset[str]:
        """The queues whose own needs the profile meets; looked up once for a policy."""
        known = self._served.get(tenant)
        if known is None or known[0] is not policy or len(known[1]) > PROFILES_MAX:
            known = self._served[tenant] = (policy, {})
        found = known[1].get(group.profile)
        if found is None:
            found = frozenset(
                queue.id for queue in policy.queues if meets(group.profile, _needs_of(queue))
            )
            known[1][group.profile] = found
        return found


def _lanes_of(world: World, queue: str) -> list[Lane]:
    """The lanes of a queue in which somebody waits."""
    return [lane for key, lane in world.line.lanes.items() if key[0] == queue and len(lane)]


def _able_in_general(queue: Queue, groups: Iterable[_Group]) -> tuple[int, int]:
    """How many of these are at work, and how many have room on one of the queue's channels."""
    wanted = set(queue.channels)
    eligible = free = 0
    for known in groups:
        eligible += known.working
        free += sum(n for channels, n in known.free.items() if wanted.intersection(channels))
    return eligible, free


def _needs_of(queue: Queue) -> Requirement:
    return Requirement(needs=tuple(sorted((need.skill, need.level) for need in queue.needs)))


def _able_to_serve(
    world: World, lanes: Sequence[Lane], groups: Sequence[_Group]
) -> tuple[int, int, int]:
    """How many at work could serve one of the lanes, and how many of them may be asked now.

    The third: how many wait who were declined by all who have room for them; 0 where one may be
    asked.
    """
    masks: dict[str, int] = {}
    for lane in lanes:
        if not lane.agent:
            masks[lane.channel] = masks.get(lane.channel, 0) | 1 << lane.index
    served = 0
    for mask in masks.values():
        served |= mask
    eligible = free = 0
    for group, working, by_channels in groups:
        if group.lanes & served:
            eligible += working
            free += sum(
                count
                for channels, count in by_channels.items()
                if any(group.lanes & masks.get(channel, 0) for channel in channels)
            )
    for name, channels_wanted in _asked_for(world, lanes).items():
        if not world.pool.group_of(name).lanes & served:
            eligible += 1
            free += not channels_wanted.isdisjoint(world.pool.channels_for(name))
    return eligible, *_without_refusals(world, lanes, free)


def _without_refusals(world: World, lanes: Sequence[Lane], free: int) -> tuple[int, int]:
    """Of those with room the ones who may be asked; and how many wait whom nobody may be."""
    refused = {lane.index: _refused_by(world, lane) for lane in lanes}
    for name in frozenset().union(*refused.values()):
        if not world.pool.knows(name):
            continue
        channels, group = world.pool.channels_for(name), world.pool.group_of(name)
        theirs = [
            name in refused[lane.index]
            for lane in lanes
            if lane.channel in channels
            and (lane.agent == name if lane.agent else group.lanes & 1 << lane.index)
        ]
        free -= bool(theirs) and all(theirs)
    free = max(free, 0)  # who had no room at the look at agents, and declined since
    return free, 0 if free else sum(len(lane) for lane in lanes if refused[lane.index])


def _refused_by(world: World, lane: Lane) -> frozenset[str]:
    """Who may be asked for none of those in a lane; nobody where that takes a longer look."""
    found: frozenset[str] | None = None
    for place in islice(lane, REFUSALS_LOOKED_AT):
        these = refused_agents(world, world.conversations.by_id[place[2]])
        found = these if found is None else found & these
        if not found:
            break
    return found if found and len(lane) <= REFUSALS_LOOKED_AT else frozenset()


def _asked_for(world: World, lanes: Iterable[Lane]) -> dict[str, set[str]]:
    """The agents at work who alone are waited for in some lanes, and on which channels."""
    found: dict[str, set[str]] = {}
    for lane in lanes:
        agent = world.people.agents.get(lane.agent) if lane.agent else None
        if agent is not None and agent.is_at_work and world.pool.knows(agent.id):
            found.setdefault(agent.id, set()).add(lane.channel)
    return found


async def _look_at_links(page: "_Page", links: Sequence[Link]) -> None:
    counts = {(role, codec): 0 for role in ROLES for codec in _CODECS}
    listening = {(kind, mode): 0 for kind in TOPIC_ROLES for mode in ("full", "counts")}
    waiting = 0
    for some in _slices(links, AT_ONCE * _CHEAPER):
        for link in some:
            counts[link.role, link.outbox.encoding.value.rpartition(".")[2]] += 1
            waiting += len(link.outbox)
            for topic, mode in link.topics.items():
                listening[topic.partition(":")[0], mode] += 1
        await trio.lowlevel.checkpoint()
    for (role, codec), count in counts.items():
        page.connections.add_metric([role, codec], count)
    page.send_queue.add_metric([], waiting)
    for (kind, mode), count in listening.items():
        page.subscriptions.add_metric([kind, mode], count)


async def _look_at_agents(page: "_Page", tenant: str, world: World) -> list[_Group]:
    shows = dict.fromkeys(Show, 0)
    slots = dict.fromkeys(SLOTS, 0)
    in_grace = 0
    working: dict[Group, int] = {}
    free: dict[Group, dict[tuple[str, ...], int]] = {}
    defaults = world.in_force.capacity
    for some in _slices(list(world.people.agents.values()), AT_ONCE):
        for agent in some:
            shows[agent.seen_show()] += 1
            in_grace += agent.reach is Reachability.LAPSING
            held = -(-agent.held_total() // 1000)
            slots["offered"] += bool(agent.offer)
            slots["used"] += max(held - bool(agent.offer), 0)
            if not agent.is_at_work or not world.pool.knows(agent.id):
                continue
            slots["free"] += max(agent.capacity_of("total", defaults) - held, 0)
            group = world.pool.group_of(agent.id)
            working[group] = working.get(group, 0) + 1
            channels = world.pool.channels_for(agent.id)
            if channels:
                theirs = free.setdefault(group, {})
                theirs[channels] = theirs.get(channels, 0) + 1
        await trio.lowlevel.checkpoint()
    for show, count in shows.items():
        if show is not Show.OFFLINE:
            page.agents.add_metric([tenant, show], count)
    for state, count in slots.items():
        page.slots.add_metric([tenant, state], count)
    page.in_grace.add_metric([tenant, "agent"], in_grace)
    return [_Group(group, count, free.get(group, {})) for group, count in working.items()]


async def _look_at_customers(page: "_Page", tenant: str, world: World) -> None:
    in_grace = 0
    for some in _slices(list(world.people.customers.values()), AT_ONCE * _CHEAPER):
        in_grace += sum(one.reach is Reachability.LAPSING for one in some)
        await trio.lowlevel.checkpoint()
    page.in_grace.add_metric([tenant, "customer"], in_grace)


async def _look_at_line(page: "_Page", tenant: str, world: World, queue: str, now_ms: int) -> int:
    """Returns how long the first has waited, in milliseconds."""
    conversations = world.conversations
    waiting = offered = 0
    oldest_ms = now_ms
    for some in _slices(list(conversations.waiting_by_queue.get(queue, ())), AT_ONCE * _CHEAPER):
        for one in _present(conversations.by_id, some):
            waiting += one.status is not ConversationState.OFFERED
            offered += one.status is ConversationState.OFFERED
            oldest_ms = min(oldest_ms, one.start_ms)
        await trio.lowlevel.checkpoint()
    page.waiting.add_metric([tenant, queue], waiting)
    page.offered.add_metric([tenant, queue], offered)
    page.active.add_metric([tenant, queue], conversations.active_by_queue.get(queue, 0))
    page.open.add_metric([tenant, queue], int(queue not in world.closed_queues))
    return now_ms - oldest_ms


def _present(known: Mapping[str, Conversation], names: Iterable[str]) -> Iterator[Conversation]:
    """Those that were not forgotten since the look began."""
    return (known[name] for name in names if name in known)


def _slices(items: Sequence[One], size: int) -> Iterator[Sequence[One]]:
    return (items[at : at + size] for at in range(0, len(items), size))


class _Page:
    """The families of one look, empty at first."""

    def __init__(self) -> None:
        queue = ["tenant", "queue"]
        self.connections = _gauge("connections", "Live connections after hello.", "role", "codec")
        self.subscriptions = _gauge(
            "topic_subscriptions", "Who listens to presence or to boards.", "topic", "mode"
        )
        self.send_queue = _gauge("send_queue_frames", "Messages that are left to be sent.")
        self.waiting = _gauge("queue_waiting", "Conversations in line.", *queue)
        self.offered = _gauge("queue_offered", "Conversations offered to an agent.", *queue)
        self.oldest = _gauge(
            "queue_oldest_wait_seconds", "How long the first in line has waited.", *queue
        )
        self.active = _gauge("queue_active", "Conversations served.", *queue)
        self.open = _gauge("queue_open", "Whether the queue's hours are on.", *queue)
        self.eligible = _gauge(
            "queue_eligible_agents", "At work, and able to serve one who waits here.", *queue
        )
        self.free = _gauge(
            "queue_free_agents", "Of those, the ones with room who may be asked now.", *queue
        )
        self.declined = _gauge(
            "queue_declined_by_all", "In line, and declined by all who have room.", *queue
        )
        self.agents = _gauge("agents", "Agents by what they show.", "tenant", "show")
        self.slots = _gauge("agent_slots", "What agents can hold, and hold.", "tenant", "state")
        self.in_grace = _gauge(
            "sessions_in_grace", "People whose connection was lost just now.", "tenant", "role"
        )
        self.position = _gauge("position", "Commands applied.", "tenant")

    def __iter__(self) -> Iterator[Metric]:
        return iter(vars(self).values())


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"fairline_{name}", text, labels=labels)
