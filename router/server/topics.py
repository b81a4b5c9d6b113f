"""What supervisors, services and colleagues listen to: presence of agents, and the board.

Owns: who listens to which topic, what the listeners of a topic have been told, and the pace.
Does not know: who may listen (``router.session``), sockets.

Invariants (tests/server/test_topics.py): applied in order onto the snapshot of ``sub``, the events
of a topic give its present state; presence is told at most every ``PRESENCE_S``, figures every
``BOARD_S``; a topic without listeners costs nothing; a tick looks at the agents who changed and not
at all of them.

A topic of more than ``MEMBERS_MAX`` is crowded: who moved would be told to everybody all the time,
so all its listeners get counts, as those who asked for them. Once it has no more than
``FEW_AGAIN`` members, who asked for it in full gets it whole again.
"""

import math
from collections.abc import Iterable, Mapping

import trio

from router import events, outgoing, views
from router.core import Router
from router.errors import Refusal, Refused
from router.outgoing import AgentsByShow, Outgoing, PresenceEntry, PresenceGone
from router.server.board_figures import BoardFigures
from router.server.links import Link
from router.wire import Packet

__all__ = ["BOARD_QUIET_S", "BOARD_S", "FEW_AGAIN", "MEMBERS_MAX", "PRESENCE_S", "Topics"]

PRESENCE_S = 0.2
BOARD_S = 1.0
BOARD_QUIET_S = 1.0
"""After this and ``BOARD_S`` a board is told again on which nothing happened, so that it can be
told from a dead one; what is counted over the last 30 minutes changes all the same."""
BOARD_SHARE = 19
"""Boards take one part of time in this and one, however much there is to walk over."""

MEMBERS_MAX = 200
FEW_AGAIN = 160

_FIGURES = (
    events.AgentChanged,
    events.ConversationAssigned,
    events.ConversationEnded,
    events.ConversationQueued,
    events.LineMoved,
    events.OfferEnded,
    events.OfferMade,
    events.PolicyChanged,
)

Topic = tuple[str, str]
"""A tenant and a topic of theirs."""


