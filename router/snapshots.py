"""A tenant's whole state as a stream of MessagePack objects, and back.

Owns: which parts of the world are state and which are derived. Does not know: files.

Invariant: ``fill`` of what ``dump`` gave leads to a world that dumps the same bytes and decides
the same (tests/test_snapshots.py); what is derived (lanes, pool, counts by queue) is built anew.

Each object is a pair of a kind and the packed value; of what there are many, up to ``PIECE`` lie in
one. ``msgpack`` reads the stream, for it finds the ends of objects in bytes that are cut anywhere;
``msgspec`` makes Structs of a value and checks them, in one go and without a form between: a start
has a second for all of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgpack
import msgspec

from router.conversations import Conversation
from router.offers import Offer
from router.ops import Remembered
from router.placing import stand_after_restore
from router.policy import Policy
from router.presence import Agent, Customer, Staff
from router.room import review
from router.skills import shared
from router.states import ConversationState
from router.world import World

__all__ = ["dump", "fill", "load"]

Packed = Any
"""What a stream holds: the header, then pairs of a kind and its value's bytes."""

OBJECT_BYTES_MAX = 512 * 1024 * 1024
PIECE = 1_000

_DECODERS: Mapping[str, msgspec.msgpack.Decoder[Any]] = {
    kind: msgspec.msgpack.Decoder(form)
    for kind, form in {
        "policy": Policy,
        "counts": tuple[int, int, int],
        "agents": list[Agent],
        "customers": list[Customer],
        "staff": list[Staff],
        "conversations": list[Conversation],
        "offers": list[Offer],
        "ended_offers": dict[str, tuple[str, str]],
        "assignments": dict[str, bytes],
        "ops": list[tuple[str, dict[str, Remembered]]],
        "resting": list[str],
        "closed": tuple[list[str], list[str]],
        "arrivals": dict[str, list[int]],
        "looks": dict[str, list[int]],
        "timers": list[tuple[str, str, int]],
        "end": None,
    }.items()
}

_encode = msgspec.msgpack.Encoder().encode


def dump(world: World) -> Iterator[bytes]:
    """Everything that is state, in a fixed order."""
    people = world.people
    yield _object("policy", world.policy)
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


def _object(kind: str, value: Any) -> bytes:
    return _encode((kind, _encode(value)))


def load(chunks: Iterable[bytes]) -> Iterator[Packed]:
    """The objects of a stream whose bytes come in chunks that are cut anywhere."""
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=OBJECT_BYTES_MAX)
    for chunk in chunks:
        unpacker.feed(chunk)
        yield from unpacker


def fill(world: World, objects: Iterable[Packed]) -> None:
    """Fills an empty world from what ``dump`` gave."""
    ended = False
    for kind, packed in objects:
        assert kind in _DECODERS, f"a snapshot holds {kind!r}, which this version does not know"
        value = _DECODERS[kind].decode(packed)
        if kind == "end":
            ended = True
        else:
            _take(world, kind, value)
    assert ended, "the snapshot is cut short"
    _derive(world)


def _take(world: World, kind: str, value: Any) -> None:
    people = world.people
    match kind:
        case "agents":
            for agent in value:
                agent.profile = shared(agent.profile)
                people.agents[agent.id] = agent
        case "customers":
            people.customers.update((customer.id, customer) for customer in value)
        case "staff":
            people.staff.update((staff.key, staff) for staff in value)
        case "conversations":
            for conversation in value:
                world.conversations.add(conversation)
        case "offers":
            world.offers.pending.update((offer.id, offer) for offer in value)
        case "ops":
            world.ops.by_person.update(value)
        case _:
            _take_one(world, kind, value)


def _take_one(world: World, kind: str, value: Any) -> None:
    match kind:
        case "policy":
            world.put_policy(value)
        case "counts":
            world.people.idle_count, world.offers.made_count, world.assignment_count = value
        case "ended_offers":
            world.offers.ended = value
        case "assignments":
            world.assignments.packed = value
        case "resting":
            world.people.resting = dict.fromkeys(value)
        case "timers":
            world.timers.restore(value)
        case "arrivals":
            world.arrivals = value
        case "looks":
            world.looks = value
        case "closed":
            world.closed_queues, world.closed_brands = map(dict.fromkeys, value)
        case _:
            raise AssertionError(f"nothing takes {kind!r}")


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
    if conversation.status is ConversationState.HELD:
        conversations.held[conversation.id] = None
    elif conversation.status is ConversationState.ACTIVE:
        active[conversation.queue] = active.get(conversation.queue, 0) + 1
    elif conversation.is_in_line:
        stand_after_restore(world, conversation)
