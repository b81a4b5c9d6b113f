"""Virtual time: the real core, driven by people who behave as planned.

Owns: the clock and the order of what happens, what customers and agents do and when, what becomes
of each visit. Does not know: where plans come from, or what is made of the results.

Invariants: ``Router`` decides everything and is unchanged; time is in whole milliseconds and never
goes back; every deadline of the core finds its ``Tick`` at its own instant, so the rule for outages
never applies; what is asked of the core at one instant happens in the order in which it was
planned.

An agent of a queue that assigns directly sees the offer, and so has the conversation, at the very
instant of the decision. Customers are asked for by a service: none of them can lose a connection.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct, structs

from router.commands import (
    AcceptOffer,
    Actor,
    CancelConversation,
    Command,
    Connect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.core import Router
from router.events import (
    CommandAnswered,
    CommandRefused,
    ConversationAssigned,
    ConversationEnded,
    ConversationQueued,
    Event,
    OfferMade,
)
from router.ids import ConnectionId, ConversationId, CustomerId, OfferId
from router.lab.watch import Watch
from router.policy import AgentEntry, LanguageWish, Policy, SkillNeed

__all__ = ["AgentPlan", "Stage", "Visit"]

SERVICE = Actor("service", "lab")


class Visit(Struct, kw_only=True, gc=False):
    """One conversation: first what its customer will do, then what became of it.

    ``service_ms`` is how long an agent of speed 1 needs; a visit without ``patience_ms`` stays.
    ``outcome`` is ``served``, ``left``, ``refused``, ``joined`` (another one of the same customer
    in line), ``expired``, or empty where it is not over.
    """

    id: str
    kind: str
    customer: str
    at_ms: int
    queue: str
    channel: str
    service_ms: int
    patience_ms: int | None = None
    needs: tuple[SkillNeed, ...] = ()
    languages: tuple[LanguageWish, ...] | None = None
    klass: str = ""
    topic: str = ""
    start_ms: int = -1
    """Since when it stands in line: from its arrival, or its promotion if it was held."""
    answered_ms: int = -1
    ended_ms: int = -1
    agent: str = ""
    outcome: str = ""

    @property
    def waited_ms(self) -> int:
        """From the arrival to the first answer, or to the end where none came."""
        until_ms = self.answered_ms if self.answered_ms >= 0 else self.ended_ms
        return until_ms - self.at_ms


class AgentPlan(Struct, kw_only=True):
    """An agent: what they can do, when they sign in and go, how fast they are."""

    entry: AgentEntry
    shifts: tuple[tuple[int, int | None], ...] = ((0, None),)
    speed: float = 1.0
    answer_ms: Callable[[], int] | None = None
    """How long they look at an offer of a queue that asks; None takes it at once."""


class Stage:
    """One run: a router, its people, and a clock."""

    def __init__(self, policy: Policy, agents: Iterable[AgentPlan], watch: Watch) -> None:
        self.router = Router("lab")
        self.now_ms = 0
        self.command_count = 0
        self.visits: dict[str, Visit] = {}
        self._watch = watch
        self._plans = {plan.entry.id: plan for plan in agents}
        self._actors = {
            name: Actor("agent", name, ConnectionId(f"{name}/0")) for name in self._plans
        }
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._planned_count = 0
        self._todo: list[Command] = []
        entries = tuple(plan.entry for plan in self._plans.values())
        self._do(SetPolicy(structs.replace(policy, agents=entries)))
        for name, plan in self._plans.items():
            for starts_ms, ends_ms in plan.shifts:
                self.plan(starts_ms, self._sign_in, name)
                if ends_ms is not None:
                    self.plan(ends_ms, self._go, name)
        watch.router = self.router

    def plan(self, at_ms: int, act: Callable[[Any], None], what: object) -> None:
        """Has something happen at its time, behind what is planned for the same instant."""
        self._planned_count += 1
        heapq.heappush(self._heap, (at_ms, self._planned_count, act, what))

    def run(self, visits: Iterator[Visit]) -> None:
        """Plays visits, which come in the order of their times, until nobody has plans left.

        Whoever still stands in line then waits for the core's own deadlines; those for whom none
        is left stay without an outcome.
        """
        self._coming = visits
        self._expect()
        heap, router = self._heap, self.router
        while True:
            due_ms = router.next_deadline_ms()
            if due_ms is not None and (due_ms < heap[0][0] if heap else self._watch.line_length):
                self.now_ms = due_ms
                self._do(_TICK)
            elif heap:
                self.now_ms, _, act, what = heapq.heappop(heap)
                act(what)
            else:
                return

    def _expect(self) -> None:
        visit = next(self._coming, None)
        if visit is not None:
            self.plan(visit.at_ms, self._arrive, visit)

    def _do(self, command: Command) -> Event:
        """Asks the core, does what follows at this instant, and returns the core's answer."""
        events = self.router.apply(command, self.now_ms)
        answer = self._follow(events)
        todo = self._todo
        while todo:
            then = todo.pop(0)
            self._follow(self.router.apply(then, self.now_ms))
        return answer

    def _follow(self, events: list[Event]) -> Event:
        self.command_count += 1
        answer: Event | None = None
        for event in events:
            follow = _FOLLOW.get(type(event))
            if follow is not None:
                follow(self, event)
            elif isinstance(event, CommandAnswered | CommandRefused):
                answer = event
        assert answer is not None, "a command was not answered"
        return answer

    def _sign_in(self, agent: str) -> None:
        by = self._actors[agent]
        if not self.router.world.pool.knows(agent):
            self._do(Connect(by=by, life="lab", device=agent))
        self._do(SetPresence(by=by))
        self._watch.signed_in(agent, self.now_ms)

    def _go(self, agent: str) -> None:
        self._do(SetPresence(by=self._actors[agent], next="offline"))
        self._watch.signed_out(agent, self.now_ms)

    def _arrive(self, visit: Visit) -> None:
        self._expect()
        self.visits[visit.id] = visit
        if visit.patience_ms is not None:
            self.plan(visit.at_ms + visit.patience_ms, self._lose_patience, visit)
        answer = self._do(
            RequestConversation(
                by=SERVICE,
                conversation=ConversationId(visit.id),
                op=visit.id,
                channel=visit.channel,
                queue=visit.queue,
                customer=CustomerId(visit.customer),
                needs=visit.needs,
                languages=visit.languages,
                priority=visit.klass,
                topic=visit.topic,
            )
        )
        refused = isinstance(answer, CommandRefused)
        if refused or (isinstance(answer, CommandAnswered) and answer.answer.joined):
            visit.outcome = "refused" if refused else "joined"
            visit.ended_ms = self.now_ms

    def _lose_patience(self, visit: Visit) -> None:
        if visit.answered_ms < 0 and not visit.outcome:
            self._do(CancelConversation(by=SERVICE, conversation=ConversationId(visit.id)))

    def _finish(self, what: tuple[Visit, str]) -> None:
        visit, agent = what
        if visit.agent == agent and not visit.outcome:
            by = self._actors[agent]
            self._do(EndConversation(by=by, conversation=ConversationId(visit.id)))

    def _accept(self, offer: OfferMade) -> None:
        self._do(AcceptOffer(by=self._actors[offer.agent], offer=OfferId(offer.offer)))

    def _queued(self, event: ConversationQueued) -> None:
        if event.status != "waiting":
            return
        visit = self.visits[event.conversation]
        if event.cause in ("requested", "promoted"):
            visit.start_ms = self.router.now_ms
        self._watch.joined(visit.id, visit.start_ms, visit.channel)

    def _offered(self, offer: OfferMade) -> None:
        self._watch.offered(offer.conversation, offer.agent)
        by = self._actors[offer.agent]
        answer_ms = self._plans[offer.agent].answer_ms
        if offer.auto:
            self._todo.append(SeeOffer(by=by, offer=offer.offer))
        elif answer_ms is None:
            self._todo.append(AcceptOffer(by=by, offer=offer.offer))
        else:
            self._todo.append(SeeOffer(by=by, offer=offer.offer))
            self.plan(self.now_ms + answer_ms(), self._accept, offer)

    def _assigned(self, event: ConversationAssigned) -> None:
        visit = self.visits[event.conversation]
        if visit.answered_ms < 0:
            visit.answered_ms = self.now_ms
        visit.agent = event.agent
        service_ms = round(visit.service_ms / self._plans[event.agent].speed)
        self.plan(self.now_ms + service_ms, self._finish, (visit, event.agent))
        self._watch.assigned(visit.id, event.agent, self.now_ms)

    def _ended(self, event: ConversationEnded) -> None:
        visit = self.visits[event.conversation]
        if visit.outcome:
            return
        if visit.answered_ms >= 0:
            visit.outcome = "served"
            self._watch.finished(visit.id, visit.agent, self.now_ms)
        else:
            visit.outcome = "expired" if event.reason == "expired" else "left"
            self._watch.gone(visit.id)
        visit.ended_ms = self.now_ms


_TICK = Tick()

_FOLLOW: dict[type, Callable[[Stage, Any], None]] = {
    ConversationQueued: Stage._queued,
    OfferMade: Stage._offered,
    ConversationAssigned: Stage._assigned,
    ConversationEnded: Stage._ended,
}
