"""People: what they declare, whether a device answers, what agents can hold and hold now.

Owns: the records of agents, customers and staff; devices and reachability; the declared show and
what others see of it; the capacity ledger; the idle order. Does not know: conversations but by
number, offers but by id, the line, or the matching.

Invariants: a person with a device is REACHABLE and nobody else is; load never rises above
capacity by ``reserve`` (a lowered capacity may leave it above); opening a device never makes
anybody available; idle order follows work, not status flips.

Declared presence and reachability are two things: ``seen_show`` lowers the one by the other.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from router.ids import PersonKey
from router.skills import Profile
from router.states import PRESENCE, REACHABILITY, Reachability, Show, advance

__all__ = ["Agent", "Claim", "Customer", "Device", "Meeting", "People", "Person", "Staff"]

Contact = tuple[str, int, str]
"""(channel, rank, hours): one wish of how to be reached."""


class Device(Struct):
    """One page or app of a person's, and the connection that it has now."""

    connection: str
    life: str
    device: str = ""
    view: str = "active"
    idle_since_ms: int | None = None


class Person(Struct, kw_only=True):
    """What agents, customers and staff have in common."""

    id: str
    role: str
    name: str = ""
    teams: tuple[str, ...] = ()
    devices: dict[str, Device] = field(default_factory=dict)
    reach: Reachability = Reachability.UNREACHABLE
    lost_at_ms: int | None = None
    accepted_terms: dict[str, int] = field(default_factory=dict)

    @property
    def key(self) -> PersonKey:
        """The person's key inside the tenant."""
        return PersonKey(f"{self.role}:{self.id}")

    def attach(self, device: Device) -> str | None:
        """Adds a device; returns the connection that it replaces, if its page had one."""
        replaced = None
        if device.device:
            for other in self.devices.values():
                if other.device == device.device and other.connection != device.connection:
                    replaced = other.connection
        self.reach = Reachability(advance(REACHABILITY, self.reach, "attach"))
        self.devices[device.connection] = device
        if replaced is not None:
            del self.devices[replaced]
        self.lost_at_ms = None
        return replaced

    def detach(self, connection: str, now_ms: int, *, leave: bool) -> bool:
        """Removes a device; True where it was the person's last."""
        del self.devices[connection]
        last = not self.devices
        trigger = ("leave_last" if leave else "lose_last") if last else "detach"
        self.reach = Reachability(advance(REACHABILITY, self.reach, trigger))
        if last:
            self.lost_at_ms = now_ms
        return last

    def run_out(self) -> None:
        """The grace is over."""
        self.reach = Reachability(advance(REACHABILITY, self.reach, "run_out"))


class Claim(Struct, frozen=True, array_like=True):
    """What some source says of an agent's presence, while a stronger one is in force.

    ``after`` is the show that follows at the end, where the source said so.
    """

    show: Show
    reason: str
    until_ms: int | None = None
    after: Show | None = None


