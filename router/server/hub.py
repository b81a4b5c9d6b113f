"""Brings what the core reports to those who should hear it.

Owns: the links of this node, and the order of work when an event is published or a connection
comes and goes.
Does not know: sockets, the journal, or who may hear what (``router.views`` says).

Invariants (tests/server/test_hub.py): ``publish`` never waits, so a slow reader holds up nobody;
it is called right after the command was applied, so every view is of exactly that position; a
connection gets events in the order of their positions.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import structlog
import trio

from router import events
from router.cards import WaitBand
from router.core import Router
from router.deliveries import deliveries
from router.errors import CloseCode
from router.ids import PersonKey
from router.outgoing import Outgoing, State
from router.server.board_figures import BoardFigures
from router.server.buckets import Doublings
from router.server.flow import Flow
from router.server.folds import Folds
from router.server.hidden import HIDDEN
from router.server.links import Link, Links
from router.server.places import Places
from router.server.strain import Strain
from router.server.topics import Topics
from router.wire import Packet

__all__ = ["Hub", "Watching"]

AGAIN_S = 1.0
FANOUT_BITS = 16
"""More connections than that many bits can count are counted together."""
_LOG = structlog.get_logger("fairline.hub")


class Watching(Protocol):
    """Who hears of connections that come and go."""

    def opened(self, link: Link) -> None:
        """A connection was welcomed."""

    def closed(self, link: Link, code: int) -> None:
        """It is over."""


class Hub:
    """All fan-out of one node.

    Args:
        routers: The cores, by tenant.
        life: This node life; where the journal says that it is over, all sockets close.
        now_ms: The journal's time, as nearly as this node knows it.
    """

    def __init__(
        self, routers: Mapping[str, Router], *, life: str, now_ms: Callable[[], int]
    ) -> None:
        self.links = Links()
        self.folds = Folds(routers)
        self.topics = Topics(routers, BoardFigures(routers, self.folds, now_ms))
        self.places = Places(routers, self.links, partial(_wait_now, self.folds, now_ms))
        self.strain = Strain()
        self.watching: Watching | None = None
        """Told of comings and goings; nobody, unless the node wants it."""
        self.flow = Flow()
        self.fanout = Doublings(FANOUT_BITS)
        """To how many connections each event went."""
        self._routers = routers
        self._life = life
        self._now_ms = now_ms

    def attach(self, link: Link, state: State) -> None:
        """Adds a connection, in the same breath in which its ``welcome`` was made."""
        self.links.add(link)
        self.places.welcome(link, state)
        if self.watching is not None:
            self.watching.opened(link)

    def detach(self, link: Link, code: int = 1000) -> None:
        """Removes a connection that is over, with the code that its socket was closed with."""
        if self.watching is not None:
            self.watching.closed(link, code)
        self.links.remove(link)
        self.topics.leave(link)
        self.places.leave(link)

    def observe(self, tenant: str, found: Sequence[events.Event], now_ms: int) -> None:
        """Learns from all that a command caused, before anybody is told of it."""
        self.folds.take(tenant, found, now_ms)

    def recall(self, tenant: str, found: Sequence[events.Event], now_ms: int) -> None:
        """Learns from what a replayed command caused."""
        self.folds.relive(tenant, found, now_ms)

    def begin_life(self) -> None:
        """Counts from now on what happens since the start."""
        self.folds.begin_life()

    def publish(self, tenant: str, event: events.Event, now_ms: int) -> None:
        """Puts what one event means for whom into their outboxes."""
        if isinstance(event, events.ConnectionReplaced | events.NodeLost):
            self._hang(event)
        packets: dict[int, Packet] = {}
        recipients = 0
        # All deliveries are kept until the end, so that no two have the same identity.
        found = list(deliveries(self._routers[tenant], event, now_ms))
        for delivery in found:
            links = self.links.of(tenant, delivery.to)
            if not links:
                continue
            packet = packets.setdefault(id(delivery.message), Packet(delivery.message))
            for link in links:
                if link.connection != delivery.not_to:
                    link.outbox.put(packet)
                    recipients += 1
        if tenant != HIDDEN:
            self.fanout.note(recipients)
        self.places.note(tenant, event)
        self.topics.note(tenant, event)

    def hold(self) -> None:
        """See ``hearers.Audience``."""
        self.flow.hold()

    def release(self) -> None:
        """See ``hearers.Audience``."""
        self.flow.release()

    def send(self, tenant: str, persons: tuple[PersonKey, ...], message: Outgoing) -> None:
        """Sends a hint that stands in no journal, such as who is typing."""
        self.links.send(tenant, persons, message)

    def send_away(self, tenant: str) -> None:
        """Has all of a tenant come again for the whole truth, after an event went astray."""
        for link in list(self.links):
            if link.tenant == tenant:
                link.hang(CloseCode.SERVER_ERROR)

    async def run(self) -> None:
        """Sends what is coalesced, for ever."""
        async with trio.open_nursery() as nursery:
            works = (self.places.run, self.topics.run_presence, self.topics.run_board, self.shed)
            for work in works:
                nursery.start_soon(self.keep_on, work)
            nursery.start_soon(self.strain.run)

    async def shed(self) -> None:
        """While the node is behind, presence and figures make way for what people wait for."""
        while True:
            if await self.strain.wait_turned():
                _LOG.warning("hub.behind")
                self.topics.hold(self._now_ms())
            else:
                _LOG.warning("hub.caught_up")
                self.topics.release(self._now_ms())

    async def keep_on(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begins the work again where it failed: a figure that is late harms nobody."""
        while True:
            try:
                await work()
            except Exception:
                _LOG.exception("hub.failed")
            await trio.sleep(AGAIN_S)

    def _hang(self, event: events.ConnectionReplaced | events.NodeLost) -> None:
        if isinstance(event, events.ConnectionReplaced):
            link = self.links.get(event.connection)
            if link is not None:
                link.hang(CloseCode.REPLACED)
        elif event.life == self._life:
            for each in list(self.links):
                each.hang(CloseCode.REBALANCE)


def _wait_now(
    folds: Folds, now_ms: Callable[[], int], tenant: str, conversation: str
) -> WaitBand | None:
    return folds.wait(tenant, conversation, now_ms())