class Topics:
    """The subscriptions of this node's connections."""

    def __init__(self, routers: Mapping[str, Router], figures: BoardFigures) -> None:
        self._routers = routers
        self._figures = figures
        self._listeners: dict[Topic, dict[Link, None]] = {}
        self._told: dict[Topic, dict[str, PresenceEntry]] = {}
        self._counted: dict[Topic, tuple[AgentsByShow, ...]] = {}
        self._crowded: set[Topic] = set()
        self._agents_changed: dict[str, dict[str, str]] = {}
        """By tenant and agent, why."""
        self._figures_changed: set[str] = set()
        self._held: trio.Event | None = None
        self._presence_wake = trio.Event()
        self._figures_wake = trio.Event()

    def subscribe(self, link: Link, topic: str, mode: str, id_: int) -> outgoing.Reply:
        """Adds a listener and returns the snapshot, in the fields of the topic's events.

        Raises:
            Refused: NOT_FOUND, where the topic names a queue that is not there.
        """
        self._check(link.tenant, topic)
        link.topics[topic] = mode
        self._listeners.setdefault((link.tenant, topic), {})[link] = None
        if not _is_presence(topic):
            board = self._board(link.tenant, topic)
            self._figures_wake.set()
            return outgoing.Reply(
                id=id_,
                ok=True,
                topic=topic,
                queues=board.queues,
                agents=board.agents,
                house=board.house,
                skills=board.skills,
            )
        return self._snapshot(link, topic, id_)

    def _snapshot(self, link: Link, topic: str, id_: int) -> outgoing.Reply:
        """How a topic of presence is now, for who asked for it just now."""
        key = (link.tenant, topic)
        entries = views.presence_entries(self._routers[link.tenant], topic)
        if key not in self._told:
            self._told[key] = {entry.id: entry for entry in entries}
            self._counted[key] = _counts(entries)
            if len(entries) > MEMBERS_MAX:
                self._crowded.add(key)
        if self._gets_counts(link, topic):
            counts = _counts(entries)
            return outgoing.Reply(id=id_, ok=True, topic=topic, agents=counts, mode="counts")
        return outgoing.Reply(id=id_, ok=True, topic=topic, set=entries, mode="full")

    def _gets_counts(self, link: Link, topic: str) -> bool:
        return link.topics[topic] == "counts" or (link.tenant, topic) in self._crowded

    def begin(self, link: Link, topics: Iterable[str]) -> None:
        """Adds what ``hello`` named; the snapshots come as events, as there is no reply."""
        for topic in topics:
            try:
                snapshot = self.subscribe(link, topic, "full", 0)
            except Refused:
                continue
            position = self._routers[link.tenant].position
            message: Outgoing = outgoing.Board(
                pos=position,
                topic=topic,
                queues=snapshot.queues or (),
                agents=snapshot.agents or (),
                mode=snapshot.mode or "",
                house=snapshot.house,
                skills=snapshot.skills,
            )
            if snapshot.set is not None:
                message = outgoing.Presence(position, topic, snapshot.set, (), whole=True)
            link.outbox.put_latest(("topic", topic), Packet(message))

    def unsubscribe(self, link: Link, topic: str) -> None:
        """Removes a listener, and what it was not sent yet."""
        link.topics.pop(topic, None)
        link.outbox.drop_latest(("topic", topic))
        listeners = self._listeners.get((link.tenant, topic))
        if listeners is not None:
            listeners.pop(link, None)
            if not listeners:
                del self._listeners[link.tenant, topic]
                self._told.pop((link.tenant, topic), None)
                self._counted.pop((link.tenant, topic), None)
                self._crowded.discard((link.tenant, topic))

    def leave(self, link: Link) -> None:
        """Removes a connection from all it listened to."""
        for topic in list(link.topics):
            self.unsubscribe(link, topic)

    def note(self, tenant: str, event: events.Event) -> None:
        """Learns from an event that presence or figures changed."""
        if isinstance(event, events.AgentChanged):
            self._agents_changed.setdefault(tenant, {})[event.agent] = event.reason
            self._presence_wake.set()
        if isinstance(event, _FIGURES):
            self._figures_changed.add(tenant)
            self._figures_wake.set()

    async def run_presence(self) -> None:
        """Tells changes of presence, for ever."""
        while True:
            await self._presence_wake.wait()
            await trio.sleep(PRESENCE_S)
            await self._wait_kept_up()
            began = trio.current_time()
            await self.flush_presence()
            await trio.sleep(4 * (trio.current_time() - began))

    async def run_board(self) -> None:
        """Tells changes of figures, and now and then that nothing changed, for ever."""
        while True:
            with trio.move_on_after(BOARD_QUIET_S if self._boards() else math.inf) as quiet:
                await self._figures_wake.wait()
            if quiet.cancelled_caught:
                self._figures_changed.update(self._boards())
            await self._wait_kept_up()
            began = trio.current_time()
            await self.flush_board()
            await trio.sleep(max(BOARD_S, BOARD_SHARE * (trio.current_time() - began)))

    def _boards(self) -> set[str]:
        """The tenants whose figures somebody listens to."""
        return {tenant for tenant, topic in self._listeners if not _is_presence(topic)}

    def hold(self, at_ms: int) -> None:
        """Leaves all topics as they are, and says so: the node has more urgent work."""
        self._held = trio.Event()
        self._tell_stale(at_ms, stale=True)

    def release(self, at_ms: int) -> None:
        """Goes on where ``hold`` stopped: what changed meanwhile comes next."""
        if self._held is not None:
            self._held.set()
            self._held = None
        self._tell_stale(at_ms, stale=False)

    def _tell_stale(self, at_ms: int, *, stale: bool) -> None:
        for (tenant, topic), links in self._listeners.items():
            position = self._routers[tenant].position
            packet = Packet(outgoing.TopicStale(position, topic, stale, at_ms))
            for link in links:
                link.outbox.put_latest(("stale", topic), packet)

    async def _wait_kept_up(self) -> None:
        while self._held is not None:
            await self._held.wait()

    async def flush_presence(self) -> None:
        """Tells the listeners of each topic in what it differs from what they know."""
        self._presence_wake = trio.Event()
        changed, self._agents_changed = self._agents_changed, {}
        for tenant, topic in list(self._listeners):
            agents = changed.get(tenant)
            if agents and _is_presence(topic) and (tenant, topic) in self._told:
                self._tell_presence(tenant, topic, agents)
                await trio.lowlevel.checkpoint()

    async def flush_board(self) -> None:
        """Tells the listeners of each topic of figures how they are now."""
        self._figures_wake = trio.Event()
        changed, self._figures_changed = self._figures_changed, set()
        boards: dict[tuple[str, bool], outgoing.Board] = {}
        for tenant, topic in list(self._listeners):
            if tenant in changed and not _is_presence(topic):
                key = (tenant, topic == "skills")
                if key not in boards:
                    boards[key] = self._whole(tenant, topic)
                packet = Packet(_part(boards[key], topic))
                for link in self._listeners.get((tenant, topic), ()):
                    link.outbox.put_latest(("topic", topic), packet)
                await trio.lowlevel.checkpoint()

    def _tell_presence(self, tenant: str, topic: str, agents: Mapping[str, str]) -> None:
        """Tells each listener what they need: the changes, the counts, or all of it anew."""
        key = (tenant, topic)
        fresh, gone = self._catch_up(key, agents)
        if not fresh and not gone:
            return
        told, position = self._told[key], self._routers[tenant].position
        was_crowded = key in self._crowded
        if len(told) > (FEW_AGAIN if was_crowded else MEMBERS_MAX):
            self._crowded.add(key)
        else:
            self._crowded.discard(key)
        turned = was_crowded is not (key in self._crowded)
        if was_crowded and turned:
            fresh, gone = tuple(told.values()), ()
        before, counts = self._counted[key], _counts(told.values())
        self._counted[key] = counts
        named = Packet(outgoing.Presence(position, topic, fresh, gone, whole=was_crowded))
        counted = Packet(outgoing.Board(position, topic, (), counts, mode="counts"))
        for link in self._listeners[key]:
            if not self._gets_counts(link, topic):
                link.outbox.put_latest(("topic", topic), named, None if turned else _merge)
            elif turned or counts != before:
                link.outbox.put_latest(("topic", topic), counted)

    def _catch_up(
        self, key: Topic, agents: Mapping[str, str]
    ) -> tuple[tuple[PresenceEntry, ...], tuple[PresenceGone, ...]]:
        """Looks at the agents who changed: who is there anew or otherwise, and who is gone."""
        router, told = self._routers[key[0]], self._told[key]
        fresh, gone = [], []
        for agent, reason in agents.items():
            entry = views.presence_entry_in(router, key[1], agent)
            if entry is None:
                if told.pop(agent, None) is not None:
                    gone.append(PresenceGone(id=agent, reason=reason))
            elif told.get(agent) != entry:
                told[agent] = entry
                fresh.append(entry)
        return tuple(fresh), tuple(gone)

    def _check(self, tenant: str, topic: str) -> None:
        word, _, name = topic.partition(":")
        queues = self._routers[tenant].policy.queues
        if word == "queue" and name not in {queue.id for queue in queues}:
            raise Refused(Refusal.NOT_FOUND, "topic: there is no such queue")

    def _board(self, tenant: str, topic: str) -> outgoing.Board:
        return _part(self._whole(tenant, topic), topic)

    def _whole(self, tenant: str, topic: str) -> outgoing.Board:
        """All that is made in one go with what the topic shows."""
        return (self._figures.skills if topic == "skills" else self._figures.board)(tenant)


