"""One device of one person: connects, speaks the protocol, comes back, and believes nothing.

Owns: the connection of the moment, the numbers of commands and their replies, ops whose fate is
unknown, and what must hold from the client's side.
Does not know: what its person wants (`Acts`), the core.

Checked here: one reply to each command; an op that was answered is answered the same for ever, by
whatever device it is repeated; messages and offers as `view` says; nobody hears of what is not
theirs.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import trio

from tests.simulation.network import Network
from tests.simulation.peer import Gone, Message, Peer
from tests.simulation.trace import Trace
from tests.simulation.view import View, Wrong
from tests.simulation.watch import Violation, Watch

__all__ = ["Acts", "Device", "Op", "Permit", "Person", "Surroundings"]

REPLY_S = 25.0
MOMENT_S = 5.0
GOODBYE_S = 40.0
"""A goodbye takes as long as the slowest disk, and its reply may be lost."""
_ANSWER = ("conversation", "seq", "status", "position", "ahead", "joined")
_TOLD = (
    "id",
    "pos",
    "conversation",
    "offer",
    "seq",
    "status",
    "outcome",
    "reason",
    "code",
    "joined",
)
_LATER = {107, 108, 118}
"""Refusals that say: not now."""


class Permit:
    """Whether people do anything at present."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self._event.set()

    async def wait(self) -> None:
        """Wait until they may."""
        await self._event.wait()

    def withdraw(self) -> None:
        """All fall quiet."""
        if self._event.is_set():
            self._event = trio.Event()

    def give(self) -> None:
        """All go on."""
        self._event.set()


class Surroundings(NamedTuple):
    """What every device needs of the world."""

    network: Network
    watch: Watch
    trace: Trace
    token: Callable[[str, str, str], str]
    """Makes a token of a tenant, a role and a name."""
    may_act: "Permit"
    note: Callable[[str], None]
    """Counts a fault of this kind."""


class _Waiting:
    """A command whose reply has not come."""

    def __init__(self, op: "tuple[str, Op] | None") -> None:
        self.op = op
        self.event = trio.Event()
        self.reply: Message | None = None


class Op:
    """A command that creates something, until it is answered and for ever after."""

    def __init__(self, kind: str, fields: Message) -> None:
        self.kind = kind
        self.fields = fields
        self.answer: Message | None = None
        self.sent_count = 0


class Person:
    """Somebody, with any number of devices."""

    def __init__(self, tenant: str, role: str, name: str) -> None:
        self.tenant = tenant
        self.role = role
        self.name = name
        self.ops: dict[str, Op] = {}
        self.devices: list[Device] = []
        self._left_at: float | None = None
        self._absence = (0.0, 0.0)
        """When they were last away: since when, until when."""

    @property
    def key(self) -> str:
        """Who this is in the core."""
        return f"{self.role}:{self.name}"

    def leave(self) -> None:
        """Says goodbye, or declares to be offline."""
        self._left_at = trio.current_time()

    def was_away_for(self, seconds: float, now: float) -> bool:
        """Whether they left, or no device was there for so long, up to a moment ago."""
        if self._left_at is not None and now - self._left_at < GOODBYE_S:
            return True
        since, until = self._absence
        lost = [device.lost_at for device in self.devices]
        if None not in lost:
            since, until = max(at for at in lost if at is not None), now
        return until - since >= seconds and now - until < MOMENT_S

    def came_back(self, now: float) -> None:
        """A device is there again."""
        lost = [device.lost_at for device in self.devices]
        if None not in lost:
            self._absence = (max(at for at in lost if at is not None), now)

    def new_op(self, kind: str, /, **fields: Any) -> str:  # noqa: ANN401 - any field of a command
        """A fresh op for a command."""
        op = f"{self.name}{len(self.ops)}"
        self.ops[op] = Op(kind, {**fields, "op": op})
        return op


Acts = Callable[["Device"], Any]
"""What a person does on a device while it is connected; returns when they are done."""


