"""A person who stays connected: comes back after every loss, and carries on where they were.

Owns: one person's socket over the run, its losses and returns, commands that outlive a socket.
Does not know: what customers and agents do (``visitors``, ``desks``).

Invariant (tests/loadtest/test_staying.py): a command is sent again under the same ``op`` until it
is answered, on whichever connection; each return begins with the whole truth of ``welcome``.
"""

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from loadtest.lean import LeanSocket, RefusedError, dial
from loadtest.notes import Notes, now
from loadtest.scenario import Line, Scenario
from loadtest.tokens import Key, mint
from loadtest.wire import Connection, Message, PartOverError

__all__ = ["Crew", "Person"]

BACK_OFF_S = 0.2
BACK_OFF_MAX_S = 5.0
TRIES = 8
LOOK_AGAIN_S = 0.01
BODY = "I have looked at your bill, and the second charge was ours to refund."


@dataclass
class Crew:
    """What all people of one process share."""

    scenario: Scenario
    urls: tuple[str, ...]
    keys: list[Key]
    notes: Notes
    chance: random.Random
    run: str
    nursery: trio.Nursery
    entrance: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(24))
    tenants: tuple[str, ...] = ("load0",)
    guests: str = ""
    fault_at: float = 0.0
    people: int = 0

    def __post_init__(self) -> None:
        """Notes how the two clocks of this process lie to each other."""
        self._ahead = trio.current_time() - now()
        self.lines: dict[str, Line] = {line.id: line for line in self.scenario.lines}

    async def dial(self) -> LeanSocket:
        """A socket of the first node that lets somebody in, beginning with the last that did.

        Raises:
            RefusedError: none does; why the last of them did not.
        """
        refused = RefusedError("no address")
        for url in self.urls:
            try:
                socket = await dial(url)
            except RefusedError as error:
                refused = error
            else:
                self.urls = (url, *(each for each in self.urls if each != url))
                return socket
        raise refused

    async def until(self, instant: float) -> None:
        """Sleeps until an instant of ``now``; a checkpoint where it is past."""
        await trio.sleep_until(instant + self._ahead)

    def deadline(self, instant: float) -> float:
        """The same instant on trio's clock."""
        return instant + self._ahead

    def tenant(self, number: int) -> str:
        """The name of a tenant."""
        return self.tenants[number]

    def subject(self, role: str, name: str) -> str:
        """The id of a person as the server knows it."""
        return f"{self.guests}{name}" if role == "customer" else name


