"""The lower half of the naive router (``model.py``): who there is, the line, the choice.

It knows the rules of design sections 4 to 6 and protocol section 7 and nothing of how the core
does it: no lanes, no masks, no heaps, no marks. It shares only commands and policy with
``router/``. O(n^2) and worse, so worlds must stay small.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from router.policy import AgentEntry, Policy, Queue

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
    idle: tuple[int, int] = (0, 0)
    # customers
    klass: str = ""
    met: list[tuple[str, str, int]] = field(default_factory=list)  # conversation, agent, when


@dataclass
class Conversation:
    name: str
    customer: str
    queue: str
    channel: str
    topic: str
    klass: str
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
    preferred: str = ""
    order: int = 0
    offer: str = ""
    attempts: int = 0
    declined: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    seq: int = 0


@dataclass
class Offer:
    name: str
    conversation: str
    agent: str
    outcome: str = "pending"
    seen: bool = False


class ModelLine:
    """Everybody, everything that waits, and how one is offered to the other."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = self.position = 0
        self.agents: dict[str, Person] = {}
        self.customers: dict[str, Person] = {}
        self.conversations: dict[str, Conversation] = {}
        self.offers: dict[str, Offer] = {}
        self.timers: dict[tuple[str, str], tuple[int, int]] = {}
        self.counted = dict.fromkeys(("timer", "idle", "offer", "assignment"), 0)
        self.trace: list[Trace] = []

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

    def asks(self, conversation: Conversation) -> tuple[dict[str, int], list[tuple[str, int]]]:
        queue = self.queue(conversation.queue)
        needs, languages = queue.needs, conversation.languages
        for step in queue.steps[: conversation.step]:
            needs = needs if step.needs is None else step.needs
            languages = [] if step.any_language else languages
        merged = dict(conversation.needs)
        for need in needs:
            merged[need.skill] = max(need.level, merged.get(need.skill, 0))
        return merged, languages

    def could(self, agent: str, conversation: Conversation) -> bool:
        """Skills and languages alone."""
        if conversation.only:
            return conversation.only == agent
        needs, languages = self.asks(conversation)
        entry = self._entry(agent)
        return all(entry.skills.get(s, 0) >= level for s, level in needs.items()) and (
            not languages or self._wish(agent, languages) is not None
        )

    def _entry(self, agent: str) -> AgentEntry:
        return next(entry for entry in self.policy.agents if entry.id == agent)

    def _wish(self, agent: str, languages: list[tuple[str, int]]) -> tuple[int, int] | None:
        spoken = self._entry(agent).languages
        for place, (tag, least) in enumerate(languages):
            if spoken.get(tag, -1) >= least:
                return place, spoken[tag]
        return None

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

    def has_room(self, agent: str, channel: str) -> bool:
        cost = self.policy.cost.get(channel, 1)
        fits = self.load(agent) + cost <= self._capacity(agent, "total")
        room = self.load(agent, channel) < self._capacity(agent, channel)
        return room and (fits or channel in self.policy.interrupts)

    def is_free(self, agent: str, channel: str) -> bool:
        person = self.agents[agent]
        pending = any(o.agent == agent and o.outcome == "pending" for o in self.offers.values())
        willing = person.show == "available" and person.next is None and not person.shunned
        here = bool(person.here) and not pending and person.channels.get(channel, True)
        return willing and here and self.has_room(agent, channel)

    def may_take(self, agent: str, conversation: Conversation) -> bool:
        refused = agent in conversation.avoid or conversation.declined.get(agent, 0) > self.now
        free = self.is_free(agent, conversation.channel)
        return free and not refused and self.could(agent, conversation)

    def is_asked(self, conversation: Conversation) -> bool:
        """Whether somebody is looked for: waiting, and the customer there where that is needed."""
        away = conversation.needs_presence and not self.customers[conversation.customer].here
        return conversation.status == "waiting" and not away

    def ahead(self, conversation: Conversation) -> int | None:
        if conversation.status == "offered":
            return 0
        if not self.is_asked(conversation):
            return None
        mine = (conversation.key, conversation.place, conversation.name)
        before = 0
        for other in self.conversations.values():
            if self.is_asked(other) and (other.key, other.place, other.name) < mine:
                before += self._same_lane(other, conversation) or any(
                    self.signed_in(a) and self.could(a, other) and self.could(a, conversation)
                    for a in self.agents
                )
        return before

    def _same_lane(self, one: Conversation, other: Conversation) -> bool:
        """Whether they ask for exactly the same, so that one is ahead whoever signs in."""
        return (one.queue, one.channel, one.only, one.only or self.asks(one)) == (
            other.queue,
            other.channel,
            other.only,
            other.only or self.asks(other),
        )

    def signed_in(self, agent: str) -> bool:
        person = self.agents[agent]
        return person.show != "offline" and (bool(person.here) or person.lapsing)

    def match(self) -> None:
        """Offers the smallest key that any free agent may take, until there is none."""
        while True:
            pairs = [
                ((one.key, one.place, one.name), one)
                for one in self.conversations.values()
                if self.is_asked(one) and any(self.may_take(a, one) for a in self.agents)
            ]
            if not pairs:
                return
            self._offer(min(pairs, key=lambda pair: pair[0])[1])

    def _offer(self, one: Conversation) -> None:
        agent = self._best(one)
        one.attempts += 1
        offer = Offer(f"o{self.next('offer')}", one.name, agent)
        self.offers[offer.name] = offer
        one.offer, one.status = offer.name, "offered"
        self.set("offer_seen", offer.name, self.now + self.policy.offer_seen_ms)
        self.set("offer_expire", offer.name, self.now + self.policy.offer_timeout_ms)
        auto = self.queue(one.queue).assign == "direct"
        self.trace.append(("offer", offer.name, one.name, agent, one.attempts, auto))

    def _best(self, one: Conversation) -> str:
        able = [agent for agent in self.agents if self.may_take(agent, one)]
        fresh = [agent for agent in able if agent not in one.declined]
        able = fresh or able
        scores = {agent: self._score(agent, one) for agent in able}
        good = [a for a in able if scores[a] >= max(scores.values()) - self.policy.score_band]
        return min(good, key=lambda a: (self._share(a), self._flexible(a), self.agents[a].idle))

    def _share(self, agent: str) -> int:
        total = self._capacity(agent, "total")
        return min(1000, 1000 * self.load(agent) // total) if total else 1000

    def _flexible(self, agent: str) -> int:
        entry = self._entry(agent)
        served = sum(
            all(entry.skills.get(need.skill, 0) >= need.level for need in queue.needs)
            for queue in self.policy.queues
        )
        return served * max(1, len(entry.languages))

    def _score(self, agent: str, one: Conversation) -> int:
        weights = self.policy.weights
        parts = (
            (weights.language, self._language(agent, one)),
            (weights.proficiency, self._proficiency(agent, one)),
            (weights.history, self._history(agent, one)),
            (weights.load, 1000 - self._share(agent)),
        )
        total = sum(weight for weight, _ in parts)
        return sum(weight * part for weight, part in parts) // total if total else 0

    def _language(self, agent: str, one: Conversation) -> int:
        wished = [] if one.only else self.asks(one)[1]
        if not wished:
            return 1000
        found = self._wish(agent, wished)
        return 0 if found is None else found[1] * 10 * (len(wished) - found[0]) // len(wished)

    def _proficiency(self, agent: str, one: Conversation) -> int:
        needs = {} if one.only else self.asks(one)[0]
        if not needs:
            return 1000
        points = []
        for skill, level in needs.items():
            above = self._entry(agent).skills.get(skill, 0) - level
            part = 100 if level >= 100 else max(0, 100 * above // (100 - level))
            points.append(600 + 400 * part * (200 - part) // 10_000)
        return sum(points) // len(points)

    def _history(self, agent: str, one: Conversation) -> int:
        if agent == one.preferred:
            return 1000
        month = 30 * 86_400_000
        for rank, (_, who, when) in enumerate(reversed(self.customers[one.customer].met)):
            age = min(1000, 1000 * (self.now - when) // month)
            worth = (1000 - age) // (rank + 1)
            if who == agent and worth:
                return worth
        return 0

    def open_of(self, customer: str) -> Iterator[Conversation]:
        for one in self.conversations.values():
            if one.customer == customer and not one.reason:
                yield one
