"""Everybody whom a tenant knows now, and who of them counts as one customer.

Owns: the persons by role and id; customers by account and by proven contact; the idle order.
Does not know: what a person declares or holds, conversations, or who is forgotten when.

Invariant (tests/test_presence.py): idle order follows work, not status flips, and has no ties.
"""

from collections.abc import Iterator

from router.ids import PersonKey
from router.presence import Agent, Customer, Person, Staff

__all__ = ["People"]


class People:
    """Everybody whom a tenant knows now."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.customers: dict[str, Customer] = {}
        self.staff: dict[PersonKey, Staff] = {}
        self._accounts: dict[str, dict[str, Customer]] = {}
        self._contacts: dict[str, dict[str, Customer]] = {}
        self.resting: dict[str, None] = {}
        """Customers who may be forgotten, who has been gone for longest first."""
        self.idle_count = 0
        """How often anybody went to the back of the idle order; makes its ties impossible."""

    def get(self, role: str, subject: str) -> Person | None:
        """The person of this role and id, if known."""
        if role == "agent":
            return self.agents.get(subject)
        if role == "customer":
            return self.customers.get(subject)
        return self.staff.get(PersonKey(f"{role}:{subject}"))

    def by_key(self, key: PersonKey) -> Person | None:
        """The person of this key, if known."""
        role, _, subject = key.partition(":")
        return self.get(role, subject)

    def meet(self, role: str, subject: str) -> Person:
        """The person of this role and id, made known if need be."""
        known = self.get(role, subject)
        if known is not None:
            return known
        if role == "agent":
            agent = self.agents[subject] = Agent(subject, role)
            return agent
        if role == "customer":
            customer = self.customers[subject] = Customer(subject, role)
            return customer
        staff = Staff(subject, role)
        self.staff[staff.key] = staff
        return staff

    def link(self, customer: Customer, account: str, contact: str) -> None:
        """Counts a customer among those of an account, and among those of a verified contact."""
        _move(self._accounts, customer, customer.account, account)
        _move(self._contacts, customer, customer.proven_contact, contact)
        customer.account, customer.proven_contact = account, contact

    def same_as(self, customer: Customer) -> list[Customer]:
        """Those who count as one customer, this one included, by the strongest identity known.

        That is the account; a contact that both have proven, where it leads to one account or to
        none; else nobody but themselves.
        """
        if not customer.account and not customer.proven_contact:
            return [customer]
        account = self._account_of(customer)
        if not account:
            return list(self._contacts[customer.proven_contact].values())
        found = dict(self._accounts[account])
        for one in list(found.values()):
            for other in self._contacts.get(one.proven_contact, {}).values():
                if not other.account and self._account_of(other) == account:
                    found[other.id] = other
        return list(found.values())

    def who_proved(self, contact: str) -> list[Customer]:
        """The customers of a verified contact."""
        return list(self._contacts.get(contact, {}).values())

    def _account_of(self, customer: Customer) -> str:
        """The customer's account, or the first by name of those who proved the same contact."""
        if customer.account:
            return customer.account
        others = self._contacts.get(customer.proven_contact, {}).values()
        return min((one.account for one in others if one.account), default="")

    def to_the_back(self, agent: Agent, now_ms: int) -> None:
        """Makes the agent the most recently busy of all."""
        self.idle_count += 1
        agent.idle_since_ms = now_ms
        agent.idle_order = self.idle_count

    def everybody(self) -> Iterator[Person]:
        """All persons, in a fixed order."""
        yield from self.agents.values()
        yield from self.customers.values()
        yield from self.staff.values()


def _move(index: dict[str, dict[str, Customer]], customer: Customer, was: str, now: str) -> None:
    """Lists a customer under another name; the empty one is none."""
    if was in index:
        index[was].pop(customer.id, None)
        if not index[was]:
            del index[was]
    if now:
        index.setdefault(now, {})[customer.id] = customer
