"""A small contact centre around a real core: each thing that people do is one line."""

from collections.abc import Callable
from typing import Any

from router.commands import (
    AcceptOffer,
    Actor,
    AssignConversation,
    CancelConversation,
    Claims,
    Command,
    CompleteWrapUp,
    Connect,
    DeclineOffer,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
    SetPriority,
    Show,
    Tick,
    TransferConversation,
)
from router.core import Router
from router.events import CommandRefused, Event, OfferMade
from router.ids import AgentId, ConnectionId, ConversationId, CustomerId, OfferId
from router.policy import LanguageWish, Policy, Queue, SkillNeed

SERVICE = Actor("service", "desk")
BOSS = Actor("supervisor", "sam", ConnectionId("kboss"))

Fields = Any
"""Fields of a Struct, by name; the Struct itself checks nothing, the tests see to it."""


class Floor:
    """A router, its time, and everything that it reported."""

    def __init__(self, *queues: Queue, **policy: Fields) -> None:
        self.router = Router("acme")
        self.router.world.looks_at_each = True
        self.now_ms = 1_000_000
        self.log: list[tuple[Event, int]] = []
        self.listeners: list[Callable[[Event, int], None]] = []
        self.count = 0
        capacity = {"chat": 1, "email": 1, "total": 1}
        self.policy = Policy(
            **{"queues": queues or (Queue("sales"),), "capacity": capacity, **policy}
        )
        self.do(SetPolicy(policy=self.policy))
        self.do(Connect(by=BOSS, life="n1"))

    def do(self, command: Command) -> list[Event]:
        events = self.router.apply(command, self.now_ms)
        for event in events:
            self.log.append((event, self.now_ms))
            for listen in self.listeners:
                listen(event, self.now_ms)
        return events

    def must(self, command: Command) -> list[Event]:
        events = self.do(command)
        refused = [event for event in events if isinstance(event, CommandRefused)]
        assert not refused, refused
        return events

    def pass_ms(self, ms: int) -> None:
        """Time goes by, a tick for every deadline on the way."""
        until_ms = self.now_ms + ms
        while (due_ms := self.router.next_deadline_ms()) is not None and due_ms <= until_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.do(Tick())
        self.now_ms = until_ms

    def agent(self, name: str, *, available: bool = True, **claims: Fields) -> Actor:
        by = Actor("agent", name, ConnectionId(f"k{name}"))
        self.must(Connect(by=by, life="n1", claims=Claims(name=name.title(), **claims)))
        if available:
            self.must(SetPresence(by=by, show="available"))
        return by

    def ask(self, customer: str, queue: str = "sales", **asked: Fields) -> str:
        """A service asks for a customer, so that nobody need be connected."""
        self.count += 1
        name = ConversationId(f"c{self.count}")
        languages = tuple(LanguageWish(tag) for tag in asked.pop("languages", ()))
        needs = tuple(SkillNeed(skill, 50) for skill in asked.pop("needs", ()))
        self.must(
            RequestConversation(
                by=SERVICE,
                conversation=name,
                op=f"op{self.count}",
                channel=asked.pop("channel", "chat"),
                queue=queue,
                topic=f"t{self.count}",
                customer=CustomerId(customer),
                languages=languages,
                needs=needs,
                **asked,
            )
        )
        return name

    def offer_to(self, agent: str) -> str:
        return self.router.world.people.agents[agent].offer

    def accept(self, agent: str) -> None:
        self._answer(AcceptOffer, agent)

    def decline(self, agent: str) -> None:
        self._answer(DeclineOffer, agent)

    def see(self, agent: str) -> None:
        self._answer(SeeOffer, agent)

    def _answer(self, kind: Callable[..., Command], agent: str) -> None:
        by = Actor("agent", agent, ConnectionId(f"k{agent}"))
        self.must(kind(by=by, offer=OfferId(self.offer_to(agent))))

    def end(self, conversation: str) -> None:
        self.must(EndConversation(by=SERVICE, conversation=ConversationId(conversation)))

    def wrap_up(self, agent: str, conversation: str) -> None:
        by = Actor("agent", agent, ConnectionId(f"k{agent}"))
        self.must(CompleteWrapUp(by=by, conversation=ConversationId(conversation)))

    def cancel(self, conversation: str) -> None:
        self.must(CancelConversation(by=SERVICE, conversation=ConversationId(conversation)))

    def show(self, agent: str, show: Show) -> None:
        by = Actor("agent", agent, ConnectionId(f"k{agent}"))
        self.must(SetPresence(by=by, show=show))

    def assign(self, conversation: str, agent: str) -> None:
        self.must(
            AssignConversation(
                by=BOSS, conversation=ConversationId(conversation), agent=AgentId(agent)
            )
        )

    def prefer(self, conversation: str, klass: str) -> None:
        self.must(SetPriority(by=BOSS, conversation=ConversationId(conversation), priority=klass))

    def transfer(self, conversation: str, *, queue: str = "", agent: str = "") -> None:
        self.count += 1
        self.must(
            TransferConversation(
                by=SERVICE,
                conversation=ConversationId(conversation),
                op=f"op{self.count}",
                queue=queue,
                agent=AgentId(agent) if agent else None,
            )
        )

    def offers(self) -> list[OfferMade]:
        return [event for event, _ in self.log if isinstance(event, OfferMade)]
