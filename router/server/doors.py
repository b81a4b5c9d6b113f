"""What a page may say of a queue to people who have not asked yet: open, how full, how long.

Owns: the public state of a queue. Does not know: HTTP, who may read it, who decides on opening.

Invariants (tests/server/test_doors.py): it says what ``conversation.request`` would be answered;
a look changes nothing; nothing of a person is in it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from msgspec import Struct

from router.admitting import admit, queue_for
from router.asked import Asked
from router.cards import WaitBand
from router.commands import Actor, RequestConversation
from router.core import Router
from router.errors import Refused
from router.hours import HoursError, read_hours
from router.ids import ConversationId
from router.policy import Queue
from router.server.zones import has_zone, next_change_ms
from router.world import World

__all__ = ["Door", "Doors"]

LOOKED_AT_MAX = 100
"""So many at the end of the line are looked at for one whose wait says what a newcomer's is."""


class Door(Struct, frozen=True, omit_defaults=True):
    """The public state of a queue.

    ``fallback`` is what a refused request carries; ``opens_at`` is there while it is closed by its
    hours; ``wait_ms`` is the estimate of the last in line, who stands where a newcomer would.
    """

    queue: str
    name: str
    open: bool
    waiting: int
    full: bool = False
    fallback: str = ""
    opens_at: int | None = None
    wait_ms: WaitBand | None = None


class Doors:
    """The public states of all queues of a node.

    Args:
        routers: The cores by tenant.
        wait: Estimates the wait of a tenant's conversation, at an instant.
        now_ms: The journal's time.
    """

    def __init__(
        self,
        routers: Mapping[str, Router],
        wait: Callable[[str, str, int], WaitBand | None],
        now_ms: Callable[[], int],
    ) -> None:
        self._routers = routers
        self._wait = wait
        self._now_ms = now_ms
        self._opens: dict[str, int] = {}

    def look(self, tenant: str, queue: str) -> Door | None:
        """The state of a queue, of the first one that takes chats where none is named."""
        router = self._routers.get(tenant)
        if router is None:
            return None
        world = router.world
        match = _match(world, queue)
        if match is None:
            return None
        found, asked = match
        is_open, fallback = True, ""
        try:
            # Who finds a full line is still taken by an agent who is free; nobody waits then.
            admit(world, found, asked, lambda one: not self._waiting(world, one.id))
        except Refused as refusal:
            is_open, fallback = False, refusal.fallback or ""
        is_closed = found.id in world.closed_queues
        return Door(
            queue=found.id,
            name=found.name or found.id,
            open=is_open,
            waiting=self._waiting(world, found.id),
            full=not is_open and not is_closed,
            fallback=fallback,
            opens_at=self._opens_at(found) if is_closed and not is_open else None,
            wait_ms=self._wait_of_last(tenant, world, found.id),
        )

    def _waiting(self, world: World, queue: str) -> int:
        """Without the messages that were left: nobody stands behind them."""
        conversations = world.conversations
        waiting = len(conversations.waiting_by_queue.get(queue, ()))
        return waiting - conversations.messages_by_queue.get(queue, 0)

    def _wait_of_last(self, tenant: str, world: World, queue: str) -> WaitBand | None:
        waiting = world.conversations.waiting_by_queue.get(queue, {})
        for _, conversation in zip(range(LOOKED_AT_MAX), reversed(waiting), strict=False):
            band = self._wait(tenant, conversation, self._now_ms())
            if band is not None:
                return band
        return None

    def _opens_at(self, queue: Queue) -> int | None:
        """When its hours begin again; kept, for reading a calendar takes a while."""
        now_ms = self._now_ms()
        known = self._opens.get(queue.hours)
        if known is not None and known > now_ms:
            return known
        try:
            hours = read_hours(queue.hours)
        except HoursError:
            return None
        if not has_zone(hours.zone):
            return None
        self._opens[queue.hours] = next_change_ms(hours, now_ms)
        return self._opens[queue.hours]


def _match(world: World, queue: str) -> tuple[Queue, Asked] | None:
    """The queue that anybody finds, else that of customers who have proven who they are."""
    for by in (Actor("customer", ""), Actor("service", "")):
        name = ConversationId("")
        asked = Asked(
            RequestConversation(by=by, conversation=name, op="", channel="chat", queue=queue)
        )
        with suppress(Refused):
            return queue_for(world, None, asked), asked
    return None
