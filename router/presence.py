"""People: what they declare, whether a device answers, what agents can hold and hold now.

Owns: the records of agents, customers and staff; devices and reachability; the declared show and
what others see of it; the capacity ledger. Does not know: conversations but by number, offers but
by id, the line, or the matching.

Invariants: a person with a device is REACHABLE and nobody else is; load never rises above
capacity by ``reserve`` (a lowered capacity may leave it above); opening a device never makes
anybody available.

Declared presence and reachability are two things: ``seen_show`` lowers the one by the other.
"""

from dataclasses import dataclass, field

from router.forms import IS_PLAIN
from router.ids import PersonKey
from router.marks import mypyc_attr
from router.records import Claim, Meeting
from router.skills import Profile, SkillLevels
from router.states import PRESENCE, REACHABILITY, Reachability, Show, advance

__all__ = ["Agent", "Claim", "Customer", "Device", "Meeting", "Person", "Staff"]

_NO_SKILLS = Profile()

Contact = tuple[str, int, str]
"""(channel, rank, hours): one wish of how to be reached."""


@mypyc_attr(acyclic=True)
@dataclass(eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Device:
    """One page or app of a person's, and the connection that it has now."""

    connection: str
    life: str
    device: str = ""
    view: str = "active"
    idle_since_ms: "int | None" = None


@mypyc_attr(acyclic=True)
@dataclass(init=False, eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Person:
    """What agents, customers and staff have in common."""

    id: str
    role: str
    name: str = ""
    teams: "tuple[str, ...]" = ()
    devices: "dict[str, Device]" = field(default_factory=dict)
    reach: Reachability = Reachability.UNREACHABLE
    lost_at_ms: "int | None" = None
    accepted_terms: "dict[str, int]" = field(default_factory=dict)

    def __init__(self, id: str, role: str) -> None:  # noqa: A002 - the field's name
        """Written out, for the one that a dataclass makes is never compiled."""
        self.id = id
        self.role = role
        self.name = ""
        self.teams = ()
        self.devices = {}
        self.reach = Reachability.UNREACHABLE
        self.lost_at_ms = None
        self.accepted_terms = {}

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
        self.reach = advance(REACHABILITY, self.reach, "attach")
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
        self.reach = advance(REACHABILITY, self.reach, trigger)
        if last:
            self.lost_at_ms = now_ms
        return last

    def run_out(self) -> None:
        """The grace is over."""
        self.reach = advance(REACHABILITY, self.reach, "run_out")


@mypyc_attr(acyclic=True)
@dataclass(init=False, eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Agent(Person):
    """Somebody who serves conversations.

    ``idle_since_ms`` and ``idle_order`` are the place among the idle: since the agent was last
    given or finished work, or signed in. ``load`` counts by channel what is active, offered, and
    in wrap-up; ``load_cost`` is its cost in units of the total. ``eased`` is what quiet
    conversations do not count of that, by channel and for ``total``, in thousandths.
    """

    profile: Profile = _NO_SKILLS
    claimed: "Profile | None" = None
    """What the token and the directory say, where anything was set by hand instead."""
    set_skills: "SkillLevels | None" = None
    set_languages: "SkillLevels | None" = None
    license: str = ""
    capacity: "dict[str, int]" = field(default_factory=dict)
    show: Show = Show.OFFLINE
    shown: Show = Show.OFFLINE
    reason: str = ""
    since_ms: int = 0
    channels: "dict[str, bool]" = field(default_factory=dict)
    after_until: "Show | None" = None
    until_ms: "int | None" = None
    next_show: "Show | None" = None
    source: str = ""
    """Who claimed the show: system, manual, external or automatic."""
    beneath: "dict[str, Claim]" = field(default_factory=dict)
    """By source, claims that are in force again when stronger ones end."""
    is_idle: bool = False
    """Lowered to ``away`` because nobody touches any device."""
    losses: "list[int]" = field(default_factory=list)
    """When the last device was lost, lately."""
    away_shown: bool = False
    load: "dict[str, int]" = field(default_factory=dict)
    load_cost: int = 0
    eased: "dict[str, int]" = field(default_factory=dict)
    serving: "list[str]" = field(default_factory=list)
    offer: str = ""
    missed_count: int = 0
    shunned: bool = False
    soft_offers: int = 0
    """So many offers after the sign-in are still to come at a bounded pace."""
    is_paced: bool = False
    idle_since_ms: int = 0
    idle_order: int = 0

    def __init__(self, id: str, role: str) -> None:  # noqa: A002 - the field's name
        Person.__init__(self, id, role)  # a class with slots is another one than super() knows
        self.profile = _NO_SKILLS
        self.claimed = None
        self.set_skills = self.set_languages = None
        self.license = ""
        self.capacity = {}
        self.show = self.shown = Show.OFFLINE
        self.reason = ""
        self.since_ms = 0
        self.channels = {}
        self.after_until = self.next_show = None
        self.until_ms = None
        self.source = ""
        self.beneath = {}
        self.is_idle = False
        self.losses = []
        self.away_shown = False
        self.load = {}
        self.load_cost = 0
        self.eased = {}
        self.serving = []
        self.offer = ""
        self.missed_count = 0
        self.shunned = False
        self.soft_offers = 0
        self.is_paced = False
        self.idle_since_ms = self.idle_order = 0

    @property
    def is_signed_in(self) -> bool:
        """Whether the agent counts among those who could serve."""
        return self.show is not Show.OFFLINE and self.reach is not Reachability.UNREACHABLE

    @property
    def is_at_work(self) -> bool:
        """Whether the agent is there for customers, free or busy."""
        at_work = self.show is Show.AVAILABLE and self.next_show is None
        return at_work and self.reach is Reachability.REACHABLE and not self.shunned

    def seen_show(self) -> Show:
        """What others see: the declared show, ``offline`` once unreachable for long enough."""
        unseen = self.reach is Reachability.UNREACHABLE or self.away_shown
        return Show.OFFLINE if unseen else self.show

    def seen_reason(self) -> str:
        """What goes with it."""
        return "timeout" if self.away_shown else self.reason

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
        self.show = advance(PRESENCE, before, trigger)
        self.reason = reason
        if self.show is not before:
            self.since_ms = now_ms
        self.after_until = self.until_ms = self.next_show = None

    def capacity_of(self, channel: str, defaults: dict[str, int]) -> int:
        """How many conversations of a channel, or ``total``, the agent may hold."""
        if self.capacity:
            own = self.capacity.get(channel)
            if own is not None:
                return own
        known = defaults.get(channel)
        return defaults.get("total", 1) if known is None else known

    def may_hold(self, channel: str, cost: int, defaults: dict[str, int], free: bool) -> bool:
        """Whether one more of the channel fits; ``free`` channels interrupt a full total."""
        if not self.has_place(channel, defaults):
            return False
        total = 1000 * self.capacity_of("total", defaults)
        return free or self.held_total() + 1000 * cost <= total

    def has_place(self, channel: str, defaults: dict[str, int]) -> bool:
        """Whether one more of the channel fits, whatever the total says."""
        held = 1000 * self.load.get(channel, 0) if self.load else 0
        if self.eased:
            held -= self.eased.get(channel, 0)
        return held + 1000 <= 1000 * self.capacity_of(channel, defaults)

    def held_total(self) -> int:
        """What counts of the total, in thousandths."""
        held = 1000 * self.load_cost
        return held - self.eased.get("total", 0) if self.eased else held

    def reserve(self, channel: str, cost: int, defaults: dict[str, int], free: bool) -> None:
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


@mypyc_attr(acyclic=True)
@dataclass(init=False, eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Customer(Person):
    """Somebody who asks for conversations; ``open`` lists theirs that are not over."""

    account: str = ""
    """Who they are to the tenant; customers of one account share one place in line."""
    proven_contact: str = ""
    """An address that the tenant has verified, as ``email:ada@example.org``."""
    klass: str = ""
    attributes: "dict[str, str]" = field(default_factory=dict)
    languages: "tuple[str, ...]" = ()
    language_levels: "dict[str, int] | None" = None
    verified: bool = False
    contact: "tuple[Contact, ...]" = ()
    open: "list[str]" = field(default_factory=list)
    met: "list[Meeting]" = field(default_factory=list)
    answered: "list[str]" = field(default_factory=list)
    """Messages of theirs that were answered and ended while they were not there."""
    gone_shown: bool = False

    def __init__(self, id: str, role: str) -> None:  # noqa: A002 - the field's name
        Person.__init__(self, id, role)  # a class with slots is another one than super() knows
        self.account = self.proven_contact = self.klass = ""
        self.attributes = {}
        self.languages = ()
        self.language_levels = None
        self.verified = False
        self.contact = ()
        self.open = []
        self.met = []
        self.answered = []
        self.gone_shown = False


@mypyc_attr(acyclic=True)
@dataclass(init=False, eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Staff(Person):
    """A supervisor or a service."""
