"""Drives the session of one WebSocket: what it says is to be done, is done here.

Owns: the one task of a connection, which reads; its link, its heart, and the order of its end:
last messages, ``disconnect``, close frame.
Does not know: the rules of the protocol (``router.session``), or what a command does.

Invariants (tests/server/test_connection.py): whoever has much to be sent already is not read from
until they have taken some of it, so nobody can make this node hold more answers than that; what
others send never waits for anybody; once a ``Connect`` was submitted, exactly one ``Disconnect``
of the same connection follows it in the journal, unless the node's life ends first; nothing is
sent behind the ``disconnect`` that announces a close; once over, no cycle of references is left.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

import trio

from router import __version__, incoming, outgoing, views
from router.changes import Change
from router.commands import Connect, Disconnect, RequestConversation
from router.errors import CloseCode, ProtocolError, Refused
from router.events import CommandAnswered
from router.ids import ConnectionId
from router.server.fetching import Asker
from router.server.hearers import Outcome
from router.server.hidden import HIDDEN
from router.server.links import Link
from router.server.meter import frame_limits
from router.server.pulse import BEAT_S, Heart
from router.server.socket import Socket, SocketClosedError
from router.server.tickets import ConnectionTicket
from router.server.traffic import NOBODY
from router.server.writer import Writer
from router.session import Session
from router.steps import (
    GOODBYE,
    Bearer,
    Hang,
    Look,
    Say,
    Step,
    Submit,
    Verify,
    disconnect,
    refusal_reply,
)
from router.wire import Encoding, Packet

if TYPE_CHECKING:
    from router.server.gateway import Gateway

__all__ = ["Connection"]

LAST_WORDS_S = 2.0
"""What is left to be sent has so long to be taken once the connection is to end."""
ABNORMAL = 1006
_WAITED_FOR = (incoming.Hello, incoming.TokenRefresh, incoming.History)


class Connection:
    """One WebSocket between its acceptance and its end.

    Args:
        gateway: What all connections of the node share.
        socket: The accepted WebSocket.
        origin: Where the page comes from, or None for what is no browser.
        is_own_origin: Whether that is this server.
    """

    __slots__ = (
        "_begun",
        "_end_code",
        "_gateway",
        "_hang",
        "_heart",
        "_is_connected",
        "_is_own_origin",
        "_link",
        "_name",
        "_opened_at",
        "_origin",
        "_reading",
        "_session",
        "_socket",
        "_traceparent",
        "_writer",
    )

    def __init__(
        self, gateway: "Gateway", socket: Socket, *, origin: str | None, is_own_origin: bool
    ) -> None:
        self._gateway = gateway
        self._socket = socket
        self._origin = origin
        self._is_own_origin = is_own_origin
        assert socket.subprotocol is not None, "an upgrade chooses one"
        encoding = Encoding(socket.subprotocol)
        self._writer = Writer(
            socket,
            encoding,
            flow=gateway.flow,
            pool=gateway.pool,
            fall_behind=partial(self.hang, CloseCode.SLOW_CONSUMER),
            fail=partial(self.hang, CloseCode.SERVER_ERROR),
        )
        self._session = Session(
            encoding,
            connection=ConnectionId(gateway.new_id()),
            life=gateway.life,
            new_id=gateway.new_id,
        )
        self._opened_at = trio.current_time()
        self._heart = Heart(self, self._opened_at, gateway.random())
        self._link: Link | None = None
        self._name = ""
        self._traceparent = ""
        self._hang: Hang | None = None
        self._end_code = ABNORMAL
        self._is_connected = False
        self._begun: trio.Event | None = None
        self._reading = trio.CancelScope()

    # -- how the pulse feels it --------------------------------------------------------------

    @property
    def heard_at(self) -> float:
        """See ``pulse.Patient``."""
        return self._socket.heard_at

    @property
    def said_at(self) -> float:
        """See ``pulse.Patient``."""
        return self._writer.said_at

    def ping(self) -> None:
        """See ``pulse.Patient``."""
        self._gateway.traffic.pinged(self._role, self._socket.ping_rtt_s)
        self._socket.ping()

    def beat(self) -> None:
        """See ``pulse.Patient``."""
        self._say(outgoing.Beat(at=self._gateway.clock.wall_ms()))

    def _say(self, message: outgoing.Outgoing) -> None:
        self._writer.outbox.put(Packet(message))

    def warn_of_expiry(self, left_s: float) -> None:
        """See ``pulse.Patient``."""
        left_ms = max(math.floor(left_s * 1000), 0)
        self._say(outgoing.TokenExpiring(expires_ms=left_ms))

    def hang(self, code: int, delay_ms: int = 0) -> None:
        """Ends the connection in the background; see ``pulse.Patient``."""
        self._do_now(self._session.hang(code, delay_ms))

    def waiting_since_ms(self) -> int | None:
        """Since when the oldest command without an answer waits."""
        return self._session.waiting_since_ms()

    # -- its life ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Serves the socket to its end."""
        self._gateway.pulse.watch(self._heart)
        self._socket.take_now = self._take_now
        try:
            with self._reading:
                await self._read()
            await self._close()
        finally:
            self._leave()

    async def _read(self) -> None:
        try:
            while not self._session.is_closed:
                await self._take(await self._socket.receive())
                await self._writer.outbox.wait_lighter()
        except SocketClosedError as error:
            if self._hang is None:
                self._end_code = error.code
            self._session.lose()
            self._writer.outbox.abandon()

    async def _take(self, frame: str | bytes) -> None:
        try:
            messages = self._session.open(frame)
        except ProtocolError as error:
            self.hang(error.code)
            return
        self._gateway.traffic.take(frame, messages)
        for message in messages:
            if isinstance(message, incoming.History):
                await self._gateway.fetching.wait_free(self._session.connection)
            for step in self._session.take(message, self._gateway.clock.steady_ms()):
                if isinstance(step, Verify):
                    await self._verify(step)
                else:
                    self._do(step)

    def _take_now(self, frame: str | bytes) -> bool:
        """Takes what needs no waiting in the turn of whoever read it, a switch of tasks less."""
        if self._writer.outbox.is_heavy:
            return False
        try:
            messages = self._session.open(frame)
        except ProtocolError:
            return False
        if any(isinstance(each, _WAITED_FOR) for each in messages):
            return False
        self._gateway.traffic.take(frame, messages)
        for message in messages:
            self._do_now(self._session.take(message, self._gateway.clock.steady_ms()))
        return True

    async def _close(self) -> None:
        """Says the last words, if there are any, and closes; never takes longer than its limits."""
        hang = self._hang
        if hang is None:
            return
        with trio.move_on_after(LAST_WORDS_S) as patience:
            await self._writer.wait_written()
        if patience.cancelled_caught:
            await self._socket.cut()  # a frame was cut off: nothing can be written behind it
            return
        reason = "" if hang.code == GOODBYE else CloseCode(hang.code).word
        await self._socket.close(hang.code, reason)

    def _leave(self) -> None:
        """Takes the connection out of everything that knows it."""
        self._writer.let_go()
        self._gateway.pulse.forget(self._heart)
        bearer = self._session.bearer
        if bearer is None or bearer.tenant != HIDDEN:
            facts = {"was_welcome": self._link is not None, "is_ours": self._hang is not None}
            self._gateway.traffic.ended(self._role, self._end_code, **facts)
        if self._link is not None:
            self._gateway.hub.detach(self._link, self._end_code)
        if self._is_connected and bearer is not None and not self._gateway.is_draining:
            self._gateway.engine.submit(bearer.tenant, Disconnect(by=self._session.actor))
        self._session.lose()
        self._socket.let_go()
        self._link = None

    # -- doing what the session says -----------------------------------------------------------

    def _do_now(self, steps: list[Step]) -> None:
        for step in steps:
            self._do(step)

    def _do(self, step: Step) -> None:
        match step:
            case Say():
                self._say(step.message)
            case Submit():
                self._submit(step)
            case Look():
                self._look(step)
            case Hang():
                self._hang = step
                self._end_code = step.code
                last = disconnect(step)
                self._writer.close(None if last is None else Packet(last))
                self._reading.cancel()
            case Verify():
                raise AssertionError("a token is looked into by the reader alone")

    def _submit(self, step: Submit) -> None:
        bearer = self._session.bearer
        assert bearer is not None, "commands come after hello"
        if isinstance(step.command, Connect):
            self._is_connected = True
        elif isinstance(step.command, RequestConversation):
            self._gateway.note_trace(step.command.conversation, self._traceparent)
        elif isinstance(step.command, Disconnect):
            self._is_connected = False
        took = self._gateway.traffic.answer_of(bearer.tenant, step.kind)
        ticket = None if step.id is None else ConnectionTicket(self, step.id, step.kind, took)
        self._gateway.engine.submit(bearer.tenant, step.command, ticket)

    @property
    def _role(self) -> str:
        return NOBODY if self._session.bearer is None else self._session.bearer.role

    def _look(self, step: Look) -> None:
        link = self._link
        assert link is not None, "reads come after welcome"
        message = step.message
        if isinstance(message, incoming.History):
            asker = Asker(self._socket.nursery, self._say, self.hang)
            self._gateway.fetching.start(asker, message, link.tenant, self._session.actor)
            return
        try:
            reply = self._gateway.reads.answer(message, link, self._session.actor, self._name)
        except Refused as refused:
            self._session.forget(message)
            reply = refusal_reply(message.id, refused)
        self._say(reply)

    async def _verify(self, step: Verify) -> None:
        """Looks into a token; a ``hello`` is waited for, so that what follows comes after it."""
        if step.hello is None:
            await self._admit(step)
            return
        # Where thousands come back at once, those who are in already must not wait behind them.
        self._heart.receive(trio.current_time())
        async with self._gateway.reception:
            await self._admit(step)

    async def _admit(self, step: Verify) -> None:
        try:
            bearer = await self._gateway.prove(step, self._origin, is_own=self._is_own_origin)
        except Refused as refused:
            self._do_now(self._session.turn_away(step, refused))
            return
        self._do_now(self._session.admit(step, bearer, self._gateway.clock.steady_ms()))
        if step.hello is not None and self._link is None and not self._session.is_closed:
            self._begun = trio.Event()
            await self._begun.wait()

    # -- what comes back from the engine -------------------------------------------------------

    def settle(self, id_: int, kind: str, outcome: Outcome) -> None:
        """The outcome of a command is known."""
        wait = None
        found: tuple[Change, ...] | None = None
        bearer = self._session.bearer
        assert bearer is not None, "commands come after hello"
        if isinstance(outcome, CommandAnswered):
            wait = self._gateway.wait_of(bearer.tenant, outcome)
            if kind == "token.refresh" and self._link is not None:
                self._mind_expiry(bearer)
            elif kind == "policy.set" and self._gateway.policy_notes is not None:
                found = self._gateway.policy_notes.newest(bearer.tenant)
        elif kind == "hello":
            self._is_connected = False
        elif kind == "bye":
            self._is_connected = True
        self._do_now(self._session.settle(id_, outcome, wait, found))

    def welcome(self, now_ms: int) -> None:
        """``hello`` took effect and everything about it was published."""
        session, gateway = self._session, self._gateway
        if session.is_closed:
            return
        bearer = session.bearer
        assert bearer is not None, "only a bearer is welcome"
        router = gateway.routers[bearer.tenant]
        you = views.you(router, session.person)
        hello = session.welcome(you)
        self._traceparent = hello.traceparent
        state = views.welcome_state(router, session.person, hello.seen, now_ms)
        state = gateway.hub.folds.with_waits(bearer.tenant, state, now_ms)
        rate, burst, subs, *_ = session.allowance
        limits = outgoing.Limits(frame_bytes=gateway.frame_bytes, rate=rate, burst=burst, subs=subs)
        self._say(
            outgoing.Welcome(
                id=hello.id,
                ok=True,
                session=session.connection,
                pos=router.position,
                you=you,
                at=gateway.clock.wall_ms(),
                beat_ms=int(BEAT_S * 1000),
                grace_ms=router.policy.grace_ms,
                limits=limits,
                server=outgoing.ServerInfo(node=gateway.node, version=__version__),
                state=state,
            )
        )
        self._name = you.name
        if bearer.tenant != HIDDEN:
            took_s = trio.current_time() - self._opened_at
            gateway.traffic.welcomed(bearer.role, took_s, hello.seen, state)
        self._begin(bearer, state)

    def _begin(self, bearer: Bearer, state: outgoing.State) -> None:
        """From here on the connection gets events."""
        gateway, session = self._gateway, self._session
        self._link = Link(
            tenant=bearer.tenant,
            person=session.person,
            role=bearer.role,
            connection=session.connection,
            outbox=self._writer.outbox,
            hang=self.hang,
        )
        gateway.hub.attach(self._link, state)
        gateway.hub.topics.begin(self._link, session.first_topics())
        self._heart.welcome(bearer.role, trio.current_time(), gateway.random())
        self._mind_expiry(bearer)
        self._socket.adjust(frame_limits(session.allowance, gateway.frame_bytes))
        if self._begun is not None:
            self._begun.set()

    def _mind_expiry(self, bearer: Bearer) -> None:
        left_ms = bearer.expires_at_ms - self._gateway.clock.wall_ms()
        self._heart.expire(trio.current_time() + left_ms / 1000)
        self._gateway.pulse.watch(self._heart)
