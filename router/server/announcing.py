"""Tells the service manager how the node is: that it starts, is ready, lives, and stops.

Owns: systemd's notify protocol (``sd_notify(3)``): datagrams of ``NAME=VALUE`` lines to the socket
in ``NOTIFY_SOCKET``; how often a watchdog is fed. Does not know: how a node is.

Where no manager listens, nothing is said and nothing is waited for.

Invariant (tests/server/test_announcing.py): nothing that a manager does or leaves undone stops or
holds up the node; the loop that serves people feeds the watchdog, so one that stands is seen.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping

import trio

__all__ = ["EXTEND_EVERY_S", "Announcing"]

EXTEND_EVERY_S = 10.0
"""So often a start asks for more time."""

_EXTENSION_US = int(EXTEND_EVERY_S * 3 * 1_000_000)


class Announcing:
    """The manager of this process, if there is one.

    Args:
        environment: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC``, ``WATCHDOG_PID``, as systemd sets them.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_s = _watchdog_s(environment) if address else 0.0

    def say(self, *facts: str) -> None:
        """Sends some facts, such as ``READY=1``; a manager that takes none is left alone."""
        if not self._address:
            return
        family, kind = socket.AF_UNIX, socket.SOCK_DGRAM
        with contextlib.suppress(OSError), socket.socket(family, kind) as sender:
            sender.setblocking(False)
            sender.sendto("\n".join(facts).encode(), self._address)

    async def say_how_far(self, reason: Callable[[], str]) -> None:
        """Asks for more time as long as a start takes, for ever; says what it waits for."""
        while self._address:
            self.say(f"STATUS={reason()}", f"EXTEND_TIMEOUT_USEC={_EXTENSION_US}")
            await trio.sleep(EXTEND_EVERY_S)

    async def feed_the_watchdog(self) -> None:
        """Says that the loop turns, twice in the time in which it must be said, for ever."""
        while self._watchdog_s:
            self.say("WATCHDOG=1")
            await trio.sleep(self._watchdog_s / 2)


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """Within how many seconds the watchdog is to be fed; 0 where there is none for this process."""
    whose = environment.get("WATCHDOG_PID", str(os.getpid()))
    told = environment.get("WATCHDOG_USEC", "")
    return int(told) / 1_000_000 if told.isdecimal() and whose == str(os.getpid()) else 0.0
