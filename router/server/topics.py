"""What supervisors, services and colleagues listen to: presence of agents, and the board.

Owns: who listens to which topic, what the listeners of a topic have been told, and the pace.
Does not know: who may listen (``router.session``), sockets.

Invariants (tests/server/test_topics.py): applied in order onto the snapshot of ``sub``, the events
of a topic give its present state; presence is told at most every ``PRESENCE_S``, figures every
``BOARD_S``; a topic without listeners costs nothing.
"""

from collections.abc import Callable, Iterable, Mapping

import trio

from router import events, outgoing, views
from router.core import Router
from router.errors import Refusal, Refused
from router.outgoing import AgentsByShow, Outgoing, PresenceEntry, PresenceGone
from router.server.links import Link
from router.wire import Packet

__all__ = ["BOARD_S", "PRESENCE_S", "Topics"]

PRESENCE_S = 0.2
BOARD_S = 1.0

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

    def __init__(self, routers: Mapping[str, Router], now_ms: Callable[[], int]) -> None:
        self._routers = routers
        self._now_ms = now_ms
        self._listeners: dict[Topic, dict[Link, None]] = {}
        self._told: dict[Topic, dict[str, PresenceEntry]] = {}
        self._reasons: dict[tuple[str, str], str] = {}
        self._presence_changed: set[str] = set()
        self._figures_changed: set[str] = set()
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
            return outgoing.Reply(
                id=id_, ok=True, topic=topic, queues=board.queues, agents=board.agents
            )
        entries = views.presence_entries(self._routers[link.tenant], topic)
        self._told.setdefault((link.tenant, topic), {entry.id: entry for entry in entries})
        if mode == "counts":
            return outgoing.Reply(id=id_, ok=True, topic=topic, agents=_counts(entries))
        return outgoing.Reply(id=id_, ok=True, topic=topic, set=entries)

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
            )
            if _is_presence(topic):
                message = outgoing.Presence(
                    pos=position, topic=topic, set=snapshot.set or (), gone=()
                )
            link.outbox.put_latest(("topic", topic), Packet(message), _merge)

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

    def leave(self, link: Link) -> None:
        """Removes a connection from all it listened to."""
        for topic in list(link.topics):
            self.unsubscribe(link, topic)

    def note(self, tenant: str, event: events.Event) -> None:
        """Learns from an event that presence or figures changed."""
        if isinstance(event, events.AgentChanged):
            self._reasons[tenant, event.agent] = event.reason
            self._presence_changed.add(tenant)
            self._presence_wake.set()
        if isinstance(event, _FIGURES):
            self._figures_changed.add(tenant)
            self._figures_wake.set()

    async def run_presence(self) -> None:
        """Tells changes of presence, for ever."""
        while True:
            await self._presence_wake.wait()
            await trio.sleep(PRESENCE_S)
            began = trio.current_time()
            await self.flush_presence()
            await trio.sleep(4 * (trio.current_time() - began))

    async def run_board(self) -> None:
        """Tells changes of figures, for ever."""
        while True:
            await self._figures_wake.wait()
            await self.flush_board()
            await trio.sleep(BOARD_S)

    async def flush_presence(self) -> None:
        """Tells the listeners of each topic in what it differs from what they know."""
        self._presence_wake = trio.Event()
        changed, self._presence_changed = self._presence_changed, set()
        for tenant, topic in list(self._listeners):
            if tenant in changed and _is_presence(topic):
                self._tell_presence(tenant, topic)
                await trio.lowlevel.checkpoint()
        self._reasons = {}

    async def flush_board(self) -> None:
        """Tells the listeners of each topic of figures how they are now."""
        self._figures_wake = trio.Event()
        changed, self._figures_changed = self._figures_changed, set()
        for tenant, topic in list(self._listeners):
            if tenant in changed and not _is_presence(topic):
                packet = Packet(self._board(tenant, topic))
                for link in self._listeners.get((tenant, topic), ()):
                    link.outbox.put_latest(("topic", topic), packet)
                await trio.lowlevel.checkpoint()

    def _tell_presence(self, tenant: str, topic: str) -> None:
        router = self._routers[tenant]
        before = self._told[tenant, topic]
        entries = views.presence_entries(router, topic)
        now = {entry.id: entry for entry in entries}
        self._told[tenant, topic] = now
        fresh = tuple(entry for entry in entries if before.get(entry.id) != entry)
        gone = tuple(
            PresenceGone(id=agent, reason=self._reasons.get((tenant, agent), ""))
            for agent in before
            if agent not in now
        )
        if not fresh and not gone:
            return
        full = Packet(outgoing.Presence(pos=router.position, topic=topic, set=fresh, gone=gone))
        counts = Packet(
            outgoing.Board(pos=router.position, topic=topic, queues=(), agents=_counts(entries))
        )
        for link in self._listeners[tenant, topic]:
            if link.topics[topic] == "counts":
                link.outbox.put_latest(("topic", topic), counts)
            else:
                link.outbox.put_latest(("topic", topic), full, _merge)

    def _check(self, tenant: str, topic: str) -> None:
        word, _, name = topic.partition(":")
        queues = self._routers[tenant].policy.queues
        if word == "queue" and name not in {queue.id for queue in queues}:
            raise Refused(Refusal.NOT_FOUND, "topic: there is no such queue")

    def _board(self, tenant: str, topic: str) -> outgoing.Board:
        router = self._routers[tenant]
        word, _, name = topic.partition(":")
        figures = tuple(views.queue_figures(router, self._now_ms()))
        if word == "queue":
            figures = tuple(queue for queue in figures if queue.queue == name)
        agents = () if word == "queue" else tuple(views.agents_by_show(router))
        return outgoing.Board(pos=router.position, topic=topic, queues=figures, agents=agents)


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
        pos=after.pos, topic=after.topic, set=tuple(fresh.values()), gone=tuple(gone.values())
    )
