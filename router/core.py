"""The deterministic heart of a tenant: ``Router.apply(command, now_ms) -> events``.

Owns: the order of things inside one command, the rule for outages, and the snapshot.
Does not know: clocks, journals, sockets.

The contract:
- Same commands, same times, same events, byte for byte, in any process and under any hash seed.
  State is mutable inside, messages are immutable outside; nothing iterates a set; every order
  ends in a unique number; no floats decide anything.
- ``now_ms`` comes with the command (the journal stamps it) and never goes back. Timers fire
  inside ``apply``, each at its own due time and in due order, before the command. When nothing
  else arrives, a ``Tick`` brings the time.
- Validate first, mutate after: a refused command leaves ``digest()`` as it was.
- After every command no waiting conversation has a free agent who may take it.
- An outage is nobody's fault: a deadline found more than ``OUTAGE_MS`` late means that nobody
  could append, and ``EndOutage`` says so of any time. All deadlines then move by the time since
  the command before, and graces start over; ages and keys run on.

One command, in this order: position, outage, due timers (each settled), the command itself,
agents whose ``next`` show is due, matching, the answer, what changed of agents and lines.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final, cast
from zlib import crc32

from msgspec import NODEFAULT, Struct
from msgspec.msgpack import Encoder
from msgspec.structs import astuple, fields

from router import attendance, declaring, placing, saying
from router.commands import (
    AcceptTerms,
    Actor,
    Command,
    Connect,
    Disconnect,
    EndOutage,
    InviteColleague,
    ReportActivity,
    RequestConversation,
    SendMessage,
    TransferConversation,
)
from router.dispatch import COMMANDS, TIMERS
from router.errors import Refusal, Refused, SnapshotVersion
from router.events import Answer, CommandAnswered, CommandRefused, Event
from router.holding import review_held
from router.ids import PersonKey
from router.offering import settle
from router.policy import Policy
from router.snapshots import dump, fill, load
from router.states import Reachability
from router.world import World

__all__ = ["CORE_VERSION", "OUTAGE_MS", "Router"]

CORE_VERSION = 4
"""Raised whenever a journal's commands would lead to another state; a journal names it.