def _part(board: outgoing.Board, topic: str) -> outgoing.Board:
    """What of a board belongs to a topic."""
    word, _, name = topic.partition(":")
    if word in {"board", "skills"}:
        return board
    queues = tuple(queue for queue in board.queues if word == "queues" or queue.queue == name)
    return outgoing.Board(pos=board.pos, topic=topic, queues=queues, agents=())


def _is_presence(topic: str) -> bool:
    return topic == "agents" or topic.startswith("team:")


def _counts(entries: Iterable[PresenceEntry]) -> tuple[AgentsByShow, ...]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.show] = counts.get(entry.show, 0) + 1
    return tuple(AgentsByShow(show=show, count=count) for show, count in sorted(counts.items()))


def _merge(before: Outgoing, after: Outgoing) -> Outgoing:
    """Joins two changes of presence, the later over the earlier."""
    assert isinstance(before, outgoing.Presence), before
    assert isinstance(after, outgoing.Presence), after
    fresh = {entry.id: entry for entry in before.set}
    gone = {entry.id: entry for entry in before.gone}
    for entry in after.set:
        gone.pop(entry.id, None)
        fresh[entry.id] = entry
    for left in after.gone:
        fresh.pop(left.id, None)
        gone[left.id] = left
    return outgoing.Presence(
        pos=after.pos,
        topic=after.topic,
        set=tuple(fresh.values()),
        gone=() if before.whole else tuple(gone.values()),
        whole=before.whole,
    )
