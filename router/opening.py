"""Queues and brands that open and close.

Owns: which are closed, and what closing does to those who wait. Does not know: hours or clocks
(``router.server.openings`` says when), or what a refused customer is offered.

Invariants (tests/test_opening.py): closing what is closed changes nothing; who is with an agent,
or about to be, stays; a message that was left stays; without hours in the policy nothing is closed.
"""

from router.closing import abandon
from router.commands import CloseBrand, CloseQueue, OpenBrand, OpenQueue
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.events import OpeningChanged
from router.states import ConversationState
from router.world import World

__all__ = ["close_brand", "close_queue", "open_brand", "open_queue", "review_openings"]


def open_queue(world: World, command: OpenQueue) -> None:
    """The queue takes conversations again."""
    if command.queue in world.closed_queues:
        _open(world, queue=command.queue)


def close_queue(world: World, command: CloseQueue) -> None:
    """The queue takes no more; ``on_close = "end"`` sends those away who still wait.

    Raises:
        Refused: NOT_FOUND.
    """
    queue = world.queue(command.queue)
    if queue.id in world.closed_queues:
        return
    world.closed_queues[queue.id] = None
    world.emit(OpeningChanged(queue.id, "", is_open=False))
    world.move(queue.id)
    if queue.on_close == "end":
        _send_away(world, queue.id)


def _send_away(world: World, queue: str) -> None:
    """Held ones first, so that none is promoted into the line that is sent away."""
    found = [one for one in world.conversations if one.queue == queue and _must_go(one)]
    found.sort(key=lambda one: one.status is not ConversationState.HELD)
    for conversation in found:
        abandon(world, conversation, "expired")


def _must_go(conversation: Conversation) -> bool:
    waits = conversation.status in (ConversationState.WAITING, ConversationState.HELD)
    return waits and not conversation.deferrable


def open_brand(world: World, command: OpenBrand) -> None:
    """The brand's customers may ask again."""
    if command.brand in world.closed_brands:
        _open(world, brand=command.brand)


def close_brand(world: World, command: CloseBrand) -> None:
    """The brand's customers may not ask; who waits already stays.

    Raises:
        Refused: NOT_FOUND.
    """
    if all(brand.id != command.brand for brand in world.policy.brands):
        raise Refused(Refusal.NOT_FOUND, f"there is no brand {command.brand!r}")
    if command.brand not in world.closed_brands:
        world.closed_brands[command.brand] = None
        world.emit(OpeningChanged("", command.brand, is_open=False))


def _open(world: World, *, queue: str = "", brand: str = "") -> None:
    world.closed_queues.pop(queue, None)
    world.closed_brands.pop(brand, None)
    world.emit(OpeningChanged(queue, brand, is_open=True))
    if queue in world.queues:
        world.move(queue)


def review_openings(world: World) -> None:
    """After a change of policy: what has no hours any longer is open."""
    with_hours = {queue.id for queue in world.policy.queues if queue.hours}
    for name in [name for name in world.closed_queues if name not in with_hours]:
        _open(world, queue=name)
    with_hours = {brand.id for brand in world.policy.brands if brand.hours}
    for name in [name for name in world.closed_brands if name not in with_hours]:
        _open(world, brand=name)
