"""A day in a few seconds on a real server: whatever boards and alerts count happens at least once.

Owns: who comes and what they do, in the words of the protocol. Does not know: what is counted.

Offers are declined, services end with a short wrap-up, people wait while an agent is busy, some
leave the line, one comes back again and again, somebody asks for what is not theirs.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.helpers.outsider import JSON, PATIENCE_S, Fields, Line, claims, sign

__all__ = ["SETTINGS", "BusyDay"]

SECRET = "a secret of this test, long enough for all"
SETTINGS = (
    f'keys = [{{ kid = "main", secret = "{SECRET}" }}]\n'
    + """
native_apps = true
[tenants.acme.policy]
capacity = { chat = 1, total = 1 }
[[tenants.acme.policy.queues]]
id = "support"
wrap_up_ms = 50
service_level = { short_abandon_ms = 0 }
"""
)
"""What tenant ``acme`` needs for it; goes behind its table's head."""

FORBIDDEN = 102
ROUNDS = 12
LEAVERS = 10
RETURNS = 24
"""Ratios in alerts count from twenty: offers, arrivals, and people who came back."""


class BusyDay:
    """The people of ``acme`` on a server of this machine.

    Args:
        port: Where it listens.
    """

    def __init__(self, port: int) -> None:
        self._address = f"ws://127.0.0.1:{port}/v1/socket"
        self._sockets = ExitStack()
        self._agents: list[Line] = []
        self._ops = itertools.count()

    @contextmanager
    def open(self) -> Iterator["BusyDay"]:
        """Everybody's sockets stay open as long as the block runs."""
        with self._sockets:
            yield self

    def play(self) -> None:
        """Plays it all once; whoever came stays connected."""
        for name in ("ann", "bob"):
            self._agents.append(self._come("agent", name))
        leavers = [self._come("customer", f"leaver-{n}") for n in range(LEAVERS)]
        for one in leavers:
            one.do("conversation.cancel", conversation=self._ask(one))
        for one in self._agents:
            one.do("presence.set", show="available")
        for number in range(ROUNDS):
            self._declined_then_served(self._come("customer", f"carl-{number}"))
        self._waits_for_its_turn()
        self._comes_back()

    def _come(self, role: str, name: str, **hello: object) -> Line:
        socket = self._sockets.enter_context(
            connect(
                self._address,
                subprotocols=[Subprotocol(JSON)],
                ping_interval=None,
                max_queue=None,
                proxy=None,
                open_timeout=PATIENCE_S,
                close_timeout=1,
            )
        )
        line = Line(socket, JSON)
        answer = line.hello(sign(claims("acme", role, name), secret=SECRET), role, **hello)
        assert answer["t"] == "welcome", answer
        return line

    def _ask(self, customer: Line) -> str:
        reply = customer.do("conversation.request", op=self._op(), channel="chat", queue="support")
        return str(reply["conversation"])

    def _op(self) -> str:
        return f"op-{next(self._ops)}"

    def _offered(self) -> tuple[Line, Fields]:
        """Whoever is asked next, and the offer."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for agent in self._agents:
                agent.idle(0.005)
                offers = agent.taken("offer.new")
                if offers:
                    return agent, offers[0]
        raise AssertionError(f"nobody is asked: {[agent.kept for agent in self._agents]}")

    def _serve(self, agent: Line, offer: Fields, customer: Line) -> None:
        agent.do("offer.accept", offer=offer["offer"])
        chat = offer["conversation"]
        customer.do("message.send", conversation=chat, op=self._op(), body="my lamp is dark")
        agent.do("message.send", conversation=chat, op=self._op(), body="is it plugged in?")
        agent.do("conversation.end", conversation=chat)

    def _declined_then_served(self, customer: Line) -> None:
        self._ask(customer)
        agent, offer = self._offered()
        agent.do("offer.decline", offer=offer["offer"])
        self._serve(*self._offered(), customer)

    def _waits_for_its_turn(self) -> None:
        """Both agents have somebody, so the third waits, and is told how long."""
        first, second, third = (self._come("customer", f"turn-{n}") for n in range(3))
        self._ask(first)
        self._ask(second)
        one, other = self._offered(), self._offered()
        for agent, offer in (one, other):
            agent.do("offer.accept", offer=offer["offer"])
        self._ask(third)
        one[0].do("conversation.end", conversation=one[1]["conversation"])
        self._serve(*self._offered(), third)
        theirs = other[1]["conversation"]
        code = one[0].fail("message.send", conversation=theirs, op=self._op(), body="not mine")
        assert code == FORBIDDEN, code
        other[0].do("conversation.end", conversation=other[1]["conversation"])

    def _comes_back(self) -> None:
        """Somebody whose page is loaded again and again, and who has seen it all."""
        dora = self._come("customer", "dora")
        chat = self._ask(dora)
        for _ in range(RETURNS):
            dora = self._come("customer", "dora", seen={chat: 0})
        self._serve(*self._offered(), dora)  # so both agents stay for as long as anybody looks
