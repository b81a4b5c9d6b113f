"""Into which queue a request may come: brands, channels, opening, room, overflow, messages.

Owns: the choice of the queue, and the refusal with its fallback. Does not know: what becomes of
the request, hours, or who closes a queue.

Invariants (tests/test_admitting.py): a queue for verified customers alone is asked for by nobody
else, but for services; nobody gets into a closed queue but who may be served later, nor into a
full one but who is offered to somebody at once; a customer leaves a message only where asking alone
would be answered with that fallback.

A full line refuses who would stand in it, so it is asked last: as long as an agent who is free can
take the request, others who wait for other agents are no reason to send it away (research: with
thirty places and six kinds of agents 3.8 % are refused, and 5.7 % where the line is asked first).
"""

from collections.abc import Callable

from router.asked import Asked
from router.errors import Refusal, Refused
from router.policy import Queue
from router.presence import Customer
from router.world import World

__all__ = ["LEAVE_MESSAGE", "admit", "check_proof", "is_admitted", "is_message", "queue_for"]

LEAVE_MESSAGE = "leave_message"


def queue_for(world: World, known: Customer | None, asked: Asked) -> Queue:
    """The queue that is asked for, or the first that takes the channel and the customer.

    Raises:
        Refused: NOT_FOUND (queue, brand), BAD_REQUEST (of another brand, or not this channel).
    """
    allowed = _brand_queues(world, asked.brand)
    if asked.queue:
        queue = world.queue(asked.queue)
        if allowed is not None and queue.id not in allowed:
            raise Refused(Refusal.BAD_REQUEST, f"queue: {queue.id} is not of this brand")
        if asked.channel not in queue.channels:
            raise Refused(
                Refusal.BAD_REQUEST, f"channel: {queue.id} does not take {asked.channel!r}"
            )
        return queue
    channel = asked.channel
    for name, laid_out in world.in_force.queues.items():
        if channel in laid_out.channels and (allowed is None or name in allowed):
            queue = world.queues[name]
            if not laid_out.verified_only or _is_proven(known, asked):
                return queue
    raise Refused(Refusal.BAD_REQUEST, f"channel: no queue takes {asked.channel!r}")


def check_proof(queue: Queue, known: Customer | None, asked: Asked) -> None:
    """Refuses a customer whom the queue does not take.

    Raises:
        Refused: FORBIDDEN.
    """
    if not _is_proven(known, asked) and queue.verified_only:
        message = f"queue: {queue.id} takes customers who have proven who they are, and no others"
        raise Refused(Refusal.FORBIDDEN, message)


def _is_proven(known: Customer | None, asked: Asked) -> bool:
    """A service answers for whom it asks for."""
    return not asked.by_customer or (known is not None and known.verified)


def _brand_queues(world: World, name: str) -> tuple[str, ...] | None:
    if not name:
        return None
    for brand in world.policy.brands:
        if brand.id == name:
            return brand.queues or None
    raise Refused(Refusal.NOT_FOUND, f"there is no brand {name!r}")


def is_message(asked: Asked) -> bool:
    """Whether a customer leaves a message, to be answered later."""
    return asked.deferrable and asked.by_customer


def admit(
    world: World,
    queue: Queue,
    asked: Asked,
    is_taken_at_once: Callable[[Queue], bool],
) -> Queue:
    """The queue, or the one that it overflows into.

    Args:
        world: The state.
        queue: What was asked for.
        asked: The request.
        is_taken_at_once: Whether the request would be offered without any wait in a queue.

    Raises:
        Refused: CLOSED with the fallback, where neither is open and has room; FORBIDDEN for a
            message where one of them is, or none may be left; BAD_REQUEST for one without words.
    """
    target = _open_queue(world, queue, asked, is_taken_at_once)
    if is_message(asked):
        return _take_message(world, queue, target, asked)
    if target is None:
        raise _closed(world, queue, asked)
    return target


def is_admitted(world: World, queue: Queue, asked: Asked) -> bool:
    """Whether ``admit`` would take this queue at the first look, as nearly always."""
    if asked.deferrable or asked.brand in world.closed_brands:
        return False
    return queue.id not in world.closed_queues and _has_room(world, queue)


def _open_queue(
    world: World,
    queue: Queue,
    asked: Asked,
    is_taken_at_once: Callable[[Queue], bool],
) -> Queue | None:
    can_wait = asked.deferrable and not is_message(asked)
    if asked.brand in world.closed_brands and not can_wait:
        return None
    for one in (queue, world.queues.get(queue.overflow)):
        if one is None or (one.id in world.closed_queues and not can_wait):
            continue
        if _has_room(world, one) or is_taken_at_once(one):
            return one
    return None


def _has_room(world: World, queue: Queue) -> bool:
    """Messages that were left wait beside the line, and take nobody's place in it."""
    name, conversations = queue.id, world.conversations
    most = world.in_force.queue(name).waiting_max
    waiting = conversations.waiting_by_queue.get(name)
    if waiting is None:
        return most > 0
    if len(waiting) < most:
        return True
    return len(waiting) - conversations.messages_by_queue.get(name, 0) < most


def _closed(world: World, queue: Queue, asked: Asked) -> Refused:
    if asked.brand in world.closed_brands:
        message = f"{asked.brand} is closed"
    elif queue.id in world.closed_queues:
        message = f"{queue.id} is closed"
    else:
        message = f"{queue.id} is full"
    return Refused(Refusal.CLOSED, message, fallback=_fallback(world, queue, asked))


def _fallback(world: World, queue: Queue, asked: Asked) -> str:
    """What is left to the customer; another queue is of no use where the brand is closed."""
    other = world.queues.get(queue.overflow)
    if other is None:
        return queue.overflow
    if other.overflow == LEAVE_MESSAGE:
        return LEAVE_MESSAGE
    return "" if asked.brand in world.closed_brands else other.id


def _take_message(world: World, queue: Queue, target: Queue | None, asked: Asked) -> Queue:
    if target is not None:
        raise Refused(Refusal.FORBIDDEN, f"deferrable: {target.id} is open, ask without it")
    if _fallback(world, queue, asked) != LEAVE_MESSAGE:
        raise Refused(Refusal.FORBIDDEN, f"deferrable: {queue.id} takes no messages")
    if not asked.body:
        raise Refused(Refusal.BAD_REQUEST, "body: a message needs words")
    if world.conversations.messages_by_queue.get(queue.id, 0) >= queue.messages_max:
        raise Refused(Refusal.CLOSED, f"{queue.id} holds enough messages", fallback="")
    return queue