class Person:
    """One of the crew."""

    role = ""

    def __init__(self, crew: Crew, name: str, tenant: int) -> None:
        self.name = name
        self.tenant = tenant
        self.up = trio.Event()
        self.is_out = False
        self.is_gone = False
        self.returns = trio.Event()
        self.returns.set()
        self._crew = crew
        self._claims: dict[str, object] = {}
        self._connection: Connection | None = None
        self._socket: LeanSocket | None = None
        self._lost_at = 0.0
        self._op_count = 0
        crew.people += 1
        self._device = f"{crew.run}{crew.people:x}"

    @property
    def faults(self) -> Callable[[str, str], None]:
        """Counts an error of this person."""
        return lambda kind, text: self._crew.notes.faults.count(kind, f"{self.name}: {text}")

    def op(self) -> str:
        """Makes the next operation key."""
        self._op_count += 1
        return f"{self._device}.{self.name}.{self._op_count}"[-64:]

    async def stay(self) -> None:
        """Holds a connection until cancelled, or dismissed."""
        tries = 0
        while not self.is_gone:
            await self.returns.wait()
            try:
                async with self._crew.entrance:
                    self._socket = await self._crew.dial()
            except RefusedError as error:
                self._crew.notes.faults.count(f"connect.{error.why}", f"{self.name}: refused")
            else:
                if await self._hold(self._socket):
                    tries = 0
            tries += 1
            back_off_s = min(BACK_OFF_S * 2 ** (tries - 1), BACK_OFF_MAX_S)
            await trio.sleep(back_off_s * (0.5 + self._crew.chance.random()))

    async def _hold(self, socket: LeanSocket) -> bool:
        """Lives on one socket to its end; whether it was welcomed."""
        connection = Connection(
            who=self.name,
            faults=self._crew.notes.faults,
            on_event=self.on_event,
            op_prefix=self._device,  # the same after a loss, another for each tab
        )
        was_welcome = False
        try:
            async with trio.open_nursery() as nursery:
                connection.attach(socket, nursery)
                self._connection = connection
                try:
                    await self._enter(connection)
                    was_welcome = True
                    await self.greet()
                    await trio.sleep_forever()
                except PartOverError:
                    nursery.cancel_scope.cancel()
        finally:
            if self.up.is_set():
                self.up = trio.Event()
                self._lost_at = self._crew.fault_at
            self._connection = self._socket = None
            self.on_lost()
            await socket.aclose()
        return was_welcome

    async def _enter(self, connection: Connection) -> None:
        """Says hello and takes the welcome for the truth."""
        begun = now()
        key = self._crew.keys[self.tenant]
        tenant = self._crew.tenant(self.tenant)
        who = self._crew.subject(self.role, self.name)

        def token() -> str:
            return mint(key, tenant=tenant, role=self.role, subject=who, **self._claims)

        welcome = await connection.hello(self.role, token, **self.hello_fields())
        self._crew.notes.connected(now() - begun)
        if self._lost_at:
            self._crew.notes.sheet.back_s.append(now() - self._lost_at)
            self._lost_at = 0.0
        self.on_welcome(welcome)
        self.up.set()

    def cut(self, *, lasts: float = 0.0) -> None:
        """The network of this person is gone; with ``lasts`` it stays gone."""
        if self._connection is not None:
            self._connection.leaving = True
        if lasts:
            self.is_out, self.returns = True, trio.Event()
            self._crew.nursery.start_soon(self._come_back, lasts)
        if self._socket is not None:
            self._crew.nursery.start_soon(self._socket.aclose)

    def leave(self) -> None:
        """The run is over: whatever close follows is expected."""
        if self._connection is not None:
            self._connection.leaving = True

    async def dismiss(self) -> None:
        """Goes for good, with a word."""
        self.is_gone = True
        connection, socket = self._connection, self._socket
        if connection is not None and socket is not None:
            with contextlib.suppress(PartOverError):
                await connection.bye()
            await socket.aclose()

    async def _come_back(self, lasts: float) -> None:
        await trio.sleep(lasts)
        self.is_out = False
        self._crew.fault_at = now()
        self._lost_at = self._crew.fault_at
        self.returns.set()

    async def do(
        self,
        kind: str,
        *,
        due: float = 0.0,
        then: Callable[[Message], None] | None = None,
        **fields: object,
    ) -> Message:
        """Sends a command until it is answered, whatever becomes of the connection.

        Args:
            kind: The type of the message.
            due: When it was meant to be sent; now if not given.
            then: Called inside the reader with a good reply.
            fields: The rest of the message.

        Raises:
            PartOverError: there was no answer on several connections.
        """
        for _ in range(TRIES):
            await self.up.wait()
            connection, sent = self._connection, now()
            if connection is None:
                continue
            try:
                reply = await connection.ask(kind, then=then, **fields)
            except PartOverError:
                if not connection.is_over:
                    raise
                while self._connection is connection:  # noqa: ASYNC110 - a moment
                    await trio.sleep(LOOK_AGAIN_S)
                continue
            done = now()
            self._crew.notes.latencies.count(kind, due=due or sent, sent=sent, done=done)
            return reply
        raise PartOverError

    def say_body(self) -> str:
        """What is said: the moment at which it was, so that whoever hears it can tell how long."""
        return f"{now():.6f} {BODY}"

    def hear_body(self, body: object) -> None:
        """Counts how long a message was on its way."""
        stamp, _, text = str(body).partition(" ")
        if text == BODY:
            said = float(stamp)
            self._crew.notes.latencies.count("message", due=said, sent=said, done=now())

    # What customers and agents add

    def hello_fields(self) -> dict[str, object]:
        """What else goes into ``hello``."""
        return {}

    def on_welcome(self, welcome: Message) -> None:
        """Takes over the state."""

    async def greet(self) -> None:
        """Says what is to be said on each connection."""

    def on_lost(self) -> None:
        """The connection is gone."""

    def on_event(self, event: Message) -> None:
        """Takes an event, inside the reader."""
