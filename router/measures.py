"""How well the house serves: service level, abandonment, occupancy, fairness.

Owns: the figures of each queue and each agent, since the start and over the last 30 minutes.
Does not know: the core's state, the wire, or a clock; whoever applies commands passes the events.

Invariants (tests/test_measures.py, against a list of all events): a conversation is accepted or
abandoned at most once; ``abandoned`` holds the short ones and the expired ones; occupancy is at
most 1; memory is bounded by open conversations, queues, ``AGENTS_MAX`` and ``WAITS_MAX``.

    service level     accepted within service_level.within_ms
                      / (accepted + abandoned - short abandoned)
    abandonment       (abandoned - short abandoned) / (accepted + abandoned - short abandoned)
    speed of answer   from the start (arrival, promotion, or what it was deferred to) to the first
                      acceptance
    handling time     from an acceptance to the end of the wrap-up, or to the transfer or loss
    occupancy         time with a conversation in hand
                      / time that others saw the agent available, or with one in hand
    overtakes         per offer looked at (``router.overtaking`` takes a sample)

Who leaves before ``short_abandon_ms`` (of the queue's service level, 10 s unless told) could not
have been answered and is counted apart. A second wait, after a transfer, counts neither way. A
fold over events: a node that restarts begins with ``seed`` and what ``recall`` is told of the day.
What a timer did counts at the command that let it fire. The ratios are floats, for they are shown
and decide nothing.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from router.conversations import Conversation
from router.events import (
    AgentChanged,
    ConversationAssigned,
    ConversationEnded,
    ConversationQueued,
    ConversationSnoozed,
    Event,
    OfferEnded,
    OfferMade,
    PolicyChanged,
)
from router.figures import (
    AgentMeasures,
    FirstWait,
    QueueMeasures,
    agent_measures,
    evenness,
    queue_measures,
)
from router.policy import Policy, ServiceLevel
from router.presence import Agent
from router.states import FINAL_CONVERSATION, ConversationState, Show
from router.tallies import Tally, jain

__all__ = ["RECENT_MS", "Measures"]

RECENT_MS = 1_800_000
QUEUE_SLOT_MS = 60_000
AGENT_SLOT_MS = 300_000
SHORT_SERVICE_MS = 10_000
"""Agents who end many services below this are worth a look: real logs have a few with a quarter."""
AGENTS_MAX = 20_000
WAITS_MAX = 500
"""Waits that are kept of each queue, for the evenness between customers."""


class _Service:
    """An open conversation: where it counts, and who has it since when."""

    __slots__ = ("agent", "assigned_at_ms", "is_accepted", "queue", "talked_ms", "took_offer")

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.is_accepted = False
        self.took_offer = False
        self.agent = ""
        self.assigned_at_ms = 0
        self.talked_ms: int | None = None


class _Worker:
    """An agent: counts, and what is under way."""

    __slots__ = ("held", "is_available", "since_ms", "tally")

    def __init__(self, now_ms: int) -> None:
        self.tally = Tally(AGENT_SLOT_MS, RECENT_MS // AGENT_SLOT_MS)
        self.is_available = False
        self.held = 0
        self.since_ms = now_ms

    def catch_up(self, now_ms: int) -> None:
        """Counts the time since the last change."""
        if self.held or self.is_available:
            self.tally.add_span("available_ms", self.since_ms, now_ms)
            if self.held:
                self.tally.add_span("busy_ms", self.since_ms, now_ms)
        self.since_ms = now_ms


class Measures:
    """The figures of one tenant."""

    def __init__(self, policy: Policy) -> None:
        self._targets: dict[str, ServiceLevel] = {}
        self._put_policy(policy)
        self._queues: dict[str, Tally] = {}
        self._waits: dict[str, deque[tuple[int, str, int]]] = {}
        self._open: dict[str, _Service] = {}
        self._workers: dict[str, _Worker] = {}
        self._before_today: dict[str, dict[str, int]] = {}
        self._before_life: dict[str, dict[str, int]] = {}
        self.offered_at_ms: dict[str, int] = {}
        """By queue, when the last offer was made."""
        self._takes: Mapping[type, Callable[[Any, int], None]] = {
            PolicyChanged: self._policy_changed,
            AgentChanged: self._agent_changed,
            ConversationQueued: self._queued,
            OfferMade: self._offered,
            OfferEnded: self._offer_ended,
            ConversationAssigned: self._assigned,
            ConversationSnoozed: self._snoozed,
            ConversationEnded: self._ended,
        }

    def seed(
        self, agents: Iterable[Agent], conversations: Iterable[Conversation], now_ms: int
    ) -> None:
        """Begins with a state that is there already: after a start from a snapshot."""
        for agent in agents:
            self._worker(agent.id, now_ms).is_available = agent.seen_show() is Show.AVAILABLE
        for one in conversations:
            if one.status in FINAL_CONVERSATION:
                continue
            service = self._open[one.id] = _Service(one.queue)
            service.is_accepted = one.first_assigned_at_ms is not None
            if one.agent:
                service.agent = one.agent
                service.assigned_at_ms = one.assigned_at_ms or now_ms
                if one.status is ConversationState.WRAP_UP:
                    service.talked_ms = SHORT_SERVICE_MS
                self._worker(one.agent, now_ms).held += 1

    def recall(self, waits: Iterable[FirstWait]) -> None:
        """Counts what became of first waits before ``seed``, in the order of time.

        A target counts as it is now, for nobody kept what it was.
        """
        for wait in waits:
            tally = self._tally(wait.queue)
            if wait.end == "accepted":
                self._accept(tally, wait.queue, wait.customer, wait.waited_ms, wait.at_ms)
            else:
                self._abandoned(tally, wait.queue, wait.end, wait.waited_ms, wait.at_ms)

    def begin_life(self) -> None:
        """What was counted so far happened before this node was live: "since the start" is now."""
        self._before_life = {name: tally.in_all() for name, tally in self._queues.items()}

    def take(self, event: Event, now_ms: int) -> None:
        """Takes in the next event."""
        take = self._takes.get(type(event))
        if take is not None:
            take(event, now_ms)

    # -- what happened -------------------------------------------------------------------------

    def _put_policy(self, policy: Policy) -> None:
        self._targets = {queue.id: queue.service_level for queue in policy.queues}

    def _policy_changed(self, event: PolicyChanged, _: int) -> None:
        self._put_policy(event.policy)

    def _agent_changed(self, event: AgentChanged, now_ms: int) -> None:
        worker = self._worker(event.agent, now_ms)
        is_available = event.show == Show.AVAILABLE
        if is_available is not worker.is_available:
            worker.catch_up(now_ms)
            worker.is_available = is_available

    def _queued(self, event: ConversationQueued, now_ms: int) -> None:
        service = self._open.get(event.conversation)
        if service is None:
            service = self._open[event.conversation] = _Service(event.queue)
            if event.cause == "requested":
                self._tally(event.queue).add("arrived", 1, now_ms)
        if service.agent:
            self._leave_agent(service, now_ms)
        service.queue = event.queue

    def _snoozed(self, event: ConversationSnoozed, now_ms: int) -> None:
        self._leave_agent(self._open[event.conversation], now_ms)

    def _offered(self, event: OfferMade, now_ms: int) -> None:
        service = self._open.get(event.conversation)
        if service is not None:
            self.offered_at_ms[service.queue] = now_ms
        overtaken = event.overtaken
        if overtaken is None:
            return
        tally = self._tally_of(event.conversation)
        tally.add("looked_at", 1, now_ms)
        tally.add("overtake.class", overtaken.by_class, now_ms)
        tally.add("overtake.not_taken", overtaken.not_taken, now_ms)
        tally.add("overtake.violation", overtaken.violations, now_ms)

    def _offer_ended(self, event: OfferEnded, now_ms: int) -> None:
        name = f"offer.{event.outcome}"
        self._tally_of(event.conversation).add(name, 1, now_ms)
        self._worker(event.agent, now_ms).tally.add(name, 1, now_ms)
        if event.outcome == "accepted" and event.conversation in self._open:
            self._open[event.conversation].took_offer = True

    def _assigned(self, event: ConversationAssigned, now_ms: int) -> None:
        service = self._open.get(event.conversation)
        if service is None:
            service = self._open[event.conversation] = _Service(event.queue)
        tally = self._tally(event.queue)
        if service.agent:
            self._leave_agent(service, now_ms)
        if not service.took_offer:
            tally.add("assigned_by_hand", 1, now_ms)
        if not service.is_accepted:
            self._accept(tally, event.queue, event.customer, event.waited_ms, now_ms)
        worker = self._worker(event.agent, now_ms)
        worker.catch_up(now_ms)
        worker.held += 1
        service.is_accepted = True
        service.took_offer = False
        service.agent = event.agent
        service.assigned_at_ms = now_ms

    def _accept(self, tally: Tally, queue: str, customer: str, waited_ms: int, now_ms: int) -> None:
        waited_ms = max(0, waited_ms)
        tally.add("accepted", 1, now_ms)
        tally.add("waited_ms", waited_ms, now_ms)
        if waited_ms <= self._target(queue).within_ms:
            tally.add("accepted_in_target", 1, now_ms)
        waits = self._waits.get(queue)
        if waits is None:
            waits = self._waits[queue] = deque(maxlen=WAITS_MAX)
        waits.append((now_ms, customer, waited_ms))

    def _ended(self, event: ConversationEnded, now_ms: int) -> None:
        service = self._open.get(event.conversation)
        if service is None:
            return
        if event.wrap_up:
            service.talked_ms = now_ms - service.assigned_at_ms
            return
        del self._open[event.conversation]
        if service.agent:
            self._leave_agent(service, now_ms)
        elif not service.is_accepted:
            tally = self._tally(event.queue)
            self._abandoned(tally, event.queue, event.reason, event.waited_ms, now_ms)

    def _abandoned(
        self, tally: Tally, queue: str, reason: str, waited_ms: int, now_ms: int
    ) -> None:
        tally.add("abandoned", 1, now_ms)
        if reason == "expired":
            tally.add("expired", 1, now_ms)
        elif waited_ms < self._target(queue).short_abandon_ms:
            tally.add("abandoned_short", 1, now_ms)

    def _leave_agent(self, service: _Service, now_ms: int) -> None:
        """A service is over: the conversation ended, or went back in line, or to another."""
        handling_ms = now_ms - service.assigned_at_ms
        talked_ms = handling_ms if service.talked_ms is None else service.talked_ms
        tally = self._tally(service.queue)
        tally.add("handled", 1, now_ms)
        tally.add("handling_ms", handling_ms, now_ms)
        worker = self._worker(service.agent, now_ms)
        worker.catch_up(now_ms)
        worker.held -= 1
        worker.tally.add("services", 1, now_ms)
        worker.tally.add("handling_ms", handling_ms, now_ms)
        if talked_ms < SHORT_SERVICE_MS:
            worker.tally.add("short_services", 1, now_ms)
        service.agent = ""
        service.talked_ms = None

    def _target(self, queue: str) -> ServiceLevel:
        return self._targets.get(queue, _NO_TARGET)

    def _tally_of(self, conversation: str) -> Tally:
        service = self._open.get(conversation)
        return self._tally("" if service is None else service.queue)

    def _tally(self, queue: str) -> Tally:
        tally = self._queues.get(queue)
        if tally is None:
            tally = self._queues[queue] = Tally(QUEUE_SLOT_MS, RECENT_MS // QUEUE_SLOT_MS)
        return tally

    def _worker(self, agent: str, now_ms: int) -> _Worker:
        worker = self._workers.get(agent)
        if worker is None:
            if len(self._workers) >= AGENTS_MAX:
                self._drop_one()
            worker = self._workers[agent] = _Worker(now_ms)
        return worker

    def _drop_one(self) -> None:
        """Forgets the longest known agent who is not at work."""
        for name, worker in self._workers.items():
            if not worker.held and not worker.is_available:
                del self._workers[name]
                return

    # -- what is shown -------------------------------------------------------------------------

    def queues(self) -> tuple[str, ...]:
        """The queues of which anything was counted."""
        return tuple(name for name in self._queues if name)

    def queue(self, queue: str, now_ms: int, *, recent: bool, even: bool = True) -> QueueMeasures:
        """The figures of a queue; ``even``: with a walk over its waits, for how even they are."""
        tally = self._queues.get(queue)
        if tally is None:
            return queue_measures(queue, {}, None)
        counts = tally.recent(now_ms) if recent else self._since(self._before_life, queue)
        evenness_of_waits = self._even_waits((queue,), now_ms) if even else None
        return queue_measures(queue, counts, evenness_of_waits)

    def in_all(self, now_ms: int, *, recent: bool) -> QueueMeasures:
        """The figures of all queues together; ``queue`` is empty."""
        counts: dict[str, int] = {}
        for queue, tally in self._queues.items():
            found = tally.recent(now_ms) if recent else self._since(self._before_life, queue)
            for name, count in found.items():
                counts[name] = counts.get(name, 0) + count
        return queue_measures("", counts, self._even_waits(self._waits, now_ms))

    def begin_day(self) -> None:
        """What was counted so far is of the days before; see ``today``."""
        self._before_today = {name: tally.in_all() for name, tally in self._queues.items()}

    def today(self, queue: str = "") -> QueueMeasures:
        """The figures of a queue since ``begin_day``; of all together where none is named."""
        counts: dict[str, int] = {}
        for name in (queue,) if queue else tuple(self._queues):
            for what, count in self._since(self._before_today, name).items():
                counts[what] = counts.get(what, 0) + count
        return queue_measures(queue, counts, None)

    def _since(self, before: Mapping[str, Mapping[str, int]], queue: str) -> dict[str, int]:
        """What was counted of a queue since it was as ``before`` has it."""
        tally, earlier = self._queues.get(queue), before.get(queue, {})
        counts = {} if tally is None else tally.in_all()
        return {name: count - earlier.get(name, 0) for name, count in counts.items()}

    def _even_waits(self, queues: Iterable[str], now_ms: int) -> float | None:
        """Jain's index over the mean waits of the customers of the last 30 minutes."""
        of_customer: dict[str, list[int]] = {}
        for queue in queues:
            for at_ms, customer, waited_ms in self._waits.get(queue, ()):
                if at_ms > now_ms - RECENT_MS:
                    of_customer.setdefault(customer, []).append(waited_ms)
        return jain(sum(waits) / len(waits) for waits in of_customer.values())

    def agents(self) -> tuple[str, ...]:
        """The agents of whom anything was counted."""
        return tuple(self._workers)

    def agent(self, agent: str, now_ms: int, *, recent: bool) -> AgentMeasures:
        """The figures of an agent, of the last 30 minutes or since the start."""
        worker = self._workers.get(agent)
        if worker is None:
            return agent_measures(agent, {})
        worker.catch_up(now_ms)
        counts = worker.tally.recent(now_ms) if recent else worker.tally.in_all()
        return agent_measures(agent, counts)

    def even_load(self, profiles: Mapping[str, Hashable], now_ms: int) -> float | None:
        """Jain's index over the occupancy of equally able agents, of the last 30 minutes.

        Args:
            profiles: What each agent can do; those of equal profile are compared.
            now_ms: The time.

        Returns:
            The mean over the groups of two and more, weighted by their size; None without any.
        """
        return evenness(
            (profile, self.agent(agent, now_ms, recent=True)) for agent, profile in profiles.items()
        )


_NO_TARGET = ServiceLevel()