New types of commands do not raise it, for no old journal has any (see ``router.commands``).
"""

OUTAGE_MS = 2_000
"""A deadline found later than this means that nobody could append in between."""

_Creating = RequestConversation | TransferConversation | InviteColleague

_encode: Final = Encoder().encode

_DONE: Final = Answer()
_TOOK_EFFECT: Final = CommandAnswered(_DONE)
"""Most answers say nothing more; an event never changes, so they can all be the same one."""


class _Way:
    """How commands of one type go through the core."""

    __slots__ = ("act", "begins", "creates", "ends", "is_personal", "is_quiet", "says", "signs")

    def __init__(self, kind: type) -> None:
        self.act: Callable[[World, Any], Answer | None] | None = COMMANDS.get(kind)
        fields: tuple[str, ...] = getattr(kind, "__struct_fields__", ())
        self.is_personal = "by" in fields
        self.begins = kind is Connect
        self.ends = kind is Disconnect
        self.signs = kind is AcceptTerms
        self.is_quiet = kind is ReportActivity
        """Comes without anybody touching the device."""
        self.creates = kind in (RequestConversation, TransferConversation, InviteColleague)
        self.says = kind is SendMessage


_WAYS: Final = {kind: _Way(kind) for kind in (*COMMANDS, SendMessage)}


def _asked_by(kind: type[Struct], apart: tuple[str, ...]) -> list[tuple[int, str, Any]]:
    """The fields that say what is asked for: index, name, default."""
    return [
        (at, one.name, one.default if one.default_factory is NODEFAULT else one.default_factory())
        for at, one in enumerate(fields(kind))
        if one.name not in apart
    ]


_ASKED: Final = {
    RequestConversation: _asked_by(RequestConversation, ("by", "conversation")),
    TransferConversation: _asked_by(TransferConversation, ("by",)),
    InviteColleague: _asked_by(InviteColleague, ("by",)),
    SendMessage: _asked_by(SendMessage, ("by",)),
}

_astuple: Final = astuple
_crc32: Final = crc32
_Answer: Final = Answer
_CommandAnswered: Final = CommandAnswered
_EndOutage: Final = EndOutage
_NODEFAULT: Final = NODEFAULT
"""What is final is not looked up by name where the core is compiled."""


class Router:
    """One tenant's state machine."""

    def __init__(self, tenant: str) -> None:
        self.world = World(tenant)

    @property
    def position(self) -> int:
        """How many commands were applied."""
        return self.world.position

    @property
    def now_ms(self) -> int:
        """The time of the last command."""
        return self.world.now_ms

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.world.policy

    def next_deadline_ms(self) -> int | None:
        """When the earliest timer is due, or None."""
        return self.world.timers.next_due_ms()

    def lives(self) -> tuple[str, ...]:
        """The node lives that hold a connection, as far as the core knows."""
        lives: dict[str, None] = {}
        for person in self.world.people.everybody():
            for device in person.devices.values():
                lives[device.life] = None
        return tuple(lives)

    def apply(self, command: Command, now_ms: int) -> list[Event]:
        """Carries out one command at its place in the order.

        Returns:
            The events, in order. Those of timers that were due come first; among the command's
            own the first is ``CommandAnswered`` or ``CommandRefused``.
        """
        world = self.world
        assert now_ms >= world.now_ms, "time went back"
        events: list[Event] = []
        world.events = events
        world.position += 1
        self._let_time_pass(now_ms, nobody_was_there=type(command) is _EndOutage)
        start = len(events)
        try:
            answer = _carry_out(world, command)
        except Refused as refused:
            assert len(events) == start, "a refused command left an event"
            marks = (world.touched, world.unsettled, world.moved, world.narrowed)
            assert not any(marks), "a refused command left a mark"
            events.append(_refusal(refused))
            return events
        told = _TOOK_EFFECT if answer is _DONE else _CommandAnswered(answer)
        events.insert(start, told)
        return events

    def _let_time_pass(self, now_ms: int, *, nobody_was_there: bool) -> None:
        world = self.world
        if not nobody_was_there and not world.timers.may_be_due(now_ms):
            world.now_ms = now_ms
            return
        due_ms = world.timers.next_due_ms()
        if not nobody_was_there and (due_ms is None or due_ms > now_ms):
            world.now_ms = now_ms
            return
        if due_ms is None or nobody_was_there or now_ms - due_ms > OUTAGE_MS:
            _shift_deadlines(world, now_ms - world.now_ms)
            world.now_ms = now_ms
            attendance.restart_graces(world)
            _finish(world)
        while (due_ms := world.timers.next_due_ms()) is not None and due_ms <= now_ms:
            fired = world.timers.pop_due(now_ms)
            assert fired is not None
            world.now_ms = max(world.now_ms, due_ms)
            kind, owner = fired
            TIMERS[kind](world, owner)
            _finish(world)
        world.now_ms = now_ms

    def digest(self) -> str:
        """A hash over the whole state but for time and position, which refused commands move."""
        digest = blake2b(digest_size=16)
        for chunk in dump(self.world):
            digest.update(chunk)
        return digest.hexdigest()

    def snapshot(self) -> Iterator[bytes]:
        """The whole state as a stream of MessagePack objects, the first of them a header."""
        header = (CORE_VERSION, self.world.tenant, self.world.position, self.world.now_ms)
        yield _encode(header)
        yield from dump(self.world)

    @classmethod
    def restore(cls, chunks: Iterable[bytes]) -> "Router":
        """The router whose snapshot the chunks are; they may be cut anywhere.

        Raises:
            SnapshotVersion: Another release wrote it, and this one cannot read it.
        """
        unpacked = load(chunks)
        version, tenant, position, now_ms = next(unpacked)
        if version != CORE_VERSION:
            raise SnapshotVersion(f"decides otherwise than core version {version}")
        router = cls(tenant)
        fill(router.world, unpacked)
        router.world.position = position
        router.world.now_ms = now_ms
        return router


def _shift_deadlines(world: World, by_ms: int) -> None:
    """Moves every running deadline, and what says when it will be, by an outage's length."""
    world.timers.shift(by_ms)
    for offer in world.offers.pending.values():
        offer.due_ms += by_ms
    for agent in world.people.agents.values():
        agent.shift(by_ms)
    for conversation in world.conversations:
        placing.shift(world, conversation, by_ms)


def _carry_out(world: World, command: Command) -> Answer:
    way = _WAYS[type(command)]
    by: Actor | None = getattr(command, "by", None) if way.is_personal else None
    role = "" if by is None else by.role
    if by is not None:
        _check_session(world, way, by, role)
    if way.creates and by is not None and cast("_Creating", command).op:
        return _once(world, way, by, role, cast("_Creating", command))
    if way.says:
        return _say_once(world, way, cast("SendMessage", command))
    act = way.act
    assert act is not None, f"nothing carries out {command}"
    answer = act(world, command) or _DONE
    if by is not None and role == "agent":
        _wake(world, way, by)
    _finish(world)
    return answer


