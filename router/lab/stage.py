"""Virtual time: the real core, driven by people who behave as planned.

Owns: the clock and the order of what happens, what customers and agents do and when.
Does not know: where plans come from, or what is made of the results.

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
    CompleteWrapUp,
    Connect,
    EndConversation,
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
    Event,
    OfferMade,
    WrapUpStarted,
)
from router.ids import ConnectionId, ConversationId, OfferId
from router.lab.book import Book, Visit
from router.lab.hands import Hands
from router.lab.watch import Watch
from router.policy import AgentEntry, Policy

__all__ = ["SERVICE", "AgentPlan", "Stage"]

SERVICE = Actor("service", "lab")


class AgentPlan(Struct, kw_only=True):
    """An agent: what they can do, when they sign in and go, how fast they are."""

    entry: AgentEntry
    shifts: tuple[tuple[int, int | None], ...] = ((0, None),)
    speed: float = 1.0
    answer_ms: Callable[[], int] | None = None
    """How long they look at an offer of a queue that asks; None takes it at once."""


class Stage:
    """One run: a router, its people, and a clock.

    With ``hands``, services are slower where their agent has several at once.
    """

    def __init__(
        self,
        policy: Policy,
        agents: Iterable[AgentPlan],
        watch: Watch,
        *,
        hands: Hands | None = None,
    ) -> None:
        self.router = Router("lab")
        self.now_ms = 0
        self.command_count = 0
        self.book = Book(self.router, watch)
        self._watch = watch
        self._hands = hands
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
        answer = self._follow(self.ask(command))
        while self._todo:
            self._follow(self.ask(self._todo.pop(0)))
        return answer

    def ask(self, command: Command) -> list[Event]:
        """Everything that the core is asked passes here."""
        return self.router.apply(command, self.now_ms)

    def _follow(self, events: list[Event]) -> Event:
        self.command_count += 1
        answer: Event | None = None
        for event in events:
            self.book.note(event, self.now_ms)
            act = _ACTS.get(type(event))
            if act is not None:
                act(self, event)
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
        self.book.visits[visit.id] = visit
        if visit.patience_ms is not None:
            self.plan(visit.at_ms + visit.patience_ms, self._lose_patience, visit)
        answer = self._do(visit.request)
        if isinstance(answer, CommandRefused):
            self.book.close(visit, "refused", self.now_ms)
        elif isinstance(answer, CommandAnswered) and answer.answer.joined:
            self.book.close(visit, "joined", self.now_ms)

    def _lose_patience(self, visit: Visit) -> None:
        if visit.answered_ms < 0 and not visit.outcome:
            self._do(CancelConversation(by=SERVICE, conversation=ConversationId(visit.id)))

    def _finish(self, what: tuple[Visit, str]) -> None:
        visit, agent = what
        if visit.agent == agent and not visit.outcome:
            by = self._actors[agent]
            wrap_up = visit.wrap_up_ms is not None
            self._do(EndConversation(by, ConversationId(visit.id), wrap_up=wrap_up))

    def _accept(self, offer: OfferMade) -> None:
        self._do(AcceptOffer(by=self._actors[offer.agent], offer=OfferId(offer.offer)))

    def _offered(self, offer: OfferMade) -> None:
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
        visit = self.book.visits[event.conversation]
        work_ms = visit.service_ms / self._plans[event.agent].speed
        if self._hands is None:
            self.plan(self.now_ms + round(work_ms), self._finish, (visit, event.agent))
            return
        self._ended(event)
        self._move(self._hands.take(event.agent, visit.id, work_ms, visit.slower, self.now_ms))

    def _ended(self, event: ConversationAssigned | ConversationEnded) -> None:
        """Nobody has it in hand any more; what else its agent has goes on faster."""
        if self._hands is not None:
            self._move(self._hands.drop(event.conversation, self.now_ms))

    def _move(self, ends: list[tuple[str, int]]) -> None:
        for name, at_ms in ends:
            self.plan(at_ms, self._finish_if_due, name)

    def _finish_if_due(self, name: str) -> None:
        visit = self.book.visits[name]
        if self._hands is not None and self._hands.is_due(name, self.now_ms):
            self._finish((visit, visit.agent))

    def _wraps_up(self, event: WrapUpStarted) -> None:
        visit = self.book.visits[event.conversation]
        takes_ms = visit.wrap_up_ms
        if not event.wrap_up_ms:  # free: nothing ends it but the agent
            takes_ms = takes_ms or 0
        if takes_ms is not None and (takes_ms < event.wrap_up_ms or not event.wrap_up_ms):
            self.plan(self.now_ms + takes_ms, self._complete, visit)

    def _complete(self, visit: Visit) -> None:
        by = self._actors[visit.agent]
        self._do(CompleteWrapUp(by=by, conversation=ConversationId(visit.id)))


_TICK = Tick()

_ACTS: dict[type, Callable[[Stage, Any], None]] = {
    OfferMade: Stage._offered,
    ConversationAssigned: Stage._assigned,
    ConversationEnded: Stage._ended,
    WrapUpStarted: Stage._wraps_up,
}
