"""The ground floor of the naive router (``model.py``): who there is, and what agents have room for.

It knows the rules of design sections 5 and 6 on capacity: what is active, offered or in wrap-up
counts, quiet conversations count less, and who signs in gets the first offers one by one.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from router.policy import AgentEntry, Policy, Queue

__all__ = ["IN_LINE", "MINUTE", "Conversation", "Meeting", "ModelRoom", "Offer", "Person", "Trace"]

Trace = tuple[Any, ...]
MINUTE = 60_000
IN_LINE = ("waiting", "offered")


@dataclass
class Person:
    name: str
    here: dict[str, str] = field(default_factory=dict)  # connection -> node life
    lapsing: bool = False
    known_gone: bool = False
    # agents
    show: str = "offline"
    next: str | None = None
    back_to: str | None = None
    channels: dict[str, bool] = field(default_factory=dict)
    shunned: bool = False
    missed: int = 0
    soft: int = 0  # offers after the sign-in that come at a bounded pace
    paced: bool = False
    idle: tuple[int, int] = (0, 0)
    # customers
    klass: str = ""
    account: str = ""
    contact: str = ""
    owner: str = ""
    met: list["Meeting"] = field(default_factory=list)


@dataclass
class Meeting:
    conversation: str
    agent: str
    when: int
    topic: str
    passed_on: bool
    rating: int | None


@dataclass
class Conversation:
    name: str
    customer: str
    queue: str
    channel: str
    topic: str
    klass: str
    arrived: int
    start: int
    key: int
    place: int
    needs: dict[str, int]
    languages: list[tuple[str, int]]
    avoid: tuple[str, ...]
    needs_presence: bool
    deferrable: bool
    status: str = "waiting"
    joined: int = 0
    step: int = 0
    agent: str = ""
    last_agent: str = ""
    assigned: int = 0
    only: str = ""
    waits_for_last: bool = False
    was_snoozed: bool = False
    own_alone: bool = False  # passed on for a skill: nothing else is asked for
    preferred: str = ""
    order: int = 0
    offer: str = ""
    attempts: int = 0
    declined: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    rating: int | None = None
    seq: int = 0
    passed: dict[str, int] = field(default_factory=dict)
    heard: int = 0
    quiet: bool = False
    unanswered: int | None = None
    overdue: bool = False


@dataclass
class Offer:
    name: str
    conversation: str
    agent: str
    outcome: str = "pending"
    seen: bool = False


class ModelRoom:
    """Everybody and everything, and what an agent can hold."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = self.position = 0
        self.agents: dict[str, Person] = {}
        self.customers: dict[str, Person] = {}
        self.conversations: dict[str, Conversation] = {}
        self.by_hand: dict[str, dict[str, dict[str, int]]] = {}  # agent -> part -> levels
        self.offers: dict[str, Offer] = {}
        self.timers: dict[tuple[str, str], tuple[int, int]] = {}
        self.counted = dict.fromkeys(("timer", "idle", "offer", "assignment"), 0)
        self.trace: list[Trace] = []
        self.arrivals: dict[str, list[bool]] = {}
        self.closed: list[str] = []

    def next(self, what: str) -> int:
        self.counted[what] += 1
        return self.counted[what]

    def set(self, kind: str, owner: str, due: int) -> None:
        self.timers[kind, owner] = (due, self.next("timer"))

    def cancel(self, owner: str, *kinds: str) -> None:
        for kind in kinds:
            self.timers.pop((kind, owner), None)

    def queue(self, name: str) -> Queue:
        return next(queue for queue in self.policy.queues if queue.id == name)

    def _entry(self, agent: str) -> AgentEntry:
        known = next(entry for entry in self.policy.agents if entry.id == agent)
        return msgspec.structs.replace(known, **self.by_hand.get(agent, {}))

    def load(self, agent: str, channel: str = "") -> int:
        held = [one for one in self.conversations.values() if self._holds(agent, one)]
        if channel:
            return sum(one.channel == channel for one in held)
        return sum(self.policy.cost.get(one.channel, 1) for one in held)

    def _holds(self, agent: str, conversation: Conversation) -> bool:
        offer = self.offers.get(conversation.offer)
        return conversation.agent == agent or (offer is not None and offer.agent == agent)

    def _capacity(self, agent: str, what: str) -> int:
        return int(self._entry(agent).capacity.get(what, self.policy.capacity.get(what, 1)))

    def held(self, agent: str, channel: str = "") -> int:
        """The load in thousandths, of which quiet conversations count their share alone."""
        counted = 0
        for one in self.conversations.values():
            if self._holds(agent, one) and channel in ("", one.channel):
                cost = 1 if channel else self.policy.cost.get(one.channel, 1)
                counted += cost * (self.policy.quiet_share if one.quiet else 1000)
        return counted

    def has_room(self, agent: str, channel: str) -> bool:
        fits = channel in self.policy.interrupts or self.left(agent) >= self.thousandths(channel)
        return fits and self.has_own_room(agent, channel)

    def has_own_room(self, agent: str, channel: str) -> bool:
        """Whether the channel's own capacity, apart from the total, has room."""
        return self.held(agent, channel) + 1000 <= 1000 * self._capacity(agent, channel)

    def left(self, agent: str) -> int:
        return 1000 * self._capacity(agent, "total") - self.held(agent)

    def thousandths(self, channel: str) -> int:
        return 1000 * self.policy.cost.get(channel, 1)

    def is_free(self, agent: str, channel: str) -> bool:
        person = self.agents[agent]
        pending = any(o.agent == agent and o.outcome == "pending" for o in self.offers.values())
        willing = person.show == "available" and person.next is None and not person.shunned
        here = (
            bool(person.here)
            and not pending
            and not person.paced
            and person.channels.get(channel, True)
        )
        return willing and here and self.has_room(agent, channel)

    def _share(self, agent: str) -> int:
        total = self._capacity(agent, "total")
        return min(1000, self.held(agent) // total) if total else 1000

    def signed_in(self, agent: str) -> bool:
        person = self.agents[agent]
        return person.show != "offline" and (bool(person.here) or person.lapsing)
