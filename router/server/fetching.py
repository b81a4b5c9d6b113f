"""Transcripts on their way to those who asked for them.

Owns: how many a connection may wait for, and for how long.
Does not know: where they come from (``histories``), or how a reply is sent.

Invariant (tests/server/test_fetching.py): each ``history`` gets one reply, or the connection ends,
as for any command whose fate nobody knows.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import trio

from router import incoming
from router.commands import Actor
from router.errors import CloseCode, Refusal, Refused
from router.ids import ConnectionId
from router.outgoing import Outgoing
from router.server.histories import Histories
from router.server.pulse import FATE_S
from router.steps import refusal_reply

__all__ = ["Asker", "Fetching"]

FETCHES_MAX = 2
"""Of one connection, whose outbox has to hold them all. It is not asked for the next one while one
is under way; two there are only where both waited behind the same command."""


class Asker(NamedTuple):
    """The connection that asks: its tasks, how it is told, and how it is ended."""

    nursery: trio.Nursery
    say: Callable[[Outgoing], None]
    hang: Callable[[int], None]


class Fetching:
    """What all connections of a node wait for."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._counts: Counter[ConnectionId] = Counter()
        self._fewer = trio.lowlevel.ParkingLot()

    async def wait_free(self, connection: ConnectionId) -> None:
        """Waits until nothing of the connection's is under way; at once where that is so."""
        while connection in self._counts:
            await self._fewer.park()

    def start(self, asker: Asker, message: incoming.History, tenant: str, actor: Actor) -> None:
        """Answers at once, or as soon as the page is there."""
        try:
            reply = self._histories.at_once(message, tenant, actor)
        except Refused as refused:
            reply = refusal_reply(message.id, refused)
        if reply is None and self._counts.get(actor.connection, 0) >= FETCHES_MAX:
            reply = refusal_reply(message.id, _too_many())
        if reply is not None:
            asker.say(reply)
            return
        self._counts[actor.connection] += 1
        asker.nursery.start_soon(self._fetch, asker, message, tenant, actor)

    async def _fetch(
        self, asker: Asker, message: incoming.History, tenant: str, actor: Actor
    ) -> None:
        try:
            with trio.fail_after(FATE_S):
                asker.say(await self._histories.answer(message, tenant, actor))
        except Refused as refused:
            asker.say(refusal_reply(message.id, refused))
        except trio.TooSlowError:
            asker.hang(CloseCode.SERVER_ERROR)
        finally:
            self._counts[actor.connection] -= 1
            if not self._counts[actor.connection]:
                del self._counts[actor.connection]
            self._fewer.unpark_all()


def _too_many() -> Refused:
    return Refused(Refusal.RATE_LIMITED, "too many transcripts at once", retry_ms=1_000)