def _check_session(world: World, way: _Way, by: Actor, role: str) -> None:
    """Agents and customers act while they have a session, which begins with ``Connect``.

    A command that was under way when the grace ended comes too late; it must not leave anything
    behind that only the end of a session clears away.

    Raises:
        Refused: UNAUTHORIZED.
    """
    if way.begins or way.ends:
        return
    if role in ("agent", "customer") or way.signs:
        person = world.people.get(role, by.id)
        if person is None or person.reach is Reachability.UNREACHABLE:
            raise Refused(Refusal.UNAUTHORIZED, "there is no session: say hello first")


def _once(world: World, way: _Way, by: Actor, role: str, command: _Creating) -> Answer:
    """Carries out a command that creates something, or gives the first answer again."""
    key, op = PersonKey(f"{role}:{by.id}"), str(command.op)
    asked = fingerprint(command)
    known = world.ops.recall(key, op, asked)
    if known is not None:
        return known
    if world.conversations.op_home and f"{key} {op}" in world.conversations.op_home:
        raise _used()
    act = way.act
    assert act is not None, f"nothing carries out {command}"
    answer = act(world, command) or _DONE
    if role == "agent":
        _wake(world, way, by)
    _finish(world)
    if answer.conversation is not None:
        answer = _with_place(world, answer)
    world.ops.remember(key, op, asked, answer, world.now_ms)
    return answer


def _say_once(world: World, way: _Way, command: SendMessage) -> Answer:
    """A message is remembered with its conversation, for as long as that is."""
    conversation = world.conversations.by_id.get(command.conversation)
    key = f"{command.by.key} {command.op}"
    asked = fingerprint(command)
    known = conversation.message_ops.get(key) if conversation is not None else None
    if conversation is not None and known is not None:
        if known[0] != asked:
            raise _used()
        return Answer(conversation=command.conversation, seq=known[1])
    if key in world.conversations.op_home or world.ops.has(command.by.key, command.op):
        raise _used()
    answer = saying.say(world, command)
    assert conversation is not None
    assert answer.seq is not None
    conversation.message_ops[key] = (asked, answer.seq)
    world.conversations.op_home[key] = conversation.id
    if command.by.role == "agent":
        _wake(world, way, command.by)
    _finish(world)
    return answer


def _used() -> Refused:
    return Refused(Refusal.CONFLICT, "this op was used before with other content")


def fingerprint(command: _Creating | SendMessage) -> int:
    """What a command asks for, without who asks and the id that the edge made for it.

    Who asks is known where it is remembered. What is left at its default does not count, so that a
    field may be added. 32 bits are enough: this finds clients that use an op twice by mistake, and
    whoever provokes the same number for other content only gets their own first answer.
    """
    kind = type(command)
    given = _astuple(command)
    asked: list[Any] = [kind.__name__]
    for at, name, default in _ASKED[kind]:
        value = given[at]
        if value is not default and (default is _NODEFAULT or value != default):
            asked.append(name)
            asked.append(value)
    return _crc32(_encode(asked))


def _with_place(world: World, answer: Answer) -> Answer:
    """Adds where the conversation stands now, after the matching."""
    name = answer.conversation
    assert name is not None
    conversation = world.conversations.by_id[name]
    ahead = world.ahead(conversation)
    return _Answer(
        name,
        conversation.status,
        None if ahead is None else ahead + 1,
        ahead,
        answer.joined,
        answer.seq,
    )


def _finish(world: World) -> None:
    """What ends every command and every timer: nothing that can be offered is left."""
    agents = world.people.agents
    for name in list(world.touched) if world.touched else ():
        agent = agents[name]
        if agent.next_show is not None:
            declaring.check_next(world, agent)
    review_held(world)
    settle(world)
    world.flush_marks()


def _wake(world: World, way: _Way, by: Actor) -> None:
    """A device that speaks up is there: its agent is asked again after an undelivered offer."""
    if way.ends:
        return
    agent = world.people.agents[by.id]
    if not (way.begins or way.is_quiet):
        declaring.act(world, agent, by.connection)
    if agent.shunned and agent.devices:
        world.timers.cancel("agent_shunned", agent.id)
        attendance.shun_over(world, agent.id)


def _refusal(refused: Refused) -> CommandRefused:
    return CommandRefused(
        refused.code,
        refused.message,
        retry_ms=refused.retry_ms,
        outcome=refused.outcome,
        fallback=refused.fallback,
        terms=refused.terms,
    )
