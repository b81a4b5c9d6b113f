"""Answers ``history``: one transcript or all of a customer's, from the core or from the archive.

Owns: where a page comes from, that staff's looks are audited before anything is shown, how many
archives are read at once.
Does not know: who may read (the core says), how pages are cut, SQL.

Invariants (tests/server/test_histories.py): nobody on staff gets a message before the look is in
the journal; a reader cannot tell where the seam is; no read holds up the loop or another for
longer than its limit.

A customer's page of a conversation that the core has is answered at once. Every other read is
answered when it is ready: it may wait for the journal, or for a thread that reads the archive.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, TypeVar

import trio

from router import incoming, outgoing, views
from router.archive.across import Live, Wanted, page_of_customer
from router.archive.base import Archive, Asked, Filed
from router.cards import Message
from router.commands import Actor, ReadHistory
from router.core import Router
from router.errors import ArchiveUnavailable, Refusal, Refused, StorageError
from router.ids import AgentId, ConversationId, CustomerId
from router.paging import Before, newest, shown
from router.relations import hidden_agents
from router.server.answers import Submit, carry_out

__all__ = ["Histories", "Keeper"]

READERS_MAX = 4
"""Threads that read archives at once."""
WAITING_MAX = 100
"""Reads that may wait for one of them; further ones are refused with 108."""
PATIENCE_S = 5.0

Page = tuple[list[Message], bool]
_Found = TypeVar("_Found")


class Keeper(Protocol):
    """Who has the archive."""

    @property
    def archive(self) -> Archive:
        """Where what is over is read."""

    async def fetch(self, tenant: str, *, conversation: str = "", customer: str = "") -> None:
        """See ``Archiving.fetch``."""


class Histories:
    """The reads of transcripts of all connections of a node.

    Args:
        routers: The cores.
        submit: Puts a command on its way.
        keeper: Has the archive; None where nothing is kept.
    """

    def __init__(
        self, routers: Mapping[str, Router], submit: Submit, keeper: Keeper | None
    ) -> None:
        self._routers = routers
        self._submit = submit
        self._keeper = keeper
        self._readers = trio.CapacityLimiter(READERS_MAX)

    def at_once(
        self, message: incoming.History, tenant: str, actor: Actor
    ) -> outgoing.Reply | None:
        """The reply where it needs neither the journal nor the archive, else None.

        Raises:
            Refused: as the core would refuse a command.
        """
        router = self._routers[tenant]
        if message.conversation is None and message.customer is None:
            raise Refused(Refusal.BAD_REQUEST, "conversation: name the one to read, or a customer")
        name = message.conversation
        if actor.role != "customer" or message.customer is not None or name is None:
            return None
        if name not in router.world.conversations.by_id:
            return None
        return self._live(message, router, actor, name)

    async def answer(self, message: incoming.History, tenant: str, actor: Actor) -> outgoing.Reply:
        """The reply, whatever it needs.

        Raises:
            Refused: as the core would refuse a command; OVERLOADED where the archive cannot be
                read now.
        """
        try:
            if message.customer is not None:
                return await self._answer_all(message, tenant, actor, message.customer)
            assert message.conversation is not None, "at_once refused it"
            return await self._answer_one(message, tenant, actor, message.conversation)
        except StorageError:
            raise Refused(Refusal.OVERLOADED, "the archive cannot be read at present") from None

    async def _answer_one(
        self, message: incoming.History, tenant: str, actor: Actor, name: str
    ) -> outgoing.Reply:
        router = self._routers[tenant]
        conversations = router.world.conversations.by_id
        filed = None if name in conversations else await self._filed(tenant, name)
        if actor.role == "customer":
            if filed is not None and filed.customer != actor.id:
                raise Refused(Refusal.NOT_FOUND, "there is no such conversation")
        else:
            await self._look(message, tenant, actor, filed)
        if name in conversations:
            return self._live(message, router, actor, name)
        page = partial(
            self._kept, tenant, name, _before(message), message.limit, actor.role != "customer"
        )
        return _reply(message.id, *await self._read(tenant, page, conversation=name))

    def _live(
        self, message: incoming.History, router: Router, actor: Actor, name: str
    ) -> outgoing.Reply:
        messages, more = views.history(router, actor, name, _before(message), message.limit)
        return _reply(message.id, list(messages), more)

    async def _answer_all(
        self, message: incoming.History, tenant: str, actor: Actor, customer: str
    ) -> outgoing.Reply:
        router = self._routers[tenant]
        if actor.role != "customer":
            await self._look(message, tenant, actor, None)
        elif customer != actor.id:
            raise Refused(Refusal.NOT_FOUND, "there is no such customer")
        live = [
            Live(
                Asked(one.arrived_ms, one.id),
                one.agent or one.last_agent,
                one.queue,
                tuple(one.messages),
            )
            for one in router.world.conversations.of_customer(customer)
        ]
        wanted = Wanted(
            customer=customer,
            limit=message.limit,
            notes=actor.role != "customer",
            hidden=hidden_agents(router.world, actor),
            conversation=message.conversation,
            before=_before(message),
            confidential=_confidential(router) if actor.role == "agent" else frozenset(),
            reader=actor.id,
        )
        archive = self._keeper.archive if self._keeper is not None else None
        page = partial(page_of_customer, archive, tenant, live, wanted)
        found = await self._read(tenant, page, customer=customer)
        if found is None:
            raise Refused(Refusal.NOT_FOUND, "conversation: not of this customer")
        return _reply(message.id, *found)

    async def _look(
        self, message: incoming.History, tenant: str, actor: Actor, filed: Filed | None
    ) -> None:
        """Has a look of staff's written down, where it is allowed.

        Raises:
            Refused: it is not.
        """
        customer = filed.customer if filed is not None else message.customer
        router = self._routers[tenant]
        live = router.world.conversations.by_id.get(message.conversation or "")
        queue = filed.queue if filed is not None else live.queue if live is not None else ""
        command = ReadHistory(
            by=actor,
            conversation=None if message.customer else ConversationId(message.conversation or ""),
            customer=None if customer is None else CustomerId(customer),
            agent=None if filed is None else AgentId(filed.agent),
            purpose=message.purpose,
            confidential=message.customer is None and queue in _confidential(router),
        )
        await carry_out(self._submit, tenant, command)

    # -- the archive -------------------------------------------------------------------------

    async def _filed(self, tenant: str, name: str) -> Filed:
        """What the archive knows of a conversation that the core does not have.

        Raises:
            Refused: NOT_FOUND.
        """
        filed = None
        if self._keeper is not None:
            look = partial(self._keeper.archive.conversation, tenant, name)
            filed = await self._read(tenant, look, conversation=name)
        if filed is None:
            raise Refused(Refusal.NOT_FOUND, "there is no such conversation")
        return filed

    def _kept(self, tenant: str, name: str, before: Before, limit: int, notes: bool) -> Page:
        assert self._keeper is not None, "only an archive has what the core has not"
        found = self._keeper.archive.messages(tenant, name, before, limit + 1, notes=notes)
        chosen, more = newest(found, limit)
        return [shown(message) for message in chosen], more

    async def _read(
        self, tenant: str, read: Callable[[], _Found], *, conversation: str = "", customer: str = ""
    ) -> _Found:
        """Reads in a thread, one of few, and not for ever.

        Raises:
            ArchiveUnavailable: it could not be read, or not in time.
        """
        if self._readers.statistics().tasks_waiting >= WAITING_MAX:
            raise ArchiveUnavailable("Too many wait to read the archive.")
        with trio.move_on_after(PATIENCE_S):
            if self._keeper is not None:
                await self._keeper.fetch(tenant, conversation=conversation, customer=customer)
            return await trio.to_thread.run_sync(
                read, limiter=self._readers, abandon_on_cancel=True
            )
        raise ArchiveUnavailable("The archive took too long.")


def _confidential(router: Router) -> frozenset[str]:
    return frozenset(queue.id for queue in router.policy.queues if queue.confidential)


def _before(message: incoming.History) -> Before:
    return Before(message.before_seq, message.before_note)


def _reply(id_: int, messages: list[Message], more: bool) -> outgoing.Reply:
    return outgoing.Reply(id=id_, ok=True, messages=tuple(messages), more=more)
