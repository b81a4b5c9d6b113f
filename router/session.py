"""The brain of one WebSocket: takes messages and says what is to be done, without any I/O.

Owns: the state of the connection, the rules of ``hello``, ids and rates, the role's rights, which
topics are listened to, the order in which one connection's commands and reads take their turn.
Does not know: sockets, clocks (``now_ms`` is the caller's monotonic time), tokens, the journal.

Invariants (tests/test_session.py): whatever a client sends, there is no exception, and every
command but ``activity`` gets at most one reply; after ``Hang`` nothing more is done. A read is
answered after every earlier command of the connection and before every later one.

    gateway: frame ──open──▶ messages ──take──▶ steps: Verify, Submit, Look, Say, Hang
    engine:  outcome of a Submit ──settle──▶ steps

Each step is for the shell to do, in order. ``Verify`` comes back as ``admit`` or ``turn_away``, a
``Submit`` with an id as ``settle``, a ``Look`` is answered at once from the state.
"""

from collections.abc import Callable

from router import incoming, outgoing
from router.changes import Change
from router.commands import Actor, Command, Connect, Disconnect, ReportActivity
from router.errors import CloseCode, ProtocolError, Refusal, Refused
from router.events import CommandAnswered, CommandRefused
from router.ids import ConnectionId, PersonKey
from router.incoming import Incoming
from router.limits import ALLOWANCES, REFUSED_MAX, Allowance, ErrorCount, Pace
from router.requests import command_for
from router.rights import TOPIC_ROLES, may_send, may_subscribe
from router.states import CONNECTION, ConnectionState, advance
from router.steps import (
    GOODBYE,
    Bearer,
    Hang,
    Look,
    Say,
    Step,
    Submit,
    Verify,
    as_refused,
    refusal_reply,
    reply,
)
from router.turns import Turns
from router.wire import Bad, Encoding, decode

__all__ = ["IDLE_MS", "Session"]

IDLE_MS = 300_000
"""Nobody touched the device for so long: its person counts as idle."""

_HELLO_CLOSES = {
    Refusal.UNAUTHORIZED: CloseCode.INVALID_TOKEN,
    Refusal.FORBIDDEN: CloseCode.FORBIDDEN,
    Refusal.TOKEN_EXPIRED: CloseCode.TOKEN_EXPIRED,
    Refusal.OVERLOADED: CloseCode.OVERLOADED,
    Refusal.DRAINING: CloseCode.DRAIN,
    Refusal.LIMIT_EXCEEDED: CloseCode.TOO_MANY_CONNECTIONS,
}


