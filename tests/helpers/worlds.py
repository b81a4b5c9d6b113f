"""Builders: people, policies, and a ``Scene`` that drives a router as a node would.

A ``Scene`` knows the time and sends a ``Tick`` at each deadline, so nothing is ever found late
unless a test asks for it with ``skip_to``.
"""

from collections.abc import Iterable
from typing import TypeVar

from router.commands import (
    AcceptOffer,
    Actor,
    CancelConversation,
    Claims,
    Command,
    Connect,
    DeclineOffer,
    Disconnect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.conversations import Conversation
from router.core import Router
from router.events import (
    Answer,
    CommandAnswered,
    CommandRefused,
    ConversationAssigned,
    Event,
    OfferEnded,
    OfferMade,
)
from router.ids import AgentId, ConnectionId, ConversationId, CustomerId, OfferId
from router.policy import AgentEntry, LanguageWish, Policy, Queue, SkillNeed
from router.presence import Agent, Customer
from router.world import World

E = TypeVar("E", bound=Event)

START_MS = 1_000_000


def actor(role: str, name: str, device: str = "1") -> Actor:
    """A person of this role, on one of their connections."""
    return Actor(role, name, ConnectionId(f"{name}/{device}"))


def agent(name: str, device: str = "1") -> Actor:
    return actor("agent", name, device)


def customer(name: str, device: str = "1") -> Actor:
    return actor("customer", name, device)


def supervisor(name: str = "sue") -> Actor:
    return actor("supervisor", name)


def service(name: str = "bot") -> Actor:
    return actor("service", name)


SIMPLE = Policy(queues=(Queue(id="q"),), capacity={"chat": 1, "total": 1})
"""One queue for chats, agents with room for one, nothing asked for."""


def skilled(name: str, /, capacity: int = 1, languages: str = "", **skills: int) -> AgentEntry:
    """An agent of the directory; ``languages`` as ``en:100 fr:60``."""
    spoken = (pair.split(":") for pair in languages.split())
    return AgentEntry(
        id=name,
        skills=skills,
        languages={tag: int(level) for tag, level in spoken},
        capacity={"chat": capacity, "total": capacity},
    )


def needs(**skills: int) -> tuple[SkillNeed, ...]:
    return tuple(SkillNeed(skill, level) for skill, level in skills.items())


def wishes(*tags: str) -> tuple[LanguageWish, ...]:
    return tuple(LanguageWish(tag) for tag in tags)


class Scene:
    """A router with its time, and short words for what people do."""

    def __init__(self, policy: Policy = SIMPLE, start_ms: int = START_MS) -> None:
        self.router = Router("tenant")
        self.start_ms = self.now_ms = start_ms
        self.log: list[tuple[int, Event]] = []
        """Every event with the time at which it was reported, in ms since the start."""
        self.op_count = 0
        self.do(SetPolicy(policy))

    @property
    def world(self) -> World:
        return self.router.world

    def do(self, command: Command) -> list[Event]:
        """Sends a command now."""
        events = self.router.apply(command, self.now_ms)
        self.log.extend((self.now_ms - self.start_ms, event) for event in events)
        return events

    def to(self, at_ms: int) -> list[Event]:
        """Lets time pass until ``at_ms`` after the start, with a Tick at each deadline."""
        until_ms = self.start_ms + at_ms
        events: list[Event] = []
        while (due_ms := self.router.next_deadline_ms()) is not None and due_ms <= until_ms:
            self.now_ms = max(self.now_ms, due_ms)
            events += self.do(Tick())
        self.now_ms = until_ms
        return events

    def skip_to(self, at_ms: int) -> None:
        """Lets time pass without anybody there to append: an outage."""
        self.now_ms = self.start_ms + at_ms

    def answered(self, command: Command) -> Answer:
        """Sends a command that must take effect."""
        own = [e for e in self.do(command) if isinstance(e, CommandAnswered | CommandRefused)]
        assert len(own) == 1
        assert isinstance(own[0], CommandAnswered), own[0]
        return own[0].answer

    def refused(self, command: Command) -> CommandRefused:
        """Sends a command that must be refused."""
        events = self.do(command)
        assert isinstance(events[-1], CommandRefused), events
        return events[-1]

    def arrive(self, *people: Actor, **claims: object) -> None:
        """People connect."""
        for person in people:
            self.answered(Connect(person, life="n1", claims=Claims(**claims)))  # type: ignore[arg-type]

    def sign_in(self, *names: str) -> None:
        """Agents connect and are available."""
        for name in names:
            self.arrive(agent(name))
            self.answered(SetPresence(agent(name)))

    def leave(self, person: Actor, *, goodbye: bool = False) -> list[Event]:
        return self.do(Disconnect(person, leave=goodbye))

    def ask(self, name: str, conversation: str = "", **fields: object) -> Answer:
        """A customer asks for a conversation; it is named after them unless said otherwise."""
        known = self.world.people.customers.get(name)
        if known is None or not known.devices:
            self.arrive(customer(name))
        return self.answered(self.request(customer(name), conversation or name, **fields))

    def request(self, by: Actor, conversation: str, **fields: object) -> RequestConversation:
        self.op_count += 1
        filled = {"channel": "chat", "op": f"op{self.op_count}", "topic": conversation, **fields}
        return RequestConversation(by, ConversationId(conversation), **filled)  # type: ignore[arg-type]

    def offer_of(self, name: str) -> OfferId:
        """The agent's pending offer."""
        return OfferId(self.agent(name).offer)

    def offered(self, name: str) -> str:
        """The conversation that the agent is asked to take, or nothing."""
        offer = self.agent(name).offer
        return self.world.offers.pending[offer].conversation if offer else ""

    def see(self, name: str) -> list[Event]:
        return self.do(SeeOffer(agent(name), self.offer_of(name)))

    def accept(self, name: str) -> list[Event]:
        return self.do(AcceptOffer(agent(name), self.offer_of(name)))

    def decline(self, name: str) -> list[Event]:
        return self.do(DeclineOffer(agent(name), self.offer_of(name)))

    def end(self, name: str, conversation: str) -> list[Event]:
        return self.do(EndConversation(agent(name), ConversationId(conversation)))

    def cancel(self, name: str, conversation: str = "") -> list[Event]:
        return self.do(CancelConversation(customer(name), ConversationId(conversation or name)))

    def agent(self, name: str) -> Agent:
        return self.world.people.agents[name]

    def customer(self, name: str) -> Customer:
        return self.world.people.customers[name]

    def conversation(self, name: str) -> Conversation:
        return self.world.conversations.by_id[name]

    def status(self, name: str) -> str:
        return str(self.conversation(name).status)

    def serve_all(self, name: str) -> list[str]:
        """The agent takes and ends one after the other; returns them in that order."""
        served = []
        while conversation := self.offered(name):
            self.accept(name)
            served.append(conversation)
            self.end(name, conversation)
        return served

    def seen(self, kind: type[E]) -> list[tuple[int, E]]:
        """All events of a kind so far, each with its time."""
        return [(at_ms, event) for at_ms, event in self.log if isinstance(event, kind)]

    def offers(self) -> list[tuple[int, str, str]]:
        """(time, conversation, agent) of every offer so far."""
        return [(at, e.conversation, e.agent) for at, e in self.seen(OfferMade)]

    def outcomes(self) -> list[tuple[int, str, str]]:
        """(time, agent, outcome) of every offer that ended."""
        return [(at, e.agent, e.outcome) for at, e in self.seen(OfferEnded)]

    def assigned(self) -> list[tuple[str, str]]:
        """(conversation, agent) of every assignment so far."""
        return [(e.conversation, e.agent) for _, e in self.seen(ConversationAssigned)]


def of_kind(events: Iterable[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def ids(name: str) -> tuple[AgentId, ConversationId, CustomerId]:
    return AgentId(name), ConversationId(name), CustomerId(name)