class Agent(Person, kw_only=True):
    """Somebody who serves conversations.

    ``idle_since_ms`` and ``idle_order`` are the place among the idle: since the agent was last
    given or finished work, or signed in. ``load`` counts by channel what is active, offered, and
    in wrap-up; ``load_cost`` is its cost in units of the total. ``eased`` is what quiet
    conversations do not count of that, by channel and for ``total``, in thousandths.
    """

    profile: Profile = Profile()
    license: str = ""
    capacity: dict[str, int] = field(default_factory=dict)
    show: Show = Show.OFFLINE
    shown: Show = Show.OFFLINE
    reason: str = ""
    since_ms: int = 0
    channels: dict[str, bool] = field(default_factory=dict)
    after_until: Show | None = None
    until_ms: int | None = None
    next_show: Show | None = None
    source: str = ""
    """Who claimed the show: system, manual, external or automatic."""
    beneath: dict[str, Claim] = field(default_factory=dict)
    """By source, claims that are in force again when stronger ones end."""
    is_idle: bool = False
    """Lowered to ``away`` because nobody touches any device."""
    losses: list[int] = field(default_factory=list)
    """When the last device was lost, lately."""
    away_shown: bool = False
    load: dict[str, int] = field(default_factory=dict)
    load_cost: int = 0
    eased: dict[str, int] = field(default_factory=dict)
    serving: list[str] = field(default_factory=list)
    offer: str = ""
    missed_count: int = 0
    shunned: bool = False
    soft_offers: int = 0
    """So many offers after the sign-in are still to come at a bounded pace."""
    is_paced: bool = False
    idle_since_ms: int = 0
    idle_order: int = 0

    @property
    def is_signed_in(self) -> bool:
        """Whether the agent counts among those who could serve."""
        return self.show is not Show.OFFLINE and self.reach is not Reachability.UNREACHABLE

    def seen_show(self) -> Show:
        """What others see: the declared show, ``offline`` once unreachable for long enough."""
        unseen = self.reach is Reachability.UNREACHABLE or self.away_shown
        return Show.OFFLINE if unseen else self.show

    def declare(self, show: Show, reason: str, now_ms: int) -> None:
        """Puts another show in force."""
        self._turn(f"declare_{show}", reason, now_ms)

    def trigger(self, trigger: str, reason: str, now_ms: int) -> None:
        """``sign_in``, ``sign_out`` or ``miss_offer``."""
        self._turn(trigger, reason, now_ms)
        self.source = {"sign_in": "automatic", "miss_offer": "system"}.get(trigger, "")
        self.is_idle = False
        if trigger != "miss_offer":
            self.beneath.clear()

    def shift(self, by_ms: int) -> None:
        """After an outage: what ends at a time ends later."""
        if self.until_ms is not None:
            self.until_ms += by_ms
        for source, claim in self.beneath.items():
            if claim.until_ms is not None:
                until_ms = claim.until_ms + by_ms
                self.beneath[source] = Claim(claim.show, claim.reason, until_ms, claim.after)

    def idle_since(self) -> int | None:
        """Since when all devices are idle; None where one is in use, for the best one wins."""
        since = [device.idle_since_ms for device in self.devices.values()]
        known = [at_ms for at_ms in since if at_ms is not None]
        return max(known) if known and len(known) == len(since) else None

    def _turn(self, trigger: str, reason: str, now_ms: int) -> None:
        before = self.show
        self.show = Show(advance(PRESENCE, before, trigger))
        self.reason = reason
        if self.show is not before:
            self.since_ms = now_ms
        self.after_until = self.until_ms = self.next_show = None

    def capacity_of(self, channel: str, defaults: Mapping[str, int]) -> int:
        """How many conversations of a channel, or ``total``, the agent may hold."""
        own = self.capacity.get(channel)
        if own is not None:
            return own
        return defaults.get(channel, defaults.get("total", 1))

    def may_hold(self, channel: str, cost: int, defaults: Mapping[str, int], free: bool) -> bool:
        """Whether one more of the channel fits; ``free`` channels interrupt a full total."""
        held = 1000 * self.load.get(channel, 0) - self.eased.get(channel, 0)
        if held + 1000 > 1000 * self.capacity_of(channel, defaults):
            return False
        total = 1000 * self.capacity_of("total", defaults)
        return free or self.held_total() + 1000 * cost <= total

    def held_total(self) -> int:
        """What counts of the total, in thousandths."""
        return 1000 * self.load_cost - self.eased.get("total", 0)

    def reserve(self, channel: str, cost: int, defaults: Mapping[str, int], free: bool) -> None:
        """Takes one unit of the channel; the caller has asked ``may_hold``."""
        assert self.may_hold(channel, cost, defaults, free), f"{self.id} is full"
        self.load[channel] = self.load.get(channel, 0) + 1
        self.load_cost += cost

    def release(self, channel: str, cost: int) -> None:
        """Gives one unit of the channel back."""
        count = self.load[channel] - 1
        assert count >= 0, f"{self.id} gave back more than it held"
        if count:
            self.load[channel] = count
        else:
            del self.load[channel]
        self.load_cost -= cost
        assert self.load_cost >= 0, f"{self.id} gave back more than it held"

    def takes_offers(self) -> bool:
        """Whether offers may come at all, room and skills apart."""
        return (
            self.show is Show.AVAILABLE
            and self.reach is Reachability.REACHABLE
            and not self.offer
            and not self.shunned
            and not self.is_paced
            and self.next_show is None
        )

    def why_not(self) -> str | None:
        """Why no offers come, in the words of ``explain``; None where they may."""
        if self.reach is not Reachability.REACHABLE or self.shunned:
            return "unreachable"
        if self.show is not Show.AVAILABLE or self.next_show is not None:
            return "not_available"
        if self.offer:
            return "offer_pending"
        return "soft_start" if self.is_paced else None


class Meeting(Struct, frozen=True, array_like=True):
    """A customer was served by an agent, who ended it or lost it, when, on what, how rated."""

    conversation: str
    agent: str
    at_ms: int
    topic: str
    outcome: str
    rating: int | None = None
    code: str = ""


class Customer(Person, kw_only=True):
    """Somebody who asks for conversations; ``open`` lists theirs that are not over."""

    account: str = ""
    """Who they are to the tenant; customers of one account share one place in line."""
    klass: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    language_levels: dict[str, int] | None = None
    verified: bool = False
    contact: tuple[Contact, ...] = ()
    open: list[str] = field(default_factory=list)
    met: list[Meeting] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """Messages of theirs that were answered and ended while they were not there."""
    gone_shown: bool = False


class Staff(Person, kw_only=True):
    """A supervisor or a service."""


class People:
    """Everybody whom a tenant knows now."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.customers: dict[str, Customer] = {}
        self.staff: dict[PersonKey, Staff] = {}
        self._accounts: dict[str, dict[str, Customer]] = {}
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
            agent = self.agents[subject] = Agent(id=subject, role=role)
            return agent
        if role == "customer":
            customer = self.customers[subject] = Customer(id=subject, role=role)
            return customer
        staff = Staff(id=subject, role=role)
        self.staff[staff.key] = staff
        return staff

    def link(self, customer: Customer, account: str) -> None:
        """Counts a customer among those of an account; none is an account of their own."""
        self._accounts.get(customer.account, {}).pop(customer.id, None)
        customer.account = account
        if account:
            self._accounts.setdefault(account, {})[customer.id] = customer

    def of_account(self, customer: Customer) -> list[Customer]:
        """The customers of this one's account, themselves included."""
        return list(self._accounts.get(customer.account, {}).values()) or [customer]

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
