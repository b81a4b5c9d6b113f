"""Answers what needs no place in the journal: history, why, policy, topics, who is typing.

Owns: which read becomes which view, and the purpose that reading a transcript may need.
Does not know: sessions, sockets, whose turn it is.

A read is answered at once from the core as it is now; the session has seen to it that the
connection's own earlier commands are in there.
"""

from collections import deque
from collections.abc import Callable, Mapping

from router import incoming, outgoing, views
from router.commands import Actor
from router.core import Router
from router.errors import Refusal, Refused
from router.explain import explain
from router.ids import ConversationId
from router.incoming import Incoming
from router.policy import Policy, Purpose
from router.server.hub import Hub
from router.server.links import Link

__all__ = ["Reads"]

HOUR_MS = 3_600_000


class Reads:
    """The reads of all connections of a node."""

    def __init__(self, routers: Mapping[str, Router], hub: Hub, now_ms: Callable[[], int]) -> None:
        self._routers = routers
        self._hub = hub
        self._now_ms = now_ms
        self._looks: dict[tuple[str, str, str], deque[int]] = {}

    def answer(self, message: Incoming, link: Link, actor: Actor, name: str) -> outgoing.Reply:
        """The reply to a read.

        Raises:
            Refused: as the core would refuse a command.
        """
        match message:
            case incoming.Sub():
                return self._hub.topics.subscribe(link, message.topic, message.mode, message.id)
            case incoming.Unsub():
                self._hub.topics.unsubscribe(link, message.topic)
            case incoming.History():
                return self._history(message, link.tenant, actor)
            case incoming.Explain():
                return self._explain(message, link.tenant, actor)
            case incoming.PolicyGet():
                policy = self._routers[link.tenant].policy
                return outgoing.Reply(id=message.id, ok=True, policy=policy)
            case incoming.Typing():
                self._pass_on_typing(message, link.tenant, actor, name)
        return outgoing.Reply(id=message.id, ok=True)

    def _history(self, message: incoming.History, tenant: str, actor: Actor) -> outgoing.Reply:
        router = self._routers[tenant]
        if message.conversation is None:
            raise Refused(Refusal.BAD_REQUEST, "conversation: name the one to read")
        purpose = None
        if actor.role != "customer":
            purpose = _purpose_for(router.policy, actor.role, message.purpose)
        messages, more = views.history(
            router, actor, ConversationId(message.conversation), message.before_seq, message.limit
        )
        if purpose is not None and purpose.per_hour:
            self._count_look(tenant, actor, purpose)
        return outgoing.Reply(id=message.id, ok=True, messages=tuple(messages), more=more)

    def _count_look(self, tenant: str, actor: Actor, purpose: Purpose) -> None:
        """Notes a look at a transcript; each node counts its own.

        Raises:
            Refused: RATE_LIMITED, where the person looked often enough for this purpose.
        """
        now_ms = self._now_ms()
        looks = self._looks.setdefault((tenant, actor.key, purpose.id), deque())
        while looks and (looks[0] <= now_ms - HOUR_MS or len(looks) > purpose.per_hour):
            looks.popleft()
        if len(looks) >= purpose.per_hour:
            text = f"purpose: at most {purpose.per_hour} an hour"
            raise Refused(Refusal.RATE_LIMITED, text, retry_ms=looks[0] + HOUR_MS - now_ms)
        looks.append(now_ms)

    def _explain(self, message: incoming.Explain, tenant: str, actor: Actor) -> outgoing.Reply:
        found = explain(
            self._routers[tenant],
            actor,
            self._now_ms(),
            conversation=message.conversation,
            agent=message.agent,
            assignment=message.assignment,
        )
        return outgoing.Reply(id=message.id, ok=True, explain=found)

    def _pass_on_typing(
        self, message: incoming.Typing, tenant: str, actor: Actor, name: str
    ) -> None:
        conversation = ConversationId(message.conversation)
        readers = views.typing_readers(self._routers[tenant], actor, conversation)
        by = outgoing.Person(id=actor.id, role=actor.role, name=name)
        self._hub.send(
            tenant,
            tuple(person for person in readers if person != actor.key),
            outgoing.Typing(conversation=conversation, by=by, on=message.on),
        )


def _purpose_for(policy: Policy, role: str, purpose: str) -> Purpose | None:
    """The purpose that the tenant knows by this name; None where it demands none.

    Raises:
        Refused: PURPOSE_REQUIRED, where the tenant demands one and this is none of them.
    """
    if not policy.purposes:
        return None
    for entry in policy.purposes:
        known = entry if isinstance(entry, Purpose) else Purpose(id=entry)
        if known.id == purpose and (not known.roles or role in known.roles):
            return known
    raise Refused(Refusal.PURPOSE_REQUIRED, "purpose: name one that the tenant allows")
