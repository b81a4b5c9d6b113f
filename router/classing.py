"""Which class a request gets: the customer's, a service's word, and how many may have a better one.

Owns: the choice, the share of a queue's newest arrivals that may carry a head start, the audit of
every use. Does not know: what a class is worth in line, or priorities set by hand.

The window: of a queue's newest ``WINDOW`` arrivals, the one that asks now included, at most
``class_share_max`` per mille may carry a head start. The window counts as full from the start, so
the first arrivals of a day are not refused theirs.

Invariants (tests/test_classing.py): a class beyond the share counts as the default one, and the
conversation says so; held ones count when they are asked for, not again when they are promoted.
"""

from typing import Final

from router.asked import Asked
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.events import AuditRecorded
from router.policy import Queue
from router.presence import Customer
from router.world import World

__all__ = ["WINDOW", "class_for", "has_share", "note_arrival"]

WINDOW: Final = 100


def class_for(
    world: World, customer: Customer | None, queue: Queue, asked: Asked
) -> tuple[str, str]:
    """The class it gets, and the better one that it would have had but for the share, or nothing.

    Raises:
        Refused: BAD_REQUEST for a class that the policy does not know.
    """
    klass = _class_of(world, customer, asked)
    if not world.head_start_ms(klass) or has_share(world, queue):
        return klass, ""
    return world.default_class(), klass


def _class_of(world: World, customer: Customer | None, asked: Asked) -> str:
    """The class it has; only a service may name one."""
    if asked.priority:
        if asked.priority not in world.policy.classes:
            raise Refused(Refusal.BAD_REQUEST, f"priority: no class {asked.priority!r}")
        return asked.priority
    if customer is not None and customer.klass in world.in_force.head_starts:
        return customer.klass
    return world.default_class()


def has_share(world: World, queue: Queue | None) -> bool:
    """Whether one more of the queue's newest arrivals may carry a head start."""
    if queue is None:
        return True
    newest = world.arrivals.get(queue.id, [])[-(WINDOW - 1) :]
    return (sum(newest) + 1) * 1000 <= queue.class_share_max * WINDOW


def note_arrival(world: World, conversation: Conversation, own: str, asked: Asked) -> None:
    """Counts an arrival; writes down that a class was used, or was beyond its queue's share.

    Where it has another class than ``own``, a rule gave it, and that is written down already.
    """
    has_start = world.head_start_ms(conversation.klass) > 0
    newest = world.arrivals.get(conversation.queue)
    if newest is None:
        newest = world.arrivals[conversation.queue] = []
    newest.append(int(has_start))
    while len(newest) > WINDOW:
        newest.pop(0)
    if not has_start and not conversation.capped_class:
        return
    subject = f"conversation:{conversation.id}"
    if has_start and conversation.klass == own:
        world.emit(AuditRecorded(asked.by.key, "class.used", subject, conversation.klass))
    if conversation.capped_class:
        capped = conversation.capped_class
        world.emit(AuditRecorded(asked.by.key, "class.capped", subject, capped))
