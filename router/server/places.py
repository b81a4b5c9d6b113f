"""Tells waiting customers their place in line when it changed.

Owns: which waiting conversations have a customer on this node, what they were last told, and when
to tell them anew.
Does not know: how a place comes about (``router.views``), sockets.

Invariants (tests/server/test_places.py): a customer is told only what differs from the last word;
where a place grew, ``why`` is there; a burst of moves costs one look at the line, not one each.

One move at the head of a line of ten thousand changes ten thousand places. So a move only marks
the queue, and a single task looks at marked queues: at most every ``PAUSE_S``, a fifth of the
time at most, letting others run after every ``SLICE`` places.
"""

from collections.abc import Callable, Mapping

import msgspec
import trio

from router import events, views
from router.cards import WaitBand
from router.core import Router
from router.ids import ConversationId, PersonKey, person_key
from router.outgoing import Outgoing, QueuePosition, State
from router.server.links import Link, Links
from router.wire import Packet

__all__ = ["PAUSE_S", "Places"]

PAUSE_S = 0.25
SLICE = 200

Queue = tuple[str, str]
"""A tenant and a queue of theirs."""
Place = tuple[int, int]
"""A position, and how many are ahead."""


Wait = Callable[[str, str], WaitBand | None]
"""The estimated wait of a tenant's conversation."""


class Places:
    """The places in line of those who are connected here."""

    def __init__(self, routers: Mapping[str, Router], links: Links, wait: Wait) -> None:
        self._routers = routers
        self._links = links
        self._wait = wait
        self._waiting: dict[Queue, dict[ConversationId, PersonKey]] = {}
        self._queues: dict[tuple[str, ConversationId], str] = {}
        self._told: dict[tuple[str, ConversationId], Place] = {}
        self._differing: dict[tuple[str, ConversationId], None] = {}
        """Of which one person's devices were told different places."""
        self._moved: dict[Queue, str] = {}
        self._wake = trio.Event()

    def welcome(self, link: Link, state: State) -> None:
        """Follows what a customer has in line, from what ``welcome`` told them."""
        if link.role != "customer":
            return
        for known in state.conversations:
            if known.status in {"waiting", "offered"}:
                conversation = ConversationId(known.conversation)
                key = (link.tenant, conversation)
                told, differs = self._told.get(key), key in self._differing
                self._follow(link.tenant, known.queue, conversation, link.person)
                if differs:
                    self._differing[key] = None
                if known.position is not None and known.ahead is not None:
                    place = (known.position, known.ahead)
                    self._welcome_to(link, conversation, place, told)

    def _welcome_to(
        self, link: Link, conversation: ConversationId, place: Place, told: Place | None
    ) -> None:
        """Notes the place in a ``welcome``, of which the person's other devices know nothing.

        Where they were told another one the line has moved since, so a look at it is to come; it
        tells all devices, also where the place is one of the two by then.
        """
        key = (link.tenant, conversation)
        if not self._links.has_other(link):
            self._told[key] = place
            self._differing.pop(key, None)
        elif told is not None:
            self._told[key] = min(told, place)
            if told != place:
                self._differing[key] = None

    def leave(self, link: Link) -> None:
        """Stops following what a customer without a connection here has in line."""
        if link.role != "customer" or self._links.has(link.tenant, link.person):
            return
        router = self._routers[link.tenant]
        for conversation in views.waiting_of(router, link.person):
            self._forget(link.tenant, ConversationId(conversation))

    def note(self, tenant: str, event: events.Event) -> None:
        """Learns from an event who waits where, and where the line moved."""
        match event:
            case events.ConversationQueued():
                person = person_key("customer", event.customer)
                if event.status == "waiting" and self._links.has(tenant, person):
                    self._follow(tenant, event.queue, event.conversation, person)
            case events.LineMoved():
                queue = (tenant, event.queue)
                if self._waiting:
                    self._moved[queue] = event.cause or self._moved.get(queue, "")
                    self._wake.set()
            case events.ConversationAssigned() | events.ConversationEnded():
                self._forget(tenant, event.conversation)

    async def run(self) -> None:
        """Looks at queues that moved, for ever."""
        while True:
            await self._wake.wait()
            await trio.sleep(PAUSE_S)
            await trio.sleep(4 * await self.flush())

    async def flush(self) -> float:
        """Tells everybody whose place changed since they were last told.

        Returns:
            The seconds that it worked itself; what others did in between is no reason to wait.
        """
        self._wake = trio.Event()
        moved, self._moved = self._moved, {}
        count = 0
        worked_s, began = 0.0, trio.current_time()
        for (tenant, queue), cause in self._with_neighbours(moved).items():
            for conversation, person in list(self._waiting.get((tenant, queue), {}).items()):
                self._tell(tenant, conversation, person, cause)
                count += 1
                if count % SLICE == 0:
                    worked_s += trio.current_time() - began
                    await trio.lowlevel.checkpoint()
                    began = trio.current_time()
        return worked_s + trio.current_time() - began

    def _with_neighbours(self, moved: Mapping[Queue, str]) -> dict[Queue, str]:
        """Agents of a queue that moved serve others too, and places there move with it."""
        found: dict[Queue, str] = {}
        for (tenant, queue), cause in moved.items():
            for beside in views.queues_beside(self._routers[tenant], queue):
                found[tenant, beside] = found.get((tenant, beside)) or cause
        for queue_moved, cause in moved.items():
            found[queue_moved] = cause or found[queue_moved]
        return found

    def _tell(
        self, tenant: str, conversation: ConversationId, person: PersonKey, cause: str
    ) -> None:
        router = self._routers[tenant]
        place = views.place(router, conversation)
        if place is None:
            self._told.pop((tenant, conversation), None)
            return
        told = self._told.get((tenant, conversation))
        now = (place.position, place.ahead)
        if told == now and (tenant, conversation) not in self._differing:
            return
        self._differing.pop((tenant, conversation), None)
        self._told[tenant, conversation] = now
        why = (cause or "agents") if told is not None and now > told else None
        wait = self._wait(tenant, conversation)
        told_now = msgspec.structs.replace(place, pos=router.position, why=why, wait_ms=wait)
        packet = Packet(told_now)
        for link in self._links.of(tenant, person):
            link.outbox.put_latest(("place", conversation), packet, _keep_why)

    def _follow(
        self, tenant: str, queue: str, conversation: ConversationId, person: PersonKey
    ) -> None:
        self._forget(tenant, conversation)
        self._waiting.setdefault((tenant, queue), {})[conversation] = person
        self._queues[tenant, conversation] = queue

    def _forget(self, tenant: str, conversation: ConversationId) -> None:
        queue = self._queues.pop((tenant, conversation), None)
        if queue is None:
            return
        waiting = self._waiting[tenant, queue]
        del waiting[conversation]
        if not waiting:
            del self._waiting[tenant, queue]
        self._told.pop((tenant, conversation), None)
        self._differing.pop((tenant, conversation), None)


def _keep_why(before: Outgoing, after: Outgoing) -> Outgoing:
    """Of two places not sent yet the newer counts, but the reason for growing is not lost."""
    assert isinstance(before, QueuePosition), before
    assert isinstance(after, QueuePosition), after
    return after if after.why else msgspec.structs.replace(after, why=before.why)
