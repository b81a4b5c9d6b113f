"""A tenant's whole state as a stream of MessagePack objects, and back.

Owns: which parts of the world are state and which are derived. Does not know: files.

Invariant: ``fill`` of what ``dump`` gave leads to a world that dumps the same bytes and decides
the same (tests/test_snapshots.py); what is derived (lanes, pool, counts by queue) is built anew.

Each object is a pair of a kind and the packed value; of what there are many, up to ``PIECE`` lie in
one. ``msgpack`` reads the stream, for it finds the ends of objects in bytes that are cut anywhere;
``msgspec`` makes Structs of a value and checks them, in one go and without a form between: a start
has a second for all of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgpack
import msgspec

from router.conversations import Conversation
from router.errors import SnapshotVersion
from router.ids import CustomerId, PersonKey
from router.offers import Offer
from router.placing import stand_after_restore
from router.policy import Policy
from router.presence import Agent, Customer, Staff
from router.remembered import Remembered
from router.room import review
from router.skills import shared
from router.states import ConversationState
from router.world import World

__all__ = ["dump", "fill", "load"]

Packed = Any
"""What a stream holds: the header, then pairs of a kind and its value's bytes."""

OBJECT_BYTES_MAX = 512 * 1024 * 1024
PIECE = 1_000

_encode = msgspec.msgpack.Encoder().encode


def dump(world: World) -> Iterator[bytes]:
    """Everything that is state, in a fixed order."""
    people = world.people
    yield _object("policy", world.policy)
    if world.filed_policy is not None:
        is_other = world.filed_policy != world.policy
        yield _object("filed", (world.policy_at, world.filed_policy if is_other else None))
    counts = (people.idle_count, world.offers.made_count, world.assignment_count)
    yield _object("counts", counts)
    yield from _pieces("agents", people.agents.values())
    yield from _pieces("customers", people.customers.values())
    yield from _pieces("staff", people.staff.values())
    yield from _pieces("conversations", world.conversations)
    yield from _pieces("offers", world.offers.pending.values())
    yield _object("ended_offers", world.offers.ended)
    yield _object("assignments", world.assignments.packed)
    yield from _pieces("ops", world.ops.by_person.items())
    yield _object("resting", list(people.resting))
    yield _object("closed", (list(world.closed_queues), list(world.closed_brands)))
    yield _object("arrivals", world.arrivals)
    yield _object("looks", world.looks)
    yield _object("timers", world.timers.entries())
    yield _object("end", None)


def _pieces(kind: str, values: Iterable[Any]) -> Iterator[bytes]:
    rest = iter(values)
    while piece := list(islice(rest, PIECE)):
        yield _object(kind, piece)


def _object(kind: str, value: object) -> bytes:
    return _encode((kind, _encode(value)))


def load(chunks: Iterable[bytes]) -> Iterator[Packed]:
    """The objects of a stream whose bytes come in chunks that are cut anywhere."""
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=OBJECT_BYTES_MAX)
    for chunk in chunks:
        unpacker.feed(chunk)
        yield from unpacker


def fill(world: World, objects: Iterable[Packed]) -> None:
    """Fills an empty world from what ``dump`` gave.

    Raises:
        SnapshotVersion: It holds what is not known here, or in another form.
    """
    kind = ""
    for kind, packed in objects:
        if kind not in _FORMS:
            raise SnapshotVersion(f"does not know what {kind!r} is")
        decoder, take = _FORMS[kind]
        try:
            value = decoder.decode(packed)
        except msgspec.DecodeError as error:
            raise SnapshotVersion(f"knows {kind!r} in another form ({error})") from error
        take(world, value)
    assert kind == "end", "the snapshot is cut short"
    _derive(world)


def _derive(world: World) -> None:
    for agent in world.people.agents.values():
        if agent.is_signed_in:
            world.pool.sign_in(agent.id, agent.profile, world.flexibility(agent.profile))
            world.refresh(agent)
    world.reviewed_generation = world.pool.generation
    for customer in world.people.customers.values():
        world.people.link(customer, customer.account, customer.proven_contact)
    for conversation in world.conversations:
        _derive_conversation(world, conversation)
    world.ops.restore(world.ops.by_person)
    review(world)


