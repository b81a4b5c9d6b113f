"""The lower half of the naive router (``model.py``): the line and the choice.

It knows the rules of design sections 4 to 6 and protocol section 7 and nothing of how the core
does it: no lanes, no masks, no heaps, no marks. It shares only commands and policy with
``router/``. O(n^2) and worse, so worlds must stay small.
"""

from collections.abc import Iterator

from tests.helpers.model_room import (
    IN_LINE,
    MINUTE,
    Conversation,
    Meeting,
    ModelRoom,
    Offer,
    Person,
    Trace,
)

__all__ = ["IN_LINE", "MINUTE", "Conversation", "ModelLine", "Offer", "Person", "Trace"]

KEEP = 10 * MINUTE


class ModelLine(ModelRoom):
    """Everything that waits, and how it is offered to whom."""

    def asks(self, conversation: Conversation) -> tuple[dict[str, int], list[tuple[str, int]]]:
        queue = self.queue(conversation.queue)
        needs, languages = queue.needs, conversation.languages
        for step in queue.steps[: conversation.step]:
            needs = needs if step.needs is None else step.needs
            languages = [] if step.any_language else languages
        merged = dict(conversation.needs)
        for need in () if conversation.own_alone else needs:
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

    def _wish(self, agent: str, languages: list[tuple[str, int]]) -> tuple[int, int] | None:
        spoken = self._entry(agent).languages
        for place, (tag, least) in enumerate(languages):
            if spoken.get(tag, -1) >= least:
                return place, spoken[tag]
        return None

    def may_take(self, agent: str, conversation: Conversation) -> bool:
        refused = agent in conversation.avoid or conversation.declined.get(agent, 0) > self.now
        free = self.is_free(agent, conversation.channel) and not self.keeps(agent, conversation)
        return free and not refused and self.could(agent, conversation)

    # -- conversations too big for the room left

    def takes_no_room(self, one: Conversation) -> bool:
        return one.channel in self.policy.interrupts or not self.thousandths(one.channel)

    def keeps(self, agent: str, conversation: Conversation) -> bool:
        """Whether the agent keeps room for a bigger one that stands before this one."""
        mine = (conversation.key, conversation.place, conversation.name)
        return not self.takes_no_room(conversation) and any(
            self._is_kept_for(agent, other) and (other.key, other.place, other.name) < mine
            for other in self.conversations.values()
        )

    def _is_kept_for(self, agent: str, one: Conversation) -> bool:
        most = self.policy.passed_over_max
        often = bool(most) and one.passed.get(agent, 0) >= most
        return often and self.is_asked(one)

    def _could_with_room(self, agent: str, one: Conversation) -> bool:
        """Whether the agent would take it if only enough of the total were free."""
        open_ = self.agents[agent].channels.get(one.channel, True)
        small = self.thousandths(one.channel) <= 1000 * self._capacity(agent, "total")
        asked = agent not in one.avoid and one.declined.get(agent, 0) <= self.now
        able = self.signed_in(agent) and self.could(agent, one)
        return open_ and small and asked and able and self.has_own_room(agent, one.channel)

    def _note_pass(self, agent: str, taken: Conversation) -> None:
        """The agent is about to be offered ``taken``: the first that is too big is passed over."""
        if not self.policy.passed_over_max or self.takes_no_room(taken):
            return
        mine = (taken.key, taken.place, taken.name)
        passed = [
            ((one.key, one.place, one.name), one)
            for one in self.conversations.values()
            if self.is_asked(one)
            and (one.key, one.place, one.name) < mine
            and self.policy.cost.get(one.channel, 1) > 1
            and one.channel not in self.policy.interrupts
            and self.left(agent) < self.thousandths(one.channel)
            and self._could_with_room(agent, one)
        ]
        if passed:
            first = min(passed, key=lambda pair: pair[0])[1]
            first.passed[agent] = first.passed.get(agent, 0) + 1
            if self._is_kept_for(agent, first) and ("keep_room", first.name) not in self.timers:
                self.set("keep_room", first.name, self.now + KEEP)

    def _forget_void_passes(self) -> None:
        """An agent who could not take it even with room keeps none for it."""
        for one in self.conversations.values():
            for agent in list(one.passed):
                if self._is_kept_for(agent, one) and not self._could_with_room(agent, one):
                    del one.passed[agent]

    def on_keep_room(self, name: str) -> None:
        self.conversations[name].passed.clear()

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

    def match(self) -> None:
        """Offers the smallest key that any free agent may take, until there is none."""
        while True:
            self._forget_void_passes()
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
        self._note_pass(agent, one)
        one.attempts += 1
        offer = Offer(f"o{self.next('offer')}", one.name, agent)
        self.offers[offer.name] = offer
        one.offer, one.status = offer.name, "offered"
        self.set("offer_seen", offer.name, self.now + self.policy.offer_seen_ms)
        self.set("offer_expire", offer.name, self.now + self.policy.offer_timeout_ms)
        if self.agents[agent].soft:
            self.agents[agent].soft -= 1
            self.agents[agent].paced = True
            self.set("agent_pace", agent, self.now + self.policy.soft_start.per_ms)
        auto = self.queue(one.queue).assign == "direct"
        self.trace.append(("offer", offer.name, one.name, agent, one.attempts, auto))

    def _best(self, one: Conversation) -> str:
        able = [agent for agent in self.agents if self.may_take(agent, one)]
        fresh = [agent for agent in able if agent not in one.declined]
        able = fresh or able
        scores = {agent: self._score(agent, one) for agent in able}
        good = [a for a in able if scores[a] >= max(scores.values()) - self.policy.score_band]
        return min(good, key=lambda a: (self._share(a), self._flexible(a), self.agents[a].idle))

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
            (weights.relation, 1000 * (self.customers[one.customer].owner == agent)),
            (weights.topic, self._topic(agent, one)),
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
        for rank, meeting in enumerate(reversed(self.customers[one.customer].met)):
            worth = self._worth(meeting) // (rank + 1)
            if meeting.agent == agent and worth:
                return worth
        return 0

    def _worth(self, meeting: Meeting) -> int:
        """Of a meeting: it fades over 30 days, and a bad rating leaves little of it."""
        age = min(1000, 1000 * (self.now - meeting.when) // (30 * 86_400_000))
        liked = {None: 1000, 1: 0, 2: 250, 3: 600, 4: 900, 5: 1000}[meeting.rating]
        return (1000 - age) * liked // 1000

    def _topic(self, agent: str, one: Conversation) -> int:
        on_it = [
            self._worth(meeting)
            for meeting in self.customers[one.customer].met
            if (meeting.agent, meeting.topic) == (agent, one.topic) and not meeting.passed_on
        ]
        return max(on_it, default=0) if one.topic else 0

    def open_of(self, customer: str) -> Iterator[Conversation]:
        for one in self.conversations.values():
            if one.customer == customer and not one.reason:
                yield one

    def theirs(self, customer: str) -> list[Conversation]:
        """What is open of everybody who counts as this customer, the oldest first."""
        persons = [name for name in self.customers if self._is_same(name, customer)]
        found = [one for name in persons or [customer] for one in self.open_of(name)]
        if len(persons) > 1:
            found.sort(key=lambda one: (one.arrived, one.place))
        return found

    def _is_same(self, one: str, other: str) -> bool:
        if one == other or other not in self.customers:
            return one == other
        accounts = self._account(one), self._account(other)
        if any(accounts):
            return accounts[0] == accounts[1]
        contact = self.customers[one].contact
        return bool(contact) and contact == self.customers[other].contact

    def _account(self, customer: str) -> str:
        """Their account, else that of whoever proved the same contact."""
        me = self.customers[customer]
        others = [one.account for one in self.customers.values() if one.contact == me.contact]
        return me.account or min((name for name in others if name and me.contact), default="")
