"""A core with a policy, and commands for it in one line each."""

from collections.abc import Sequence

from router.commands import (
    AcceptOffer,
    Actor,
    Claims,
    Command,
    Connect,
    Disconnect,
    RequestConversation,
    SendMessage,
    SetPolicy,
    SetPresence,
)
from router.core import Router
from router.events import Event
from router.ids import ConnectionId, ConversationId, OfferId, PersonKey
from router.policy import AgentEntry, Policy, Queue

__all__ = ["POLICY", "Core", "actor", "connect", "request"]

POLICY = Policy(
    queues=(Queue(id="support"), Queue(id="billing")),
    agents=(
        AgentEntry(id="alice", name="Alice", teams=("floor",)),
        AgentEntry(id="bob", name="Bob", teams=("back",)),
    ),
)


def actor(person: str, connection: str = "") -> Actor:
    """``agent:alice`` as an actor; a connection of its own where none is named."""
    role, _, subject = person.partition(":")
    return Actor(role, subject, ConnectionId(connection or f"x-{subject}"))


def connect(person: str, connection: str = "", *, life: str = "n1") -> Connect:
    return Connect(by=actor(person, connection), life=life, claims=Claims())


def request(person: str, op: str = "r1", *, queue: str = "support") -> RequestConversation:
    conversation = ConversationId(f"c-{person.partition(':')[2]}-{op}")
    return RequestConversation(
        by=actor(person), conversation=conversation, op=op, channel="chat", queue=queue
    )


class Core:
    """A router under the policy above, and the time that its commands come at."""

    def __init__(self, tenant: str = "acme") -> None:
        self.now_ms = 1_000_000
        self.router = Router(tenant)
        self.do(SetPolicy(policy=POLICY))

    def do(self, command: Command, after_ms: int = 10) -> Sequence[Event]:
        self.now_ms += after_ms
        return self.router.apply(command, self.now_ms)

    def here(self, *persons: str) -> None:
        for person in persons:
            self.do(connect(person))

    def show(self, agent: str, show: str) -> Sequence[Event]:
        return self.do(SetPresence(by=actor(f"agent:{agent}"), show=show))  # type: ignore[arg-type]

    def ask(self, customer: str, op: str = "r1", *, queue: str = "support") -> Sequence[Event]:
        return self.do(request(f"customer:{customer}", op, queue=queue))

    def accept(self, agent: str, offer: str) -> Sequence[Event]:
        return self.do(AcceptOffer(by=actor(f"agent:{agent}"), offer=OfferId(offer)))

    def leave(self, person: str) -> Sequence[Event]:
        return self.do(Disconnect(by=actor(person), leave=True))

    def send(self, person: str, conversation: str, body: str) -> Sequence[Event]:
        return self.do(
            SendMessage(
                by=actor(person), conversation=ConversationId(conversation), op=body, body=body
            )
        )


def key(person: str) -> PersonKey:
    return PersonKey(person)