class Session:
    """One connection.

    Args:
        encoding: The subprotocol that was chosen.
        connection: The connection's id.
        life: The node life that holds it.
        new_id: Makes ids that cannot be guessed.
    """

    def __init__(
        self,
        encoding: Encoding,
        *,
        connection: ConnectionId,
        life: str,
        new_id: Callable[[], str],
    ) -> None:
        self.encoding = encoding
        self.connection = connection
        self.bearer: Bearer | None = None
        self.topics: set[str] = set()
        self._life = life
        self._new_id = new_id
        self._state: str = ConnectionState.AWAITING_HELLO
        self._hello: incoming.Hello | None = None
        self._teams: tuple[str, ...] = ()
        self._last_id = 0
        self._turns: Turns[Look] = Turns()
        self._bye_id: int | None = None
        self._idle = (False, "active")
        self._errors = ErrorCount()
        self._set_pace("customer")

    @property
    def is_ready(self) -> bool:
        """Whether ``hello`` was accepted and the connection is not over."""
        return self._state == ConnectionState.READY

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is to be done."""
        return self._state == ConnectionState.CLOSED

    @property
    def actor(self) -> Actor:
        """Who speaks here."""
        assert self.bearer is not None, "nobody speaks before hello"
        return Actor(role=self.bearer.role, id=self.bearer.id, connection=self.connection)

    @property
    def person(self) -> PersonKey:
        """The key of who speaks here."""
        return self.actor.key

    @property
    def allowance(self) -> Allowance:
        """The limits of the role."""
        return ALLOWANCES[self.bearer.role if self.bearer is not None else "customer"]

    def waiting_since_ms(self) -> int | None:
        """Since when the oldest command without an answer waits."""
        return self._turns.since_ms()

    # -- what the client sends ---------------------------------------------------------------

    def open(self, frame: str | bytes) -> list[Incoming | Bad]:
        """Reads a frame into its messages, to be taken one after the other.

        Raises:
            ProtocolError: WRONG_ENCODING, where the frame is of the other kind.
        """
        if isinstance(frame, str) != (self.encoding is Encoding.JSON):
            raise ProtocolError(CloseCode.WRONG_ENCODING)
        return decode(self.encoding, frame)

    def take(self, message: Incoming | Bad, now_ms: int) -> list[Step]:
        """Says what is to be done about one message."""
        if self.is_closed:
            return []
        if haste := self._refuse_haste(message, now_ms):
            return haste
        if not self.is_ready:
            return self._take_first(message, now_ms)
        if isinstance(message, Bad):
            self._last_id = max(self._last_id, message.id)
            may_set = self.bearer is not None and may_send(self.bearer.role, "policy.set")
            text = message.every_mistake() if may_set else message.message
            return self._blame(message.id, Refused(message.code, text), now_ms)
        return self._take_ready(message, now_ms)

    def _refuse_haste(self, message: Incoming | Bad, now_ms: int) -> list[Step]:
        pace = self._talk if isinstance(message, _TALK) else self._pace
        retry_ms = pace.wait_ms(now_ms)
        if not retry_ms:
            return []
        if self._debt.wait_ms(now_ms):
            return self.hang(CloseCode.RATE_LIMITED)
        if isinstance(message, incoming.Activity):
            return []
        refused = Refused(Refusal.RATE_LIMITED, "too many at once", retry_ms=retry_ms)
        return [Say(refusal_reply(message.id, refused))]

    def _take_first(self, message: Incoming | Bad, now_ms: int) -> list[Step]:
        """Before ``hello``: what cannot be read ends the connection, what is not ``hello`` waits.

        A second ``hello`` while the first is being looked into is as wrong as one after it.
        """
        if isinstance(message, Bad):
            if not message.id:
                return self.hang(CloseCode.BAD_FRAME)
            if message.code is not Refusal.UNKNOWN_TYPE:
                return self._blame(message.id, Refused(message.code, message.message), now_ms)
        elif isinstance(message, incoming.Hello):
            if self._hello is None:
                self._hello = message
                self._last_id = message.id
                return [Verify(message.id, message.token, message)]
            return self._blame(message.id, _SECOND_HELLO, now_ms)
        elif isinstance(message, incoming.Activity):
            return []
        refused = Refused(Refusal.UNAUTHORIZED, "say hello first")
        return [Say(refusal_reply(message.id, refused))]

    def _take_ready(self, message: Incoming, now_ms: int) -> list[Step]:
        kind = str(message.__struct_config__.tag)
        if not isinstance(message, incoming.Activity):
            if message.id <= self._last_id:
                return self._blame(message.id, _ID_NOT_RISING, now_ms)
            self._last_id = message.id
        if isinstance(message, incoming.Hello):
            return self._blame(message.id, _SECOND_HELLO, now_ms)
        assert self.bearer is not None, "a ready connection has a bearer"
        if not may_send(self.bearer.role, kind):
            refused = Refused(Refusal.FORBIDDEN, f"{kind} is not for {self.bearer.role}s")
            return [Say(refusal_reply(message.id, refused))]
        try:
            return self._serve(message, kind, now_ms)
        except Refused as refused:
            return self._blame(message.id, refused, now_ms)

    def _serve(self, message: Incoming, kind: str, now_ms: int) -> list[Step]:
        match message:
            case incoming.TokenRefresh():
                return [Verify(message.id, message.token, None)]
            case incoming.Activity():
                return self._report_activity(message)
            case incoming.Bye():
                return self._say_goodbye(message, now_ms)
            case incoming.Sub():
                self._check_topic(message.topic)
                self.topics.add(message.topic)
                return self._look(message, now_ms)
            case incoming.Unsub():
                if message.topic not in self.topics:
                    raise Refused(Refusal.SUBSCRIPTION_STATE, "not subscribed to this topic")
                self.topics.discard(message.topic)
                return self._look(message, now_ms)
        if isinstance(message, _READS):
            return self._look(message, now_ms)
        command = command_for(message, self.actor, self._new_id)
        return self._submit(message.id, command, kind, now_ms)

    def _report_activity(self, message: incoming.Activity) -> list[Step]:
        idle = (message.idle_ms >= IDLE_MS, message.view)
        if idle == self._idle:
            return []
        self._idle = idle
        report = ReportActivity(by=self.actor, idle_ms=message.idle_ms, view=message.view)
        return [Submit(None, report, "activity")]

    def _say_goodbye(self, message: incoming.Bye, now_ms: int) -> list[Step]:
        if not message.leave:
            return [Say(outgoing.Reply(id=message.id, ok=True)), *self.hang(GOODBYE)]
        self._bye_id = message.id
        return self._submit(message.id, Disconnect(by=self.actor, leave=True), "bye", now_ms)

    def _check_topic(self, topic: str) -> None:
        """Raises unless this connection may listen to ``topic`` and does not yet."""
        assert self.bearer is not None, "a ready connection has a bearer"
        word, _, name = topic.partition(":")
        if word not in TOPIC_ROLES or bool(name) != (word in {"team", "queue"}):
            raise Refused(Refusal.NOT_FOUND, "topic: there is no such topic")
        is_foreign = self.bearer.role == "agent" and word == "team" and name not in self._teams
        if is_foreign or not may_subscribe(self.bearer.role, topic):
            raise Refused(Refusal.FORBIDDEN, "topic: not for you")
        if topic in self.topics:
            raise Refused(Refusal.SUBSCRIPTION_STATE, "already subscribed to this topic")
        if len(self.topics) >= self.allowance.subs:
            raise Refused(Refusal.LIMIT_EXCEEDED, f"at most {self.allowance.subs} topics")

    # -- what comes back from the shell ------------------------------------------------------

    def admit(self, step: Verify, bearer: Bearer, now_ms: int) -> list[Step]:
        """The token is good: goes on with what it was for."""
        if self.is_closed:
            return []
        hello = step.hello
        if hello is None:
            return self._refresh(step.id, bearer, now_ms)
        if bearer.role != hello.role:
            return self.turn_away(step, Refused(Refusal.FORBIDDEN, "role: not the token's"))
        self.bearer = bearer
        self._idle = (hello.idle_ms >= IDLE_MS, hello.view)
        return self._submit(step.id, self._connect(bearer), "hello", now_ms)

    def _refresh(self, id_: int, bearer: Bearer, now_ms: int) -> list[Step]:
        before = self.bearer
        assert before is not None, "a token is refreshed on a ready connection"
        same = (before.role, before.id, before.tenant) == (bearer.role, bearer.id, bearer.tenant)
        if not same:
            return [Say(refusal_reply(id_, Refused(Refusal.FORBIDDEN, "token: of another person")))]
        self.bearer = bearer
        return self._submit(id_, self._connect(bearer), "token.refresh", now_ms)

    def _connect(self, bearer: Bearer) -> Connect:
        hello = self._hello
        assert hello is not None, "hello came first"
        return Connect(
            by=self.actor,
            life=self._life,
            device=hello.client.device,
            claims=bearer.claims,
            languages=hello.languages,
            view=hello.view,
            idle_ms=hello.idle_ms,
        )

    def turn_away(self, step: Verify, refused: Refused) -> list[Step]:
        """The token, its bearer or the moment is not good: says so, and ends a ``hello``."""
        if self.is_closed:
            return []
        answer = Say(refusal_reply(step.id, refused))
        if step.hello is None:
            return [answer]
        code = _HELLO_CLOSES.get(refused.code, CloseCode.SERVER_ERROR)
        return [answer, *self.hang(code)]

    def settle(
        self,
        id_: int,
        outcome: CommandAnswered | CommandRefused | Refused,
        wait: outgoing.WaitBand | None = None,
        changes: tuple[Change, ...] | None = None,
    ) -> list[Step]:
        """What became of a command is known: its reply (not of ``hello``), what waited behind."""
        if self.is_closed:
            return []
        hello = self._hello
        is_hello = not self.is_ready and hello is not None and hello.id == id_
        if is_hello and hello is not None and not isinstance(outcome, CommandAnswered):
            return self.turn_away(Verify(id_, "", hello), as_refused(outcome))
        steps: list[Step] = []
        if not is_hello:
            steps.append(Say(reply(id_, outcome, wait, changes)))
        steps.extend(self._turns.settle(id_))
        if id_ == self._bye_id and isinstance(outcome, CommandAnswered):
            steps.extend(self.hang(GOODBYE))
        return steps

    def welcome(self, you: outgoing.You) -> incoming.Hello:
        """Everything of this connection begins; returns the ``hello`` that is answered now."""
        assert self._hello is not None, "welcome answers a hello"
        self._state = advance(CONNECTION, self._state, "accept_hello")
        self._teams = you.teams
        self._set_pace(you.role)
        return self._hello

    def first_topics(self) -> list[str]:
        """Subscribes to what ``hello`` named, without those that this person may not have."""
        assert self._hello is not None, "topics follow hello"
        for topic in self._hello.subs:
            try:
                self._check_topic(topic)
            except Refused:
                continue
            self.topics.add(topic)
        return sorted(self.topics)

    def forget(self, message: Incoming) -> None:
        """A read was refused: what it would have subscribed to is not listened to."""
        if isinstance(message, incoming.Sub):
            self.topics.discard(message.topic)

    def hang(self, code: int, delay_ms: int = 0) -> list[Step]:
        """Ends the connection, from whatever state; a second time nothing is done."""
        if self.is_closed:
            return []
        if code == CloseCode.DRAIN and self.is_ready:
            self._state = advance(CONNECTION, self._state, "drain")
            self._state = advance(CONNECTION, self._state, "flush")
        else:
            known = _TRIGGERS if self.is_ready else _EARLY_TRIGGERS
            self._state = advance(CONNECTION, self._state, known.get(code, "violate"))
        self._turns.clear()
        return [Hang(code, delay_ms)]

    def lose(self) -> None:
        """The socket is gone."""
        self._state = ConnectionState.CLOSED
        self._turns.clear()

    # -- order, errors and pace --------------------------------------------------------------

    def _submit(self, id_: int, command: Command, kind: str, now_ms: int) -> list[Step]:
        self._turns.add_command(id_, now_ms)
        return [Submit(id_, command, kind)]

    def _look(self, message: Incoming, now_ms: int) -> list[Step]:
        look = Look(message)
        return [look] if self._turns.add_read(look, now_ms) else []

    def _blame(self, id_: int, refused: Refused, now_ms: int) -> list[Step]:
        """Refuses; what nobody could have meant counts, and too much of it ends the connection."""
        steps: list[Step] = [Say(refusal_reply(id_, refused))]
        is_nonsense = refused.code in {Refusal.UNKNOWN_TYPE, Refusal.BAD_REQUEST}
        if is_nonsense and self._errors.add(now_ms):
            steps.extend(self.hang(CloseCode.TOO_MANY_ERRORS))
        return steps

    def _set_pace(self, role: str) -> None:
        allowance = ALLOWANCES[role]
        self._pace = Pace(allowance.rate, allowance.burst)
        self._talk = Pace(allowance.talk_rate, allowance.talk_burst)
        self._debt = Pace(allowance.rate, REFUSED_MAX)


_READS = (incoming.History, incoming.Explain, incoming.Preview, incoming.PolicyGet, incoming.Typing)
_TALK = (incoming.MessageSend, incoming.MessageRead, incoming.Typing)
_SECOND_HELLO = Refused(Refusal.BAD_REQUEST, "t: hello was said already")
_ID_NOT_RISING = Refused(Refusal.BAD_REQUEST, "id: expected more than the id before it")
_EARLY_TRIGGERS: dict[int, str] = {CloseCode.HELLO_TIMEOUT: "time_out", CloseCode.DRAIN: "drain"}
_TRIGGERS: dict[int, str] = {
    CloseCode.HELLO_TIMEOUT: "time_out",
    CloseCode.DRAIN: "drain",
    CloseCode.SLOW_CONSUMER: "overrun",
    CloseCode.NO_PONG: "fall_silent",
}
