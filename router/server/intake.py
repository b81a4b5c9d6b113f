"""One task reads for all connections whatever can be dealt with at once.

Owns: which sockets are listened to, and the turns in which they are heard.
Does not know: what is read, or what becomes of it.

Invariants (tests/server/test_intake.py): a socket is heard only while it is listened to, each once
a turn at most, and between turns all other tasks run; what goes wrong over one socket is told to
its own listener and to nobody else; who waits for the end of a turn is told of it in any case.

A task that waits for its socket costs a switch, a call of the system to arm it anew, and thirty
objects, for each message. Here a socket stays armed for as long as nothing has to be waited for.
"""

import select
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import trio

__all__ = ["Intake", "Listener", "Waiting"]

TURN = 32
"""So many sockets are heard before other tasks have their turn."""


class Listener(Protocol):
    """Who listens to a socket."""

    def hear(self) -> bool:
        """There is something to be read, or an end; whether to go on listening."""


class Waiting(Protocol):
    """Who waits for the end of a turn with what the turn brings."""

    def hold(self) -> None:
        """A turn begins."""

    def release(self) -> None:
        """It is over."""


class Intake:
    """The reader of a node; ``run`` it once.

    Args:
        waiting: Told of the beginning and the end of each turn, in this order.
    """

    def __init__(self, waiting: Sequence[Waiting] = ()) -> None:
        self._waiting = waiting
        self._epoll = select.epoll()
        self._listeners: dict[int, Listener] = {}

    def __len__(self) -> int:
        return len(self._listeners)

    def listen(self, descriptor: int, listener: Listener) -> None:
        """Has the listener told when there is something to be read, until it has heard enough."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._listeners[descriptor] = listener

    def rest(self, descriptor: int) -> None:
        """Listens no more; call it before the socket is closed."""
        self._listeners.pop(descriptor, None)
        with suppress(OSError):  # who closed it first took it out of this, too
            self._epoll.unregister(descriptor)

    async def run(self) -> None:
        """Listens, for ever."""
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            for each in self._waiting:
                each.hold()
            try:
                self._turn()
            finally:
                for each in self._waiting:
                    each.release()

    def _turn(self) -> None:
        for descriptor, _ in self._epoll.poll(0, TURN):
            # One who was heard before may have ended another.
            listener = self._listeners.get(descriptor)
            if listener is not None and not listener.hear():
                self.rest(descriptor)