class Device:
    """One device."""

    def __init__(
        self,
        person: Person,
        around: Surroundings,
        acts: Acts,
        chance: random.Random,
        *,
        on_message: Callable[["Device", Message], None] | None = None,
        subs: tuple[str, ...] = (),
    ) -> None:
        self.person = person
        self.around = around
        self.chance = chance
        self.view = View(person.role, person.name)
        self.peer: Peer | None = None
        self.session = ""
        self.is_slow = False
        self.lost_at: float | None = 0.0
        """When the server could not reach it any more; None while it surely can."""
        self.name = f"{person.tenant}/{person.name}{len(person.devices) or ''}"
        self._acts = acts
        self._on_message = on_message
        self._subs = subs
        self._encoding = chance.choice(("json", "msgpack"))
        self._device_id = chance.choice(("", self.name))
        self._number = 0
        self._waiting: dict[int, _Waiting] = {}
        person.devices.append(self)

    @property
    def is_welcome(self) -> bool:
        """Whether it is connected and was told the whole truth."""
        return self.peer is not None and bool(self.session)

    async def live(self) -> None:
        """Connect again and again, for ever."""
        while True:
            await self.around.may_act.wait()
            await self._connect()
            await trio.sleep(self.chance.expovariate(0.5))

    # -- one connection

    async def _connect(self) -> None:
        try:
            line = self.around.network.connect()
        except ConnectionRefusedError:
            return
        self.peer = Peer(line, self._encoding, is_mute=self.chance.random() < 0.03)
        if self.peer.is_mute:
            self.around.note("client that never pongs")
        self._number, self._waiting = 0, {}
        try:
            with trio.move_on_after(12) as patience:
                await self.peer.upgrade()
                await self._hello(self.peer)
                patience.deadline = float("inf")
                await self._converse(self.peer)
        except Gone:
            pass
        finally:
            await self.peer.hang_up()
            self._lose()

    async def _hello(self, peer: Peer) -> None:
        person = self.person
        fields: Message = {
            "token": self.around.token(person.tenant, person.role, person.name),
            "role": person.role,
            "client": {"name": "simulation", "version": "1", "device": self._device_id},
            "seen": self.view.seen() if self.chance.random() < 0.8 else {},
            "subs": list(self._subs),
        }
        if not fields["seen"]:
            self.view.conversations = {}
        self._number += 1
        await peer.send({"t": "hello", "id": self._number, **fields})
        while not self.session:
            message = await peer.receive()
            if message["t"] == "reply" and not message["ok"]:
                raise Gone(0)
            self._take(message)

    async def _converse(self, peer: Peer) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._act)
            try:
                while True:
                    if self.is_slow:
                        await trio.sleep(self.chance.uniform(0.2, 2))
                    self._take(await peer.receive())
            except Gone:
                nursery.cancel_scope.cancel()

    async def _act(self) -> None:
        try:
            await self._repeat_unsure()
            await self._acts(self)
        except Gone:
            return

    def _lose(self) -> None:
        self.peer = None
        self.session = ""
        self.is_slow = False
        if self.lost_at is None:
            self.lost_at = trio.current_time()

    def fall_silent(self) -> None:
        """Nothing gets through any more in either direction, and nobody is told."""
        assert self.peer is not None
        self.peer.line.fall_silent()
        if self.lost_at is None:
            self.lost_at = trio.current_time()

    # -- what comes

    def _take(self, message: Message) -> None:
        self.around.trace.write(f"  {self.name} < {_short(message)}")
        try:
            self._check_right(message)
            if message["t"] == "reply":
                self._settle(message)
            else:
                self.view.take(message)
        except Wrong as wrong:
            raise Violation(f"{self.name} was told: {wrong}") from wrong
        if message["t"] == "welcome":
            self.session = message["session"]
            self.person.came_back(trio.current_time())
            self.lost_at = None
        if self._on_message is not None:
            self._on_message(self, message)

    def _check_right(self, message: Message) -> None:
        """Invariant 7: nobody hears of what is not theirs."""
        name = message.get("conversation")
        if not isinstance(name, str) or message["t"] == "reply" or self.person.role == "supervisor":
            return
        book = self.around.watch.book(self.person.tenant)
        if self.person.key not in book.may_hear.get(name, ()):
            raise Violation(f"{self.name} heard {message['t']} of {name}, which is not theirs")
        if message["t"] == "message":
            readers = book.readers[name, message["kind"], message["seq"]]
            if self.person.key not in readers:
                raise Violation(f"{self.name} got message {message['seq']} of {name}")

    def _settle(self, reply: Message) -> None:
        waiting = self._waiting.pop(reply["id"], None)
        if waiting is None:
            if reply["id"]:
                raise Violation(f"{self.name} got a second reply to {reply['id']}")
            return
        waiting.reply = reply
        if waiting.op is not None:
            self._answered(*waiting.op, reply)
        waiting.event.set()

    # -- what is sent

    async def ask(self, kind: str, /, **fields: Any) -> Message:  # noqa: ANN401 - any field
        """Send a command and return its reply; the connection ends where none comes in time."""
        return await self._ask(kind, fields, None)

    async def do(self, op: str) -> Message:
        """Send a command that creates something, for the first time or once more."""
        known = self.person.ops[op]
        known.sent_count += 1
        return await self._ask(known.kind, known.fields, (op, known))

    async def _ask(self, kind: str, fields: Message, op: "tuple[str, Op] | None") -> Message:
        assert self.peer is not None, "somebody acts on a connection"
        self._number += 1
        waiting = self._waiting[self._number] = _Waiting(op)
        await self.peer.send({"t": kind, "id": self._number, **fields})
        with trio.move_on_after(REPLY_S):
            await waiting.event.wait()
        if waiting.reply is None:
            await self.peer.hang_up()
            raise Gone(0)
        return waiting.reply

    def _answered(self, op: str, known: Op, reply: Message) -> None:
        """Checks an answer and learns from it, before anything that came behind it."""
        if not reply["ok"]:
            if known.answer is not None and reply["err"]["code"] not in _LATER:
                raise Violation(f"{self.name}: {op} took effect, and now {reply['err']}")
            return
        answer = {name: reply.get(name) for name in _ANSWER}
        if known.answer is not None and known.answer != answer:
            raise Violation(f"{self.name}: {op} was answered {known.answer}, then {answer}")
        known.answer = answer
        self._learn(known, reply)

    def _learn(self, known: Op, reply: Message) -> None:
        is_first = known.sent_count == 1
        if known.kind == "conversation.request":
            has_body = bool(known.fields.get("body"))
            self.view.asked(reply, has_body=has_body, is_first=is_first)
        elif known.kind == "message.send" and known.fields.get("kind") != "note":
            self.view.said(reply["conversation"], reply["seq"], is_first=is_first)

    async def _repeat_unsure(self) -> None:
        """After a connection was lost: what was asked and not answered is asked again."""
        for op, known in list(self.person.ops.items()):
            if known.answer is None and known.sent_count and self.chance.random() < 0.7:
                self.around.note("op repeated, fate unknown")
                await self.do(op)


def _short(message: Message) -> str:
    """A message in the trace."""
    facts = [str(message[name]) for name in _TOLD if message.get(name) is not None]
    if message["t"] == "reply" and not message["ok"]:
        facts.append(message["err"]["name"])
    return " ".join([message["t"], *facts])
