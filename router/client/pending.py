"""Commands that were not answered yet.

Owns: their order, which may go now, their tries, the answers for whoever waits.
Does not know: sockets, time; the moments arrive as arguments.

Invariants (tests/client/test_pending.py): a command is there until it is answered, always with the
same ``op``; messages of one conversation go one after the other, so that a retry never overtakes;
what means nothing later is gone with its connection.
"""

import random
from collections.abc import Iterator
from typing import Any

import anyio

from router.outgoing import Reply

__all__ = ["CREATING", "FLEETING", "Pending", "Refused", "Waiting"]

CREATING = frozenset(
    {
        "message.send",
        "conversation.request",
        "conversation.transfer",
        "conversation.invite",
    }
)
"""Commands that create something: they carry an ``op``."""
FLEETING = frozenset(
    {
        "activity", "bye", "explain", "history", "message.read", "offer.seen", "sub",
        "token.refresh", "typing", "unsub",
    }
)  # fmt: skip
"""Commands that mean nothing later: lost with the connection, never sent again."""
TRIES_MAX = 8
RETRY_MAX_S = 20.0


class Refused(Exception):
    """The server said no, or the connection went before a fleeting command was answered.

    ``code`` and ``name`` are those of protocol section 5 (0 and ``lost`` for the latter).
    """

    def __init__(self, code: int, name: str, message: str, reply: Reply | None = None) -> None:
        super().__init__(f"{code} {name}: {message}")
        self.code = code
        self.name = name
        self.reply = reply


class Waiting:
    """One command on its way."""

    __slots__ = ("answered", "error", "fields", "id", "not_before_s", "reply", "tries", "type")

    def __init__(self, type_: str, fields: dict[str, Any]) -> None:
        self.type = type_
        self.fields = fields
        self.id = 0
        self.tries = 0
        self.not_before_s = float("-inf")
        self.answered = anyio.Event()
        self.reply: Reply | None = None
        self.error: Exception | None = None

    def settle(self, reply: Reply | None, error: Exception | None = None) -> None:
        """Lets go whoever waits for the answer."""
        self.reply, self.error = reply, error
        self.answered.set()

    async def wait(self) -> Reply:
        """The reply.

        Raises:
            Refused: the server said no.
            Stopped: the connection ended for good.
        """
        await self.answered.wait()
        if self.error is not None:
            raise self.error
        assert self.reply is not None
        return self.reply


class Pending:
    """All commands of one connection that were not answered yet, oldest first."""

    def __init__(self) -> None:
        self._all: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._all)

    def add(self, one: Waiting) -> None:
        """Puts a command behind the others."""
        self._all.append(one)

    def remove(self, one: Waiting) -> None:
        """Forgets a command."""
        self._all.remove(one)

    def due(self, now_s: float) -> Iterator[Waiting]:
        """What may be sent now, in order."""
        busy: set[object] = set()
        for one in list(self._all):
            lane = one.fields.get("conversation") if one.type == "message.send" else id(one)
            if lane in busy:
                continue
            busy.add(lane)
            if not one.id and one.not_before_s <= now_s:
                yield one

    def next_s(self) -> float | None:
        """When the next postponed command may go, or None."""
        return min((one.not_before_s for one in self._all if not one.id), default=None)

    def answer(self, reply: Reply, now_s: float) -> None:
        """Takes in a reply: whoever waits goes on, or the command is tried again later."""
        one = next((each for each in self._all if each.id == reply.id), None)
        if one is None:
            return
        error = reply.err
        if error is None:
            self.remove(one)
            one.settle(reply)
            return
        if error.retry != "no" and one.type not in FLEETING and one.tries < TRIES_MAX:
            jitter_s = random.uniform(0, min(RETRY_MAX_S, 2.0**one.tries))  # noqa: S311 spread, not a secret
            one.id = 0
            one.not_before_s = now_s + (
                jitter_s if error.retry_ms is None else error.retry_ms / 1000
            )
            return
        self.remove(one)
        one.settle(None, Refused(error.code, error.name, error.msg, reply))

    def detach(self) -> None:
        """The connection is gone: what is kept waits for the next one."""
        for one in list(self._all):
            one.id = 0
            if one.type in FLEETING:
                self.remove(one)
                one.settle(None, Refused(0, "lost", f"{one.type}: the connection went"))

    def end(self, error: Exception) -> None:
        """There will be no other connection."""
        for one in self._all:
            one.settle(None, error)
        self._all.clear()
