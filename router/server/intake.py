"""One task reads for all connections whatever can be dealt with at once.

Owns: which sockets are listened to, and the turns in which they are heard.
Does not know: what is read, or what becomes of it.

Invariants (tests/server/test_intake.py): a socket is heard only while it is listened to, each once
a turn at most, and between turns all other tasks run; what goes wrong over one socket is told to
its own listener and to nobody else; who waits for the end of a turn is told of it in any case; who
speaks where little is said is heard at once, and anybody within ``GATHER_S`` of a turn's beginning.

A task that waits for its socket costs a switch, a call of the system to arm it anew, and thirty
objects, for each message. Here a socket stays armed for as long as nothing has to be waited for.

Waking up for one message costs about half of what the message costs: calls of the system, a turn of
the loop, a group of one in the journal, a walk through cold caches. So where much is said, a turn
waits a moment for several to have spoken, as a network card does that interrupts seldom: a message
costs the server less, and nobody notices the milliseconds (docs/speed.md). Where what a turn brings
takes as long as that anyway, none are lost: turns begin so far apart, not end.
"""

import select
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import trio

__all__ = ["Intake", "Listener", "Waiting"]

TURN = 32
"""So many sockets are heard before other tasks have their turn."""
GATHER_S = 0.004
"""So long after one turn the next begins, where several speak meanwhile."""
WORTH = 3
"""A wait in which fewer spoke was in vain."""
VAIN_MAX = 2
"""After so many in vain, one behind the other, ..."""
LATE_S = 0.002
"""Or after one that took so much longer, ..."""
AT_ONCE = 32
"""... so many turns come at once before it is tried again."""


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


class Gathering:
    """Whether it is worth waiting until several have spoken, judged by what came of it before.

    A loop that comes back late has much to do besides, and finds several there in any case.
    Two who answer each other as fast as they can look like many, until they are made to wait; so
    nothing tells but to try, now and then.
    """

    def __init__(self) -> None:
        self._in_vain = 0
        self._at_once = AT_ONCE

    def is_worth_it(self, heard: int) -> bool:
        """Whether to wait behind a turn in which so many were heard."""
        if not heard or heard == TURN:  # silence, or more is there already
            return False
        if self._at_once:
            self._at_once -= 1
            return False
        return True

    def learn(self, heard: int, late_s: float) -> None:
        """So many were heard in the turn behind a wait, which ended so much later than meant."""
        self._in_vain = 0 if heard >= WORTH else self._in_vain + 1
        if self._in_vain == VAIN_MAX or late_s > LATE_S:
            self._in_vain, self._at_once = 0, AT_ONCE


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
        gathering = Gathering()
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            began = trio.current_time()
            heard = self._turn()
            while gathering.is_worth_it(heard):
                due = began + GATHER_S
                await trio.sleep_until(due)
                began = trio.current_time()
                heard = self._turn()
                gathering.learn(heard, began - due)

    def _turn(self) -> int:
        for each in self._waiting:
            each.hold()
        try:
            return self._hear()
        finally:
            for each in self._waiting:
                each.release()

    def _hear(self) -> int:
        ready = self._epoll.poll(0, TURN)
        for descriptor, _ in ready:
            # One who was heard before may have ended another.
            listener = self._listeners.get(descriptor)
            if listener is not None and not listener.hear():
                self.rest(descriptor)
        return len(ready)