def _derive_conversation(world: World, conversation: Conversation) -> None:
    conversations = world.conversations
    active = conversations.active_by_queue
    for key in conversation.message_ops:
        conversations.op_home[key] = conversation.id
    for person in (*conversation.joined, *conversation.invited):
        conversations.note_guest(person, conversation.id)
    if conversation.help_since_ms is not None:
        conversations.calling[conversation.id] = None
    if conversation.status is ConversationState.HELD:
        conversations.held[conversation.id] = None
    elif conversation.status is ConversationState.ACTIVE:
        active[conversation.queue] = active.get(conversation.queue, 0) + 1
    elif conversation.status is ConversationState.SNOOZED:
        conversations.put_aside(conversation)
    elif conversation.is_in_line:
        stand_after_restore(world, conversation)


def _take_policy(world: World, policy: Policy) -> None:
    world.put_policy(policy)


def _take_filed(world: World, filed: tuple[int, Policy | None]) -> None:
    world.policy_at, other = filed
    world.filed_policy = world.policy if other is None else other


def _take_counts(world: World, counts: tuple[int, int, int]) -> None:
    world.people.idle_count, world.offers.made_count, world.assignment_count = counts


def _take_agents(world: World, agents: list[Agent]) -> None:
    for agent in agents:
        agent.profile = shared(agent.profile)
        world.people.agents[agent.id] = agent


def _take_customers(world: World, customers: list[Customer]) -> None:
    world.people.customers.update((customer.id, customer) for customer in customers)


def _take_staff(world: World, members: list[Staff]) -> None:
    world.people.staff.update((staff.key, staff) for staff in members)


def _take_conversations(world: World, conversations: list[Conversation]) -> None:
    for conversation in conversations:
        world.conversations.add(conversation)


def _take_offers(world: World, offers: list[Offer]) -> None:
    world.offers.pending.update((offer.id, offer) for offer in offers)


def _take_ended_offers(world: World, ended: dict[str, tuple[str, str]]) -> None:
    world.offers.ended = ended


def _take_assignments(world: World, packed: dict[str, bytes]) -> None:
    world.assignments.packed = packed


def _take_ops(world: World, ops: list[tuple[PersonKey, dict[str, Remembered]]]) -> None:
    world.ops.by_person.update(ops)


def _take_resting(world: World, customers: list[CustomerId]) -> None:
    world.people.resting = dict.fromkeys(customers)


def _take_closed(world: World, closed: tuple[list[str], list[str]]) -> None:
    world.closed_queues, world.closed_brands = map(dict.fromkeys, closed)


def _take_arrivals(world: World, arrivals: dict[str, list[int]]) -> None:
    world.arrivals = arrivals


def _take_looks(world: World, looks: dict[str, list[int]]) -> None:
    world.looks = looks


def _take_timers(world: World, entries: list[tuple[str, str, int]]) -> None:
    world.timers.restore(entries)


def _take_end(_: World, __: None) -> None:
    """Nothing: it says that the snapshot is whole."""


_Form = tuple[msgspec.msgpack.Decoder[Any], Callable[[World, Any], None]]


def _form(form: Any, take: Callable[[World, Any], None]) -> _Form:  # noqa: ANN401 - any type
    return msgspec.msgpack.Decoder(form), take


_FORMS: Mapping[str, _Form] = {
    "policy": _form(Policy, _take_policy),
    "filed": _form(tuple[int, Policy | None], _take_filed),
    "counts": _form(tuple[int, int, int], _take_counts),
    "agents": _form(list[Agent], _take_agents),
    "customers": _form(list[Customer], _take_customers),
    "staff": _form(list[Staff], _take_staff),
    "conversations": _form(list[Conversation], _take_conversations),
    "offers": _form(list[Offer], _take_offers),
    "ended_offers": _form(dict[str, tuple[str, str]], _take_ended_offers),
    "assignments": _form(dict[str, bytes], _take_assignments),
    "ops": _form(list[tuple[PersonKey, dict[str, Remembered]]], _take_ops),
    "resting": _form(list[CustomerId], _take_resting),
    "closed": _form(tuple[list[str], list[str]], _take_closed),
    "arrivals": _form(dict[str, list[int]], _take_arrivals),
    "looks": _form(dict[str, list[int]], _take_looks),
    "timers": _form(list[tuple[str, str, int]], _take_timers),
    "end": _form(None, _take_end),
}
