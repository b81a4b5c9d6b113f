"""Customers who are gone for long: how many the core remembers, and who is forgotten first.

Owns: the order of those who may be forgotten, and the end of a record. Does not know: why a
customer came or went, or what is written down elsewhere for good (``router.archive``).

Invariants (tests/test_forgetting.py): nobody is forgotten who is there, has a conversation open or
remembered, or is within their grace; of the others those go first who have been gone for longest;
no more customers than ``customers_max`` are known, but for those who may not be forgotten.

With a customer goes their history, what they proved and accepted, and what they were answered: they
are somebody new when they come back. Answers to an ``op`` are promised for a day, so the bound
should be above the customers of a day.
"""

from router.presence import Customer
from router.states import Reachability
from router.world import World

__all__ = ["forget_identity", "greet", "let_rest", "trim"]


def greet(world: World, customer: Customer) -> None:
    """The customer is there, or is asked for: nobody to be forgotten."""
    if customer.id in world.people.resting:
        del world.people.resting[customer.id]
    trim(world)


def let_rest(world: World, customer: Customer) -> None:
    """Something of the customer's ended: if it was the last, they may be forgotten one day."""
    is_gone = customer.reach is Reachability.UNREACHABLE
    if is_gone and not customer.open and not world.conversations.count_of(customer.id):
        world.people.resting[customer.id] = None
        trim(world)


def trim(world: World) -> None:
    """Forgets whoever was gone for longest, while there are too many."""
    people = world.people
    while len(people.customers) > world.in_force.customers_max and people.resting:
        _forget(world, people.customers[next(iter(people.resting))])


def forget_identity(world: World, customer: Customer) -> None:
    """Nothing is known any more of who the customer is, but for the id; a token may tell again."""
    _unlink(world, customer)
    customer.klass = ""
    customer.verified = False
    customer.languages = ()
    customer.language_levels = None
    customer.accepted_terms = {}


def _unlink(world: World, customer: Customer) -> None:
    """Whoever counted as one with others through them may count as somebody else now."""
    for other in world.people.same_as(customer):
        world.narrowed.update((name, None) for name in other.open)
    world.people.link(customer, "", "")


def _forget(world: World, customer: Customer) -> None:
    people = world.people
    _unlink(world, customer)
    del people.resting[customer.id]
    del people.customers[customer.id]
    world.ops.forget(customer.key)
