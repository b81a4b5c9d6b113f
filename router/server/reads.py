"""Answers what needs no place in the journal: why, policy, topics, who is typing.

Owns: which read becomes which view.
Does not know: sessions, sockets, whose turn it is, transcripts (``histories`` has those).

A read is answered at once from the core as it is now; the session has seen to it that the
connection's own earlier commands are in there.
"""

from collections.abc import Callable, Mapping

from router import incoming, outgoing, views
from router.commands import Actor
from router.core import Router
from router.errors import Refusal, Refused
from router.explain import explain
from router.ids import ConversationId
from router.incoming import Incoming
from router.previewed import Preview
from router.previews import preview_class, preview_skills
from router.server.hub import Hub
from router.server.links import Link

__all__ = ["Reads"]


class Reads:
    """The reads of all connections of a node."""

    def __init__(self, routers: Mapping[str, Router], hub: Hub, now_ms: Callable[[], int]) -> None:
        self._routers = routers
        self._hub = hub
        self._now_ms = now_ms

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
            case incoming.Explain():
                return self._explain(message, link.tenant, actor)
            case incoming.Preview():
                return self._preview(message, link.tenant, actor)
            case incoming.PolicyGet():
                policy = self._routers[link.tenant].policy
                return outgoing.Reply(id=message.id, ok=True, policy=policy)
            case incoming.Typing():
                self._pass_on_typing(message, link.tenant, actor, name)
        return outgoing.Reply(id=message.id, ok=True)

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

    def _preview(self, message: incoming.Preview, tenant: str, actor: Actor) -> outgoing.Reply:
        router = self._routers[tenant]
        if bool(message.agent) is bool(message.conversation):
            raise Refused(Refusal.BAD_REQUEST, "agent: name an agent, or else a conversation")
        found: Preview
        if message.agent:
            new = message.skills, message.languages
            found = preview_skills(router, actor, message.agent, *new)
        else:
            found = preview_class(router, actor, message.conversation, message.priority)
        return outgoing.Reply(id=message.id, ok=True, preview=found)

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
