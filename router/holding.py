"""One place in line for each customer: who is held behind whom, and who is promoted when.

Owns: holding and promotion, the class that a held one lends, who counts as one customer.
Does not know: why a conversation came or went, or how an agent is found.

Invariants (tests/test_holding.py): of the conversations that one person asks for, and of those that
may wait, one has a place that somebody signed in could serve; further ones are held, but behind one
that nobody could serve at any step only those are that nobody could serve either.
"""

from collections.abc import Iterable, Iterator

from router.conversations import Conversation
from router.events import ConversationQueued
from router.ids import ConversationId, CustomerId
from router.placing import enqueue, improve_key, requirement_at
from router.presence import Customer
from router.states import ConversationState
from router.world import World

__all__ = [
    "first_in_line",
    "hold_or_enqueue",
    "is_held",
    "lend_to_first",
    "link_identity",
    "promote_next",
    "review_held",
]


def _theirs(world: World, customer: Customer, deferrable: bool) -> Iterator[Conversation]:
    """What is open of those who count as this customer, in the order in which it came."""
    names = world.people.same_as(customer)
    by_id = world.conversations.by_id
    found = [by_id[name] for person in names for name in person.open]
    if len(names) > 1:
        found.sort(key=lambda one: (one.arrived_ms, one.place))
    return (one for one in found if one.deferrable == deferrable)


def first_in_line(world: World, customer: Customer, *, deferrable: bool) -> Conversation | None:
    """The customer's conversation that has a place in line, of the deferrable ones or not."""
    in_line = [one for one in _theirs(world, customer, deferrable) if one.is_in_line]
    for conversation in in_line:
        if _can_be_served(world, conversation):
            return conversation
    return in_line[0] if in_line else None


def _can_be_served(world: World, conversation: Conversation) -> bool:
    """Whether somebody who is signed in could take it, now or at a later step.

    A wait for one agent alone is bounded by its own time, and counts as service to come.
    """
    if conversation.wanted_agent:
        return True
    queue = world.queues.get(conversation.queue)
    last = len(queue.steps) if queue is not None else 0
    return any(
        world.pool.can_meet(requirement_at(world, conversation, steps))
        for steps in range(conversation.step, last + 1)
    )


def _holder(world: World, customer: Customer, held: Conversation) -> Conversation | None:
    """The conversation behind which this one is held."""
    if not (customer.open or customer.account or customer.proven_contact):
        return None
    deferrable = held.deferrable
    first = first_in_line(world, customer, deferrable=deferrable)
    if first is not None:
        in_vain = not _can_be_served(world, first) and _can_be_served(world, held)
        if not in_vain:
            return first
    if world.in_force.holds_until_assigned:
        return None
    for conversation in _theirs(world, customer, deferrable):
        if conversation.status is ConversationState.ACTIVE:
            return conversation
    return None


def is_held(world: World, customer: Customer, conversation: Conversation) -> bool:
    """Whether a new conversation of the customer's would be held."""
    return _holder(world, customer, conversation) is not None


def hold_or_enqueue(world: World, conversation: Conversation) -> None:
    """Gives a new conversation its place, or holds it behind its customer's first."""
    customer = world.customer_of(conversation)
    first = _holder(world, customer, conversation)
    customer.open.append(conversation.id)
    if first is None:
        enqueue(world, conversation, "requested")
        return
    conversation.status = ConversationState.HELD
    world.conversations.held[conversation.id] = None
    world.emit(
        ConversationQueued(
            ConversationId(conversation.id),
            CustomerId(conversation.customer),
            conversation.queue,
            conversation.status,
            conversation.key_ms,
            "requested",
        )
    )
    if first.is_in_line:
        _lend_class(world, first, conversation)


def _lend_class(world: World, first: Conversation, held: Conversation) -> None:
    """A held conversation's better class counts for the one that it is held behind.

    Only the class is lent: behind one that was promoted the held one's own arrival counts no
    more than the first's, and what may wait is not sooner for there being two of it.
    """
    start_ms = max(first.start_ms, held.start_ms)
    improve_key(world, first, start_ms - world.head_start_ms(held.klass))


def lend_to_first(world: World, held: Conversation) -> None:
    """A held conversation has another class now; its first in line has the use of it."""
    first = first_in_line(world, world.customer_of(held), deferrable=held.deferrable)
    if first is not None:
        _lend_class(world, first, held)


def promote_next(world: World, customer: Customer, *, deferrable: bool) -> None:
    """The oldest held conversation that nothing holds any longer gets its place.

    It holds those after it, unless it is one that nobody could serve.
    """
    if not world.conversations.held:
        return
    for held in list(_theirs(world, customer, deferrable)):
        if held.status is ConversationState.HELD and _holder(world, customer, held) is None:
            _promote(world, customer, held)


def _promote(world: World, customer: Customer, held: Conversation) -> None:
    """Now is its arrival; those still held behind it lend their class."""
    held.turn("promote")
    world.conversations.held.pop(held.id, None)
    held.start_ms = world.now_ms
    if held.deferrable:
        held.start_ms += _defer_ms(world, held)
    held.key_ms = held.start_ms - world.head_start_ms(held.klass)
    held.place = world.position
    enqueue(world, held, "promoted")
    for other in _theirs(world, customer, held.deferrable):
        if other.status is ConversationState.HELD:
            _lend_class(world, held, other)


def _defer_ms(world: World, conversation: Conversation) -> int:
    queue = world.queues.get(conversation.queue)
    return queue.defer_ms if queue is not None else 0


def review_held(world: World) -> None:
    """Ends every command: promotes who is held behind somebody that nobody could serve any longer.

    That changes only with the profiles of who is signed in, and with a step of somebody in line.
    """
    narrowed = world.narrowed
    everybody = world.pool.generation != world.reviewed_generation
    world.reviewed_generation = world.pool.generation
    held = world.conversations.held
    if held and (everybody or narrowed):
        names = list(held) if everybody else _beside(world, narrowed)
        by_id = world.conversations.by_id
        for one in sorted((by_id[name] for name in names), key=_age):
            promote_next(world, world.customer_of(one), deferrable=one.deferrable)
    narrowed.clear()


def _beside(world: World, names: Iterable[str]) -> Iterable[str]:
    """What is held of the accounts of these conversations."""
    found: dict[str, None] = {}
    for name in names:
        customer = world.customer_of(world.conversations.by_id[name])
        for person in world.people.same_as(customer):
            found.update((one, None) for one in person.open if one in world.conversations.held)
    return found


def _age(conversation: Conversation) -> tuple[int, int]:
    return conversation.arrived_ms, conversation.place


def link_identity(world: World, customer: Customer, account: str, contact: str) -> None:
    """A token proves whose customer this is: who is one person shares one place from now on.

    What was proven once stays, for it is the same person's token. Whoever is held no longer, for
    they count as somebody else now, is promoted at the end of the command.
    """
    account = account or customer.account
    contact = contact or customer.proven_contact
    if (account, contact) == (customer.account, customer.proven_contact):
        return
    people = world.people
    beside = [customer, *people.who_proved(customer.proven_contact), *people.who_proved(contact)]
    concerned = {one.id: one for person in beside for one in people.same_as(person)}
    people.link(customer, account, contact)
    for one in concerned.values():
        world.narrowed.update((name, None) for name in one.open)
